/**
 * Who may change what a path leads to. Root works in a directory itself only if every part of the path, from `/` on,
 * belongs to root and nobody else can write there (as sshd demands of home directories): otherwise the owner of a part
 * can exchange it for a link while root is on its way (CVE-2018-15687, CVE-2021-25741 are of this kind).
 */
import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { CertSetupError } from "../model/errors.ts";

export type Way =
  /** Every existing part is root's alone. `exists`: the whole path is there. */
  | { kind: "root-only"; exists: boolean }
  /** From `at` on it belongs to another user. */
  | { kind: "foreign"; at: string; uid: number; gid: number };

const mostLinks = 40;

export function walk(path: string): Way {
  let at = "/";
  let parts = split(path);
  let links = 0;
  for (;;) {
    const part = parts.shift();
    if (part === undefined) return { kind: "root-only", exists: true };
    const next = join(at, part);
    const stat = lstatSync(next, { throwIfNoEntry: false });
    if (stat === undefined) return { kind: "root-only", exists: false };
    if (stat.uid !== 0) return { kind: "foreign", at: next, uid: stat.uid, gid: stat.gid };
    if (stat.isSymbolicLink()) {
      if (++links > mostLinks) throw unsafe(next, "it is one of too many symbolic links");
      const target = readlinkSync(next);
      parts = [...split(target), ...parts];
      if (target.startsWith("/")) at = "/";
      continue;
    }
    const writableByOthers = (stat.mode & 0o022) !== 0;
    const sticky = stat.isDirectory() && (stat.mode & 0o1000) !== 0;
    if (writableByOthers && !sticky) {
      throw unsafe(next, `others can write to it (mode ${(stat.mode & 0o7777).toString(8).padStart(4, "0")})`, [
        `$ chmod go-w ${next}`,
        "or run cert-setup as the user that owns the certs directory",
      ]);
    }
    at = next;
  }
}

function split(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(path, "it climbs by `..`");
  return parts;
}

function unsafe(path: string, why: string, hint: string[] = []): CertSetupError {
  return new CertSetupError("unsafe-path", `root does not work in ${path}: ${why}`, { hint });
}
