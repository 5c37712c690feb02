import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueLeaf, issueRoot, issueSelfSigned } from "../../src/x509/certificate.ts";
import { generateKey, privateKeyPem } from "../../src/x509/keys.ts";
import { deriveConstraints } from "../../src/x509/name-constraints.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { endEntityValidity, rootValidity } from "../../src/x509/validity.ts";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { run, temporaryDirectory, type Finished } from "../helpers/run.ts";
import { generalName } from "./certificates.ts";

const credentials = { MINIO_ROOT_USER: "cert-setup", MINIO_ROOT_PASSWORD: "only-for-tests" };
const names = ["localhost", "127.0.0.1", "::1"].map(generalName);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** PEM of the chain, the key and what clients have to trust. */
async function issue(kind: "self-signed" | "private CA"): Promise<{ chain: string; key: string; anchor: string }> {
  const now = Date.now();
  const key = await generateKey("P-256");
  const parameters = { key, names, ...endEntityValidity(now, 90 * 86400) };
  const rootKey = await generateKey("P-384");
  const constraints = deriveConstraints(names, (name) => name);
  const root = issueRoot({ key: rootKey, constraints, ...rootValidity(now) });
  const leaf =
    kind === "self-signed"
      ? issueSelfSigned(parameters)
      : issueLeaf({ ...parameters, issuer: { certificate: root, key: rootKey } });
  return {
    chain: encodePem("CERTIFICATE", leaf),
    key: privateKeyPem(key).reveal(),
    anchor: encodePem("CERTIFICATE", kind === "self-signed" ? leaf : root),
  };
}

const python = `
import ssl, sys, urllib.request
context = ssl.create_default_context(cafile=sys.argv[2])
context.verify_flags |= ssl.VERIFY_X509_STRICT
print(urllib.request.urlopen(sys.argv[1] + "/minio/health/live", context=context).status)
`;

withPrograms(
  "minio",
  "mc",
  "curl",
  "aws",
  "python3",
)("a real MinIO and its clients", () => {
  describe.each(["self-signed", "private CA"] as const)("%s", (kind) => {
    const home = temporaryDirectory();
    const anchor = join(home, "anchor.pem");
    let server: ChildProcess;
    let port = 0;
    let log = "";

    beforeAll(async () => {
      const certs = join(home, "certs");
      mkdirSync(certs);
      const issued = await issue(kind);
      writeFileSync(join(certs, "public.crt"), issued.chain);
      writeFileSync(join(certs, "private.key"), issued.key, { mode: 0o600 });
      writeFileSync(anchor, issued.anchor);
      port = await freePort();
      const args = [
        "server",
        "--certs-dir",
        certs,
        "--address",
        `:${port}`,
        "--console-address",
        `127.0.0.1:${await freePort()}`,
      ];
      server = spawn(program("minio"), [...args, join(home, "data")], {
        env: cleanEnvironment({ HOME: home, MINIO_BROWSER: "off", ...credentials }),
        stdio: ["ignore", "pipe", "pipe"],
      });
      for (const stream of [server.stdout, server.stderr]) stream?.on("data", (text) => (log += String(text)));
      const health = ["-sf", "--cacert", anchor, `https://localhost:${port}/minio/health/live`];
      for (let tries = 0; tries < 100; tries += 1) {
        if ((await run(program("curl"), health)).status === 0) return;
        await sleep(200);
      }
      throw new Error(`MinIO does not answer: ${log}`);
    });
    afterAll(async () => {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGKILL");
      await ended;
    });

    const environment = (extra: Record<string, string> = {}): Record<string, string> =>
      cleanEnvironment({
        HOME: home,
        AWS_ACCESS_KEY_ID: credentials.MINIO_ROOT_USER,
        AWS_SECRET_ACCESS_KEY: credentials.MINIO_ROOT_PASSWORD,
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_EC2_METADATA_DISABLED: "true",
        ...extra,
      });
    const curl = (url: string, trusted: string): Promise<Finished> =>
      run(program("curl"), ["-sS", "--cacert", trusted, `${url}/minio/health/live`], { env: environment() });
    const aws = (url: string, trusted: string): Promise<Finished> =>
      run(program("aws"), ["--endpoint-url", url, "s3api", "list-buckets"], {
        env: environment({ AWS_CA_BUNDLE: trusted }),
      });
    const urllib = (url: string, trusted: string): Promise<Finished> =>
      run(program("python3"), ["-c", python, url, trusted], { env: environment() });

    it.each([
      ["curl", curl, ["localhost", "127.0.0.1", "[::1]"]],
      ["python3", urllib, ["localhost", "127.0.0.1", "[::1]"]],
      // aws takes no IPv6 literal for an endpoint.
      ["aws", aws, ["localhost", "127.0.0.1"]],
    ])("%s trusts it by every name, and not without it", async (_client, request, hosts) => {
      for (const host of hosts) {
        const { status, stderr } = await request(`https://${host}:${port}`, anchor);
        expect([host, status, stderr]).toEqual([host, 0, ""]);
      }
      const stranger = join(home, "stranger.pem");
      writeFileSync(stranger, (await issue(kind)).anchor);
      const { status, stdout, stderr } = await request(`https://localhost:${port}`, stranger);
      expect(status).not.toBe(0);
      expect(stdout + stderr).toMatch(/certificate|CERTIFICATE/);
    });

    const aliasSet = (alias: string): string[] =>
      ["alias", "set", alias, `https://localhost:${port}`].concat(Object.values(credentials));

    it("mc trusts it from its own directory, and not without it", async () => {
      const fresh = temporaryDirectory();
      const env = environment({ HOME: fresh });
      const refused = await run(program("mc"), ["--json", ...aliasSet("a")], { env });
      expect(refused.status).not.toBe(0);
      const authorities = join(fresh, ".mc", "certs", "CAs");
      mkdirSync(authorities, { recursive: true });
      writeFileSync(join(authorities, "anchor.crt"), readFileSync(anchor));
      const set = await run(program("mc"), aliasSet("a"), { env });
      expect([set.status, set.stdout, set.stderr]).toEqual([0, expect.stringContaining("successfully"), ""]);
      const listed = await run(program("mc"), ["admin", "info", "a"], { env });
      expect([listed.status, listed.stderr]).toEqual([0, ""]);
    });

    // mc offers that only for what looks self-signed to it (cmd/tofu.go).
    it(`mc ${kind === "self-signed" ? "offers" : "does not offer"} trust at first use`, async () => {
      const fresh = temporaryDirectory();
      const env = environment({ HOME: fresh });
      // It asks only when its output is a terminal, and reads the answer from anywhere.
      const command = `echo y | ${program("mc")} ${aliasSet("b").join(" ")}`;
      const set = await run(program("script"), ["-qefc", command, "/dev/null"], { env });
      expect(set.stdout.includes("Confirm public key y/N")).toBe(kind === "self-signed");
      expect(existsSync(join(fresh, ".mc", "certs", "CAs", "b.crt"))).toBe(kind === "self-signed");
      // The run that stores the certificate still fails, whatever the certificate: it does not trust it before the next one.
      const again = await run(program("mc"), aliasSet("b"), { env });
      expect(again.status === 0).toBe(kind === "self-signed");
    });
  });
});
