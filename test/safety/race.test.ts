// Root works in the directory of another user, who meanwhile exchanges its parts with links to a directory of root's.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { cleanEnvironment, program, withCondition, withPrograms } from "../helpers/programs.ts";
import { run } from "../helpers/run.ts";
import { snapshot } from "../helpers/snapshot.ts";
import { isRoot, neighbourhood, type Neighbourhood, spread, uid } from "./neighbour.ts";

/** Per object; 60 in CI. */
const rounds = process.env["CI"] === "true" ? 60 : 8;

/** What is exchanged, relative to the home, and what the bait leads to in the vault. */
const objects: [string, string][] = [
  [".minio", ""],
  [".minio/certs", ""],
  [".minio/certs/CAs", ""],
  [".minio/certs/..data", ""],
  [".minio/certs/..v-*", ""],
  [".minio/certs/public.crt", "/public.crt"],
  [".minio/certs/private.key", "/private.key"],
];

withPrograms("python3")("in another user's directory", () => {
  withCondition(
    isRoot,
    "races with root",
    "this does not run as root",
  )("as root", () => {
    const swappers: ReturnType<typeof spawn>[] = [];
    afterAll(() => swappers.forEach((child) => child.kill("SIGKILL")));

    async function withSwapper(
      near: Neighbourhood,
      name: string,
      leadsTo: string,
      act: (stopped: (look: () => void) => void) => Promise<void>,
    ): Promise<void> {
      const bait = join(near.theirs, "bait");
      symlinkSync(near.vault + leadsTo, bait);
      execFileSync("chown", ["-h", `${uid}:${uid}`, bait]);
      const args = [join(import.meta.dirname, "swap.py"), String(uid), bait, join(near.theirs, name)];
      const child = spawn(program("python3"), args, { env: cleanEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
      swappers.push(child);
      await once(child.stdout, "data");
      await act((look) => {
        // looked at by path, which must not lead elsewhere meanwhile
        child.kill("SIGSTOP");
        while (!/\) T /.test(readFileSync(`/proc/${child.pid}/stat`, "latin1")));
        look();
        child.kill("SIGCONT");
      });
      expect(child.exitCode).toBeNull();
      child.kill("SIGKILL");
      await once(child, "exit");
    }

    /** The user's own directories: whoever made them can exchange what is in them. */
    function withCerts(): Neighbourhood {
      const near = neighbourhood();
      for (const path of [".minio", ".minio/certs", ".minio/certs/CAs"].map((name) => join(near.theirs, name))) {
        mkdirSync(path);
        chownSync(path, uid, uid);
      }
      return near;
    }

    it.each(objects)("%s is exchanged, and nothing gets out", { timeout: 240_000 }, async (name, leadsTo) => {
      const near = withCerts();
      expect((await near.install()).status).toBe(0);
      const before = snapshot(near.vault, { directoryTimes: true });
      await withSwapper(near, name, leadsTo, async (stopped) => {
        for (let round = 0; round < rounds; round++) {
          const finished = await near.install("--force");
          expect(finished.stderr).not.toMatch(/unexpected error|^\s+at /m);
          expect([0, 3, 6, 73, 75, 77]).toContain(finished.status);
          stopped(() => expect(spread(near, finished)).toEqual([]));
        }
      });
      expect(snapshot(near.vault, { directoryTimes: true })).toEqual(before);
    });

    it("writing and handing over by path does escape", { timeout: 60_000 }, async () => {
      const naive = `
        const fs = require("fs");
        const [path] = process.argv.slice(1);
        for (let i = 0; i < 3000; i++) {
          try { fs.writeFileSync(path, "key"); fs.chownSync(path, ${uid}, ${uid}); } catch {}
        }`;
      let escaped = false;
      for (let tries = 0; tries < 5 && !escaped; tries++) {
        const round = withCerts();
        await withSwapper(round, ".minio/certs", "", async () => {
          await run(process.execPath, ["-e", naive, join(round.certsDir, "stolen")]);
        });
        escaped = lstatSync(join(round.vault, "stolen"), { throwIfNoEntry: false }) !== undefined;
      }
      expect(escaped).toBe(true);
    });
  });
});
