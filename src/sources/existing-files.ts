/** The files of an import, read within bounds whatever lies there: a pipe, a device, three gigabytes, another format. */
import { lstatSync, statSync } from "node:fs";
import { systemReason } from "../model/errors.ts";
import type { Note } from "../model/plan.ts";
import { Secret } from "../model/secret.ts";
import { shellQuote } from "../model/text.ts";
import { largestFile, readRegular, sha256, type ReadFile } from "../tree/files.ts";
import { ofNoAccount, readItems, type ImportItem } from "../x509/import-items.ts";
import { placeText, refusal } from "../x509/import-place.ts";

/** Paths. */
export interface ExistingFiles {
  /** Certificates in any order; a private key may be among them. */
  certificate: string[];
  key: string | null;
  pkcs12: string | null;
  passphrase: Secret<string> | null;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface Gathered {
  items: ImportItem[];
  notes: Note[];
  /** The files, for messages. */
  names: string[];
  /** Of all bytes: the same as long as no file changes. */
  fingerprint: string;
}

/** Throws CertSetupError. Links are followed: certbot's live/ is made of them. */
export async function gather({ certificate, key, pkcs12, passphrase }: ExistingFiles): Promise<Gathered> {
  const paths = [...new Set([...certificate, ...(key === null ? [] : [key])])];
  const items: ImportItem[] = [];
  const notes: Note[] = [];
  const seen: string[] = [];
  const take = (path: string, read: ReadFile, found: readonly ImportItem[]): void => {
    items.push(...found);
    seen.push(read.entry.sha256);
    const hasKey = found.some((item) => item.kind === "key");
    if (hasKey && (read.entry.mode & 0o004) !== 0) notes.push(openNote(path, read.entry.mode));
    for (const item of found) {
      if (item.kind !== "other" || ofNoAccount.includes(item.label)) continue;
      notes.push({ code: "other-block", message: `${placeText(item.place)}: a block ${item.label} is left out` });
    }
  };
  for (const path of paths) {
    const read = readBounded(path);
    take(path, read, readItems(read.bytes, path));
  }
  if (pkcs12 !== null) {
    const read = readBounded(pkcs12);
    const { readPkcs12File } = await import("../x509/import-pkcs12.ts");
    take(pkcs12, read, await readPkcs12File(read.bytes, pkcs12, passphrase));
  }
  const names = pkcs12 === null ? paths : [...paths, pkcs12];
  return { items, notes, names, fingerprint: sha256(seen.join("\n")) };
}

const justNowMs = 5000;

/** Is somebody at work on these files? A link that is exchanged is missing for a moment. */
export function changedJustNow({ certificate, key, pkcs12 }: ExistingFiles): boolean {
  return [...certificate, key, pkcs12].some((path) => {
    if (path === null) return false;
    try {
      return Math.abs(Date.now() - lstatSync(path).ctimeMs) < justNowMs;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  });
}

/**
 * The passphrase in a file: one line, at most 1 KiB, that nobody but its owner can read. Throws
 * CertSetupError("import-invalid").
 */
export function readPassphrase(path: string): Secret<string> {
  const { bytes, entry } = readBounded(path);
  const place = { file: path, line: null };
  if ((entry.mode & 0o077) !== 0) {
    throw refusal(place, `others can read this passphrase file (mode ${octal(entry.mode)})`, [
      `$ chmod 600 ${shellQuote(path)}`,
    ]);
  }
  if (bytes.length > 1024) throw refusal(place, `a passphrase file of ${bytes.length} bytes; at most 1024`);
  const text = bytes.toString("utf8").replace(/\r?\n$/, "");
  if (!Buffer.from(text).equals(bytes.subarray(0, Buffer.byteLength(text)))) {
    throw refusal(place, "the passphrase is not UTF-8 text");
  }
  if (text === "")
    throw refusal(place, "the passphrase file is empty", ["leave --passphrase-file out when there is none"]);
  if (/[\r\n\0]/.test(text)) throw refusal(place, "the passphrase file has more than one line");
  return new Secret(text);
}

function openNote(path: string, mode: number): Note {
  const place = placeText({ file: path, line: null });
  return {
    code: "key-readable",
    message: `everybody on this machine can read the private key in ${place} (mode ${octal(mode)})`,
  };
}

function readBounded(path: string): ReadFile {
  const read = readRegular(path, true);
  if (read !== null && read !== "other") return read;
  throw refusal({ file: path, line: null }, read === null ? "no such file" : whyNot(path), [
    `$ ls -lL ${shellQuote(path)}`,
  ]);
}

/** readRegular has looked at the open file; this only finds the words. */
function whyNot(path: string): string {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return "a directory, not a file";
    if (stat.isFIFO()) return "a pipe, not a regular file";
    if (stat.isCharacterDevice() || stat.isBlockDevice()) return "a device, not a regular file";
    if (!stat.isFile()) return "not a regular file";
    if (stat.size > largestFile) return `${stat.size} bytes, more than ${largestFile}`;
  } catch (error) {
    return systemReason(error);
  }
  return process.geteuid?.() === 0 ? "cannot be read" : "cannot be read: permission denied";
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
