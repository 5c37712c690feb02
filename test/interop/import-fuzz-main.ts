// The child of import-fuzz.test.ts: feeds mutated files to the readers and counts what comes of it. Anything that is
// neither a pair nor a CertSetupError ends it with status 1 and the number of the input.
//
// usage: import-fuzz-main.cjs DIRECTORY SEED COUNT AT; seeds are DIRECTORY/*, accepted mutants go to DIRECTORY/accepted/

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CertSetupError } from "../../src/model/errors.ts";
import { Secret } from "../../src/model/secret.ts";
import { assemble } from "../../src/sources/existing.ts";
import { readItems, type ImportItem } from "../../src/x509/import-items.ts";
import { readPkcs12 } from "../../src/x509/import-pkcs12-reader.ts";
import { encodePem, readPemBlocks } from "../../src/x509/pem.ts";

const [directory = "", seed = "1", count = "1", at = "0"] = process.argv.slice(2);
const passphrase = new Secret("right");

/** mulberry32: the same numbers for the same seed, everywhere. */
let state = Number(seed);
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below) | 0;
}

const seeds = readdirSync(directory)
  .filter((name) => statSync(join(directory, name)).isFile())
  .sort()
  .map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));

function mutate(bytes: Buffer): Buffer {
  let out = Buffer.from(bytes);
  for (let times = 1 + random(3); times > 0 && out.length > 0; times -= 1) {
    const place = random(out.length);
    const length = Math.min(1 + random(random(4) === 0 ? 200 : 6), out.length - place);
    const [before, piece, after] = [
      out.subarray(0, place),
      out.subarray(place, place + length),
      out.subarray(place + length),
    ];
    switch (random(8)) {
      case 0:
        out[place] = random(256);
        break;
      case 1:
        out[place] = (out[place] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        out[place] = [0x00, 0xff, 0x80, 0x7f, 0x30, 0x02, 0x1f, 0x84][random(8)] ?? 0;
        break;
      case 3:
        out = Buffer.concat([before, after]);
        break;
      case 4:
        out = Buffer.concat([before, piece, piece, after]);
        break;
      case 5:
        out = Buffer.concat([before, Buffer.from(Array.from({ length }, () => random(256))), piece, after]);
        break;
      case 6:
        out = Buffer.from(before);
        break;
      default: {
        const other = seeds[random(seeds.length)]?.bytes ?? bytes;
        const from = random(other.length);
        out = Buffer.concat([before, other.subarray(from, from + length), after]);
      }
    }
  }
  return out;
}

/** Half of the mutations of a PEM file are within what one of its blocks encodes. */
function mutant({ name, bytes }: { name: string; bytes: Buffer }): Buffer {
  if (/\.(?:der|p12)$/.test(name) || random(3) === 0) return mutate(bytes);
  const text = bytes.toString("latin1");
  if (text.includes("DEK-Info")) return mutate(bytes);
  const blocks = readPemBlocks(text);
  const chosen = random(blocks.length);
  const parts = blocks.map(({ label, der }, index) => encodePem(label, index === chosen ? mutate(der) : der));
  return Buffer.from(parts.join(""), "latin1");
}

const pair = {
  certificate: readFileSync(join(directory, "leaf.crt")),
  key: readFileSync(join(directory, "plain.key")),
};

function itemsOf(name: string, bytes: Buffer): ImportItem[] {
  const place = { file: name, line: null };
  if (name.endsWith(".p12")) {
    const contents = readPkcs12({ der: bytes, passphrase: "right" });
    if (contents.kind !== "read") return [];
    return [
      ...contents.privateKeys.map((der): ImportItem => ({
        kind: "key",
        place,
        encoding: "pkcs8",
        der: Buffer.from(der),
        wrapped: null,
      })),
      ...contents.certificates.map((der): ImportItem => ({ kind: "certificate", place, der: Buffer.from(der) })),
    ];
  }
  const items = readItems(bytes, name);
  // A file of one half gets the other half beside it.
  if (name.endsWith(".key")) return [...items, ...readItems(pair.certificate, "leaf.crt")];
  return name.startsWith("both") ? items : [...items, ...readItems(pair.key, "plain.key")];
}

const tally: Record<string, number> = {};
let slowest = 0;
mkdirSync(join(directory, "accepted"), { recursive: true });
for (let number = 0; number < Number(count); number += 1) {
  const chosen = seeds[random(seeds.length)];
  if (chosen === undefined) break;
  const bytes = mutant(chosen);
  const start = performance.now();
  try {
    const { certificateChain, privateKey } = assemble(
      { items: itemsOf(chosen.name, bytes), notes: [], names: [chosen.name], fingerprint: "" },
      { passphrase, at: Number(at) },
    );
    tally["accepted"] = (tally["accepted"] ?? 0) + 1;
    writeFileSync(join(directory, "accepted", `${number}.crt`), certificateChain.join(""));
    writeFileSync(join(directory, "accepted", `${number}.key`), privateKey.reveal());
  } catch (error) {
    if (!(error instanceof CertSetupError) || !/^(?:import-invalid|passphrase-wrong)$/.test(error.code)) {
      process.stderr.write(
        `input ${number} (${chosen.name}): ${(error as Error).stack}\n${bytes.toString("base64")}\n`,
      );
      process.exit(1);
    }
    tally[error.code] = (tally[error.code] ?? 0) + 1;
  }
  slowest = Math.max(slowest, performance.now() - start);
}
process.stdout.write(JSON.stringify({ tally, slowest }));
