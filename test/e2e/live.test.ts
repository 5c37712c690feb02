// Real MinIO servers, found, looked at, signalled and waited for. The pairs come from openssl, not from src/x509.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { handshake } from "../../src/live/handshake.ts";
import { findServers, type RawServer } from "../../src/live/processes.ts";
import { bringIntoService, type ServiceOptions } from "../../src/live/service.ts";
import { listenersOf, soleListener } from "../../src/live/sockets.ts";
import { cleanEnvironment, hasProgram, program, withCondition, withPrograms } from "../helpers/programs.ts";
import { root, run, temporaryDirectory } from "../helpers/run.ts";

const withMinio = withPrograms("minio", "openssl");
/** One thread: then a poll is due 10 s after the start, never 60 s. */
const clean = cleanEnvironment({ GOMAXPROCS: "1" });

let top = "";
const children: ChildProcess[] = [];

beforeAll(() => {
  top = temporaryDirectory(0o755);
  if (!hasProgram("openssl")) return;
  for (const name of ["one", "two"]) issue(join(top, name), ["DNS:localhost", "DNS:minio.test", "IP:127.0.0.1"]);
  issue(join(top, "cn-only"), []);
});
afterEach(async () => {
  for (const child of children.splice(0)) await stop(child);
});

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync(program("openssl"), args, { env: clean, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

/** ca.crt, public.crt (end entity and CA), private.key */
function issue(directory: string, names: string[]): void {
  const at = (name: string): string => join(directory, name);
  mkdirSync(directory);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", at("ca.key"), "-out", at("ca.crt"), "-subj", "/CN=test ca");
  const san = names.length > 0 ? ["-addext", `subjectAltName=${names.join(",")}`] : [];
  openssl("req", "-new", ...key, "-keyout", at("private.key"), "-out", at("csr"), "-subj", "/CN=localhost", ...san);
  const signed = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-copy_extensions", "copy", "-days", "7"];
  openssl("x509", "-req", "-in", at("csr"), "-out", at("leaf.crt"), ...signed);
  writeFileSync(at("public.crt"), read(at("leaf.crt")) + read(at("ca.crt")));
}

function read(path: string): string {
  return readFileSync(path, "utf8");
}

function leafSha256(pair: string): string {
  return createHash("sha256")
    .update(new X509Certificate(read(join(top, pair, "leaf.crt"))).raw)
    .digest("hex");
}

function trust(pair: string): string[] {
  return [read(join(top, pair, "ca.crt"))];
}

/** Plain files in a new directory. */
function plainFiles(directory: string, pair: string): string {
  mkdirSync(directory, { recursive: true });
  for (const name of ["public.crt", "private.key"]) writeFileSync(join(directory, name), read(join(top, pair, name)));
  return directory;
}

/** public.crt and private.key -> ..data/…, ..data -> ..v-NAME */
function linked(directory: string, pair: string): string {
  plainFiles(join(directory, `..v-${pair}`), pair);
  symlinkSync(`..v-${pair}`, join(directory, "..data"));
  for (const name of ["public.crt", "private.key"]) symlinkSync(`..data/${name}`, join(directory, name));
  return directory;
}

function swap(directory: string, pair: string): void {
  plainFiles(join(directory, `..v-${pair}`), pair);
  symlinkSync(`..v-${pair}`, join(directory, "..tmp"));
  renameSync(join(directory, "..tmp"), join(directory, "..data"));
}

function renamePair(directory: string, pair: string): void {
  const staged = plainFiles(join(directory, "..new"), pair);
  for (const name of ["private.key", "public.crt"]) renameSync(join(staged, name), join(directory, name));
}

async function freePort(): Promise<number> {
  const server = await listen("127.0.0.1");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(host: string): Promise<Server> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return server;
}

/** A copy where every user may run it: the one in the cache may lie below a closed home directory. */
function programForAll(name: string): string {
  const path = join(top, name);
  copyFileSync(program(name), path, constants.COPYFILE_FICLONE);
  chmodSync(path, 0o755);
  return path;
}

interface Started {
  child: ChildProcess;
  port: number;
  console: number;
  home: string;
}

/** Starts a server and waits until it answers. `args` may hold PORT, which becomes the port. */
async function start(args: string[], options: { env?: object; cwd?: string; uid?: number } = {}): Promise<Started> {
  const [port, consolePort] = [await freePort(), await freePort()];
  const home = mkdtempSync(join(top, "home-"));
  const fill = (text: string): string => text.replace("PORT", String(port)).replace("HOME", home);
  const env = Object.entries({ HOME: home, MINIO_CONSOLE_ADDRESS: `127.0.0.1:${consolePort}`, ...options.env });
  const owner: { uid?: number; gid?: number } = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  if (options.uid !== undefined) chownSync(home, options.uid, options.uid);
  const child = spawn(
    owner.uid === undefined ? program("minio") : programForAll("minio"),
    [...args, join(home, "data")].map(fill),
    {
      env: { ...clean, ...Object.fromEntries(env.map(([key, value]) => [key, fill(String(value))])) },
      cwd: options.cwd ?? home,
      stdio: ["ignore", "ignore", "pipe"],
      ...owner,
    },
  );
  let log = "";
  child.stderr?.on("data", (data) => (log += String(data)));
  children.push(child);
  for (let round = 0; round < 400; round++) {
    if (child.exitCode !== null) throw new Error(`minio ended with ${child.exitCode}: ${log}`);
    // A listener in /proc is not enough: MinIO first opens its ports only to see whether they are free.
    const probe = { host: "127.0.0.1", port, serverName: null, trust: null, timeoutMilliseconds: 1000 };
    if ((await handshake(probe)).kind !== "unreachable") return { child, port, console: consolePort, home };
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`minio does not answer on ${port}: ${log}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

function found(child: ChildProcess): RawServer {
  const server = findServers().find((each) => each.pid === child.pid);
  if (server === undefined) throw new Error(`process ${child.pid} was not found`);
  return server;
}

function alive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

withMinio("findServers", () => {
  const address = ["--address", "127.0.0.1:PORT"];
  // MINIO_CI_CD: it takes several drives on one file system.
  test.each<[string, string[], object, string]>([
    ["--certs-dir D", ["server", "--certs-dir", "HOME/given", ...address], {}, "given"],
    ["a relative -S=D before server", ["-S=./given", "server", ...address], {}, "given"],
    [
      "-certs-dir D behind a volume",
      ["server", ...address, "HOME/v1", "-certs-dir", "given", "HOME/v2", "HOME/v3"],
      { MINIO_CI_CD: "1" },
      "given",
    ],
    ["-C D is D itself", ["server", "-C", "HOME/given", ...address], {}, "given"],
    ["HOME", ["server", ...address], {}, ".minio/certs"],
    ["an empty -S counts as none", ["server", "-S", "", "--quiet", ...address], {}, ".minio/certs"],
    ["MINIO_ADDRESS", ["server", "-S", "HOME/given"], { MINIO_ADDRESS: ":PORT" }, "given"],
    ["another HOME", ["server", ...address], { HOME: "HOME/else" }, "else/.minio/certs"],
  ])("%s", async (_, args, env, directory) => {
    const { child, port, home, console } = await start(args, { env });
    const server = found(child);
    expect(server.certsDir).toBe(join(home, directory));
    // The server's own word for it: it makes CAs/ where it looks for certificates.
    expect(existsSync(join(server.certsDir ?? "", "CAs"))).toBe(true);
    expect(server.ports[0]).toBe(port);
    await expect.poll(() => found(child).ports, { timeout: 10_000 }).toEqual([port, console]);
    expect(server.endpoint).toEqual({ host: "127.0.0.1", port });
    expect(server).toMatchObject({ uid: process.getuid?.(), maySignal: true, sameFiles: true, unit: null, cwd: home });
  });

  test("a configuration file beats -S", async () => {
    const config = join(top, "config.yaml");
    const port = await freePort();
    const text = (home: string): string =>
      `version: v2\naddress: "127.0.0.1:${port}" # s3\ncerts-dir: ${home}/yaml # here\npools:\n  - args:\n      - ${home}/d\n`;
    const home = mkdtempSync(join(top, "yaml-"));
    writeFileSync(config, text(home));
    const args = ["server", "--config", config, "-S", join(home, "flag")];
    const child = spawn(program("minio"), args, {
      env: { ...clean, HOME: home },
      stdio: "ignore",
    });
    children.push(child);
    await expect
      .poll(() => listenersOf(child.pid ?? 0)?.some((each) => each.port === port), { timeout: 8000 })
      .toBe(true);
    expect(found(child)).toMatchObject({ certsDir: join(home, "yaml"), endpoint: { host: "127.0.0.1", port } });
    expect(existsSync(join(home, "yaml", "CAs"))).toBe(true);
  });

  test("plain files are watched, links are polled, another directory at the path is noticed", async () => {
    const files = plainFiles(join(top, "mode-files"), "one");
    const links = linked(join(top, "mode-links"), "one");
    const [watching, polling] = [
      await start(["server", "-S", files, ...address]),
      await start(["server", "-S", links, ...address]),
    ];
    expect(found(watching.child)).toMatchObject({ reload: "events", watchesCertsDir: true });
    expect(found(polling.child)).toMatchObject({ reload: "poll", watchesCertsDir: null });
    renameSync(files, `${files}.old`);
    plainFiles(files, "one");
    expect(found(watching.child)).toMatchObject({ reload: "events", watchesCertsDir: false });
  });

  test("costs next to nothing when no server runs", () => {
    const times = Array.from({ length: 20 }, () => {
      const began = performance.now();
      findServers();
      return performance.now() - began;
    }).sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(20);
  });
});

describe("sockets", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.77", "127.0.0.77"],
    ["0.0.0.0", "0.0.0.0"],
    ["::1", "::1"],
    ["::", "::"],
  ])("%s", async (host, address) => {
    const server = await listen(host);
    const { port } = server.address() as AddressInfo;
    expect(listenersOf(process.pid)).toContainEqual({ address, port });
    expect(soleListener(process.pid, port)).toEqual({ address, port });
    expect(soleListener(1, port)).toBeNull();
    await new Promise((resolve) => server.close(resolve));
    expect(soleListener(process.pid, port)).toBeNull();
  });
});

withMinio("handshake", () => {
  const timeoutMilliseconds = 5000;
  test.each<[string, string, string[] | null, string | null, string | null]>([
    ["the right name", "one", ["one"], "minio.test", null],
    ["an address", "one", ["one"], "127.0.0.1", null],
    ["any name", "one", ["one"], null, null],
    ["another name", "one", ["one"], "other.test", "HOSTNAME_MISMATCH"],
    ["another address", "one", ["one"], "127.0.0.2", "HOSTNAME_MISMATCH"],
    ["a common name without subjectAltName", "cn-only", ["cn-only"], "localhost", "HOSTNAME_MISMATCH"],
    ["another root", "one", ["two"], "minio.test", "SELF_SIGNED_CERT_IN_CHAIN"],
    ["no roots at all", "one", [], "minio.test", "SELF_SIGNED_CERT_IN_CHAIN"],
    ["only looking", "one", null, "other.test", null],
  ])("%s", async (_, pair, roots, serverName, authorizationError) => {
    const directory = plainFiles(mkdtempSync(join(top, "handshake-")), pair);
    const { port } = await start(["server", "-S", directory, "--address", "127.0.0.1:PORT"]);
    const result = await handshake({
      host: "127.0.0.1",
      port,
      serverName,
      trust: roots?.flatMap(trust) ?? null,
      timeoutMilliseconds,
    });
    if (result.kind !== "tls") throw new Error(JSON.stringify(result));
    expect(result).toMatchObject({ sha256: leafSha256(pair), protocol: "TLSv1.3", authorizationError });
    expect(result.authorized).toBe(roots !== null && authorizationError === null);
    const sent = ["leaf.crt", "ca.crt"].map((name) => new X509Certificate(read(join(top, pair, name))).raw);
    expect(result.chain).toEqual(sent);
    expect(Math.round((result.notAfter - result.notBefore) / 86_400_000)).toBe(7);
  });

  test("a server without TLS is plain", async () => {
    const { port } = await start(["server", "--address", "127.0.0.1:PORT"]);
    const result = await handshake({ host: "127.0.0.1", port, serverName: null, trust: null, timeoutMilliseconds });
    expect(result).toEqual({ kind: "plain" });
  });

  test("nobody there, and an unknown name", async () => {
    const port = await freePort();
    const options = { port, serverName: null, trust: null, timeoutMilliseconds };
    expect(await handshake({ host: "127.0.0.1", ...options })).toEqual({
      kind: "unreachable",
      problem: "connection refused (ECONNREFUSED)",
    });
    expect((await handshake({ host: "no-such-name.invalid", ...options })).kind).toBe("unreachable");
  });

  test.each<[string, string | null]>([
    ["one that says nothing", null],
    ["one that speaks another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    // What a Go server with TLS on answers to plain HTTP must not pass for plain HTTP.
    ["one that asks for HTTPS", "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"],
  ])("%s is not plain HTTP, within the time", async (_, words) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      if (words !== null) socket.end(words);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const began = performance.now();
    const result = await handshake({
      host: "127.0.0.1",
      port,
      serverName: null,
      trust: null,
      timeoutMilliseconds: 1000,
    });
    expect(result.kind).toBe("unreachable");
    expect(performance.now() - began).toBeLessThan(1200);
    server.close();
  });
});

withMinio("bringIntoService", () => {
  const address = ["--address", "127.0.0.1:PORT"];
  function options(
    { child, port }: Started,
    how: "signal" | "poll",
    more: Partial<ServiceOptions> = {},
  ): ServiceOptions {
    const server = found(child);
    const place = { endpoint: { host: "127.0.0.1", port }, serverName: "minio.test", trust: trust("two") };
    return { server, ...place, sha256: leafSha256("two"), how, ...more };
  }

  test.each<[string, (directory: string, pair: string) => string, (directory: string, pair: string) => void]>([
    ["links", linked, swap],
    ["plain files", plainFiles, renamePair],
  ])("one signal after a handshake serves %s in milliseconds", async (_, lay, replace) => {
    const directory = lay(mkdtempSync(join(top, "hup-")), "one");
    const server = await start(["server", "-S", directory, ...address]);
    replace(directory, "two");
    const result = await bringIntoService(options(server, "signal"));
    expect(result).toMatchObject({
      served: true,
      signalled: true,
      handshake: { sha256: leafSha256("two"), authorized: true },
    });
    expect(result.served && result.milliseconds).toBeLessThan(500);
    // Served already: nothing is sent.
    expect(await bringIntoService(options(server, "signal"))).toMatchObject({ served: true, signalled: false });
    expect(alive(server.child)).toBe(true);
  });

  test("a server without TLS is never signalled", async () => {
    const server = await start(["server", ...address]);
    const result = await bringIntoService(options(server, "signal"));
    expect(result).toMatchObject({ served: false, signalled: false, reason: "plain", stillServed: null });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(alive(server.child)).toBe(true);
    // The test can fail: this is what a signal does to it.
    server.child.kill("SIGHUP");
    await expect.poll(() => alive(server.child)).toBe(false);
  });

  test("neither another process under the same pid nor one on another port is signalled", async () => {
    const directory = linked(mkdtempSync(join(top, "guard-")), "one");
    const server = await start(["server", "-S", directory, ...address]);
    swap(directory, "two");
    const good = options(server, "signal");
    const reused = { ...good, server: { ...good.server, startedAt: String(Number(good.server.startedAt) - 1) } };
    expect(await bringIntoService(reused)).toMatchObject({ served: false, signalled: false, reason: "refused" });
    const bystander = spawn("sleep", ["30"], { env: clean, stdio: "ignore" });
    children.push(bystander);
    const startedAt = read(`/proc/${bystander.pid}/stat`).split(") ")[1]?.split(" ")[19] ?? "";
    const wrong = { ...good, server: { pid: bystander.pid ?? 0, startedAt, ports: [server.port] } };
    expect(await bringIntoService(wrong)).toMatchObject({ served: false, signalled: false, reason: "refused" });
    expect(alive(bystander)).toBe(true);
    const now = await handshake({
      host: "127.0.0.1",
      port: server.port,
      serverName: null,
      trust: null,
      timeoutMilliseconds: 2000,
    });
    expect(now).toMatchObject({ sha256: leafSha256("one") });
  });

  test("a pair that the server rejects: says what is still served", async () => {
    const directory = linked(mkdtempSync(join(top, "rejected-")), "one");
    const server = await start(["server", "-S", directory, ...address]);
    swap(directory, "two");
    writeFileSync(join(directory, "..data", "private.key"), read(join(top, "one", "private.key")));
    const result = await bringIntoService(options(server, "signal", { boundMilliseconds: 700 }));
    expect(result).toMatchObject({
      served: false,
      signalled: true,
      reason: "other-certificate",
      stillServed: leafSha256("one"),
    });
  });

  test("a server that ends while waiting", async () => {
    const directory = linked(mkdtempSync(join(top, "ends-")), "one");
    const server = await start(["server", "-S", directory, ...address]);
    const waiting = bringIntoService(options(server, "poll"));
    setTimeout(() => server.child.kill("SIGKILL"), 300);
    expect(await waiting).toMatchObject({ served: false, reason: "ended" });
  });
});

withCondition(
  process.getuid?.() === 0,
  "waiting for the server's own poll as another user",
  "it takes root",
)("another user", () => {
  /** The same code in a process of a third user, which /proc tells far less. */
  const prober = `
      import { findServers } from "./processes.ts";
      import { bringIntoService } from "./service.ts";
      const given = JSON.parse(process.argv[2]);
      const server = findServers().find((each) => each.pid === given.pid);
      const waits = [];
      const onWait = (seconds, bound) => waits.push([seconds, bound]);
      const result = await bringIntoService({ ...given, server, how: "poll", onWait });
      const signalled = await bringIntoService({ ...given, sha256: "00", server, how: "signal" });
      console.log(JSON.stringify({ server, result: { ...result, handshake: null }, signalled, waits }));`;

  test.runIf(hasProgram("minio"))("may neither look nor signal, but waits", { timeout: 90_000 }, async () => {
    const uid = 61_234;
    const directory = linked(mkdtempSync(join(top, "poll-")), "one");
    for (const path of [directory, join(directory, "..v-one")]) chmodSync(path, 0o755);
    const started = await start(["server", "-S", directory, "--address", "127.0.0.1:PORT"], { uid });
    expect(found(started.child)).toMatchObject({ uid, gid: uid, maySignal: true, reload: "poll" });
    swap(directory, "two");

    const file = join(top, "prober.mjs");
    const stdin = { contents: prober, resolveDir: join(root, "src", "live"), loader: "ts" } as const;
    buildSync({ stdin, outfile: file, bundle: true, platform: "node", format: "esm" });
    chmodSync(file, 0o644);
    const endpoint = { host: "127.0.0.1", port: started.port };
    const wanted = { endpoint, serverName: "minio.test", trust: trust("two"), sha256: leafSha256("two") };
    const given = JSON.stringify({ pid: started.child.pid, ...wanted });
    const other = { cwd: "/", uid: uid + 1, gid: uid + 1, timeout: 85_000 };
    const { stdout, stderr } = await run(process.execPath, [file, given], other);

    expect(stderr).toBe("");
    const seen = JSON.parse(stdout) as { server: RawServer; result: object; signalled: object; waits: number[][] };
    expect(seen.server).toMatchObject({ uid, certsDir: directory, listeners: null, maySignal: false, endpoint });
    expect(seen.server).toMatchObject({ reload: "unknown", ports: [started.port], sameFiles: null });
    expect(seen.result).toMatchObject({ served: true, signalled: false });
    expect(seen.signalled).toMatchObject({ served: false, signalled: false, reason: "refused" });
    expect(seen.waits[0]).toEqual([1, 75]);
    expect(alive(started.child)).toBe(true);
  });
});
