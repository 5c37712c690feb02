// Root works for another user, a user works for itself, and a user without the right to signal waits for the server.

import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { freePort, homeOf, report, servedLeaf, startMinio, stopServers } from "../helpers/minio.ts";
import { cleanEnvironment, withCondition, withPrograms } from "../helpers/programs.ts";
import { root, run, temporaryDirectory } from "../helpers/run.ts";

afterEach(stopServers);

const uid = 1500;

/** Every entry below a directory, except what the server makes: `uid:gid mode`, for links only the owner. */
function owners(directory: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(directory, below))) {
    const path = join(below, name);
    const stat = lstatSync(join(directory, path));
    const shown = path.replaceAll(/[0-9a-f]{8}\.crt$/g, "*.crt").replaceAll(/\.\.v-[^/]*/g, "..v-*");
    found[shown] = `${stat.uid}:${stat.gid}${stat.isSymbolicLink() ? "" : ` ${(stat.mode & 0o7777).toString(8)}`}`;
    if (stat.isDirectory()) Object.assign(found, owners(directory, path));
  }
  return found;
}

const theirs = {
  "..data": "1500:1500",
  "..v-*": "1500:1500 700",
  "..v-*/private.key": "1500:1500 600",
  "..v-*/public.crt": "1500:1500 644",
  "CAs": "1500:1500 755",
  "CAs/cert-setup-*.crt": "1500:1500 644",
  "private.key": "1500:1500",
  "public.crt": "1500:1500",
};

const asRoot = withCondition(process.getuid?.() === 0, "other users", "it takes root");

withPrograms(
  "minio",
  "mc",
  "aws",
  "curl",
)("users", () => {
  asRoot("another one than root", () => {
    /** The program where every user may read it. */
    let everybodys = "";
    beforeAll(() => {
      everybodys = temporaryDirectory(0o755);
      for (const name of ["bin", "dist", "package.json"])
        cpSync(join(root, name), join(everybodys, name), { recursive: true });
    });
    const asUser = async (home: string, args: string[]) => {
      const program = [join(everybodys, "bin", "cert-setup.js"), ...args];
      const env = cleanEnvironment({ HOME: home });
      const finished = await run(process.execPath, program, { env, cwd: "/", uid, gid: uid, timeout: 100_000 });
      return finished;
    };

    test("root installs into its home: all is its own, and its server is found, signalled and proven", async () => {
      const home = homeOf(uid);
      const certsDir = join(home, ".minio", "certs");
      const stateHome = temporaryDirectory();
      const place = ["--host", "localhost", "--certs-dir", certsDir];
      const first = await report(place, { home: stateHome });
      expect(first).toMatchObject({ status: 0, outcome: "applied", warnings: [{ code: "ca-constrained" }] });
      expect(owners(certsDir)).toEqual(theirs);
      expect(owners(home)).toMatchObject({ ".minio": "1500:1500 755", ".minio/certs": "1500:1500 755" });

      const port = await freePort();
      const ca = readFileSync(first.trustAnchor?.path ?? "", "utf8");
      const server = await startMinio({ home, port, uid });
      expect(await servedLeaf(port, ca)).toBe(first.sha256);
      const second = await report([...place, "--force"], { home: stateHome });
      expect(second).toMatchObject({
        status: 0,
        warnings: [],
        endpoint: { port, state: "served", sha256: second.sha256 },
      });
      // by a signal: the server itself looks only after 10 s
      expect(second.endpoint?.milliseconds).toBeLessThan(5000);
      expect(await servedLeaf(port, ca)).toBe(second.sha256);
      expect(server.alive()).toBe(true);
      expect(owners(certsDir)).toEqual({ ...theirs, "..previous": "1500:1500" });
      // Nothing of root's state is theirs, and nothing of theirs is in it.
      expect(statSync(first.trustAnchor?.path ?? "").uid).toBe(0);
      expect(readdirSync(home).sort()).toEqual([".minio", "data"]);
    });

    test("it does the same for itself, without root", async () => {
      const home = homeOf(uid);
      const certsDir = join(home, ".minio", "certs");
      expect(await asUser(home, ["--host", "localhost", "--json"])).toMatchObject({ status: 0, stderr: "" });
      expect(owners(certsDir)).toEqual(theirs);
      const port = await freePort();
      const server = await startMinio({ home, port, uid });
      const before = await servedLeaf(port);
      const renewed = await asUser(home, ["--host", "localhost", "--force", "--json"]);
      expect(renewed).toMatchObject({ status: 0, stderr: "" });
      const { certificate, endpoint, warnings } = JSON.parse(renewed.stdout) as Awaited<ReturnType<typeof report>>;
      expect(endpoint).toMatchObject({ port, state: "served", sha256: certificate?.sha256 });
      expect(endpoint?.milliseconds).toBeLessThan(5000);
      expect(warnings).toEqual([]);
      expect(await servedLeaf(port)).toBe(certificate?.sha256);
      expect(before).not.toBe(certificate?.sha256);
      expect(server.alive()).toBe(true);
    });

    test(
      "it may not signal root's server: it says how long it waits, and the server looks by itself",
      { timeout: 120_000 },
      async () => {
        const home = homeOf(uid);
        const certsDir = join(home, "certs");
        const place = ["--host", "localhost", "--certs-dir", certsDir];
        expect(await asUser(home, place)).toMatchObject({ status: 0 });
        const port = await freePort();
        const serverHome = temporaryDirectory();
        mkdirSync(join(serverHome, "data"));
        const server = await startMinio({ home: serverHome, port, certsDir });
        const before = await servedLeaf(port);
        const renewed = await asUser(home, [...place, "--force"]);
        expect(renewed.status).toBe(0);
        expect(renewed.stderr).toMatch(/^waiting at most 75 s for the server \(pid \d+\) to read its certificate/m);
        expect(renewed.stdout).toMatch(/Done: the server serves the certificate\./);
        const status = JSON.parse((await asUser(home, ["status", "--json"])).stdout) as Awaited<
          ReturnType<typeof report>
        >;
        expect(status).toMatchObject({ exitStatus: 0, endpoint: { port, state: "served" } });
        expect(await servedLeaf(port)).toBe(status.certificate?.sha256);
        expect(before).not.toBe(status.certificate?.sha256);
        expect(server.alive()).toBe(true);
      },
    );
  });
});
