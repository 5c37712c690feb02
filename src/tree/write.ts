/**
 * Carries out file actions in order. Every file is a new inode, made with O_EXCL and mode 0600, given its owner and mode
 * through its descriptor, and made durable before a name points to it. The one commit point is a rename of a symbolic
 * link. All calls are synchronous: a signal is delivered before or after, never between.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Expectation, FileAction, Owner } from "../model/plan.ts";
import type { ReportedFile } from "../model/outcome.ts";
import { readRegular, sha256 } from "./files.ts";
import { names } from "./read.ts";

/** Bytes by artifact name; only what this tree is to hold. */
export type Artifacts = Readonly<Record<string, string>>;

export interface Written {
  files: ReportedFile[];
  /** Set when an action failed. */
  failure: WriteFailure | null;
}

export interface WriteFailure {
  /** `EACCES`, …; or `CHANGED` when a path was not as observed. */
  code: string;
  path: string;
  message: string;
  /** The commit had happened: the new pair is in place, only cleaning up failed. */
  committed: boolean;
  /** Names that could not be taken back. */
  left: string[];
}

export class Changed extends Error {
  readonly code = "CHANGED";
}

export function carryOut(actions: readonly FileAction[], artifacts: Artifacts): Written {
  const files: ReportedFile[] = [];
  const made: string[] = [];
  const unsynced = new Set<string>();
  const staging = new Set<string>();
  let committed = false;
  for (const action of actions) {
    try {
      switch (action.kind) {
        case "make-directory":
          if (makeDirectory(action.path, action.mode, action.owner)) made.push(action.path);
          break;
        case "put-file": {
          const content = artifacts[action.artifact];
          if (content === undefined) throw new Error(`no bytes for ${action.artifact}`);
          expect(action.path, action.expects);
          files.push(putFile(action.path, content, action.mode, action.owner, staging));
          if (action.expects === null) made.push(action.path);
          break;
        }
        case "keep":
          expect(action.path, action.expects);
          linkSync(action.path, action.to);
          made.push(action.to);
          unsynced.add(dirname(action.to));
          break;
        case "put-link":
          expect(action.path, action.expects);
          putLink(action.path, action.to, staging);
          if (action.expects === null) made.push(action.path);
          break;
        case "swap":
          expect(action.path, action.expects);
          syncAll(unsynced);
          putLink(action.path, action.to, staging);
          committed = true;
          syncAll(new Set([dirname(action.path)]));
          continue;
        case "rename":
          renameSync(action.path, action.to);
          unsynced.add(dirname(action.to));
          break;
        case "set-attributes":
          setAttributes(action.path, action.mode, action.owner);
          break;
        case "remove":
          remove(action.path);
          break;
      }
      unsynced.add(dirname(action.path));
    } catch (error) {
      for (const path of staging) quietly(() => unlinkSync(path));
      const left = committed ? [] : takeBack(made);
      const code = (error as NodeJS.ErrnoException).code ?? "";
      return {
        files,
        failure: { code, path: action.path, message: (error as Error).message, committed, left },
      };
    }
  }
  try {
    syncAll(unsynced);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    return { files, failure: { code, path: dirname(actions[0]?.path ?? "/"), message, committed, left: [] } };
  }
  return { files, failure: null };
}

function expect(path: string, expectation: Expectation): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (expectation === null) {
    if (stat !== undefined) throw new Changed("it was not there before");
    return;
  }
  if (stat === undefined) throw new Changed("it is gone");
  if (expectation.kind === "link") {
    const to = stat.isSymbolicLink() ? readlinkSync(path) : null;
    if (to !== expectation.to) throw new Changed(`it leads to ${to ?? "no link"}, not to ${expectation.to}`);
    return;
  }
  const read = readRegular(path);
  if (read === null || read === "other" || read.entry.sha256 !== expectation.sha256) {
    throw new Changed("its content is not what it was");
  }
}

/** true when it made it; a directory that is there already stays as it is. */
function makeDirectory(path: string, mode: number, owner: Owner | null): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && lstatSync(path).isDirectory()) return false;
    throw error;
  }
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    settle(descriptor, mode, owner);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

/**
 * In a directory of its own (a generation) a file is made under its final name; elsewhere under a temporary one in the
 * directory above, because MinIO loads every file of `CAs`, whatever its name.
 */
function putFile(path: string, content: string, mode: number, owner: Owner | null, staging: Set<string>): ReportedFile {
  const temporary = join(dirname(dirname(path)), `${names.temporary}${randomBytes(6).toString("hex")}`);
  const bytes = Buffer.from(content);
  const descriptor = openSync(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  staging.add(temporary);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    settle(descriptor, mode, owner);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  staging.delete(temporary);
  return { path, sha256: sha256(bytes), mode: octal(mode) };
}

/** A rename of a link made beside it: the old one or the new one, never none. */
function putLink(path: string, to: string, staging: Set<string>): void {
  const temporary = join(dirname(path), `${names.temporary}${randomBytes(6).toString("hex")}`);
  symlinkSync(to, temporary);
  staging.add(temporary);
  renameSync(temporary, path);
  staging.delete(temporary);
}

/** Owner before mode: chown clears the set-id bits, and nobody sees a loose file in between. */
function settle(descriptor: number, mode: number, owner: Owner | null): void {
  const stat = fstatSync(descriptor);
  if (owner !== null && (stat.uid !== owner.uid || stat.gid !== owner.gid)) {
    fchownSync(descriptor, owner.uid, owner.gid);
  }
  if ((stat.mode & 0o7777) !== mode) fchmodSync(descriptor, mode);
}

function setAttributes(path: string, mode: number, owner: Owner | null): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() && !stat.isDirectory()) throw new Changed("it is neither a file nor a directory");
    settle(descriptor, mode, owner);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A file, a link, or a directory of files: never deeper, never through a link. */
function remove(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    unlinkSync(path);
    return;
  }
  for (const name of readdirSync(path)) unlinkSync(join(path, name));
  rmdirSync(path);
}

function takeBack(made: readonly string[]): string[] {
  return made.toReversed().flatMap((path) => (quietly(() => remove(path)) ? [] : [basename(path)]));
}

function quietly(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function syncAll(directories: Set<string>): void {
  for (const directory of directories) {
    let descriptor: number;
    try {
      descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue; // it was removed on purpose
      throw error;
    }
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
  directories.clear();
}

export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
