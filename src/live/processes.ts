import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { portOf, readConfigFile, readServerCommand, type ServerCommand } from "./command-line.ts";
import { descriptorsOf, effectiveIds, environmentOf, linkOf, readBounded, startTime, watchedBy } from "./proc.ts";
import type { Watched } from "./proc.ts";
import { listenersOf, reachableAddress, type Listener } from "./sockets.ts";
import { homeOf } from "./users.ts";

/** A running MinIO-like server. Its texts come from another process, which may be anybody's: print them sanitised. */
export interface RawServer {
  pid: number;
  /** Clock ticks since boot: with the pid it names one process for ever. */
  startedAt: string;
  /** Effective. */
  uid: number;
  gid: number;
  command: string[];
  /** null: may not be read. */
  cwd: string | null;
  /** Absolute, as the server sees it; null when nothing we may read tells. */
  certsDir: string | null;
  certsDirReason: "its configuration file" | "its --certs-dir" | "its --config-dir" | "its home directory";
  /** Whether that path is the same directory for us: false in a container; null: may not be read. */
  sameFiles: boolean | null;
  /** null: may not be read. */
  listeners: Listener[] | null;
  /** The S3 listener, as something to connect to; null while it does not listen or lives in another network. */
  endpoint: { host: string; port: number } | null;
  /** Listening ports, the S3 port first when it is known. */
  ports: number[];
  reload: "events" | "poll" | "unknown";
  /** Directories whose events it gets: one for each pair it loaded. */
  watched: Watched[];
  /** In event mode: whether the directory that now has this path is among them. null: not in event mode. */
  watchesCertsDir: boolean | null;
  /** We have the right to, and may look at its sockets first: without that look a signal is not safe. */
  maySignal: boolean;
  /** The systemd unit that it runs in, for example `minio.service`; null: started by hand, or in a container. */
  unit: string | null;
}

const serverName = /^(?:minio|silo|aistor)(?![a-z])/;
const variables = ["HOME", "MINIO_CONFIG", "MINIO_ADDRESS", "KUBERNETES_SERVICE_HOST"];

/** Why no server can be found on this machine, whatever runs; null on Linux with /proc. */
export function discoveryProblem(): string | null {
  if (process.platform !== "linux") return `running servers are only looked for on Linux, this is ${process.platform}`;
  return startTime(process.pid) === null ? "running servers cannot be looked for: /proc is not mounted" : null;
}

/** The MinIO-like servers that /proc shows us; none where there is no /proc (discoveryProblem tells). Never throws. */
export function findServers(): RawServer[] {
  if (process.platform !== "linux") return [];
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  const servers: RawServer[] = [];
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first < 0x30 || first > 0x39) continue;
    const pid = Number(name);
    if (pid === process.pid || !mayBeServer(pid)) continue;
    const server = examine(pid);
    if (server !== null) servers.push(server);
  }
  return servers;
}

/**
 * One read for each process of the machine: this is what a run costs when no server is there. readFileSync to a string is
 * one call into C++, half as long as open, read and close; the kernel bounds a command line.
 */
function mayBeServer(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("\0server\0");
  } catch {
    return false;
  }
}

function examine(pid: number): RawServer | null {
  const command =
    readBounded(`/proc/${pid}/cmdline`, 1 << 20)
      ?.toString("utf8")
      .split("\0")
      .slice(0, -1) ?? [];
  const named = [command[0] ?? "", linkOf(pid, "exe") ?? ""].some((path) => serverName.test(path.replace(/^.*\//, "")));
  const parsed = readServerCommand(command);
  const startedAt = startTime(pid);
  const ids = effectiveIds(pid);
  if (!named || parsed === null || startedAt === null || ids === null) return null;

  const environment = environmentOf(pid, variables);
  const cwd = linkOf(pid, "cwd");
  const descriptors = descriptorsOf(pid);
  const watched = watchedBy(pid, descriptors?.inotify ?? []);
  const configPath = parsed.config ?? environment?.["MINIO_CONFIG"] ?? null;
  const config = configPath ? readSeenBy(pid, cwd, configPath) : null;
  const home = environment?.["HOME"] || homeOf(ids.uid);
  const directory = certsDirectory(parsed, config?.certsDir ?? null, cwd, home, watched);

  const listeners = listenersOf(pid, descriptors);
  const address = config?.address ?? (parsed.address || environment?.["MINIO_ADDRESS"]) ?? ":9000";
  const s3Port = portOf(address);
  const s3 = listeners?.find((listener) => listener.port === s3Port) ?? null;
  const otherNetwork = linkOf(pid, "ns/net") !== linkOf("self", "ns/net");
  const first = s3 !== null || listeners === null ? s3Port : null;
  const others = (listeners ?? []).map((listener) => listener.port).sort((a, b) => a - b);
  return {
    pid,
    startedAt,
    ...ids,
    command,
    cwd,
    certsDir: directory.path,
    certsDirReason: directory.reason,
    sameFiles: directory.path === null ? null : sameFiles(pid, directory.path),
    listeners,
    endpoint: listeners === null ? addressEndpoint(address, s3Port) : otherNetwork ? null : reachable(s3),
    ports: [...new Set(first === null ? others : [first, ...others])],
    ...reloadMode(directory.path, descriptors !== null, watched, environment),
    watched,
    maySignal: descriptors !== null && (process.geteuid?.() === 0 || process.geteuid?.() === ids.uid),
    unit: unitOf(pid),
  };
}

function reachable(listener: Listener | null): RawServer["endpoint"] {
  return listener === null ? null : { host: reachableAddress(listener), port: listener.port };
}

/** Without a look at its sockets: what its own command line says that it listens on. */
function addressEndpoint(address: string, port: number | null): RawServer["endpoint"] {
  if (port === null) return null;
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "") || "127.0.0.1";
  return { host: host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host, port };
}

/** A file under the path by which the process itself knows it. */
function readSeenBy(pid: number, cwd: string | null, path: string): ReturnType<typeof readConfigFile> | null {
  if (cwd === null && !path.startsWith("/")) return null;
  const absolute = resolve(cwd ?? "/", path);
  const content = readBounded(`/proc/${pid}/root${absolute}`, 1 << 20) ?? readBounded(absolute, 1 << 20);
  return content === null ? null : readConfigFile(content.toString("utf8"));
}

/** MinIO's order (cmd/common-main.go): configuration file, --certs-dir, --config-dir, home. Empty counts as not given. */
function certsDirectory(
  parsed: ServerCommand,
  configured: string | null,
  cwd: string | null,
  home: string | null,
  watched: readonly Watched[],
): { path: string | null; reason: RawServer["certsDirReason"] } {
  const absolute = (path: string): string | null =>
    path.startsWith("/") ? resolve(path) : cwd === null ? null : resolve(cwd, path);
  if (configured) return { path: absolute(configured), reason: "its configuration file" };
  if (parsed.certsDir) return { path: absolute(parsed.certsDir), reason: "its --certs-dir" };
  if (parsed.certsDir === null && parsed.configDir) {
    // Since RELEASE.2023-12-09 (minio#18592) the directory itself is taken, before that its sub-directory `certs`.
    const path = absolute(parsed.configDir);
    const older = path === null ? null : join(path, "certs");
    return { path: older !== null && isWatched(older, watched) ? older : path, reason: "its --config-dir" };
  }
  return { path: home ? join(home, ".minio", "certs") : null, reason: "its home directory" };
}

function isWatched(path: string, watched: readonly Watched[]): boolean {
  try {
    const inode = statSync(path, { bigint: true }).ino.toString();
    return watched.some((entry) => entry.inode === inode);
  } catch {
    return false;
  }
}

/** Fixed once, at start: both files links, or in Kubernetes: polled; otherwise events (minio/pkg certs/manager.go). */
function reloadMode(
  certsDir: string | null,
  readable: boolean,
  watched: readonly Watched[],
  environment: Partial<Record<string, string>> | null,
): Pick<RawServer, "reload" | "watchesCertsDir"> {
  if (watched.length > 0) {
    return { reload: "events", watchesCertsDir: certsDir !== null && isWatched(certsDir, watched) };
  }
  const links = certsDir !== null && ["public.crt", "private.key"].every((name) => isLink(join(certsDir, name)));
  const polls = readable && (links || Boolean(environment?.["KUBERNETES_SERVICE_HOST"]));
  return { reload: polls ? "poll" : "unknown", watchesCertsDir: null };
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** Compares the deepest part of the path that is there, as we see it and as the process does. */
function sameFiles(pid: number, path: string): boolean | null {
  const identity = (of: string): string | null => {
    try {
      const { dev, ino } = statSync(of, { bigint: true });
      return `${dev}:${ino}`;
    } catch {
      return null;
    }
  };
  if (identity(`/proc/${pid}/root/`) === null) return null;
  for (let part = path; ; part = dirname(part)) {
    const [ours, theirs] = [identity(part), identity(`/proc/${pid}/root${part}`)];
    if (ours !== null || theirs !== null) return ours === theirs;
    if (part === "/") return null;
  }
}

/** Only a unit named after the server: a server started from a login shell may sit in the unit of the login daemon. */
function unitOf(pid: number): string | null {
  const text = readBounded(`/proc/${pid}/cgroup`, 16_384)?.toString("utf8") ?? "";
  const unit = /:\/system\.slice\/(?:[^\n]*\/)?([A-Za-z0-9:_.@-]+\.service)$/m.exec(text)?.[1];
  return unit !== undefined && serverName.test(unit) ? unit : null;
}
