// What is in a directory tree, by lstat alone: two that are equal show the same to everybody.

import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

export interface Seen {
  /** `file`, `directory`, `link`, `other`. */
  kind: string;
  mode: string;
  owner: string;
  inode: string;
  /** Nanoseconds; of directories only with `directoryTimes`. */
  modified: string | null;
  /** SHA-256 of a file, target of a link. */
  content: string | null;
}

export interface SnapshotOptions {
  /** Also when names in a directory last changed. */
  directoryTimes?: boolean;
}

/** By path below `directory`; `.` is itself. Empty when it is not there. */
export function snapshot(directory: string, options: SnapshotOptions = {}): Record<string, Seen> {
  const seen: Record<string, Seen> = {};
  const visit = (path: string, name: string): void => {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return;
    const kind = stat.isFile() ? "file" : stat.isDirectory() ? "directory" : stat.isSymbolicLink() ? "link" : "other";
    seen[name] = {
      kind,
      mode: (Number(stat.mode) & 0o7777).toString(8).padStart(4, "0"),
      owner: `${stat.uid}:${stat.gid}`,
      inode: String(stat.ino),
      modified: kind === "directory" && options.directoryTimes !== true ? null : String(stat.mtimeNs),
      content:
        kind === "file"
          ? createHash("sha256").update(readFileSync(path)).digest("hex")
          : kind === "link"
            ? readlinkSync(path)
            : null,
    };
    if (kind !== "directory") return;
    for (const child of readdirSync(path).sort()) visit(join(path, child), name === "." ? child : `${name}/${child}`);
  };
  visit(directory, ".");
  return seen;
}

/** Every regular file below a directory. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
  });
}
