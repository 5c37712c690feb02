// docs/output.schema.json against what the program really prints: every command, every kind of outcome, failures.

import { chmodSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { errorCodes, exitStatus } from "../../src/model/errors.ts";
import { freePort, startMinio } from "../helpers/minio.ts";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { certSetup, root, run, temporaryDirectory } from "../helpers/run.ts";
import { places, problems } from "./schema.ts";

type Output = Record<string, unknown>;

const schema = JSON.parse(readFileSync(join(root, "docs", "output.schema.json"), "utf8")) as Parameters<
  typeof problems
>[0];
const seen = new Set<string>();
const outputs: Output[] = [];

/** Runs it with --json and holds the one object on standard output against the schema. */
async function json(home: string, ...args: string[]): Promise<Output> {
  const { stdout, status, stderr } = await certSetup([...args, "--json"], { home });
  const output = JSON.parse(stdout) as Output;
  expect(problems(schema, output, seen), `${args.join(" ")}\n${stderr}`).toEqual([]);
  expect(output["exitStatus"]).toBe(status);
  outputs.push(output);
  return output;
}

const host = ["--host", "minio.example.net"];

describe("the schema describes", () => {
  it("a whole life without a server", async () => {
    const home = temporaryDirectory();
    const certs = join(home, ".minio", "certs");
    const key = join(certs, "..data", "private.key");
    expect(await json(home, "status")).toMatchObject({
      outcome: "examined",
      exitStatus: 4,
      certificate: null,
      start: null,
    });
    expect(await json(home, "rollback")).toMatchObject({
      outcome: "failed",
      errors: [{ code: "nothing-to-roll-back" }],
    });
    expect(await json(home, ...host, "--dry-run")).toMatchObject({ outcome: "planned", changed: false, exitStatus: 0 });
    expect(await json(home, ...host, "--dry-run", "--check")).toMatchObject({ exitStatus: 10 });
    expect(await json(home, ...host)).toMatchObject({
      outcome: "applied",
      changed: true,
      start: { reason: "not-running" },
    });
    expect(await json(home, ...host)).toMatchObject({ outcome: "unchanged", changed: false });
    expect(await json(home, "status")).toMatchObject({ outcome: "examined", exitStatus: 0 });
    chmodSync(key, 0o640);
    expect(await json(home, ...host, "--dry-run")).toMatchObject({
      plan: { actions: [{ kind: "set-attributes", mode: "0600" }] },
    });
    const repaired = await json(home, ...host);
    expect(repaired["files"]).toContainEqual(
      expect.objectContaining({ path: join(certs, "private.key"), mode: "0600" }),
    );
    const first = repaired["certificate"];
    await json(home, ...host, "--force", "--key-type", "Ed25519");
    mkdirSync(join(certs, "..tmp-left"));
    await json(home, ...host, "--dry-run", "--endpoint", "localhost:1");
    expect(await json(home, "rollback", "--dry-run")).toMatchObject({ outcome: "planned" });
    const rolledBack = await json(home, "rollback");
    expect(rolledBack["certificate"]).toEqual(first);
    expect(rolledBack["files"]).toEqual(repaired["files"]);
    expect(await json(home, "status", "--endpoint", "localhost:1")).toMatchObject({
      endpoint: { state: "unreachable", sha256: null },
    });
  });

  it("other sources", async () => {
    const home = temporaryDirectory();
    await json(home, ...host, "--self-signed", "--dry-run", "--endpoint", "localhost:1");
    await json(home, ...host, "--unconstrained-ca", "--dry-run", "--endpoint", "localhost:1");
    expect(await json(home, ...host, "--self-signed")).toMatchObject({ trustAnchor: { selfSigned: true } });
  });

  it("a beginning that is asked for", async () => {
    const home = temporaryDirectory();
    const today = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
    await json(home, ...host, "--start-date", today, "--dry-run");
  });

  it("two files as Go's generate_cert.go writes them", async () => {
    const home = temporaryDirectory();
    const out = [...host, "--ed25519", "--out", join(home, "a/b")];
    expect(await json(home, ...out, "--dry-run", "--check")).toMatchObject({ outcome: "planned", exitStatus: 10 });
    expect(await json(home, ...out)).toMatchObject({ outcome: "applied", certsDir: null, files: [{}, {}] });
  });

  it("a pair of a CA that is not known here", async () => {
    const home = temporaryDirectory();
    await json(home, ...host, "--state-dir", join(home, "other"));
    await json(home, ...host);
    const plan = await json(home, "rollback", "--dry-run", "--endpoint", "localhost:1");
    expect(JSON.stringify(plan)).toContain('"anchor":{"kind":"fingerprint"}');
  });

  withPrograms("openssl")("with openssl", () => {
    it("a pair of somebody else", async () => {
      const home = temporaryDirectory();
      const certs = join(home, ".minio", "certs");
      mkdirSync(certs, { recursive: true });
      const name = ["-subj", "/CN=before", "-addext", "basicConstraints=CA:FALSE"];
      const out = ["-keyout", join(certs, "private.key"), "-out", join(certs, "public.crt")];
      const { status } = await run(program("openssl"), [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        ...out,
        ...name,
      ]);
      expect(status).toBe(0);
      expect(await json(home, "status")).toMatchObject({ exitStatus: 4, certificate: { keyAlgorithm: "RSA-2048" } });
      await json(home, ...host, "--dry-run");
      await json(home, ...host);
      expect(await json(home, "rollback", "--dry-run", "--endpoint", "localhost:1")).toMatchObject({
        outcome: "planned",
      });
      rmSync(join(certs, "public.crt"));
      expect(await json(home, "status")).toMatchObject({ findings: [{ id: "pair", ok: false }] });
      expect(await json(home, ...host)).toMatchObject({ errors: [{ code: "pair-broken" }] });
    });
  });

  it.each<[string, string[], number, Record<string, string>?]>([
    ["usage", ["--no-such", "--json"], 2],
    ["usage", ["status", "extra", "--json"], 2],
    ["usage", ["--host", "a", "--check", "--json=1"], 2],
    ["usage", ["--host", "a", "--check", "-json"], 2],
    ["host-invalid", ["--json", "--host", "a..b"], 2],
    ["host-invalid", ["--host", "a\u001b[0m\u202e"], 2, { CERT_SETUP_JSON: "true" }],
    ["owner-invalid", ["--host", "a", "--owner", "no-such-user-here", "--json"], 2],
    ["duration-invalid", ["--host", "a", "--duration", "1y", "--json"], 2],
    ["directory-invalid", ["--host", "a", "--certs-dir", "a\u0007", "--json"], 2],
    ["start-date-invalid", ["--host", "a", "--start-date", "x", "--json"], 2],
    ["generate-cert-refused", ["--out", ".", "--json"], 1],
    ["endpoint-invalid", ["status", "--endpoint", "x", "--json"], 2],
    ["cannot-write", ["--host", "a", "--state-dir", "/etc/passwd/x", "--json"], 73],
  ])("the failure %s: %j", async (code, args, expected, env = {}) => {
    const home = temporaryDirectory();
    const { stdout, status } = await certSetup(args, { env: { ...cleanEnvironment({ HOME: home }), ...env } });
    const output = JSON.parse(stdout) as Output;
    expect(problems(schema, output, seen)).toEqual([]);
    const command = args.includes("status") ? "status" : "generate";
    expect(output).toMatchObject({
      command,
      outcome: "failed",
      changed: false,
      exitStatus: expected,
      errors: [{ code }],
    });
    expect(status).toBe(expected);
  });

  it("no object when --json is switched off", async () => {
    const env = { ...cleanEnvironment({ HOME: temporaryDirectory() }), CERT_SETUP_JSON: "1" };
    const { stdout, status } = await certSetup(["--host", "a..b", "--json=false"], { env });
    expect([status, stdout]).toEqual([2, ""]);
  });

  withPrograms("minio")("with minio", () => {
    it("what is served", async () => {
      const home = temporaryDirectory();
      const port = await freePort();
      await json(home, "--host", "localhost", "--certs-dir", join(home, "certs"));
      await startMinio({ certsDir: join(home, "certs"), home, port });
      const served = await json(home, "status", "--certs-dir", join(home, "certs"));
      expect(served).toMatchObject({
        exitStatus: 0,
        start: null,
        endpoint: { port, state: "served", milliseconds: null },
      });
      await json(home, "--host", "localhost,a.localhost", "--certs-dir", join(home, "certs"), "--dry-run");
      const renewed = await json(home, "--host", "localhost,a.localhost", "--certs-dir", join(home, "certs"));
      expect(renewed).toMatchObject({ outcome: "applied", endpoint: { state: "served" } });
    });
  });
});

describe("the schema", () => {
  beforeAll(() => expect(outputs.length).toBeGreaterThan(0));

  const spoken = places(schema).filter(([at]) => !/\/(?:anyOf|oneOf)\/\d+$|\/items$/.test(at));

  it("says something about every field", () => {
    expect(spoken.filter(([, { description = "" }]) => description === "")).toEqual([]);
  });

  it("says nothing that was not seen", () => {
    expect(spoken.map(([at]) => at).filter((at) => !seen.has(at))).toEqual([]);
  });

  it("has the codes and exit statuses of the program", () => {
    const text = JSON.stringify(schema);
    expect(text).toContain(`"enum":${JSON.stringify(Object.keys(errorCodes))}`);
    expect(text).toContain(`"enum":${JSON.stringify(Object.values(exitStatus).toSorted((a, b) => a - b))}`);
  });

  it.each<[string, (output: Output) => void]>([
    ["a field that is missing", (output) => delete output["changed"]],
    ["a field that is missing, deeper", (output) => delete (output["files"] as Output[])[0]?.["mode"]],
    ["a field that is not described", (output) => (output["more"] = 1)],
    ["a value of another type", (output) => (output["certsDir"] = 1)],
    ["a decimal mode", (output) => Object.assign((output["files"] as Output[])[0] ?? {}, { mode: 384 })],
    ["another time", (output) => Object.assign(output["certificate"] as Output, { notAfter: "2026-11-24" })],
    ["an unknown outcome", (output) => (output["outcome"] = "done")],
  ])("sees %s", (_, spoil) => {
    const good = outputs.find((output) => output["outcome"] === "applied");
    const bad = structuredClone(good) as Output;
    expect(problems(schema, bad)).toEqual([]);
    spoil(bad);
    expect(problems(schema, bad)).toHaveLength(1);
  });
});
