/** One run at a time in a state directory. It is made to be locked, and unmade when nothing came of the run. */
import { mkdirSync, rmdirSync } from "node:fs";
import { CertSetupError, systemReason } from "../model/errors.ts";
import { shellQuote } from "../model/text.ts";
import { busy, holderPid, type Lock, patience, tryLock } from "../tree/lock.ts";
import { missingDirectories } from "../tree/read.ts";
import { now, type Watcher } from "./watcher.ts";

export async function holdState(path: string, watcher: Watcher): Promise<Lock> {
  const missing = missingDirectories(path);
  const began = now();
  for (let told = 0, tries = 1; ; tries++) {
    const lock = attempt(path, tries);
    if (typeof lock !== "string") return { release: () => letGo(lock, missing) };
    const waited = now() - began;
    if (waited > patience) throw busy(path, lock);
    const status = watcher.interrupted();
    if (status !== null) {
      throw new CertSetupError(status === 130 ? "interrupted" : "terminated", "stopped while waiting for another run");
    }
    if (Math.floor(waited / 1000) > told) {
      told = Math.floor(waited / 1000);
      watcher.waiting(`another cert-setup (pid ${holderPid(lock)}) to finish`, told, patience / 1000);
    }
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 20));
  }
}

/** The run before may take an empty directory away under us; a path that leads nowhere stays so however often we try. */
const mostTries = 10;

/** The lock, or its holder. */
function attempt(path: string, tries: number): Lock | string {
  const made: string[] = [];
  try {
    for (const directory of missingDirectories(path)) {
      makeDirectory(directory);
      made.push(directory);
    }
    return tryLock(path);
  } catch (error) {
    unmake(made);
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && tries < mostTries) return "";
    throw new CertSetupError("cannot-write", `cannot use the state directory ${path}: ${systemReason(error)}`, {
      hint: [`$ ls -ld ${shellQuote(path)}`, "or name another: --state-dir DIR"],
    });
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function letGo(lock: Lock, made: readonly string[]): void {
  lock.release();
  unmake(made);
}

function unmake(directories: readonly string[]): void {
  try {
    for (const directory of directories.toReversed()) rmdirSync(directory);
  } catch {
    // it holds something: that is what it is for
  }
}
