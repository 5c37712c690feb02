/**
 * The two things that are done inside a certs directory. The same code runs in this process when it is the user's own
 * directory, and in a child that has become the owner when root works in somebody else's.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { FileAction } from "../model/plan.ts";
import { lockDirectory, lockName } from "./lock.ts";
import { type RawTree, readCertsTree } from "./read.ts";
import { type Artifacts, carryOut, type Inverse, takeBack, type Written } from "./write.ts";

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
    const { code = "unexpected", message, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
    return { kind: "error", code, message, path: dest ?? path ?? request.certsDir };
  }
}

/** The directory has to be there before it can be locked, so making it comes first; mkdir is safe to repeat. */
function writeLocked(certsDir: string, actions: FileAction[], artifacts: Artifacts): Written {
  const first = actions.findIndex(
    (action) => action.kind !== "make-directory" || action.path.startsWith(`${certsDir}/`),
  );
  const outside = actions.slice(0, first < 0 ? actions.length : first);
  const inverses: Inverse[] = [];
  const made = carryOut(outside, artifacts, inverses);
  if (made.failure !== null || outside.length === actions.length) return made;
  try {
    statSync(certsDir);
    const lock = lockDirectory(certsDir);
    let written: Written;
    try {
      // A lock that was left behind goes as every lock does: by being taken and released.
      const inside = actions.slice(outside.length).filter(({ path }) => path !== join(certsDir, lockName));
      written = carryOut(inside, artifacts);
    } finally {
      lock.release();
    }
    const { failure } = written;
    if (failure !== null && !failure.committed && !failure.lasting) failure.left.push(...takeBack(inverses));
    return written;
  } catch (error) {
    takeBack(inverses);
    throw error;
  }
}
