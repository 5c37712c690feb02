/** The state directory: what cert-setup keeps for itself, as it is found. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { keyAlgorithms } from "../model/certified-key.ts";
import { CertSetupError, systemReason } from "../model/errors.ts";
import { fileNameFor, type GeneralName } from "../model/names.ts";
import type { InstallationRecord, Observation } from "../model/observation.ts";
import { shellQuote } from "../model/text.ts";
import { readRegular } from "../tree/files.ts";
import { missingDirectories } from "../tree/read.ts";
import { stateLayout } from "./state.ts";

export function readState(path: string, isDefault: boolean): Observation["state"] {
  const missing = missingDirectories(path);
  const list = (room: string): string[] | null => {
    try {
      return readdirSync(room).sort();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT") return null;
      throw new CertSetupError("cannot-read", `cannot read ${room}: ${systemReason(error)}`, {
        hint: [`$ ls -ld ${shellQuote(room)}`, "or give another place: --state-dir DIR"],
      });
    }
  };
  const top = missing.length > 0 ? [] : (list(path) ?? []);
  const authorities = missing.length > 0 ? null : list(join(path, stateLayout.authorities));
  const staged = (room: string, names: string[]) =>
    names.filter((name) => name.startsWith(stateLayout.temporary)).map((name) => join(room, name));
  return {
    path,
    isDefault,
    missing,
    hasAuthorities: authorities !== null,
    hasInstallations: top.includes(stateLayout.installations),
    leftOvers: [...staged(path, top), ...staged(join(path, stateLayout.authorities), authorities ?? [])],
  };
}

export interface RecordFile {
  value: InstallationRecord;
  sha256: string;
}

export function readRecords(stateDir: string): RecordFile[] {
  const room = join(stateDir, stateLayout.installations);
  let files: string[];
  try {
    files = readdirSync(room).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
  return files.sort().flatMap((file): RecordFile[] => {
    const path = join(room, file);
    const read = readRegular(path);
    if (read === null || read === "other") return [];
    return [{ value: parseRecord(read.bytes.toString("utf8"), path), sha256: read.entry.sha256 }];
  });
}

/** `first`: the first name of the certificate, after which a new record is called. */
export function recordOf(
  first: GeneralName | undefined,
  certsDir: string,
  records: readonly RecordFile[],
): Observation["record"] {
  const present = records.find(({ value }) => value.target.certsDir === certsDir);
  if (present !== undefined) return { name: present.value.name, present };
  const wanted = first === undefined ? "minio" : fileNameFor(first);
  const taken = new Set(records.map(({ value }) => value.name));
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`;
  return { name, present: null };
}

function parseRecord(text: string, path: string): InstallationRecord {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // said below
  }
  if (isRecord(value)) return value;
  throw new CertSetupError("record-broken", `the record ${path} cannot be read`, {
    hint: ["move it away; the next run writes it anew", `$ mv ${shellQuote(path)} ${shellQuote(`${path}.old`)}`],
  });
}

/** Written by us, and yet a file that anything may have happened to. */
function isRecord(value: unknown): value is InstallationRecord {
  if (!isObject(value) || value["version"] !== 1) return false;
  const { name, target, source, ca, generation, sha256, publicCrtSha256, privateKeySha256 } = value;
  return (
    typeof name === "string" &&
    /^[a-z0-9_][a-z0-9._-]*$/.test(name) &&
    isObject(target) &&
    typeof target["certsDir"] === "string" &&
    isObject(target["owner"]) &&
    Number.isInteger(target["owner"]["uid"]) &&
    Number.isInteger(target["owner"]["gid"]) &&
    isSource(source) &&
    (ca === null || typeof ca === "string") &&
    [generation, sha256, publicCrtSha256, privateKeySha256].every((text) => typeof text === "string")
  );
}

function isSource(value: unknown): boolean {
  if (!isObject(value)) return false;
  if (value["kind"] === "existing") return isExisting(value);
  if (value["kind"] !== "generated") return false;
  const { names, keyAlgorithm, validitySeconds, issuer } = value;
  return (
    Array.isArray(names) &&
    names.every((name) => isObject(name) && typeof name["type"] === "string" && typeof name["value"] === "string") &&
    keyAlgorithms.some((known) => known === keyAlgorithm) &&
    Number.isInteger(validitySeconds) &&
    isObject(issuer) &&
    (issuer["kind"] === "itself" || issuer["kind"] === "private-ca")
  );
}

function isExisting({ certificate, key, pkcs12, passphraseFile }: Record<string, unknown>): boolean {
  const paths = [key, pkcs12, passphraseFile].every((path) => path === null || typeof path === "string");
  return Array.isArray(certificate) && certificate.every((path) => typeof path === "string") && paths;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
