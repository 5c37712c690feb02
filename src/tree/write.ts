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
  /** Before the commit: something that cannot be taken back had been done. */
  lasting: boolean;
  /** Names that could not be taken back. */
  left: string[];
}

export class Changed extends Error {
  readonly code = "CHANGED";
}

/** How to take one action back, and the name that stays when that fails. */
export interface Inverse {
  path: string;
  act: () => void;
}

/** `inverses`: the ways back are added to it, for a caller whose next step may fail. */
export function carryOut(actions: readonly FileAction[], artifacts: Artifacts, inverses: Inverse[] = []): Written {
  const files: ReportedFile[] = [];
  const unsynced = new Set<string>();
  /** New files, still open, in directories that nothing leads to: made durable with them, by one commit of the journal. */
  const open = new Set<number>();
  const sync = () => {
    for (const descriptor of open) {
      fsyncSync(descriptor);
      closeSync(descriptor);
      open.delete(descriptor);
    }
    syncAll(unsynced);
  };
  const staging = new Set<string>();
  /** Directories made here: nothing leads to what is in them yet. */
  const fresh = new Set<string>();
  /** Second names of files that are about to be replaced. */
  const kept = new Map<string, string>();
  let committed = false;
  let lasting = false;
  /** The action before replaced a link or a file by a link, and nothing else. */
  let replaced = false;
  let renamed = false;
  const failure = (error: unknown, path: string): WriteFailure => {
    const { code = "", message } = error as NodeJS.ErrnoException;
    for (const descriptor of open) quietly(() => closeSync(descriptor));
    for (const name of staging) quietly(() => unlinkSync(name));
    return { code, path, message, committed, lasting, left: committed || lasting ? [] : takeBack(inverses) };
  };
  for (const action of actions) {
    const { path } = action;
    const takeBackBy = (act: () => void, name = path) => inverses.push({ path: name, act });
    try {
      switch (action.kind) {
        case "make-directory":
          if (makeDirectory(path, action.mode, action.owner, () => takeBackBy(() => rmdirSync(path)))) fresh.add(path);
          break;
        case "put-file": {
          const content = artifacts[action.artifact];
          if (content === undefined) throw new Error(`no bytes for ${action.artifact}`);
          expect(path, action.expects);
          const temporary = fresh.has(dirname(path)) ? path : temporaryIn(dirname(dirname(path)));
          files.push(putFile(path, temporary, content, action.mode, action.owner, staging, open));
          if (action.expects === null) takeBackBy(() => unlinkSync(path));
          else lasting = true;
          break;
        }
        case "keep":
          expect(path, action.expects);
          linkSync(path, action.to);
          kept.set(path, action.to);
          takeBackBy(() => unlinkSync(action.to), action.to);
          unsynced.add(dirname(action.to));
          break;
        case "put-link": {
          const { expects } = action;
          const second = kept.get(path);
          expect(path, expects);
          // What the link leads to, and what is kept of the file that it replaces, has to be on the disk before. Not once
          // more between the two outer links: that is where MinIO would not start.
          if (expects !== null && !replaced) sync();
          putLink(path, action.to, staging);
          replaced = expects !== null;
          if (expects === null) takeBackBy(() => unlinkSync(path));
          else if (expects.kind === "link") takeBackBy(() => putLink(path, expects.to, staging));
          else if (second !== undefined) takeBackBy(() => putAgain(second, path));
          else lasting = true;
          break;
        }
        case "swap":
          expect(path, action.expects);
          sync();
          putLink(path, action.to, staging);
          committed = true;
          syncAll(new Set([dirname(path)]));
          continue;
        case "rename":
          // Two in a row belong together: nothing comes between them.
          if (!renamed) sync();
          renameSync(path, action.to);
          lasting = true;
          unsynced.add(dirname(action.to));
          break;
        case "set-attributes":
          setAttributes(path, action.mode, action.owner);
          lasting = true;
          break;
        case "remove":
          remove(path);
          lasting = true;
          break;
      }
      unsynced.add(dirname(path));
      if (action.kind !== "put-link") replaced = false;
      renamed = action.kind === "rename";
    } catch (error) {
      return { files, failure: failure(error, path) };
    }
  }
  try {
    sync();
  } catch (error) {
    return { files, failure: failure(error, [...unsynced][0] ?? "/") };
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
function makeDirectory(path: string, mode: number, owner: Owner | null, made: () => void): boolean {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST" && lstatSync(path).isDirectory()) return false;
    throw error;
  }
  made();
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    settle(descriptor, mode, owner);
  } finally {
    closeSync(descriptor);
  }
  return true;
}

/**
 * In a directory that nothing leads to yet a file is made under its final name; elsewhere under a temporary one in the
 * directory above, because MinIO loads every file of `CAs`, whatever its name.
 */
function putFile(
  path: string,
  temporary: string,
  content: string,
  mode: number,
  owner: Owner | null,
  staging: Set<string>,
  open: Set<number>,
): ReportedFile {
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
    if (temporary !== path) fsyncSync(descriptor);
  } finally {
    if (temporary === path) open.add(descriptor);
    else closeSync(descriptor);
  }
  if (temporary !== path) renameSync(temporary, path);
  staging.delete(temporary);
  return { path, sha256: sha256(bytes), mode: octal(mode) };
}

function temporaryIn(directory: string): string {
  return join(directory, `${names.temporary}${randomBytes(6).toString("hex")}`);
}

/** A rename of a link made beside it: the old one or the new one, never none. */
function putLink(path: string, to: string, staging: Set<string>): void {
  const temporary = temporaryIn(dirname(path));
  symlinkSync(to, temporary);
  staging.add(temporary);
  renameSync(temporary, path);
  staging.delete(temporary);
}

/** The file of which `second` is another name, where it was. */
function putAgain(second: string, path: string): void {
  const temporary = temporaryIn(dirname(path));
  linkSync(second, temporary);
  renameSync(temporary, path);
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
    // A second name of another's file would be handed over with it (CVE-2018-6954 is of this kind).
    if (stat.isFile() && stat.nlink > 1) throw new Changed("the file has another name elsewhere (hard link)");
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

/**
 * Last done, first taken back; it ends where that fails, because the rest may be what the last one leads to. Returns the
 * names that stay. Directories go only when they are empty: what others have put there is not ours to remove.
 */
export function takeBack(inverses: Inverse[]): string[] {
  for (let last = inverses.at(-1); last !== undefined && quietly(last.act); last = inverses.at(-1)) inverses.pop();
  return inverses.splice(0).map(({ path }) => basename(path));
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
