/**
 * The two things that are done inside a certs directory. The same code runs in this process when it is the user's own
 * directory, and in a child that has become the owner when root works in somebody else's.
 */
import { statSync } from "node:fs";
import type { FileAction } from "../model/plan.ts";
import { lockDirectory } from "./lock.ts";
import { type RawTree, readCertsTree } from "./read.ts";
import { type Artifacts, carryOut, type Written } from "./write.ts";

export type AgentRequest =
  { task: "read"; certsDir: string } | { task: "write"; certsDir: string; actions: FileAction[]; artifacts: Artifacts };

export type AgentAnswer =
  | { kind: "tree"; tree: RawTree }
  | { kind: "written"; written: Written }
  /** `code` is a system error's or a CertSetupError's. */
  | { kind: "error"; code: string; message: string; path: string };

export function attend(request: AgentRequest): AgentAnswer {
  try {
    if (request.task === "read") return { kind: "tree", tree: readCertsTree(request.certsDir) };
    return { kind: "written", written: writeLocked(request.certsDir, request.actions, request.artifacts) };
  } catch (error) {
    const { code = "unexpected", message, path = request.certsDir } = error as NodeJS.ErrnoException;
    return { kind: "error", code, message, path };
  }
}

/** The directory has to be there before it can be locked, so making it comes first; mkdir is safe to repeat. */
function writeLocked(certsDir: string, actions: FileAction[], artifacts: Artifacts): Written {
  const first = actions.findIndex(
    (action) => action.kind !== "make-directory" || action.path.startsWith(`${certsDir}/`),
  );
  const outside = actions.slice(0, first < 0 ? actions.length : first);
  const made = carryOut(outside, artifacts);
  if (made.failure !== null || outside.length === actions.length) return made;
  statSync(certsDir);
  const lock = lockDirectory(certsDir);
  try {
    return carryOut(actions.slice(outside.length), artifacts);
  } finally {
    lock.release();
  }
}
