// Plain files that somebody put into the certs directory: a good pair is kept for rollback, a broken one is not touched
// unless it is said so, and then kept aside.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { freePort, report, servedLeaf, startMinio, stopServers } from "../helpers/minio.ts";
import { cleanEnvironment, hasProgram, program, withPrograms } from "../helpers/programs.ts";
import { certSetup, run, temporaryDirectory } from "../helpers/run.ts";
import { snapshot } from "../helpers/snapshot.ts";

afterEach(stopServers);

interface Pair {
  "public.crt": string;
  "private.key": string;
}

let byHand: Pair;
let byCa: Pair;
let other: Pair;

beforeAll(async () => {
  if (!hasProgram("openssl")) return;
  byHand = await selfSigned();
  other = await selfSigned();
  byCa = await signed();
});

const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];

async function openssl(directory: string, ...args: string[]): Promise<void> {
  expect(await run(program("openssl"), args, { cwd: directory })).toMatchObject({ status: 0 });
}

function read(directory: string): Pair {
  const text = (name: string): string => readFileSync(join(directory, name), "utf8");
  return { "public.crt": text("public.crt"), "private.key": text("private.key") };
}

/** As in many instructions: one line of openssl, a certificate that is its own CA. */
async function selfSigned(): Promise<Pair> {
  const at = temporaryDirectory();
  await openssl(at, "req", "-x509", ...key, "-keyout", "private.key", "-out", "public.crt", ...names, "-days", "30");
  return read(at);
}

/** From a CA that cert-setup does not know. */
async function signed(): Promise<Pair> {
  const at = temporaryDirectory();
  await openssl(
    at,
    "req",
    "-x509",
    ...key,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=some CA",
    "-days",
    "30",
  );
  await openssl(at, "req", "-new", ...key, "-keyout", "private.key", "-out", "csr", ...names);
  const by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-copy_extensions", "copy"];
  await openssl(at, "x509", "-req", "-in", "csr", "-out", "leaf.crt", ...by, "-days", "30");
  writeFileSync(
    join(at, "public.crt"),
    readFileSync(join(at, "leaf.crt"), "utf8") + readFileSync(join(at, "ca.crt"), "utf8"),
  );
  return read(at);
}

function put(certsDir: string, pair: Partial<Pair>): void {
  mkdirSync(certsDir, { recursive: true });
  for (const [name, text] of Object.entries(pair)) writeFileSync(join(certsDir, name), text, { mode: 0o600 });
}

function only(certsDir: string, prefix: string): string {
  const found = readdirSync(certsDir).filter((name) => name.startsWith(prefix));
  expect(found).toHaveLength(1);
  return join(certsDir, found[0] ?? "");
}

const withMinio = withPrograms("minio", "mc", "aws", "curl", "openssl");

withMinio("a pair made by hand, on a server that watches its files", () => {
  test.each([
    ["self-signed", () => byHand],
    ["from another CA", () => byCa],
  ])("%s: replaced and served at once, kept, and served again by rollback", async (_, pair) => {
    const home = temporaryDirectory();
    const certsDir = join(home, ".minio", "certs");
    put(certsDir, pair());
    const port = await freePort();
    const server = await startMinio({ home, port });
    const old = await servedLeaf(port);

    const installed = await report(["--host", "localhost"], { home });
    expect(installed).toMatchObject({ status: 0, outcome: "applied", start: null });
    expect(installed.endpoint).toMatchObject({ port, state: "served", sha256: installed.sha256 });
    expect(installed.warnings.map((warning) => warning.code)).toContain("kept");
    const ca = readFileSync(installed.trustAnchor?.path ?? "", "utf8");
    expect(await servedLeaf(port, ca)).toBe(installed.sha256);
    expect(installed.sha256).not.toBe(old);
    expect(read(join(certsDir, "..previous"))).toEqual(pair());

    for (const sha256 of [old, installed.sha256, old]) {
      const back = await report(["rollback"], { home });
      expect(back).toMatchObject({ status: 0, changed: true, sha256, endpoint: { state: "served", sha256 } });
      expect(await servedLeaf(port)).toBe(sha256);
    }
    expect(read(certsDir)).toEqual(pair());
    expect(server.alive()).toBe(true);
    // A start finds the links as good as the files.
    await server.stop();
    await startMinio({ home, port });
    expect(await servedLeaf(port)).toBe(old);
  });
});

withMinio("a broken pair", () => {
  test.each<[string, (certsDir: string) => void, string[]]>([
    [
      "key of another certificate",
      (at) => put(at, { ...byHand, "private.key": other["private.key"] }),
      ["private.key", "public.crt"],
    ],
    ["certificate only", (at) => put(at, { "public.crt": byHand["public.crt"] }), ["public.crt"]],
    ["key only", (at) => put(at, { "private.key": byHand["private.key"] }), ["private.key"]],
    ["garbage", (at) => put(at, { "public.crt": "garbage\n", "private.key": "\0\xff" }), ["private.key", "public.crt"]],
    ["empty files", (at) => put(at, { "public.crt": "", "private.key": "" }), ["private.key", "public.crt"]],
    [
      "a FIFO for a certificate",
      (at) => {
        put(at, { "private.key": byHand["private.key"] });
        spawnSync("mkfifo", [join(at, "public.crt")], { env: cleanEnvironment() });
        expect(existsSync(join(at, "public.crt"))).toBe(true);
      },
      ["private.key", "public.crt"],
    ],
    [
      "a directory for a certificate",
      (at) => {
        put(at, { "private.key": byHand["private.key"] });
        mkdirSync(join(at, "public.crt"));
        writeFileSync(join(at, "public.crt", "note"), "somebody's");
      },
      ["private.key", "public.crt"],
    ],
  ])("%s: refused, untouched; with --force replaced and kept aside", async (_, lay, kept) => {
    const home = temporaryDirectory();
    const certsDir = join(home, ".minio", "certs");
    mkdirSync(certsDir, { recursive: true });
    lay(certsDir);
    const [before, times] = [snapshot(home), snapshot(certsDir, { directoryTimes: true })];

    const refused = await report(["--host", "localhost"], { home });
    expect(refused).toMatchObject({ status: 3, outcome: "failed", changed: false });
    expect(refused.errors).toMatchObject([{ code: "pair-broken", changed: "nothing was changed" }]);
    expect(refused.errors[0]?.hint.join("\n")).toContain("--force");
    expect([snapshot(home), snapshot(certsDir, { directoryTimes: true })]).toEqual([before, times]);
    expect((await certSetup(["status"], { home })).status).toBe(4);

    const forced = await report(["--host", "localhost", "--force"], { home });
    expect(forced).toMatchObject({ status: 0, outcome: "applied" });
    const aside = only(certsDir, "..kept-");
    expect(readdirSync(aside).sort()).toEqual(kept);
    const after = snapshot(aside);
    for (const name of kept) {
      const { kind, content, inode } = before[`.minio/certs/${name}`] ?? {};
      expect(after[name]).toMatchObject({ kind, content, inode });
    }
    const port = await freePort();
    const server = await startMinio({ home, port });
    expect(await servedLeaf(port, readFileSync(forced.trustAnchor?.path ?? "", "utf8"))).toBe(forced.sha256);
    // MinIO has taken nothing of what is kept for a certificate
    expect(server.log()).not.toContain("Unable to load TLS certificate");
    expect(await report(["status"], { home })).toMatchObject({ status: 0, endpoint: { state: "served" } });
  });
});
