// Child processes and scratch directories for tests.

import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { cleanEnvironment } from "./programs.ts";

export const root = join(import.meta.dirname, "../..");

export interface RunOptions {
  /** The whole environment of the child; by default `cleanEnvironment()`. */
  env?: Record<string, string>;
  cwd?: string;
  input?: string | Uint8Array;
  uid?: number;
  gid?: number;
  /** Milliseconds, then SIGKILL and an error; 30,000 unless given. */
  timeout?: number;
}

export interface Finished {
  /** Exit status; null when a signal ended it. */
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. A failing one is a result, not an error; one that cannot start or never ends is an error. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { env = cleanEnvironment(), cwd, input, uid, gid, timeout = 30_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env,
      stdio: "pipe",
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeout);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      if (late) reject(new Error(`${file} ${args.join(" ")}: not done after ${timeout} ms\n${output.stderr}`));
      else resolve({ status, signal, ...output });
    });
    // a child that ends without reading its input is no error
    child.stdin.on("error", () => undefined).end(input);
  });
}

export interface CertSetupOptions extends RunOptions {
  /** A fresh directory unless given. */
  home?: string;
}

/** The program as installed: bin/cert-setup.js over dist/ (`npm test` builds it; by hand: `npm run build`). */
export function certSetup(args: readonly string[], options: CertSetupOptions = {}): Promise<Finished> {
  const { home, env, ...rest } = options;
  const environment = env ?? cleanEnvironment({ HOME: home ?? temporaryDirectory() });
  return run(process.execPath, [join(root, "bin", "cert-setup.js"), ...args], { ...rest, env: environment });
}

const temporary: string[] = [];

/** A fresh directory without symbolic links in its path, removed after the test file. Mode 0700 unless given. */
export function temporaryDirectory(mode = 0o700): string {
  const path = mkdtempSync(join(realpathSync(tmpdir()), "cert-setup-test-"));
  chmodSync(path, mode);
  temporary.push(path);
  return path;
}

afterAll(() => {
  for (const path of temporary.splice(0)) rmSync(path, { recursive: true, force: true });
});
