// Root is asked to work where it should not, or finds what it should not open: it says so, soon, and shows nothing.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { withCondition, withPrograms } from "../helpers/programs.ts";
import { certSetup, temporaryDirectory } from "../helpers/run.ts";
import { snapshot } from "../helpers/snapshot.ts";
import { self, trace } from "../helpers/strace.ts";
import { isRoot, neighbourhood, type Neighbourhood, secret, spread, uid } from "./neighbour.ts";

const asRoot = withCondition(isRoot, "root in other users' directories", "this does not run as root");

asRoot("parts of the path that others could exchange", () => {
  const own = (path: string, id: number, mode = 0o755) => {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
    chownSync(path, id, id);
  };
  it.each<[string, (near: Neighbourhood) => string[]]>([
    ["a third user's directory", ({ certsDir }) => (own(dirname(certsDir), 1501), [])],
    ["a third user's certs directory", ({ certsDir }) => (own(dirname(certsDir), uid), own(certsDir, 1501), [])],
    ["a directory that everybody can write to", ({ certsDir }) => (own(dirname(certsDir), uid, 0o777), [])],
    ["the owner's choice of another owner", () => ["--owner", "1501:1501"]],
    [
      "root's directory that everybody can write to",
      ({ top }) => (own(join(top, "open"), 0, 0o777), ["--certs-dir", join(top, "open/certs")]),
    ],
    [
      "root's directory that a group can write to",
      ({ top }) => (own(join(top, "open"), 0, 0o775), ["--certs-dir", join(top, "open/certs")]),
    ],
    [
      "a third user's link",
      ({ theirs, top }) => {
        own(join(top, "elsewhere"), 1501);
        symlinkSync(join(top, "elsewhere"), join(theirs, ".minio"));
        execFileSync("chown", ["-h", `${uid}:${uid}`, join(theirs, ".minio")]);
        return [];
      },
    ],
    ["a state directory in another user's home", ({ theirs }) => ["--state-dir", join(theirs, "state")]],
  ])("%s", async (_, prepare) => {
    const near = neighbourhood();
    const more = prepare(near);
    const before = snapshot(near.top);
    const { status, stdout, stderr } = await near.install("--json", ...more);
    expect([
      status,
      (JSON.parse(stdout) as { errors: { code: string }[] }).errors.map(({ code }) => code),
      stderr,
    ]).toEqual([77, ["unsafe-path"], stderr]);
    expect(stderr).toContain("nothing was changed");
    expect(snapshot(near.top)).toEqual(before);
  });

  it.each<[string, (near: Neighbourhood) => void]>([
    ["a group of the owner may write there", ({ certsDir }) => own(dirname(certsDir), uid, 0o775)],
    [
      "the owner's link leads to another place of theirs",
      ({ theirs }) => {
        own(join(theirs, "data"), uid);
        symlinkSync("../theirs/data", join(theirs, ".minio"));
        execFileSync("chown", ["-h", `${uid}:${uid}`, join(theirs, ".minio")]);
      },
    ],
  ])("but not: %s", async (_, prepare) => {
    const near = neighbourhood();
    prepare(near);
    const { status, stderr } = await near.install();
    expect([status, stderr]).toEqual([0, stderr]);
    const owners = Object.entries(snapshot(join(near.theirs, ".minio/certs"))).map(([name, { owner }]) => [
      name,
      owner,
    ]);
    expect(owners.filter(([, owner]) => owner !== `${uid}:${uid}`)).toEqual([]);
  });
});

const traps: [string, (path: string, vault: string) => void][] = [
  ["a FIFO", (path) => void execFileSync("mkfifo", [path])],
  ["a sparse file of 3 GB", (path) => (writeFileSync(path, ""), truncateSync(path, 3_000_000_000))],
  ["an endless device", (path) => symlinkSync("/dev/zero", path)],
  ["a directory", (path) => mkdirSync(path)],
  ["a link to a file of root's", (path, vault) => symlinkSync(join(vault, "keep"), path)],
  ["a file of megabytes", (path) => writeFileSync(path, "-----BEGIN CERTIFICATE-----\n".repeat(100_000))],
];

describe.each(["public.crt", "private.key"])("in place of %s", (name) => {
  const look = (directory: string) =>
    execFileSync("ls", ["-lAnR", "--time-style=full-iso", directory], { encoding: "utf8" });

  asRoot("in another user's directory, as root", () => {
    it.each(traps)("%s", async (_, make) => {
      const near = neighbourhood();
      expect((await near.install()).status).toBe(0);
      const path = join(near.certsDir, name);
      rmSync(path);
      make(path, near.vault);
      execFileSync("chown", ["-h", `${uid}:${uid}`, path]);
      const [before, vault] = [look(near.theirs), snapshot(near.vault, { directoryTimes: true })];
      const began = Date.now();
      const finished = await near.install();
      expect(Date.now() - began).toBeLessThan(15_000);
      expect([finished.status, finished.stderr]).toEqual([
        3,
        expect.stringMatching(/^error: .*\n(hint: .*\n)+nothing was changed$/m),
      ]);
      expect(finished.stderr).toContain(name);
      expect(look(near.theirs)).toBe(before);
      expect(snapshot(near.vault, { directoryTimes: true })).toEqual(vault);
      expect(spread(near, finished)).toEqual([]);
    });
  });

  describe("in one's own directory", () => {
    it.each(traps)("%s", async (_, make) => {
      const home = temporaryDirectory();
      const vault = temporaryDirectory();
      writeFileSync(join(vault, "keep"), secret);
      const certsDir = join(home, ".minio/certs");
      mkdirSync(certsDir, { recursive: true });
      make(join(certsDir, name), vault);
      const before = look(certsDir);
      const { status, stderr } = await certSetup(["--host", "own.example"], { home });
      expect([status, stderr]).toEqual([3, expect.stringContaining("nothing was changed")]);
      expect(stderr).not.toContain(secret);
      expect(look(certsDir)).toBe(before);
    });
  });
});

asRoot("the child that works as the owner", () => {
  withPrograms("strace")("has nothing of root's", () => {
    it("by /proc, when it has just begun", async () => {
      const near = neighbourhood();
      const seen: Record<string, unknown>[] = [];
      const secretEnv = { ...near.env, SECRET_OF_ROOT: "1", NODE_OPTIONS_X: "2" };
      const watch = setInterval(() => seen.push(...childrenOf(uid)), 20);
      // each program stands still for a second where it begins
      const args = ["--host", "theirs.example", "--certs-dir", near.certsDir];
      const { status } = await trace(args, {
        env: secretEnv,
        inject: "execve:delay_exit=1000000",
        trace: ["execve"],
        file: self,
      });
      clearInterval(watch);
      expect(status).toBe(0);
      expect(seen.length).toBeGreaterThan(0);
      for (const one of seen) {
        expect(one).toEqual({
          uid: `${uid} ${uid} ${uid} ${uid}`,
          gid: `${uid} ${uid} ${uid} ${uid}`,
          groups: "",
          capabilities: [0, 0, 0],
          environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
          cwd: "/",
          // three pipes, and the program file of node itself
          descriptors: ["pipe", "pipe", "pipe", process.execPath],
          leader: true,
        });
      }
    });
  });
});

/** What /proc shows of the programs that run as that user; those that are still being made are left out. */
function childrenOf(id: number): Record<string, unknown>[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid)) return [];
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      const field = (name: string) =>
        (new RegExp(`^${name}:(.*)$`, "m").exec(status)?.[1] ?? "").trim().replace(/\s+/g, " ");
      if (
        !field("Uid").startsWith(`${id} `) ||
        !readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("/proc/self/fd/3")
      )
        return [];
      const descriptors = readdirSync(`/proc/${pid}/fd`)
        .sort((a, b) => Number(a) - Number(b))
        .map((name) => readlinkSync(`/proc/${pid}/fd/${name}`).replace(/^(pipe|socket):.*/, "pipe"))
        .slice(0, 4);
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
      return [
        {
          uid: field("Uid"),
          gid: field("Gid"),
          groups: field("Groups"),
          capabilities: ["CapPrm", "CapEff", "CapAmb"].map((name) => Number.parseInt(field(name), 16)),
          environment: readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").filter(Boolean),
          cwd: readlinkSync(`/proc/${pid}/cwd`),
          descriptors,
          leader: stat[3] === pid,
        },
      ];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
