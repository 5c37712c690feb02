/** The plan of `generate --out`: a pure function. */
import { join } from "node:path";
import { CertSetupError } from "../model/errors.ts";
import { fileNames, type GenerateCertRequest, type OutDirectory, type OutEntry } from "../model/generate-cert.ts";
import type { Action, Note, Plan } from "../model/plan.ts";
import { shellQuote } from "../model/text.ts";
import { planId } from "./install.ts";

const staging = "..tmp-";
/** No run needs as long between making its staging directory and removing it. Milliseconds. */
const abandonedAfter = 10 * 60_000;

/** Is this the name of a staging directory of ours? */
export function isStaging(name: string): boolean {
  return /^\.\.tmp-\d{8}T\d{6}Z-[0-9a-f]{8}$/.test(name);
}

/**
 * Both files are written whole in a directory of their own, then renamed into place one right after the other: each is
 * the old one or the new one at every instant, and a full disk changes nothing. What is there is replaced, as Go does;
 * the certificate keeps the mode that it has, a key never does.
 */
export function planGenerateCert(request: GenerateCertRequest, seen: OutDirectory): Plan {
  const { directory, source } = request;
  const id = planId(seen);
  const staged = join(directory, `${staging}${id}`);
  const files = [
    { name: fileNames.certificate, entry: seen.certificate, artifact: "certificate-chain", mode: modeOf(seen) },
    { name: fileNames.key, entry: seen.key, artifact: "private-key", mode: 0o600 },
  ] as const;
  for (const { name, entry } of files) refuseIrregular(join(directory, name), entry);
  const actions: Action[] = [
    { kind: "issue-like-go", source, reason: "as generate_cert.go does" },
    { kind: "verify", names: source.names, reason: "nothing is written before it passes" },
    ...seen.missing.map((path) => makeDirectory(path, 0o777 & ~seen.umask, "it is not there")),
    ...leftOvers(seen).map((name) => remove(join(directory, name), "left by a run that was interrupted")),
    makeDirectory(staged, 0o700, "both files are whole before either has its name"),
    ...files.map(({ name, artifact, mode }): Action => {
      const path = join(staged, name);
      const reason = artifact === "private-key" ? "keep it secret" : "self-signed";
      return { kind: "put-file", tree: "out", path, artifact, mode, owner: null, expects: null, reason };
    }),
    ...files.map(({ name, entry }): Action => {
      const reason = entry.kind === "missing" ? "it is new" : "replaces the one that is there";
      return { kind: "rename", tree: "out", path: join(staged, name), to: join(directory, name), reason };
    }),
    remove(staged, "it is empty"),
  ];
  return { version: 1, id, command: "generate", actions, notes: [...request.notes, ...cautions(request, files)] };
}

function makeDirectory(path: string, mode: number, reason: string): Action {
  return { kind: "make-directory", tree: "out", path, mode, owner: null, reason };
}

function remove(path: string, reason: string): Action {
  return { kind: "remove", tree: "out", path, reason };
}

/** As open(2) of Go's os.Create leaves it. */
function modeOf({ certificate, umask }: OutDirectory): number {
  return certificate.kind === "file" ? certificate.mode : 0o666 & ~umask;
}

function refuseIrregular(path: string, { kind }: OutEntry): void {
  if (kind !== "directory" && kind !== "other") return;
  const what = kind === "directory" ? "a directory" : "not a regular file";
  throw new CertSetupError("cannot-write", `cannot write ${path}: it is ${what}`, {
    hint: [`$ ls -ld ${shellQuote(path)}`, "move it away, or name another directory: --out DIR"],
  });
}

function leftOvers({ staged, at }: OutDirectory): string[] {
  return staged.filter((name) => {
    const [, date, time] = /^\.\.tmp-(\d{8})T(\d{6})Z-/.exec(name) ?? [];
    const written = `${date}${time}`.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6Z");
    return at - Date.parse(written) > abandonedAfter;
  });
}

function cautions(
  { directory, source }: GenerateCertRequest,
  files: readonly { name: string; entry: OutEntry }[],
): Note[] {
  const notes = files
    .filter(({ entry }) => entry.kind === "link")
    .map(({ name }) => ({
      code: "link-replaced",
      message: `${join(directory, name)} was a symbolic link: the file takes its place, what it led to stays as it is`,
    }));
  if (source.validitySeconds > 0) return notes;
  const message = `--duration ${source.validitySeconds}s: the certificate is valid at no time`;
  return [...notes, { code: "never-valid", message }];
}
