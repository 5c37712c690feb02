// Ctrl-C, kill, and a standard input that says nothing.

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type Server } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { certSetup, type Finished, root, run, temporaryDirectory } from "../helpers/run.ts";
import { expectClean, expectRefusal, treeOf } from "./outside.ts";

const bin = join(root, "bin", "cert-setup.js");
const children: ChildProcess[] = [];
const servers: Server[] = [];

afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  for (const server of servers) server.close();
});

/** Runs it with an input that never ends, and sends the signals when the condition holds. */
async function interrupted(
  args: string[],
  home: string,
  when: (stderr: string) => boolean,
  signals: NodeJS.Signals[],
): Promise<Finished> {
  const child = spawn(process.execPath, [bin, ...args], { env: cleanEnvironment({ HOME: home }), cwd: home });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  const closed = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once("close", (status, signal) => resolve([status, signal])),
  );
  while (child.exitCode === null && !when(output.stderr)) await sleep(5);
  for (const signal of signals) {
    child.kill(signal);
    await sleep(20);
  }
  const [status, signal] = await closed;
  return { status, signal, ...output };
}

const names: [NodeJS.Signals, number, RegExp][] = [
  ["SIGINT", 130, /interrupted/],
  ["SIGTERM", 143, /SIGTERM/],
];

describe("while a key is made", () => {
  /** How long that takes is a matter of luck: when it is done before the signal arrives, once more. */
  async function whileMaking(signals: NodeJS.Signals[]): Promise<[Finished, string]> {
    for (let round = 0; ; round++) {
      const home = temporaryDirectory();
      mkdirSync(join(home, ".local", "state"), { recursive: true });
      const state = join(home, ".local", "state", "cert-setup");
      const args = ["--host", "minio.example.net", "--key-type", "RSA-4096"];
      const finished = await interrupted(args, home, () => existsSync(state), signals);
      if (finished.status !== 0 || round === 9) return [finished, home];
    }
  }

  it.each(names)("%s ends it, and nothing is left", async (signal, status, message) => {
    const [finished, home] = await whileMaking([signal]);
    expectRefusal(finished, { status, message });
    expect(Object.keys(treeOf(home))).toEqual([".", ".local", ".local/state"]);
  });

  it("a second SIGINT ends it at once, and the next run finds nothing in its way", async () => {
    const [finished, home] = await whileMaking(["SIGINT", "SIGINT"]);
    expect(finished.status).toBe(130);
    expectClean(finished);
    expect(existsSync(join(home, ".minio"))).toBe(false);
    expect((await certSetup(["--host", "minio.example.net"], { home })).status).toBe(0);
  });
});

describe("while it waits for a server", () => {
  it.each(names)("%s ends it, and the next run finishes", async (signal, status) => {
    const other = temporaryDirectory();
    expect((await certSetup(["--host", "localhost", "--self-signed"], { home: other })).status).toBe(0);
    const read = (name: string) => readFileSync(join(other, ".minio", "certs", name));
    const server = createServer({ key: read("private.key"), cert: read("public.crt") }, (socket) => socket.end());
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;

    const home = temporaryDirectory();
    const args = ["--host", "localhost", "--endpoint", `127.0.0.1:${port}`];
    const finished = await interrupted(args, home, (stderr) => /^waiting at most \d+ s for 127/m.test(stderr), [
      signal,
    ]);
    expect([finished.status, finished.stdout]).toEqual([status, ""]);
    expectClean(finished);
    expect(finished.stderr).toMatch(/^error: .*\nhint: .*\nthe new pair is installed; it has not been proven\n$/m);
    expect((await certSetup(["--host", "localhost"], { home })).status).toBe(0);
    expect((await certSetup(["status"], { home })).status).toBe(0);
    expect(JSON.stringify(treeOf(home))).not.toContain("..tmp-");
  });
});

describe("it never asks", () => {
  const call = `"$0" ${bin}`;

  it.each<[string, string, number]>([
    ["nothing on standard input", `${call} --host minio.example.net </dev/null`, 0],
    ["no standard input", `${call} --host minio.example.net <&-`, 0],
    ["no descriptor at all", `${call} --host minio.example.net <&- >&- 2>&-`, 0],
    ["no standard output", `${call} status >&-`, 4],
    ["no standard error", `${call} rollback 2>&-`, 3],
    ["a full device", `${call} status >/dev/full`, 4],
    ["no argument", `${call} </dev/null`, 0],
  ])("%s", async (_, line, status) => {
    const env = cleanEnvironment({ HOME: temporaryDirectory() });
    const finished = await run("/bin/sh", ["-c", line, process.execPath], { env });
    expect(finished.status).toBe(status);
    expectClean(finished);
  });

  it("an input that never ends", async () => {
    const home = temporaryDirectory();
    const { status } = await interrupted(["--host", "minio.example.net"], home, () => true, []);
    expect(status).toBe(0);
  });

  withPrograms("script")("a terminal", () => {
    it("where nobody types", async () => {
      const env = cleanEnvironment({ HOME: temporaryDirectory() });
      const line = `${process.execPath} ${bin} --host minio.example.net`;
      const { status, stdout } = await run(program("script"), ["-qefc", line, "/dev/null"], { env });
      expect([status, stdout]).toEqual([0, expect.stringContaining("Installed, not served yet.")]);
    });
  });
});
