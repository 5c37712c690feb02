// Judges what a crash left, by lstat and OpenSSL and nothing of src/: would MinIO start with this pair, is it the old or
// the new one, can nobody else read a key, and is nothing left over?

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, program } from "../helpers/programs.ts";
import { filesBelow } from "../helpers/snapshot.ts";

export interface Verdict {
  /** SHA-256 of the DER of the end entity certificate; null: no pair at all. */
  leaf: string | null;
  problems: string[];
}

/** One link and one file: MinIO does not start. */
export const mixture = "one of public.crt and private.key is a link, the other is none";

export function judge(home: string, certsDir: string): Verdict {
  const problems = looseKeys(home);
  const [crt, key] = [join(certsDir, "public.crt"), join(certsDir, "private.key")];
  const present = [crt, key].map((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
  if (!present.includes(true)) return { leaf: null, problems };
  if (present.includes(false)) return { leaf: null, problems: [...problems, "half a pair"] };
  if (lstatSync(crt).isSymbolicLink() !== lstatSync(key).isSymbolicLink()) problems.push(mixture);
  const { leaf, problem } = pairProblem(readFileSync(realpathSync(crt)), readFileSync(realpathSync(key)));
  return { leaf, problems: problem === null ? problems : [...problems, problem] };
}

/** What has to be so when nothing has gone wrong, besides the pair. */
export function judgeRest({ home, certsDir, stateDir }: Record<"home" | "certsDir" | "stateDir", string>): string[] {
  const { leaf, problems } = judge(home, certsDir);
  const inCerts = readdirSync(certsDir);
  const expected = /^(public\.crt|private\.key|CAs|\.\.data|\.\.previous|\.\.v-.*)$/;
  problems.push(...inCerts.filter((name) => !expected.test(name)).map((name) => `left over: ${name}`));
  const generations = inCerts.filter((name) => name.startsWith("..v-"));
  if (generations.length > 2) problems.push(`${generations.length} generations`);
  for (const name of generations) {
    const files = readdirSync(join(certsDir, name)).sort().join(" ");
    if (files !== "private.key public.crt") problems.push(`${name} holds: ${files}`);
  }
  for (const name of ["public.crt", "private.key"]) {
    if (!lstatSync(join(certsDir, name)).isSymbolicLink()) problems.push(`${name} is no link`);
  }
  const inState = readdirSync(stateDir).sort().join(" ");
  if (inState !== "ca installations") problems.push(`the state directory holds: ${inState}`);
  const authorities = readdirSync(join(stateDir, "ca"));
  if (authorities.length !== 1) problems.push(`in ca/: ${authorities.join(" ")}`);
  for (const id of authorities) problems.push(...authorityProblems(join(stateDir, "ca", id), certsDir, id));
  const records = readdirSync(join(stateDir, "installations"));
  const record = JSON.parse(readFileSync(join(stateDir, "installations", records[0] ?? ""), "utf8")) as {
    sha256: string;
    generation: string;
  };
  if (records.length !== 1 || record.sha256 !== leaf) problems.push(`the record names ${record.sha256}`);
  if (!generations.includes(record.generation)) problems.push(`the record names ${record.generation}`);
  return problems;
}

function authorityProblems(directory: string, certsDir: string, id: string): string[] {
  const [crt, key] = ["ca.crt", "ca.key"].map((name) => readFileSync(join(directory, name)));
  const { problem } = pairProblem(crt ?? Buffer.alloc(0), key ?? Buffer.alloc(0));
  const anchor = readFileSync(join(certsDir, "CAs", `cert-setup-${id}.crt`));
  return [
    ...(problem === null ? [] : [`CA: ${problem}`]),
    ...(anchor.equals(crt as Buffer) ? [] : ["CAs/ holds another"]),
  ];
}

export function looseKeys(home: string): string[] {
  return filesBelow(home)
    .filter((path) => (statSync(path).mode & 0o077) !== 0 && readFileSync(path, "latin1").includes("PRIVATE KEY-----"))
    .map((path) => `others can read ${path}`);
}

const known = new Map<string, { leaf: string | null; problem: string | null }>();

/** OpenSSL's opinion, asked once for the same bytes. */
function pairProblem(crt: Buffer, key: Buffer): { leaf: string | null; problem: string | null } {
  const id = createHash("sha256").update(crt).update("|").update(key).digest("hex");
  let verdict = known.get(id);
  if (verdict === undefined) {
    verdict = askOpenssl(crt, key);
    known.set(id, verdict);
  }
  return verdict;
}

function askOpenssl(crt: Buffer, key: Buffer): { leaf: string | null; problem: string | null } {
  const openssl = (args: string[], input: Buffer) =>
    execFileSync(program("openssl"), args, { input, env: cleanEnvironment(), stdio: ["pipe", "pipe", "ignore"] });
  try {
    const leaf = createHash("sha256")
      .update(openssl(["x509", "-outform", "DER"], crt))
      .digest("hex");
    const certified = openssl(["x509", "-noout", "-pubkey"], crt);
    const ours = openssl(["pkey", "-pubout"], key);
    return { leaf, problem: certified.equals(ours) ? null : "private.key is not the key of public.crt" };
  } catch {
    return { leaf: null, problem: "OpenSSL cannot read the pair" };
  }
}
