import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readConfigFile, readServerCommand } from "./command-line.ts";
import { readBounded } from "./proc.ts";
import { expandCommand, readEnvironmentFile, readServiceSection, splitWords } from "./unit-file.ts";
import { lookUpUser } from "./users.ts";

/** An installed systemd service of MinIO, whether it runs or not. */
export interface Unit {
  name: string;
  /** As written; null: root. */
  user: string | null;
  group: string | null;
  /** Absolute; null when an unreadable file or a user without a home keeps it from being known. */
  certsDir: string | null;
  /** False: the default below the home directory of its user. */
  certsDirGiven: boolean;
  /** `--address` or MINIO_ADDRESS as written. */
  address: string | null;
  environmentFiles: string[];
  /** Environment files that are there, but not for our eyes. */
  unreadable: string[];
  path: string;
  /** The argument vector after expansion. May hold secrets of the environment files: never print it. */
  execStart: string[];
}

/** Highest priority first (systemd.unit(5)). */
const searchPath = [
  "etc/systemd/system",
  "run/systemd/system",
  "usr/local/lib/systemd/system",
  "usr/lib/systemd/system",
  "lib/systemd/system",
];
const unitNames = ["minio.service", "silo.service"];
const largest = 1 << 18;

/** Looks into the directories of systemd, never asks it. `root` stands for `/`. Null: none, or masked. Never throws. */
export function findUnit(root = "/"): Unit | null {
  for (const name of unitNames) {
    for (const directory of searchPath) {
      const path = join(root, directory, name);
      if (!exists(path)) continue;
      // A masked unit is a link to /dev/null, and hides those of lower priority.
      const text = readBounded(path, largest)?.toString("utf8");
      if (text === undefined || text.trim() === "") break;
      return readUnit(root, name, path, text);
    }
  }
  return null;
}

function readUnit(root: string, name: string, path: string, text: string): Unit | null {
  const texts = [text, ...dropIns(root, name).map((file) => readBounded(file, largest)?.toString("utf8") ?? "")];
  const single: Partial<Record<string, string>> = Object.create(null) as Partial<Record<string, string>>;
  const lists: Record<"ExecStart" | "EnvironmentFile" | "Environment", string[]> = {
    ExecStart: [],
    EnvironmentFile: [],
    Environment: [],
  };
  for (const [key, value] of texts.flatMap(readServiceSection)) {
    if (key !== "ExecStart" && key !== "EnvironmentFile" && key !== "Environment") single[key] = value;
    // An empty assignment resets a list.
    else if (value === "") lists[key] = [];
    else lists[key].push(value);
  }

  const environment: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const word of lists.Environment.flatMap(splitWords)) {
    const equals = word.indexOf("=");
    if (equals > 0) environment[word.slice(0, equals)] = word.slice(equals + 1);
  }
  const environmentFiles = lists.EnvironmentFile.map((file) => file.replace(/^-/, ""));
  const unreadable: string[] = [];
  for (const file of environmentFiles) {
    const content = readBounded(join(root, file), largest);
    if (content !== null) Object.assign(environment, readEnvironmentFile(content.toString("utf8")));
    else if (exists(join(root, file))) unreadable.push(file);
  }

  const execStart = expandCommand(lists.ExecStart.at(-1) ?? "", environment);
  const command = readServerCommand(execStart);
  if (command === null && unreadable.length === 0) return null;
  const user = single["User"] || null;
  const configPath = command?.config || environment["MINIO_CONFIG"];
  const config = configPath
    ? readConfigFile(readBounded(join(root, configPath), largest)?.toString("utf8") ?? "")
    : null;
  const given = config?.certsDir || command?.certsDir || command?.configDir || null;
  const home = environment["HOME"] || homeOfUser(user, root);
  return {
    name,
    user,
    group: single["Group"] || null,
    certsDir: given !== null ? absolute(given, single["WorkingDirectory"]) : defaultBelow(home, unreadable),
    certsDirGiven: given !== null,
    address: config?.address ?? (command?.address || environment["MINIO_ADDRESS"]) ?? null,
    environmentFiles,
    unreadable,
    path,
    execStart,
  };
}

/** The default holds only if no file that we could not read may say otherwise. */
function defaultBelow(home: string | null, unreadable: readonly string[]): string | null {
  return home === null || unreadable.length > 0 ? null : join(home, ".minio", "certs");
}

function absolute(path: string, workingDirectory: string | undefined): string | null {
  const base = workingDirectory?.replace(/^-/, "") || "/";
  return path.startsWith("/") ? join(path) : base.startsWith("/") ? join(base, path) : null;
}

function homeOfUser(user: string | null, root: string): string | null {
  try {
    return lookUpUser(user ?? 0, root).home;
  } catch {
    return null;
  }
}

/** `NAME.d/*.conf` of all directories in the order of their names; of equal names the one of highest priority counts. */
function dropIns(root: string, name: string): string[] {
  const byName = new Map<string, string>();
  for (const directory of searchPath) {
    for (const file of listing(join(root, directory, `${name}.d`))) {
      if (file.endsWith(".conf") && !byName.has(file)) byName.set(file, join(root, directory, `${name}.d`, file));
    }
  }
  return [...byName.keys()].sort().flatMap((file) => byName.get(file) ?? []);
}

function listing(directory: string): string[] {
  try {
    return readdirSync(directory).slice(0, 64);
  } catch {
    return [];
  }
}

function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
