// A server that runs without TLS, or not at all: what cert-setup prints is what makes it serve the certificate.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  answersPlainly,
  environmentFor,
  freePort,
  type Report,
  report,
  servedLeaf,
  startByCommand,
  stopServers,
} from "../helpers/minio.ts";
import { withCondition, withPrograms } from "../helpers/programs.ts";
import { certSetup, run, temporaryDirectory } from "../helpers/run.ts";

afterEach(stopServers);

const withMinio = withPrograms("minio", "mc", "aws", "curl");

/** Is nobody there, and may we? */
function canListen(port: number): boolean {
  if (process.getuid?.() !== 0) return false;
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return ["tcp", "tcp6"].every((name) =>
    readFileSync(`/proc/net/${name}`, "utf8")
      .split("\n")
      .slice(1)
      .every((line) => !line.trim().split(/\s+/)[1]?.endsWith(suffix)),
  );
}

/** The line below the one that ends so. */
function lineAfter(text: string, end: string): string {
  const lines = text.split("\n");
  return lines[lines.findIndex((line) => line.endsWith(end)) + 1]?.trim() ?? "";
}

async function firstInstall(port: number, place: string[]): Promise<void> {
  const home = temporaryDirectory();
  const args = ["--host", "localhost", "--address", `:${port}`, ...place];
  const { status, stdout } = await certSetup(args, { home, cwd: home });
  expect(status).toBe(0);
  expect(stdout).toContain("Installed, not served yet.");
  const command = lineAfter(stdout, "Start MinIO with HTTPS:");
  const prove = lineAfter(stdout, "and see it proven:");
  expect(prove).toMatch(/^cert-setup status\b/);

  const again = await report(args, { home, cwd: home });
  expect(again).toMatchObject({ status: 0, outcome: "unchanged", changed: false, endpoint: null });
  expect(again.start).toEqual({ reason: "not-running", pid: null, command });

  await startByCommand(command, { home, port });
  const ca = readFileSync(again.trustAnchor?.path ?? "", "utf8");
  expect(await servedLeaf(port, ca)).toBe(again.sha256);
  const proven = await run("/bin/sh", ["-c", prove], { env: environmentFor(home), cwd: "/" });
  expect(proven).toMatchObject({ status: 0, stderr: "" });
  expect(proven.stdout).toMatch(/served +by 127\.0\.0\.1:\d+, seen in a TLSv1\.3 handshake/);
  const { stdout: json } = await run("/bin/sh", ["-c", `${prove} --json`], { env: environmentFor(home), cwd: "/" });
  const { endpoint, findings, start } = JSON.parse(json) as Report;
  expect(endpoint).toMatchObject({ port, state: "served", sha256: again.sha256, protocol: "TLSv1.3" });
  expect(findings.filter((finding) => !finding.ok)).toEqual([]);
  expect(start).toBeNull();
}

withMinio("the first installation in an empty HOME", () => {
  test.each([
    ["by its defaults", []],
    ["into given directories", ["--certs-dir", "it's here", "--state-dir", "state"]],
  ])("%s: the printed command starts a server that serves it", async (_, place) => {
    await firstInstall(await freePort(), place);
  });

  withCondition(
    canListen(443),
    "MinIO on port 443",
    "it is taken, or it takes root",
  )("port 443", () => {
    test("the printed command starts a server that serves it", () => firstInstall(443, []));
  });
});

withMinio("a server without TLS in that directory", () => {
  test.each([
    ["below HOME", false, "~/data"],
    ["given by --certs-dir", true, "data"],
  ])("%s: it goes on, and the printed command starts it with TLS", async (_, given, data) => {
    const home = temporaryDirectory();
    const port = await freePort();
    const place = given ? ["--certs-dir", join(home, "certs")] : [];
    // as a person starts it, with relative paths
    const command = `minio server ${given ? "-S certs " : ""}--address 127.0.0.1:${port} ${data}`;
    const plain = await startByCommand(command, { home, port, plain: true });

    const installed = await report(["--host", "localhost", ...place], { home });
    expect(installed).toMatchObject({ status: 6, exitStatus: 6, outcome: "applied", changed: true, errors: [] });
    expect(installed.start).toMatchObject({ reason: "restart", pid: plain.pid });
    expect(installed.warnings.map((warning) => warning.code)).toContain("restart-required");
    expect(installed.endpoint).toMatchObject({ port, state: "plain-http" });

    // Nothing has changed since, and nobody says that all is well.
    for (const args of [
      ["--host", "localhost", ...place],
      ["status", ...place],
    ]) {
      const looked = await report(args, { home });
      expect(looked).toMatchObject({ status: 6, changed: false, start: installed.start });
      expect(looked.endpoint).toMatchObject({ port, state: "plain-http" });
    }
    expect(plain.alive()).toBe(true);
    expect(await answersPlainly(port)).toBe(true);

    await plain.stop();
    // pasted in another directory
    await startByCommand(installed.start?.command ?? "", { home, port, cwd: "/" });
    const proven = await report(["status", ...place], { home });
    expect(proven).toMatchObject({ status: 0, start: null, warnings: [] });
    expect(proven.endpoint).toMatchObject({ port, state: "served", sha256: installed.sha256 });
  });
});
