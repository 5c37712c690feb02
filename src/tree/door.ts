/**
 * The way into a certs directory. Without root it is direct. Root goes in by itself only where every part of the path is
 * root's alone; into another user's directory goes a child that has become this user, for reading as for writing.
 */
import type { SpawnSyncOptionsWithBufferEncoding } from "node:child_process";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { normalize } from "node:path";
import { CertSetupError, systemReason } from "../model/errors.ts";
import type { FileAction, Owner } from "../model/plan.ts";
import { programPath } from "../model/program.ts";
import { type AgentAnswer, type AgentRequest, attend } from "./agent.ts";
import { parseAnswer } from "./answer.ts";
import { patience } from "./lock.ts";
import type { RawTree } from "./read.ts";
import { type Artifacts, carryOut, type Inverse, takeBack, type Written } from "./write.ts";
import { walk } from "./walk.ts";

/** Who works in a directory: this process, or a child with another identity. */
export type Actor = { kind: "self" } | { kind: "child"; uid: number; gid: number };

export interface Standing {
  actor: Actor;
  /** Root makes the directory and hands it over before the child goes on. */
  handOver: boolean;
}

/** `gid`: of the owner, when it is known better than by the directory. */
export function standing(certsDir: string, owner: Owner, selfUid: number): Standing {
  if (selfUid !== 0) return { actor: { kind: "self" }, handOver: false };
  const way = walk(certsDir);
  if (way.kind === "foreign") {
    if (owner.uid !== way.uid) {
      throw new CertSetupError(
        "unsafe-path",
        `${way.at} belongs to uid ${way.uid}, the certificates would belong to uid ${owner.uid}: root does not hand files over in another user's directory`,
        { hint: [`give them to the owner of the directory: --owner ${way.uid}`, `or: $ chown ${owner.uid} ${way.at}`] },
      );
    }
    return { actor: { kind: "child", uid: owner.uid, gid: owner.gid }, handOver: false };
  }
  if (way.exists || owner.uid === 0) return { actor: { kind: "self" }, handOver: false };
  return { actor: { kind: "child", uid: owner.uid, gid: owner.gid }, handOver: true };
}

/** Who reads a certs directory: root itself only where the path is root's alone. */
export function reader(certsDir: string, selfUid: number): Actor {
  const way = selfUid === 0 ? walk(certsDir) : null;
  return way?.kind === "foreign" ? { kind: "child", uid: way.uid, gid: way.gid } : { kind: "self" };
}

/** The user that a path belongs to from some part on; null when it is root's alone, or unsafe. */
export function ownerOfPath(certsDir: string): { uid: number; gid: number } | null {
  try {
    const way = walk(certsDir);
    return way.kind === "foreign" ? { uid: way.uid, gid: way.gid } : null;
  } catch {
    return null;
  }
}

export function readTree(certsDir: string, actor: Actor): RawTree {
  const answer = ask({ task: "read", certsDir }, actor);
  if (answer.kind === "tree") return answer.tree;
  throw failed("cannot-read", "read", answer);
}

export function writeTree(certsDir: string, at: Standing, actions: FileAction[], artifacts: Artifacts): Written {
  if (process.geteuid?.() !== 0) return writeAs(at.actor, certsDir, actions, artifacts);
  refuseOutside(certsDir, actions);
  if (at.actor.kind === "child" && !at.handOver) return writeAs(at.actor, certsDir, actions, artifacts);
  const inside = actions.findIndex((action) => action.path.startsWith(`${certsDir}/`));
  const outside = inside < 0 ? actions : actions.slice(0, inside);
  const inverses: Inverse[] = [];
  const made = carryOut(outside, {}, inverses);
  if (made.failure !== null || outside.length === actions.length) return made;
  try {
    refuseExchanged(certsDir, at.actor);
    const written = writeAs(at.actor, certsDir, actions.slice(outside.length), artifacts);
    const { failure } = written;
    if (failure !== null && !failure.committed && !failure.lasting) failure.left.push(...takeBack(inverses));
    return written;
  } catch (error) {
    takeBack(inverses);
    throw error;
  }
}

/** Names that a plan takes from a directory are its owner's to choose; root follows none of them elsewhere. */
function refuseOutside(certsDir: string, actions: readonly FileAction[]): void {
  for (const action of actions) {
    const inside = (path: string) => normalize(path) === path && path.startsWith(`${certsDir}/`);
    const above = action.kind === "make-directory" && `${certsDir}/`.startsWith(`${action.path}/`);
    const to = action.kind === "keep" || action.kind === "rename" ? action.to : action.path;
    if ((inside(action.path) || above) && (inside(to) || above)) continue;
    throw new CertSetupError("unsafe-path", `${action.path} does not lie in ${certsDir}`);
  }
}

/** Where anybody may make names (/tmp), somebody else may have made the directory before us: then it is not what we saw. */
function refuseExchanged(certsDir: string, actor: Actor): void {
  const way = walk(certsDir);
  if (
    actor.kind === "self" ? way.kind === "root-only" && way.exists : way.kind === "foreign" && way.uid === actor.uid
  ) {
    return;
  }
  throw new CertSetupError("unsafe-path", `somebody else has just made, or exchanged, ${certsDir}`);
}

function writeAs(actor: Actor, certsDir: string, actions: FileAction[], artifacts: Artifacts): Written {
  const answer = ask({ task: "write", certsDir, actions, artifacts }, actor);
  if (answer.kind === "written") return answer.written;
  throw failed("cannot-write", "write to", answer);
}

function failed(code: "cannot-read" | "cannot-write", verb: string, answer: AgentAnswer): CertSetupError {
  if (answer.kind !== "error") return new CertSetupError("unexpected", `the writer answered ${answer.kind}`);
  if (answer.code === "busy") return new CertSetupError("busy", answer.message, { hint: ["try again in a moment"] });
  return new CertSetupError(code, `cannot ${verb} ${answer.path}: ${systemReason(answer)}`, {
    hint: hintFor(answer.code, answer.path),
  });
}

function hintFor(code: string, path: string): string[] {
  if (code === "EACCES" || code === "EPERM")
    return [`$ ls -ld ${path}`, "run as the owner of the directory, or as root"];
  if (code === "EROFS") return ["give a writable place by --certs-dir, or remount it writable"];
  if (code === "ENOTDIR") return [`$ ls -ld ${path}`];
  return [];
}

function ask(request: AgentRequest, actor: Actor): AgentAnswer {
  return actor.kind === "self" ? attend(request) : askChild(request, actor.uid, actor.gid);
}

/**
 * The child has no root's descriptors, no supplementary groups, no terminal (`detached`: a session of its own), and an
 * empty environment. The program goes in as an argument and node by an open descriptor, because both may lie where the
 * owner cannot go (npx keeps packages under /root).
 */
function askChild(request: AgentRequest, uid: number, gid: number): AgentAnswer {
  if (process.platform !== "linux") {
    throw new CertSetupError("refused", `root does not work in ${request.certsDir}, which belongs to uid ${uid}`, {
      hint: [`run it as the owner: $ sudo -u '#${uid}' cert-setup …`],
    });
  }
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const program = readFileSync(programPath("agent-main"), "utf8");
  const node = openSync(process.execPath, constants.O_RDONLY);
  try {
    // `detached` works in spawnSync as in spawn; the types know it only there.
    const options: SpawnSyncOptionsWithBufferEncoding & { detached: true } = {
      uid,
      gid,
      detached: true,
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      input: JSON.stringify(request),
      stdio: ["pipe", "pipe", "pipe", node],
      timeout: patience + 30_000,
      killSignal: "SIGKILL",
      maxBuffer: 8 * 1024 * 1024,
    };
    const result = spawnSync("/proc/self/fd/3", ["-e", program], options);
    if (result.error !== undefined || result.status !== 0) {
      throw new CertSetupError(
        "cannot-write",
        `the child that works as uid ${uid} failed: ${result.error === undefined ? `status ${result.status ?? result.signal}` : systemReason(result.error)}`,
        { hint: [`$ ls -ld ${request.certsDir}`], changed: "see `cert-setup status`" },
      );
    }
    return parseAnswer(result.stdout.toString("utf8"), request.task);
  } finally {
    closeSync(node);
  }
}
