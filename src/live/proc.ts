import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";

/**
 * What Linux tells about one process. Everything here is synchronous, bounded, and returns null instead of throwing: a
 * process may end between two looks, and most of /proc is closed to other users (proc(5), ptrace(2) access mode READ).
 */

const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The first `limit` bytes of a regular file; null if it is missing, unreadable or of another kind. Links are followed. */
export function readBounded(path: string, limit: number): Buffer | null {
  let descriptor;
  try {
    descriptor = openSync(path, openFlags);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(descriptor).isFile()) return null;
    const parts: Buffer[] = [];
    let length = 0;
    while (length < limit) {
      const part = Buffer.allocUnsafe(Math.min(limit - length, 16_384));
      const count = readSync(descriptor, part, 0, part.length, null);
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      length += count;
    }
    return Buffer.concat(parts, length);
  } catch {
    return null;
  } finally {
    closeSync(descriptor);
  }
}

/** Start time in clock ticks since boot (field 22 of stat); null when the process is gone or a zombie. */
export function startTime(pid: number): string | null {
  const text = readBounded(`/proc/${pid}/stat`, 4096)?.toString("latin1");
  // Field 2 is the command name in parentheses, and may itself hold blanks and parentheses.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return null;
  return fields[19] ?? null;
}

/** Effective user and group. */
export function effectiveIds(pid: number): { uid: number; gid: number } | null {
  const text = readBounded(`/proc/${pid}/status`, 8192)?.toString("latin1");
  const uid = text?.match(/^Uid:\t\d+\t(\d+)/m)?.[1];
  const gid = text?.match(/^Gid:\t\d+\t(\d+)/m)?.[1];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** The named variables of the environment that the process was started with; null if it may not be read. */
export function environmentOf(pid: number, names: readonly string[]): Partial<Record<string, string>> | null {
  const content = readBounded(`/proc/${pid}/environ`, 1 << 20);
  if (content === null) return null;
  const found: Partial<Record<string, string>> = {};
  for (const line of content.toString("utf8").split("\0")) {
    const equals = line.indexOf("=");
    const name = line.slice(0, equals);
    if (names.includes(name)) found[name] = line.slice(equals + 1);
  }
  return found;
}

/** Where a link of /proc/PID points to, for example `cwd`, `exe`, `ns/net`. */
export function linkOf(pid: number | "self", name: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/${name}`).replace(/ \(deleted\)$/, "");
  } catch {
    return null;
  }
}

/** The open sockets of a process and its inotify descriptors; null if they may not be read. */
export function descriptorsOf(pid: number): { socketInodes: Set<string>; inotify: string[] } | null {
  let names;
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return null;
  }
  const socketInodes = new Set<string>();
  const inotify: string[] = [];
  for (const name of names) {
    const target = linkOf(pid, `fd/${name}`);
    if (target?.startsWith("socket:[")) socketInodes.add(target.slice(8, -1));
    else if (target === "anon_inode:inotify") inotify.push(name);
  }
  return { socketInodes, inotify };
}

/** What an inotify watch looks at. Decimal, as `stat` gives them; on btrfs and overlayfs only the inode is comparable. */
export interface Watched {
  inode: string;
  device: string;
}

export function watchedBy(pid: number, inotify: readonly string[]): Watched[] {
  const watched: Watched[] = [];
  for (const name of inotify) {
    const text = readBounded(`/proc/${pid}/fdinfo/${name}`, 65_536)?.toString("latin1") ?? "";
    for (const [, inode, device] of text.matchAll(/^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+)/gm)) {
      watched.push({ inode: BigInt(`0x${inode}`).toString(), device: statDevice(Number(`0x${device}`)) });
    }
  }
  return watched;
}

/** The kernel's own device number (major << 20 | minor) in the form of stat(2): 8 low bits of the minor come first. */
function statDevice(device: number): string {
  const major = BigInt(device >>> 20);
  const minor = BigInt(device & 0xfffff);
  return ((minor & 0xffn) | (major << 8n) | ((minor & ~0xffn) << 12n)).toString();
}
