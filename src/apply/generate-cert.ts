/** Carries out the plan of `generate --out`, under a lock on the directory: two runs at once never leave a mixed pair. */
import type { CertificateFacts } from "../model/certified-key.ts";
import { CertSetupError, systemReason } from "../model/errors.ts";
import type { ReportedFile } from "../model/outcome.ts";
import { type FileAction, isFileAction, type Plan } from "../model/plan.ts";
import { shellQuote } from "../model/text.ts";
import { generateLikeGo, verifySelfSigned } from "../sources/generate-cert.ts";
import { attend } from "../tree/agent.ts";
import { reader, writeTree } from "../tree/door.ts";
import { lockName } from "../tree/lock.ts";
import { carryOut, type WriteFailure, type Written } from "../tree/write.ts";
import { readCertificate } from "../x509/read.ts";
import { putPair, reveal, type Workshop } from "./artifacts.ts";
import type { Watcher } from "./watcher.ts";

/** `at`: milliseconds since the epoch. The files under the names that they have at the end. */
export async function applyGenerateCert(
  plan: Plan,
  directory: string,
  at: number,
  watcher: Watcher,
): Promise<{ files: ReportedFile[]; certificate: CertificateFacts }> {
  const workshop: Workshop = { artifacts: {}, authority: null, pair: null };
  let keyAlgorithm = "";
  for (const action of plan.actions) {
    if (action.kind === "issue-like-go") {
      keyAlgorithm = action.source.keyAlgorithm;
      putPair(workshop, await generateLikeGo(action.source, at));
    }
    if (action.kind === "verify" && workshop.pair !== null) verifySelfSigned(workshop.pair);
  }
  await new Promise(setImmediate); // signals are delivered between turns only
  const stopped = watcher.interrupted();
  if (stopped !== null) {
    throw new CertSetupError(stopped === 130 ? "interrupted" : "terminated", "stopped before anything was written");
  }
  // The reader gives P-224 its object identifier only.
  const certificate = { ...readCertificate(workshop.pair?.certificateChain[0] ?? ""), keyAlgorithm };
  const files = write(plan.actions.filter(isFileAction), directory, workshop);
  return { files, certificate };
}

function write(actions: FileAction[], directory: string, workshop: Workshop): ReportedFile[] {
  const artifacts = reveal(workshop, actions);
  // In another user's directory root writes as that user, as everywhere.
  const actor = reader(directory, process.geteuid?.() ?? -1);
  if (actor.kind === "child")
    return finished(writeTree(directory, { actor, handOver: false }, actions, artifacts), actions);
  let answer = attend({ task: "write", certsDir: directory, actions, artifacts });
  if (answer.kind === "error" && answer.path.endsWith(`/${lockName}`) && noLinks.includes(answer.code)) {
    // A file system without symbolic links (FAT): Go's program takes no lock either.
    answer = { kind: "written", written: carryOut(actions, artifacts) };
  }
  if (answer.kind === "error") throw notEntered(answer, directory);
  if (answer.kind !== "written") throw new CertSetupError("unexpected", `the writer answered ${answer.kind}`);
  return finished(answer.written, actions);
}

function finished({ files, failure }: Written, actions: readonly FileAction[]): ReportedFile[] {
  if (failure !== null) throw failed(failure);
  return files.map((file) => ({ ...file, path: finalName(file.path, actions) }));
}

const noLinks = ["EPERM", "ENOSYS", "EOPNOTSUPP", "ENOTSUP"];

function notEntered({ code, path, message }: { code: string; path: string; message: string }, directory: string) {
  if (code === "busy") return new CertSetupError("busy", message, { hint: ["try again in a moment"] });
  return failed({ code, path: path.endsWith(`/${lockName}`) ? directory : path, message, lasting: false, left: [] });
}

function finalName(path: string, actions: readonly FileAction[]): string {
  const rename = actions.find((action) => action.kind === "rename" && action.path === path);
  return rename?.kind === "rename" ? rename.to : path;
}

function failed({ code, path, message, lasting, left }: Omit<WriteFailure, "committed">): CertSetupError {
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  const reason = systemReason(Object.assign(new Error(message), code === "" ? {} : { code }));
  const changed = lasting
    ? "a part of it is done: the same command again does the rest"
    : left.length > 0
      ? `no file was written; left behind: ${left.join(", ")}`
      : "nothing was changed";
  return new CertSetupError("cannot-write", `cannot write ${path}: ${reason}`, {
    hint: [code === "ENOSPC" || code === "EDQUOT" ? `$ df -h ${shellQuote(parent)}` : `$ ls -ld ${shellQuote(parent)}`],
    changed,
  });
}
