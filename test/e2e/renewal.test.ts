// A running server takes a new pair, or the one before, at once and without a failed request.

import { readdirSync, readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import {
  environmentFor,
  freePort,
  type Minio,
  ready,
  report,
  servedLeaf,
  startMinio,
  stopServers,
} from "../helpers/minio.ts";
import { program, withPrograms } from "../helpers/programs.ts";
import { run, temporaryDirectory } from "../helpers/run.ts";

afterEach(stopServers);

interface Installation {
  home: string;
  port: number;
  certsDir: string;
  server: Minio;
  ca: string;
  sha256: string;
}

/** A server that serves what cert-setup has installed. */
async function installed(): Promise<Installation> {
  const home = temporaryDirectory();
  const port = await freePort();
  const certsDir = join(home, ".minio", "certs");
  const first = await report(["--host", "localhost"], { home });
  expect(first.status).toBe(0);
  const server = await startMinio({ home, port });
  return {
    home,
    port,
    certsDir,
    server,
    ca: readFileSync(first.trustAnchor?.path ?? "", "utf8"),
    sha256: first.sha256,
  };
}

/** A GET on a connection that stays open; the status line. */
function ask(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("data", (data) => resolve(data.toString("latin1").split("\r\n")[0] ?? ""));
    socket.once("error", reject);
    socket.write("GET /minio/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  });
}

interface Sent {
  status: number;
  body: string;
}

function send(method: string, port: number, ca: string, agent: Agent | false, path: string, body = ""): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const headers = method === "PUT" ? { "content-length": Buffer.byteLength(body) } : {};
    const options = {
      host: "127.0.0.1",
      servername: "localhost",
      port,
      path,
      method,
      ca,
      agent,
      headers,
      timeout: 20_000,
    };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (data: string) => (text += data));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.once("error", reject);
    });
    sent.once("timeout", () => sent.destroy(new Error("timeout")));
    sent.once("error", reject);
    sent.end(body);
  });
}

interface Load {
  /** Requests of each client so far. */
  counts: number[];
  failures: string[];
  stop(): Promise<void>;
}

/** Clients that put an object and get it back, over and over, trusting the CA and nothing else. */
function load({ port, ca }: Installation, agents: (Agent | false)[]): Load {
  const ended = new AbortController();
  const failures: string[] = [];
  const counts = agents.map(() => 0);
  const clients = agents.map(async (agent, client) => {
    for (let round = 0; !ended.signal.aborted; round++) {
      const text = `${client} ${round}`;
      try {
        const put = await send("PUT", port, ca, agent, `/bucket/object-${client}`, text);
        const got = await send("GET", port, ca, agent, `/bucket/object-${client}`);
        if (put.status !== 200 || got.status !== 200 || got.body !== text)
          failures.push(JSON.stringify([text, put, got]));
      } catch (error) {
        failures.push(`${text}: ${String(error)}`);
      }
      counts[client] = (counts[client] ?? 0) + 2;
      // a little air for the program under test: on two cores, clients without a pause take them both
      await sleep(50);
    }
  });
  return {
    counts,
    failures,
    stop: async () => {
      ended.abort();
      await Promise.all(clients);
      for (const agent of agents) if (agent !== false) agent.destroy();
    },
  };
}

/** A bucket that anybody may write to, so that requests need no signature. */
async function openBucket({ home, port, ca }: Installation): Promise<void> {
  await ready(port);
  const { MINIO_ROOT_USER: user, MINIO_ROOT_PASSWORD: password, ...env } = environmentFor(home);
  const options = {
    env: { ...env, MC_HOST_here: `https://${user}:${password}@localhost:${port}`, SSL_CERT_FILE: join(home, "ca.crt") },
  };
  await run("/bin/sh", ["-c", `cat > ${join(home, "ca.crt")}`], { input: ca });
  for (const args of [
    ["mb", "here/bucket"],
    ["anonymous", "set", "public", "here/bucket"],
  ]) {
    expect(await run(program("mc"), args, options)).toMatchObject({ status: 0 });
  }
}

withPrograms(
  "minio",
  "mc",
  "aws",
  "curl",
)("a running server", () => {
  test("changed names are served when it is said so; an open connection goes on with the old ones", async () => {
    const { home, port, ca, sha256: old, server } = await installed();
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca });
    expect(await ask(socket)).toBe("HTTP/1.1 200 OK");

    const changed = await report(["--host", "localhost,minio.localhost"], { home });
    expect(await servedLeaf(port, ca)).toBe(changed.sha256);
    expect(changed).toMatchObject({ status: 0, outcome: "applied", changed: true, start: null, warnings: [] });
    expect(changed.certificate?.sans).toContain("minio.localhost");
    expect(changed.sha256).not.toBe(old);
    expect(changed.endpoint).toMatchObject({ port, state: "served", sha256: changed.sha256 });
    // from the signal to the handshake: milliseconds, were the machine not busy
    expect(changed.endpoint?.milliseconds).toBeGreaterThan(0);
    expect(changed.endpoint?.milliseconds).toBeLessThan(5000);

    expect(await ask(socket)).toBe("HTTP/1.1 200 OK");
    expect(socket.getPeerX509Certificate()?.subjectAltName).not.toContain("minio.localhost");
    socket.destroy();
    expect(server.alive()).toBe(true);
    expect(await report(["--host", "localhost,minio.localhost"], { home })).toMatchObject({
      status: 0,
      outcome: "unchanged",
      endpoint: { state: "served", milliseconds: null },
    });
  });

  test("20 renewals under load: each is served at once, and no request fails", { timeout: 180_000 }, async () => {
    const at = await installed();
    await openBucket(at);
    const agents = [false, false, ...[1, 2].map(() => new Agent({ keepAlive: true, maxSockets: 1 }))] as const;
    const clients = load(at, [...agents]);
    const seen = new Set([at.sha256]);
    try {
      for (let round = 1; round <= 20; round++) {
        const renewed = await report(["--host", "localhost", "--force"], { home: at.home });
        expect(await servedLeaf(at.port, at.ca)).toBe(renewed.sha256);
        expect(renewed).toMatchObject({
          status: 0,
          changed: true,
          endpoint: { state: "served", sha256: renewed.sha256 },
        });
        seen.add(renewed.sha256);
        // every client has sent something since, so that each renewal falls between requests of each
        const before = [...clients.counts];
        await expect
          .poll(() => clients.counts.every((count, client) => count > (before[client] ?? 0)), { timeout: 20_000 })
          .toBe(true);
      }
    } finally {
      await clients.stop();
    }
    expect(clients.failures).toEqual([]);
    expect(Math.min(...clients.counts)).toBeGreaterThanOrEqual(40);
    expect(seen.size).toBe(21);
    expect(at.server.alive()).toBe(true);
    const names = readdirSync(at.certsDir).sort();
    expect(names.filter((name) => name.startsWith("..v-"))).toHaveLength(2);
    expect(names.filter((name) => !name.startsWith("..v-"))).toEqual([
      "..data",
      "..previous",
      "CAs",
      "private.key",
      "public.crt",
    ]);
  });

  test("rollback serves the pair before, and once more the newer one again", async () => {
    const { home, port, ca, sha256: old } = await installed();
    const renewed = await report(["--host", "localhost,second.localhost"], { home });
    for (const [sha256, sans] of [
      [old, false],
      [renewed.sha256, true],
      [old, false],
    ] as const) {
      const back = await report(["rollback"], { home });
      expect(await servedLeaf(port, ca)).toBe(sha256);
      expect(back).toMatchObject({
        status: 0,
        outcome: "applied",
        sha256,
        endpoint: { port, state: "served", sha256 },
      });
      expect(back.certificate?.sans.includes("second.localhost")).toBe(sans);
      expect(await report(["status"], { home })).toMatchObject({ status: 0, sha256, endpoint: { state: "served" } });
    }
  });
});
