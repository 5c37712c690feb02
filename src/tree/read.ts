/**
 * Reads one MinIO certs directory, as whoever runs this: the user itself, or the child that has become the owner. It
 * returns what the files say and never a private key. Certificate text goes back unparsed.
 */
import { accessSync, constants, lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CertsTree, Entry } from "../model/observation.ts";
import { entryAt, linkTarget, readRegular } from "./files.ts";
import { isAbandoned, lockName } from "./lock.ts";
import { type KeyState, keyState } from "./private-key.ts";

/** As in CertsTree, with the certificates as text. */
export interface RawTree extends Omit<CertsTree, "pair" | "generations" | "authorities"> {
  pair: RawPair;
  generations: RawGeneration[];
  authorities: { mode: number; uid: number; gid: number; files: { name: string; entry: Entry; text: string }[] } | null;
}

export interface RawPair {
  /** Text of `public.crt`; null when it is missing or no readable regular file. */
  certificates: string | null;
  key: KeyState | null;
}

export interface RawGeneration {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  publicCrt: Entry;
  privateKey: Entry;
  pair: RawPair;
}

export const names = {
  publicCrt: "public.crt",
  privateKey: "private.key",
  authorities: "CAs",
  data: "..data",
  previous: "..previous",
  /** Directory of one pair. MinIO skips names that begin with two dots; any other would be one more certificate. */
  generation: "..v-",
  temporary: "..tmp-",
} as const;

/** Most directory entries that are looked at. */
const mostEntries = 1000;

export function readCertsTree(certsDir: string): RawTree {
  const missing = missingDirectories(certsDir);
  const empty: RawTree = {
    missing,
    unwritable: whyUnwritable(missing[0] === undefined ? certsDir : dirname(missing[0])),
    directory: null,
    linkInPath: false,
    publicCrt: { kind: "missing" },
    privateKey: { kind: "missing" },
    pair: { certificates: null, key: null },
    data: null,
    previous: null,
    generations: [],
    leftOvers: [],
    authorities: null,
  };
  if (missing.length > 0) return { ...empty, linkInPath: linkInPath(dirname(missing[0] ?? certsDir)) };

  const stat = statSync(certsDir);
  const entries = readdirSync(certsDir).slice(0, mostEntries).sort();
  return {
    ...empty,
    directory: {
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      device: String(stat.dev),
      inode: String(stat.ino),
    },
    linkInPath: linkInPath(certsDir),
    publicCrt: entryAt(join(certsDir, names.publicCrt)),
    privateKey: entryAt(join(certsDir, names.privateKey)),
    pair: readPair(certsDir, true),
    data: linkTarget(join(certsDir, names.data)),
    previous: linkTarget(join(certsDir, names.previous)),
    generations: entries
      .filter((name) => name.startsWith(names.generation))
      .flatMap((name) => readGeneration(certsDir, name)),
    leftOvers: entries.filter(
      (name) => name.startsWith(names.temporary) || (name === lockName && isAbandoned(join(certsDir, name))),
    ),
    authorities: readAuthorities(join(certsDir, names.authorities)),
  };
}

function readPair(directory: string, followLinks: boolean): RawPair {
  const certificates = readRegular(join(directory, names.publicCrt), followLinks);
  const key = readRegular(join(directory, names.privateKey), followLinks);
  return {
    certificates: certificates === null || certificates === "other" ? null : certificates.bytes.toString("utf8"),
    key: key === null || key === "other" ? null : keyState(key.bytes.toString("utf8")),
  };
}

function readGeneration(certsDir: string, name: string): RawGeneration[] {
  const path = join(certsDir, name);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory()) return [];
  return [
    {
      name,
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      publicCrt: entryAt(join(path, names.publicCrt)),
      privateKey: entryAt(join(path, names.privateKey)),
      pair: readPair(path, false),
    },
  ];
}

function readAuthorities(path: string): RawTree["authorities"] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (!stat.isDirectory()) return { mode: 0, uid: stat.uid, gid: stat.gid, files: [] };
  const files = readdirSync(path)
    .slice(0, mostEntries)
    .sort()
    .map((name) => {
      const read = readRegular(join(path, name), true);
      return {
        name,
        entry: entryAt(join(path, name)),
        text: read === null || read === "other" ? "" : read.bytes.toString("utf8"),
      };
    });
  return { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, files };
}

/** The directories of a path that are not there, outermost first. */
export function missingDirectories(path: string): string[] {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    if (statSync(at, { throwIfNoEntry: false }) !== undefined) return missing;
    missing.unshift(at);
    if (dirname(at) === at) return missing;
  }
}

function whyUnwritable(directory: string): string | null {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "EACCES";
  }
}

/** With a link in the path MinIO's watcher never fires: it compares the names it resolved with those it was given. */
function linkInPath(path: string): boolean {
  try {
    return realpathSync(path) !== path;
  } catch {
    return false;
  }
}
