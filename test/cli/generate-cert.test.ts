// `generate --out` as a program among files: what it writes, what it leaves alone, and what is left when it cannot. And
// `--start-date` on the normal command.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lockName, tryLock } from "../../src/tree/lock.ts";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { certSetup, root, run, temporaryDirectory } from "../helpers/run.ts";

type Output = Record<string, unknown>;

const flags = ["--host", "a.example,127.0.0.1", "--ed25519"];

function write(directory: string, ...more: string[]) {
  return certSetup(["generate", "--out", ".", ...flags, ...more], { cwd: directory });
}

/** Does the key belong to the certificate? */
function belongTogether(directory: string): boolean {
  const [certificate = "", key = ""] = ["cert.pem", "key.pem"].map((name) =>
    readFileSync(join(directory, name), "utf8"),
  );
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
}

const contents = (directory: string) =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "latin1")]));

describe("generate --out", () => {
  it("makes the directory, and touches nothing else", async () => {
    const home = temporaryDirectory();
    const { status, stdout } = await certSetup(["generate", "--out", "x/y", ...flags], { home, cwd: home });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(readdirSync(home, { recursive: true }).toSorted()).toEqual(["x", "x/y", "x/y/cert.pem", "x/y/key.pem"]);
    expect(belongTogether(join(home, "x/y"))).toBe(true);
  });

  it("--dry-run shows it, and --check says that something would change", async () => {
    const home = temporaryDirectory();
    const shown = await certSetup(["generate", "--out", "x", ...flags, "--dry-run", "--check"], { home, cwd: home });
    expect(shown).toMatchObject({ status: 10, stderr: "" });
    expect(shown.stdout).toContain(`${home}/x/key.pem`);
    expect(shown.stdout.replaceAll(/\.\.tmp-\S+/g, "")).not.toContain("..tmp");
    expect(readdirSync(home)).toEqual([]);
  });

  it("--json is one object, without Go's lines", async () => {
    const directory = temporaryDirectory();
    const { status, stdout, stderr } = await write(directory, "--json", "--duration", "0");
    const output = JSON.parse(stdout) as Output;
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(output).toMatchObject({
      command: "generate",
      outcome: "applied",
      changed: true,
      files: [
        { path: join(directory, "cert.pem"), mode: "0644" },
        { path: join(directory, "key.pem"), mode: "0600" },
      ],
      certificate: { keyAlgorithm: "Ed25519", sans: ["a.example", "127.0.0.1"] },
      warnings: [{ code: "never-valid" }],
    });
    expect(stdout).not.toContain(readFileSync(join(directory, "key.pem"), "latin1").split("\n")[1]);
  });

  it("--json of a refusal has Go's status", async () => {
    const { status, stdout } = await certSetup(["generate", "--out", ".", "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ exitStatus: 1, errors: [{ code: "generate-cert-refused" }] });
  });

  it("--quiet says nothing", async () => {
    expect(await write(temporaryDirectory(), "--quiet")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  it("needs neither HOME nor a place for its state", async () => {
    const directory = temporaryDirectory();
    const env = cleanEnvironment();
    delete env["HOME"];
    expect(await certSetup(["generate", "--out", ".", ...flags], { cwd: directory, env })).toMatchObject({ status: 0 });
  });

  it("changes nothing when one of the two cannot be replaced", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "key.pem"));
    writeFileSync(join(directory, "cert.pem"), "old");
    const { status, stderr } = await write(directory);
    expect(status).toBe(73);
    expect(stderr).toContain("key.pem: it is a directory");
    expect(readFileSync(join(directory, "cert.pem"), "utf8")).toBe("old");
    expect(readdirSync(directory).toSorted()).toEqual(["cert.pem", "key.pem"]);
  });

  it.each([
    ["a file", 2, "is not a directory"],
    ["a file/below", 73, "not a directory"],
  ])("refuses --out %s", async (out, status, message) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "a file"), "");
    const finished = await certSetup(["generate", "--out", out, ...flags], { cwd: directory });
    expect(finished).toMatchObject({ status, stdout: "" });
    expect(finished.stderr).toContain(message);
  });

  it.skipIf(process.getuid?.() !== 0)("says who may not write, and leaves nothing", async () => {
    const directory = temporaryDirectory(0o755);
    const args = [join(root, "bin", "cert-setup.js"), "generate", "--out", ".", ...flags];
    const finished = await run(process.execPath, args, { cwd: directory, uid: 1500, gid: 1500 });
    expect(finished).toMatchObject({ status: 73, stdout: "" });
    expect(finished.stderr).toContain("permission denied");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("removes what a killed run has left, not what another run is at", async () => {
    const directory = temporaryDirectory();
    const now = new Date()
      .toISOString()
      .replace(/\.\d+Z$/, "Z")
      .replaceAll(/[-:]/g, "");
    const names = ["..tmp-20260101T000000Z-00000000", `..tmp-${now}-00000000`];
    for (const name of names) {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, "key.pem"), "secret");
    }
    expect(await write(directory)).toMatchObject({ status: 0 });
    expect(readdirSync(directory).toSorted()).toEqual([names[1], "cert.pem", "key.pem"]);
  });

  it("waits for another run in that directory", async () => {
    const directory = temporaryDirectory();
    const lock = tryLock(directory);
    if (typeof lock === "string") throw new Error(`held by ${lock}`);
    const running = write(directory);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(readdirSync(directory)).toEqual([lockName]);
    lock.release();
    expect(await running).toMatchObject({ status: 0 });
    expect(readdirSync(directory).toSorted()).toEqual(["cert.pem", "key.pem"]);
  });

  it("twelve at once leave one pair that belongs together", async () => {
    const directory = temporaryDirectory();
    const finished = await Promise.all(Array.from({ length: 12 }, () => write(directory)));
    expect(finished.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 0));
    expect(readdirSync(directory).toSorted()).toEqual(["cert.pem", "key.pem"]);
    expect(belongTogether(directory)).toBe(true);
  });
});

withPrograms("strace")("generate --out on a disk that fails", () => {
  /** The nth call of this kind fails. */
  async function failing(directory: string, call: string, n: number) {
    const inject = [`-e`, `trace=${call}`, `-e`, `inject=${call}:error=ENOSPC:when=${n}`];
    const bin = [process.execPath, join(root, "bin", "cert-setup.js"), "generate", "--out", ".", ...flags];
    const trace = join(temporaryDirectory(), "trace");
    const finished = await run(program("strace"), ["-f", "-o", trace, ...inject, ...bin], { cwd: directory });
    return { ...finished, injected: readFileSync(trace, "latin1").includes("(INJECTED)") };
  }

  it.each(["mkdir", "fsync", "rename", "fchmod", "symlink", "rmdir"])(
    "%s: the pair is the old one or the new one",
    async (call) => {
      const directory = temporaryDirectory();
      expect(await write(directory)).toMatchObject({ status: 0 });
      chmodSync(join(directory, "cert.pem"), 0o640);
      let failures = 0;
      for (let n = 1; n < 12; n++) {
        const before = contents(directory);
        const { status, stderr, injected } = await failing(directory, call, n);
        if (!injected) break;
        failures += 1;
        const names = readdirSync(directory).filter((name) => !name.startsWith("..tmp-") && name !== "..lock");
        expect(names.toSorted()).toEqual(["cert.pem", "key.pem"]);
        const said = stderr.includes("nothing was changed");
        expect(said ? { status, files: contents(directory) } : null).toEqual(
          said ? { status: 73, files: before } : null,
        );
        // Between the two renames lies one system call: the first file is new then, and it is said.
        const torn = call === "rename" && stderr.includes("a part of it is done");
        expect(belongTogether(directory), stderr).toBe(!torn);
        expect(stderr, stderr).not.toMatch(/unexpected error|^ +at /m);
        expect((statSync(join(directory, "key.pem")).mode & 0o777).toString(8)).toBe("600");
        expect(await write(directory)).toMatchObject({ status: 0 });
        for (const name of readdirSync(directory).filter((left) => left.startsWith("..tmp-"))) {
          await run("rm", ["-r", join(directory, name)]);
        }
      }
      expect(failures).toBeGreaterThan(0);
    },
  );
});

describe("--start-date on the normal command", () => {
  const asked = (home: string, ...more: string[]) =>
    certSetup(["--host", "a.example", "-S", join(home, "certs"), ...more], { home });
  const certificate = (home: string) => new X509Certificate(readFileSync(join(home, "certs", "public.crt")));
  const today = Math.floor(Date.now() / 1000) * 1000;
  const daysAgo = (days: number) => new Date(today - days * 86_400_000);

  it("is where the certificate begins; the same command again changes nothing", async () => {
    const home = temporaryDirectory();
    const begin = daysAgo(400);
    const line = ["--start-date", begin.toISOString(), "--duration", "500d", "--ed25519"];
    expect(await asked(home, ...line)).toMatchObject({ status: 0 });
    expect(new Date(certificate(home).validFrom)).toEqual(begin);
    expect(new Date(certificate(home).validTo).getTime()).toBe(begin.getTime() + 500 * 86_400_000 - 1000);
    const again = JSON.parse((await asked(home, ...line, "--json")).stdout) as Output;
    expect(again).toMatchObject({ outcome: "unchanged" });
    const other = line.with(1, daysAgo(399).toISOString());
    const moved = JSON.parse((await asked(home, ...other, "--json")).stdout) as Output;
    expect(moved).toMatchObject({ outcome: "applied", certificate: { notBefore: daysAgo(399).toISOString() } });
    // what status would have one type does what was asked
    chmodSync(join(home, "certs", "..data", "private.key"), 0o644);
    const { findings } = JSON.parse(
      (await certSetup(["status", "-S", join(home, "certs"), "--json"], { home })).stdout,
    ) as {
      findings: { id: string; fix: string | null }[];
    };
    const fix = findings.find(({ id }) => id === "attributes")?.fix ?? "";
    expect(fix).toContain(`--start-date ${daysAgo(399).toISOString()}`);
    const repaired = await certSetup([...fix.split(" ").slice(1), "--json"], { home });
    expect(JSON.parse(repaired.stdout)).toMatchObject({ certificate: { notBefore: daysAgo(399).toISOString() } });
  });

  it.each([
    [-1, "90d", "would begin on"],
    [91, "90d", "would have ended on"],
  ])("is refused %i days ago for %s", async (days, duration, message) => {
    const home = temporaryDirectory();
    const { status, stderr } = await asked(home, "--start-date", daysAgo(days).toISOString(), "--duration", duration);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(home, "certs"))).toBe(false);
  });
});
