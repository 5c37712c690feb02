// The program under strace: which system calls it makes, and what happens when one of them is its last, or fails.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { cleanEnvironment, program } from "./programs.ts";
import { type Finished, root, run, temporaryDirectory } from "./run.ts";

export interface Call {
  pid: number;
  name: string;
  /** As strace writes them, with the path of each descriptor. */
  args: string;
  /** What follows "= "; "?" for a call that the process did not survive. */
  result: string;
  /** Which of the calls of this name by this process, from 1 on: strace's `when`. */
  number: number;
}

/** Calls that change a file system. An openat counts when it may create or write. */
export const changing = `
  openat open creat write pwrite64 writev pwritev fsync fdatasync sync_file_range
  rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir
  mkdir mkdirat mknod mknodat chmod fchmod fchmodat chown fchown lchown fchownat
  truncate ftruncate fallocate utimensat setxattr fsetxattr copy_file_range sendfile
`
  .trim()
  .split(/\s+/);

export interface Traced extends Finished {
  calls: Call[];
}

export interface TraceOptions {
  env: Record<string, string>;
  /** For example `rename:signal=KILL:when=3`. */
  inject?: string;
  /** Bytes shown of each string. */
  strings?: number;
  trace?: readonly string[];
  place?: Place;
  /** What is run; the program itself unless given. */
  file?: readonly string[];
  uid?: number;
  gid?: number;
  input?: string;
}

export const self = [process.execPath, join(root, "bin", "cert-setup.js")];

let logs: string | undefined;
let logNumber = 0;

export async function trace(args: readonly string[], options: TraceOptions): Promise<Traced> {
  const { env, inject, strings = 0, trace: names = changing, place = null, file = self, ...rest } = options;
  // one that other users can write to, for traces of what they run
  logs ??= temporaryDirectory(0o777);
  const log = join(logs, `trace-${++logNumber}`);
  // With --seccomp-bpf (fast: other calls are not stopped at) strace 6.1 does not inject signals.
  const fast = inject === undefined ? ["--seccomp-bpf"] : [];
  const strace = [program("strace"), "-f", ...fast, "-qqq", "-y", "-s", String(strings), "-o", log];
  const what = ["-e", `trace=${names.map((name) => `?${name}`).join(",")}`];
  const faults = inject === undefined ? [] : [`--inject=${inject}`];
  const [first = "", ...others] = [...(place ?? []), ...strace, ...what, ...faults, ...file, ...args];
  const finished = await run(first, others, { env, ...rest });
  return { ...finished, calls: parseTrace(readFileSync(log, "latin1")) };
}

/** One call a line; a call that others interrupt is in two parts. */
export function parseTrace(log: string): Call[] {
  const calls: Call[] = [];
  const numbers = new Map<string, number>();
  const begun = new Map<number, { name: string; args: string }>();
  const add = (pid: number, name: string, args: string, result: string) => {
    const key = `${pid} ${name}`;
    const number = (numbers.get(key) ?? 0) + 1;
    numbers.set(key, number);
    calls.push({ pid, name, args, result, number });
  };
  for (const line of log.split("\n")) {
    const [, id = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const pid = Number(id);
    const unfinished = /^(\w+)\((.*?)(?: <unfinished \.\.\.>)$/.exec(rest);
    const resumed = /^<\.\.\. (\w+) resumed>(.*?)\)? += (.*)$/.exec(rest);
    const whole = /^(\w+)\((.*)\) += (.*)$/.exec(rest);
    if (unfinished) begun.set(pid, { name: unfinished[1] ?? "", args: unfinished[2] ?? "" });
    else if (resumed) add(pid, resumed[1] ?? "", `${begun.get(pid)?.args ?? ""}${resumed[2] ?? ""}`, resumed[3] ?? "");
    else if (whole) add(pid, whole[1] ?? "", whole[2] ?? "", whole[3] ?? "");
  }
  // A process that was killed in the middle of a call never came back from it.
  for (const [pid, { name, args }] of begun) {
    if (!calls.some((call) => call.pid === pid && call.name === name && call.args.startsWith(args))) {
      add(pid, name, args, "?");
    }
  }
  return calls;
}

/** Does it change something below one of these directories? */
export function changes(call: Call, directories: readonly string[]): boolean {
  if (call.name === "openat" && !/O_CREAT|O_WRONLY|O_RDWR|O_TRUNC/.test(call.args)) return false;
  return pathsOf(call).some((path) => directories.some((one) => path === one || path.startsWith(`${one}/`)));
}

/** Absolute paths in the arguments, as strings or behind a descriptor. */
export function pathsOf(call: Call): string[] {
  const strings = [...call.args.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = ""]) => text);
  const descriptors = [...call.args.matchAll(/\d<(\/[^>]*)>/g)].map(([, text = ""]) => text);
  const written = /^p?writev?(64)?$/.test(call.name);
  return [...(written ? [] : strings), ...descriptors].filter((path) => path.startsWith("/"));
}

/** What goes before a command that is to run there; null: run it here. */
export type Place = readonly string[] | null;

/**
 * A pid namespace with a /proc of its own: how many processes there are does not change how many files a run opens, so
 * that the n-th openat is the same one each time. Null where that is not allowed.
 */
export function quietPlace(): Place {
  if (process.getuid?.() !== 0) return null;
  const unshare = ["--pid", "--fork", "--mount-proc", "--kill-child"];
  if (spawnSync("unshare", [...unshare, "true"], { env: cleanEnvironment() }).status !== 0) return null;
  // The first process ignores SIGCHLD, so that what it inherits leaves no zombies.
  const keeper = spawn("unshare", [...unshare, "sh", "-c", "trap '' CHLD; exec sleep 10000"], {
    env: cleanEnvironment(),
    stdio: "ignore",
  });
  afterAll(() => void keeper.kill("SIGKILL"));
  const first = () => readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "latin1").trim();
  for (let tries = 0; first() === "" && tries < 500; tries++)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  return ["nsenter", "-t", first(), "-p", "-m", "--"];
}

/** The same call in another run: temporary names, generations and serial numbers differ. */
export function sameCall(a: Call, b: Call): boolean {
  const plain = ({ args }: Call) =>
    args
      .replace(/cert-setup-test-\w+/g, "")
      .replace(/\.\.v-[\w-]+|\.\.tmp-\w+|[0-9a-f]{8}(?=\.crt|\/|>|")|\d+\.\d+\.\d+\.[\w:]+/g, "*")
      .replace(/^\d+<|, \d+$/g, "");
  return plain(a) === plain(b);
}
