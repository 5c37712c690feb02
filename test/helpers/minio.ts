// Real MinIO servers for tests, on ports that the kernel gave, each in a process group of its own. All are gone after the
// test file. What they serve is looked at by node:tls alone, not by the code under test.

import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, linkSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ConnectionOptions } from "node:tls";
import { afterAll } from "vitest";
import { cleanEnvironment, program } from "./programs.ts";
import { certSetup, type CertSetupOptions, type Finished, root, temporaryDirectory } from "./run.ts";
import type { Finding, Outcome, ReportedEndpoint, ReportedFile } from "../../src/model/outcome.ts";

export const credentials = { MINIO_ROOT_USER: "cert-setup", MINIO_ROOT_PASSWORD: "only-for-tests" };

/** How long a server may take to come up on a busy machine, in milliseconds. */
const startTime = 30_000;

export interface Minio {
  /** Of MinIO itself, also when sh started it. */
  pid: number;
  port: number;
  log(): string;
  /** Is this very process still there? */
  alive(): boolean;
  stop(): Promise<void>;
}

export interface StartOptions {
  home: string;
  port: number;
  /** Whether to wait for a TLS handshake or for an answer in plain HTTP; TLS unless given. */
  plain?: boolean;
  uid?: number;
  cwd?: string;
}

const servers: Minio[] = [];

/** `minio server -S certsDir --address 127.0.0.1:port home/data`; without `certsDir` MinIO takes the one below HOME. */
export function startMinio(options: StartOptions & { certsDir?: string }): Promise<Minio> {
  const { certsDir, home, port, uid } = options;
  const file = uid === undefined ? program("minio") : forAllUsers("minio");
  const given = certsDir === undefined ? [] : ["--certs-dir", certsDir];
  return start(file, ["server", ...given, "--address", `127.0.0.1:${port}`, join(home, "data")], options);
}

/** Runs the line by sh as a person would paste it, with the real programs first in PATH. */
export function startByCommand(line: string, options: StartOptions): Promise<Minio> {
  return start("/bin/sh", ["-c", line], options);
}

async function start(file: string, args: string[], options: StartOptions): Promise<Minio> {
  const { home, port, plain = false, uid, cwd = home } = options;
  const child = spawn(file, args, {
    // One thread: with more, the first look at links is a race between 10 and 60 s after the start.
    env: { ...environmentFor(home), GOMAXPROCS: "1", MINIO_CONSOLE_ADDRESS: `127.0.0.1:${await freePort()}` },
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (log += String(data)));
  const server = { pid: child.pid ?? 0, port, log: () => log, alive: () => running(child), stop: () => stop(child) };
  servers.push(server);
  const deadline = performance.now() + startTime;
  while (performance.now() < deadline) {
    if (!running(child)) throw new Error(`${file} ${args.join(" ")} ended with ${child.exitCode}: ${log}`);
    if (plain ? await answersPlainly(port) : (await servedLeaf(port)) !== null) {
      server.pid = pidOfMinio(child.pid ?? 0);
      return server;
    }
    await sleep(50);
  }
  throw new Error(`${file} ${args.join(" ")} does not answer on ${port}: ${log}`);
}

function running(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** sh may have become MinIO or be its parent. */
function pidOfMinio(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? pid : Number(children.split(" ")[0]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (!running(child) || child.pid === undefined) return;
  const closed = new Promise((resolve) => child.once("close", resolve));
  process.kill(-child.pid, "SIGKILL");
  await closed;
}

export async function stopServers(): Promise<void> {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}
// runs before the directories are removed: hooks after tests run in reverse order
afterAll(stopServers);

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** SHA-256 of the end entity certificate, lower-case hex; null without a handshake. With `ca`, which has to have signed. */
export function servedLeaf(port: number, ca?: string): Promise<string | null> {
  const options: ConnectionOptions = ca === undefined ? { rejectUnauthorized: false } : { ca };
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", timeout: 5000, ...options });
    const finish = (sha256: string | null): void => {
      socket.destroy();
      resolve(sha256);
    };
    socket.once("secureConnect", () => {
      finish(socket.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase() ?? null);
    });
    socket.once("timeout", () => finish(null));
    socket.once("error", () => finish(null));
    socket.once("close", () => finish(null));
  });
}

/** Waits until S3 requests are answered: a handshake is possible a little before. */
export async function ready(port: number): Promise<void> {
  const options = { host: "127.0.0.1", port, path: "/minio/health/cluster", rejectUnauthorized: false, agent: false };
  const status = (): Promise<number> =>
    new Promise((resolve) => {
      const sent = requestTls(options, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.once("error", () => resolve(0));
      sent.end();
    });
  for (let round = 0; round < 300; round++) {
    if ((await status()) === 200) return;
    await sleep(100);
  }
  throw new Error(`the server on ${port} does not become ready`);
}

export function answersPlainly(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ host: "127.0.0.1", port, path: "/minio/health/live", timeout: 5000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.once("timeout", () => sent.destroy());
    sent.once("error", () => resolve(false));
    sent.end();
  });
}

/** HOME, the credentials of the server in every form that clients read, and a PATH that begins with the real programs. */
export function environmentFor(home: string): Record<string, string> {
  return cleanEnvironment({
    HOME: home,
    PATH: `${programDirectory()}:/usr/bin:/bin`,
    ...credentials,
    AWS_ACCESS_KEY_ID: credentials.MINIO_ROOT_USER,
    AWS_SECRET_ACCESS_KEY: credentials.MINIO_ROOT_PASSWORD,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
  });
}

let directory: string | null = null;

function programDirectory(): string {
  if (directory !== null) return directory;
  directory = temporaryDirectory(0o755);
  for (const name of ["minio", "mc", "aws", "curl", "node"]) symlinkSync(program(name), join(directory, name));
  symlinkSync(join(root, "bin", "cert-setup.js"), join(directory, "cert-setup"));
  return directory;
}

/** Where every user may run it: the one that tests have may lie below a closed home directory. */
function forAllUsers(name: string): string {
  const path = join(temporaryDirectory(0o755), name);
  try {
    linkSync(program(name), path);
  } catch {
    copyFileSync(program(name), path);
    chmodSync(path, 0o755);
  }
  return path;
}

/** A directory below which everything belongs to the user. */
export function homeOf(uid: number): string {
  const home = join(temporaryDirectory(0o755), "home");
  mkdirSync(home, { mode: 0o750 });
  chownSync(home, uid, uid);
  return home;
}

/** What `--json` prints. */
export interface Report extends Pick<Outcome, "exitStatus" | "changed" | "trustAnchor" | "start" | "errors"> {
  outcome: string;
  certsDir: string | null;
  certificate: { sha256: string; sans: string[]; issuer: string } | null;
  endpoint: ReportedEndpoint | null;
  files: ReportedFile[];
  warnings: { code: string; message: string }[];
  findings: Finding[];
}

/** Runs cert-setup with `--json`. */
export async function report(
  args: readonly string[],
  options: CertSetupOptions = {},
): Promise<Report & Finished & { sha256: string }> {
  const finished = await certSetup([...args, "--json"], options);
  let parsed: Report;
  try {
    parsed = JSON.parse(finished.stdout) as Report;
  } catch {
    throw new Error(`cert-setup ${args.join(" ")}: status ${finished.status}\n${finished.stdout}${finished.stderr}`);
  }
  return { ...parsed, ...finished, sha256: parsed.certificate?.sha256 ?? "" };
}
