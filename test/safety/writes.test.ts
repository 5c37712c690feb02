// What a run does to the disk, by its system calls: a key is nobody else's from its first byte on; a second run and a dry
// run write nothing.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cleanEnvironment, withPrograms } from "../helpers/programs.ts";
import { certSetup, temporaryDirectory } from "../helpers/run.ts";
import { filesBelow, snapshot } from "../helpers/snapshot.ts";
import { type Call, changes, pathsOf, self, trace } from "../helpers/strace.ts";

const install = ["--host", "writes.example"];

function newHome(): { home: string; env: Record<string, string> } {
  const home = join(temporaryDirectory(), "home");
  mkdirSync(home);
  return { home, env: cleanEnvironment({ HOME: home }) };
}

/** The lock comes and goes, and that is all. */
function isLock(call: Call): boolean {
  return ["symlink", "unlink"].includes(call.name) && pathsOf(call).every((path) => path.endsWith("/..lock"));
}

withPrograms("strace")("keys", () => {
  it.each([
    ["a first installation", []],
    ["a renewal", ["--force"]],
    ["a self-signed certificate", ["--self-signed", "--force"]],
  ])("nobody else can read them for an instant, with umask 000: %s", async (_, more) => {
    const { home, env } = newHome();
    if (more.length > 0) await certSetup(install, { env });
    const file = ["sh", "-c", 'umask 000; exec "$@"', "sh", ...self];
    const { status, calls } = await trace([...install, ...more], { env, file, strings: 4000 });
    expect(status).toBe(0);

    // every path that key bytes were written to, and every name that it was given later
    const holders = new Set<string>();
    for (const call of calls) {
      if (/^p?write/.test(call.name) && /PRIVATE KEY-----/.test(call.args))
        pathsOf(call).forEach((path) => holders.add(path));
    }
    const keys = filesBelow(home).filter((path) => readFileSync(path, "latin1").includes("PRIVATE KEY-----"));
    const fresh = keys.filter((path) => calls.some((call) => changes(call, [path])));
    expect(holders.size).toBeGreaterThan(0);
    expect(fresh.length).toBeGreaterThan(0);

    const renames = calls.filter(({ name }) => name.startsWith("rename")).map((call) => pathsOf(call));
    for (const path of Array.from(holders)) {
      const opened = calls.filter((call) => call.name === "openat" && call.args.includes(`"${path}"`));
      expect(opened.map(({ args }) => args.replace(/^[^"]*"[^"]*", /, ""))).toEqual([
        "O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600",
      ]);
      for (const [from = "", to = ""] of renames)
        if (path === from || path.startsWith(`${from}/`)) holders.add(to + path.slice(from.length));
    }
    const loosened = calls.filter(
      (call) =>
        /chmod/.test(call.name) && !/, 0?[0-7]00$/.test(call.args) && pathsOf(call).some((path) => holders.has(path)),
    );
    expect(loosened).toEqual([]);
    for (const path of fresh) expect([...holders]).toContain(path);
  });
});

withPrograms("strace")("nothing to do", () => {
  it("a second run writes nothing, and no time changes", async () => {
    const { home, env } = newHome();
    const state = join(home, ".local/state/cert-setup");
    expect((await certSetup(install, { env })).status).toBe(0);
    const before = snapshot(home, { directoryTimes: true });
    const { status, calls, stdout } = await trace([...install, "--json"], { env });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ changed: false });
    expect(calls.filter((call) => changes(call, [home]) && !isLock(call))).toEqual([]);
    const after = snapshot(home, { directoryTimes: true });
    // the lock is a name in this directory
    const own = state.slice(home.length + 1);
    for (const tree of [before, after]) (tree[own] as { modified: unknown }).modified = null;
    expect(after).toEqual(before);
  });

  it.each([
    ["a dry run", [...install, "--dry-run"], [0]],
    ["a dry run of a renewal", [...install, "--force", "--dry-run", "--check"], [10]],
    ["status", ["status"], [0, 4]],
  ])("%s touches nothing, not even for a lock", async (_, args, expected) => {
    for (const installed of [false, true]) {
      const { home, env } = newHome();
      if (installed) await certSetup(install, { env });
      const before = snapshot(home, { directoryTimes: true });
      const { status, calls } = await trace(args, { env });
      expect(expected).toContain(status);
      expect(calls.filter((call) => changes(call, [home]))).toEqual([]);
      expect(snapshot(home, { directoryTimes: true })).toEqual(before);
      expect(Object.keys(before).length > 1).toBe(installed);
    }
  });
});

describe("the eyes of these tests", () => {
  it("see a file that is touched", async () => {
    const { home, env } = newHome();
    const before = snapshot(home, { directoryTimes: true });
    await certSetup(install, { env });
    expect(snapshot(home, { directoryTimes: true })).not.toEqual(before);
  });
});
