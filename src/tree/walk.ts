/**
 * Who may change what a path leads to. Root works in a directory itself only if every part of the path, from `/` on,
 * belongs to root and nobody else can write there (as sshd demands of home directories): otherwise the owner of a part
 * can exchange it for a link while root is on its way (CVE-2018-15687, CVE-2021-25741 are of this kind).
 */
import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { CertSetupError } from "../model/errors.ts";
import { shellQuote } from "../model/text.ts";

export type Way =
  /** Every existing part is root's alone. `exists`: the whole path is there. */
  | { kind: "root-only"; exists: boolean }
  /** From `at` on it belongs to another user, and to no third one. */
  | { kind: "foreign"; at: string; uid: number; gid: number };

const mostLinks = 40;

export function walk(path: string): Way {
  let at = "/";
  let parts = split(path);
  let links = 0;
  let foreign: Extract<Way, { kind: "foreign" }> | null = null;
  for (;;) {
    const part = parts.shift();
    if (part === undefined) return foreign ?? { kind: "root-only", exists: true };
    if (part === "..") {
      at = dirname(at); // links on the way are resolved: it is where we came from
      continue;
    }
    const next = join(at, part);
    const stat = lstatSync(next, { throwIfNoEntry: false });
    if (stat === undefined) return foreign ?? { kind: "root-only", exists: false };
    if (stat.uid !== 0) {
      foreign ??= { kind: "foreign", at: next, uid: stat.uid, gid: stat.gid };
      if (stat.uid !== foreign.uid) {
        throw unsafe(next, `it belongs to uid ${stat.uid}, and ${foreign.at} to uid ${foreign.uid}`);
      }
    }
    if (stat.isSymbolicLink()) {
      if (++links > mostLinks) throw unsafe(next, "it is one of too many symbolic links");
      const target = readlinkSync(next);
      parts = [...split(target), ...parts];
      if (target.startsWith("/")) at = "/";
      continue;
    }
    if (!stat.isDirectory()) throw notDirectory(next);
    refuseLoose(next, stat, foreign === null ? 0o022 : 0o002);
    at = next;
  }
}

/** What others can write to. A user's own directory may be open to a group of theirs; with a sticky bit names are safe. */
function refuseLoose(path: string, stat: Stats, loose: number): void {
  if ((stat.mode & loose) === 0 || (stat.isDirectory() && (stat.mode & 0o1000) !== 0)) return;
  throw unsafe(path, `others can write to it (mode ${(stat.mode & 0o7777).toString(8).padStart(4, "0")})`, [
    `$ chmod ${loose === 0o002 ? "o-w" : "go-w"} ${shellQuote(path)}`,
    "or run cert-setup as the user that owns the certs directory",
  ]);
}

function notDirectory(path: string): CertSetupError {
  return new CertSetupError("cannot-write", `${path} is not a directory`, { hint: [`$ ls -ld ${shellQuote(path)}`] });
}

/** For a directory that this process works in itself, the state directory: as root it has to be root's alone. */
export function refuseForeign(path: string, selfUid: number): void {
  const way = selfUid === 0 ? walk(path) : null;
  if (way?.kind !== "foreign") return;
  throw unsafe(path, `${way.at} belongs to uid ${way.uid}, who could lead root elsewhere`, [
    "name a directory of root's own: --state-dir DIR",
    "or run cert-setup as that user",
  ]);
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

export function unsafe(path: string, why: string, hint: string[] = []): CertSetupError {
  return new CertSetupError("unsafe-path", `root does not work in ${path}: ${why}`, { hint });
}
