// A pair that somebody else made, imported: into nothing, into a running server, from PKCS #12, and refused.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { freePort, report, servedLeaf, startMinio, stopServers } from "../helpers/minio.ts";
import { hasProgram, program, withPrograms } from "../helpers/programs.ts";
import { run, temporaryDirectory } from "../helpers/run.ts";
import { snapshot } from "../helpers/snapshot.ts";

afterEach(stopServers);

let files = "";

async function openssl(...args: string[]): Promise<void> {
  expect(await run(program("openssl"), args, { cwd: files })).toMatchObject({ status: 0 });
}

/** A root, and two certificates from it: `one.pem`, `two.pem` with their keys; `one.p12` with everything. */
beforeAll(async () => {
  if (!hasProgram("openssl")) return;
  files = temporaryDirectory();
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl("req", "-x509", ...key, "-keyout", "root.key", "-out", "root.pem", "-days", "30", "-subj", "/CN=Root");
  const rules = [
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
  ];
  writeFileSync(join(files, "rules"), `${rules.join("\n")}\n`);
  for (const name of ["one", "two"]) {
    await openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const signing = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "20", "-extfile", "rules"];
    await openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signing);
  }
  writeFileSync(join(files, "passphrase"), "correct horse\n");
  chmodSync(join(files, "passphrase"), 0o600);
  const all = ["-in", "one.pem", "-inkey", "one.key", "-certfile", "root.pem"];
  await openssl("pkcs12", "-export", ...all, "-out", "one.p12", "-passout", "file:passphrase");
});

const file = (name: string): string => join(files, name);
const pair = (name: string): string[] => ["import", "--cert", file(`${name}.pem`), "--key", file(`${name}.key`)];

withPrograms("minio", "openssl")("import", () => {
  test("into an empty home, then another pair into the running server, and back", { timeout: 120_000 }, async () => {
    const home = temporaryDirectory();
    const first = await report([...pair("one"), "--chain", file("root.pem")], { home });
    expect(first).toMatchObject({ exitStatus: 0, changed: true, trustAnchor: null });
    expect(await report([...pair("one"), "--chain", file("root.pem")], { home })).toMatchObject({ changed: false });

    const port = await freePort();
    await startMinio({ home, port });
    expect(await report(["status"], { home })).toMatchObject({ exitStatus: 0, endpoint: { state: "served" } });
    const second = await report([...pair("two"), "--chain", file("root.pem")], { home });
    expect(second).toMatchObject({ exitStatus: 0, changed: true, endpoint: { state: "served", port } });
    expect(second.sha256).not.toBe(first.sha256);
    expect(await servedLeaf(port)).toBe(second.sha256);
    expect(await report(["rollback"], { home })).toMatchObject({ exitStatus: 0, sha256: first.sha256 });
    expect(await servedLeaf(port)).toBe(first.sha256);
  });

  test("from PKCS #12 the same pair as from PEM", async () => {
    const home = temporaryDirectory();
    const given = ["import", "--pkcs12", file("one.p12"), "--passphrase-file", file("passphrase")];
    const installed = await report(given, { home });
    expect(installed).toMatchObject({ exitStatus: 0, changed: true });
    expect(await report([...pair("one"), "--chain", file("root.pem"), "--dry-run", "--check"], { home })).toMatchObject(
      {
        sha256: installed.sha256,
      },
    );
    expect(installed.files.map(({ mode }) => mode)).toEqual(["0644", "0600"]);
  });

  test("replaces what cert-setup made, and rollback returns to it", async () => {
    const home = temporaryDirectory();
    const own = await report(["--host", "localhost"], { home });
    expect(await report(pair("one"), { home })).toMatchObject({ exitStatus: 0, changed: true });
    expect(await report(["rollback"], { home })).toMatchObject({ exitStatus: 0, sha256: own.sha256 });
  });

  test.each([
    ["the key of another certificate", () => ["import", "--cert", file("one.pem"), "--key", file("two.key")]],
    ["a CA as the server's certificate", () => ["import", "--cert", file("root.pem"), "--key", file("root.key")]],
    ["no key", () => ["import", "--cert", file("one.pem")]],
    ["PKCS #12 without its passphrase", () => ["import", "--pkcs12", file("one.p12")]],
    ["a file that is not there", () => ["import", "--cert", file("none.pem")]],
  ])("refuses %s, and nothing is changed", async (_, args) => {
    const home = temporaryDirectory();
    await report(["--host", "localhost"], { home });
    const before = snapshot(home);
    const refused = await report(args(), { home });
    expect(refused).toMatchObject({ exitStatus: 3, changed: false });
    expect(refused.errors[0]?.hint.length).toBeGreaterThan(0);
    expect(refused.stderr.trimEnd().split("\n").at(-1)).toBe("nothing was changed");
    expect(snapshot(home)).toEqual(before);
  });
});
