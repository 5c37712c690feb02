/**
 * Reading files that may be anything: a pipe that never answers, a device, three gigabytes, a link into a trap. Every
 * read is bounded, never blocks, and takes regular files only.
 */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import type { Entry, FileEntry } from "../model/observation.ts";

/** The largest file that is read, in bytes. */
export const largestFile = 1024 * 1024;

export interface ReadFile {
  bytes: Buffer;
  entry: FileEntry;
}

/**
 * Reads a regular file whole; null when it is not there, "other" when it is not a regular file, a final link (unless
 * `followLink`), too large, or not ours to read.
 */
export function readRegular(path: string, followLink = false): ReadFile | null | "other" {
  let descriptor: number;
  try {
    descriptor = openSync(
      path,
      constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (followLink ? 0 : constants.O_NOFOLLOW),
    );
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === "ENOENT" ? null : "other";
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > largestFile) return "other";
    const bytes = Buffer.alloc(stat.size + 1);
    let length = 0;
    for (;;) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null);
      if (count === 0) break;
      length += count;
      if (length === bytes.length) return "other"; // it grew while we read
    }
    const content = bytes.subarray(0, length);
    return {
      bytes: content,
      entry: { kind: "file", sha256: sha256(content), mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid },
    };
  } catch {
    return "other";
  } finally {
    closeSync(descriptor);
  }
}

/** What lies at a path: the link itself is described, and one step behind it. */
export function entryAt(path: string): Entry {
  let stat;
  try {
    stat = lstatSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? { kind: "missing" } : { kind: "other" };
  }
  if (stat.isSymbolicLink()) {
    const read = readRegular(path, true);
    return {
      kind: "link",
      to: readlinkSync(path),
      uid: stat.uid,
      gid: stat.gid,
      target: read === null ? { kind: "missing" } : read === "other" ? { kind: "other" } : read.entry,
    };
  }
  if (stat.isDirectory()) return { kind: "directory", mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  if (!stat.isFile()) return { kind: "other" };
  const read = readRegular(path);
  return read === null || read === "other" ? { kind: "other" } : read.entry;
}

export function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

export function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}
