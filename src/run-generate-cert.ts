/** The straight line of `generate --out`: no server, no private CA, no record; a directory and two files. */
import { randomBytes } from "node:crypto";
import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { applyGenerateCert } from "./apply/generate-cert.ts";
import type { Watcher } from "./apply/watcher.ts";
import { CertSetupError, exitStatus, inWords, unknownChange } from "./model/errors.ts";
import { fileNames, type GenerateCertRequest, type OutDirectory, type OutEntry } from "./model/generate-cert.ts";
import type { Outcome } from "./model/outcome.ts";
import type { Plan } from "./model/plan.ts";
import type { Manner } from "./model/request.ts";
import { shellQuote } from "./model/text.ts";
import type { World } from "./model/world.ts";
import { isStaging, planGenerateCert } from "./plan/generate-cert.ts";
import { missingDirectories } from "./tree/read.ts";

export async function runGenerateCert(
  request: GenerateCertRequest,
  manner: Manner,
  world: World,
  watcher: Watcher,
): Promise<Outcome> {
  let applying = false;
  try {
    const seen = observe(request.directory, world);
    const plan = planGenerateCert(request, seen);
    if (manner.dryRun) return planned(plan, manner.check);
    applying = true;
    const { files, certificate } = await applyGenerateCert(plan, request.directory, seen.at, watcher);
    return { ...planned(plan, false), kind: "applied", changed: true, files, certificate };
  } catch (error) {
    throw inWords(error, applying ? unknownChange : "nothing was changed");
  }
}

function observe(directory: string, world: World): OutDirectory {
  const missing = missingDirectories(directory);
  if (missing.length === 0 && !statSync(directory).isDirectory()) {
    throw new CertSetupError("directory-invalid", `--out ${directory} is not a directory`, {
      hint: [`$ ls -ld ${shellQuote(directory)}`],
    });
  }
  return {
    at: world.now(),
    nonce: randomBytes(4).toString("hex"),
    umask: world.umask,
    missing,
    certificate: entryAt(join(directory, fileNames.certificate)),
    key: entryAt(join(directory, fileNames.key)),
    staged: missing.length > 0 ? [] : stagedIn(directory),
  };
}

/** Nothing is read of what is there: it is replaced, whatever it holds. */
function entryAt(path: string): OutEntry {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { kind: "missing" };
  if (stat.isFile()) return { kind: "file", mode: stat.mode & 0o777 };
  return { kind: stat.isSymbolicLink() ? "link" : stat.isDirectory() ? "directory" : "other" };
}

function stagedIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter(isStaging);
  } catch {
    return []; // one may write where one may not look
  }
}

function planned(plan: Plan, check: boolean): Outcome {
  return {
    command: plan.command,
    kind: "planned",
    exitStatus: check ? exitStatus.changesPending : exitStatus.done,
    changed: false,
    plan,
    certsDir: null,
    files: [],
    certificate: null,
    trustAnchor: null,
    endpoint: null,
    steps: [],
    warnings: plan.notes,
    errors: [],
    start: null,
    statusCommand: "",
    findings: [],
  };
}
