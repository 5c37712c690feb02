// Text that came from somebody else (certificates, file names, links, records) never reaches a terminal as it is.

import { mkdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { certSetup, run, temporaryDirectory } from "../helpers/run.ts";
import { expectClean } from "./outside.ts";

/** ESC and CSI (C0 and C1), a bidirectional override, zero width space, line separator, line feed, bell. */
const evil = "evil\u001b[31m\u009b2J\u202etxt\u200b\u2028\n\u0007";
const host = ["--host", "minio.example.net"];
const lines = [["status"], [...host, "--dry-run"], host, ["rollback"]];

/** Every command, for people and for programs. Returns all that was said. */
async function sayAll(home: string): Promise<string> {
  let said = "";
  for (const args of lines) {
    for (const form of [[], ["--json"]]) {
      const finished = await certSetup([...args, ...form], { home });
      expectClean(finished);
      expect([0, 3, 4]).toContain(finished.status);
      if (form[0] === "--json") JSON.parse(finished.stdout);
      said += finished.stdout + finished.stderr;
    }
  }
  return said;
}

describe("hostile text", () => {
  withPrograms("openssl")("in a certificate", () => {
    it("that is in place", async () => {
      const home = temporaryDirectory();
      const certs = join(home, ".minio", "certs");
      mkdirSync(certs, { recursive: true });
      const name = evil.replaceAll("\n", "");
      const openssl = async (...args: string[]) => {
        const { status, stderr } = await run(program("openssl"), args, { cwd: certs });
        expect([status, status === 0 ? "" : stderr]).toEqual([0, ""]);
      };
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8"];
      const cn = `/O=${name}/CN=${name}`;
      await openssl("req", "-x509", ...key, "-keyout", "../ca.key", "-out", "../ca.crt", "-subj", `${cn} CA`);
      await openssl("req", "-new", ...key, "-keyout", "private.key", "-out", "../csr", "-subj", cn);
      writeFileSync(join(home, "ext"), "subjectAltName=DNS:evil\u001b[31m.example\n");
      const sign = ["-CA", "../ca.crt", "-CAkey", "../ca.key", "-extfile", join(home, "ext")];
      await openssl("x509", "-req", "-in", "../csr", "-out", "public.crt", ...sign);
      const status = await certSetup(["status"], { home });
      expect(status.stdout).toMatch(/issuer .*evil.*\\/);
      expect(status.stdout).toMatch(/names .*evil\\u\{1b\}\[31m\.example/);
      await sayAll(home);
    });
  });

  it("in names of files", async () => {
    const home = temporaryDirectory();
    const certs = join(home, ".minio", "certs");
    mkdirSync(join(certs, "CAs"), { recursive: true });
    for (const name of [evil, `cert-setup-${evil}.crt`]) writeFileSync(join(certs, "CAs", name), evil);
    mkdirSync(join(certs, `..v-${evil}`));
    mkdirSync(join(certs, evil));
    writeFileSync(join(certs, `..tmp-${evil}`), "");
    await sayAll(home);
  });

  it.each(["..data", "..previous", "public.crt", "private.key"])("where the link %s leads", async (name) => {
    const home = temporaryDirectory();
    const certs = join(home, ".minio", "certs");
    expect((await certSetup(host, { home })).status).toBe(0);
    if (name !== "..previous") unlinkSync(join(certs, name));
    symlinkSync(`..v-${evil}`, join(certs, name));
    await sayAll(home);
  });

  it("in a record", async () => {
    const home = temporaryDirectory();
    const path = join(home, ".local/state/cert-setup/installations/minio.example.net.json");
    expect((await certSetup(host, { home })).status).toBe(0);
    const record = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown> & { source: object };
    const names = [{ type: "dNSName", value: evil }];
    const source = { ...record.source, names, keyAlgorithm: evil };
    writeFileSync(path, JSON.stringify({ ...record, source, generation: evil, ca: evil }));
    await sayAll(home);
  });

  it("in the paths that were given", async () => {
    const home = join(temporaryDirectory(), "a\u202eb\u200bc");
    mkdirSync(home);
    expect(await sayAll(home)).toContain("\\u{202e}");
    const env = { ...cleanEnvironment({ HOME: home }), XDG_STATE_HOME: join(home, "d\u2028e") };
    expectClean(await certSetup(["status", "--certs-dir", "f\ufeffg"], { cwd: home, env }));
  });
});
