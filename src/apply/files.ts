/** File actions, through the door of their tree; and what to say when one fails. */
import { CertSetupError, systemReason } from "../model/errors.ts";
import type { ReportedFile } from "../model/outcome.ts";
import type { FileAction, Note, Tree } from "../model/plan.ts";
import type { Observed } from "../plan/observe.ts";
import { writeTree } from "../tree/door.ts";
import { carryOut, type WriteFailure, type Written } from "../tree/write.ts";

export function write(
  observed: Observed,
  tree: Tree,
  actions: FileAction[],
  artifacts: Record<string, string>,
  committed: boolean,
  changedBefore: boolean,
): { files: ReportedFile[]; notes: Note[] } {
  const { certsDir } = observed.seen.target;
  const before = committed && !actions.some((action) => action.kind === "swap");
  let written: Written;
  try {
    written =
      tree === "server" ? writeTree(certsDir, observed.standing, actions, artifacts) : carryOut(actions, artifacts);
  } catch (error) {
    throw error instanceof CertSetupError ? notEntered(error, before, changedBefore) : error;
  }
  const { failure, files } = written;
  if (failure === null) return { files, notes: [] };
  throw failed(failure, failure.committed || before, changedBefore);
}

/** The tree could not be entered, so nothing was done in it; what was done before stands. */
function notEntered(error: CertSetupError, committed: boolean, changedBefore: boolean): CertSetupError {
  if (committed) {
    return new CertSetupError("clean-up-failed", `the new pair is installed, but then: ${error.message}`, {
      hint: ["the same command again finishes the work", ...error.hint],
      changed: "the new pair is installed",
      cause: error,
    });
  }
  return changedBefore && error.changed === "nothing was changed" ? error.after(madeBefore) : error;
}

const madeBefore = "nothing was installed; the private CA that was made stays for the next run";

/** After the commit a failure is no failed installation: the new pair is in place, something around it is not. */
function failed(failure: WriteFailure, committed: boolean, changedBefore: boolean): CertSetupError {
  const { code, path, message, lasting, left } = failure;
  if (committed) {
    return new CertSetupError(
      "clean-up-failed",
      `the new pair is installed, but ${path} could not be written: ${reason(failure)}`,
      {
        hint: ["the same command again finishes the work"],
        changed: "the new pair is installed",
      },
    );
  }
  const changed = lasting
    ? "a part of it is done: the same command again does the rest"
    : left.length > 0
      ? `nothing was installed; left behind, and put in order by the next run: ${left.join(", ")}`
      : changedBefore
        ? madeBefore
        : "nothing was changed";
  if (code === "CHANGED") {
    return new CertSetupError("changed-meanwhile", `${path} changed while this ran: ${message}`, {
      hint: ["somebody else works there; run it again when they have finished"],
      changed,
    });
  }
  return new CertSetupError("cannot-write", `cannot write ${path}: ${reason(failure)}`, {
    hint: hintFor(code, path),
    changed,
  });
}

function reason({ code, message }: WriteFailure): string {
  return systemReason(Object.assign(new Error(message), code === "" ? {} : { code }));
}

function hintFor(code: string, path: string): string[] {
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  if (code === "EACCES" || code === "EPERM")
    return [`$ ls -ld ${directory}`, "run it as the owner of that directory, or as root"];
  if (code === "ENOSPC" || code === "EDQUOT") return [`$ df -h ${directory}`];
  if (code === "EROFS") return ["remount it writable, or name another place: --certs-dir DIR"];
  return [`$ ls -la ${directory}`];
}
