// The runs that are broken off: how the directories look before, and which command runs.

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, program } from "../helpers/programs.ts";
import { certSetup, temporaryDirectory } from "../helpers/run.ts";
import { type Call, changes, sameCall, trace, type TraceOptions } from "../helpers/strace.ts";

export const install = ["--host", "crash.example", "--quiet"];

export interface Scene {
  name: string;
  /** Brings an empty home to where the run begins. */
  prepare: (stage: Stage) => Promise<void>;
  args: string[];
}

/** A home that can be put back to how it was. */
export interface Stage {
  home: string;
  certsDir: string;
  stateDir: string;
  env: Record<string, string>;
  before: string;
}

export const scenes: Scene[] = [
  { name: "first installation", args: install, prepare: async () => {} },
  {
    name: "renewal",
    args: [...install, "--force"],
    prepare: async (stage) => {
      await expectDone(stage, install);
      await expectDone(stage, [...install, "--force"]);
    },
  },
  {
    name: "rollback",
    args: ["rollback", "--quiet"],
    prepare: async (stage) => {
      await expectDone(stage, install);
      await expectDone(stage, [...install, "--force"]);
    },
  },
  { name: "conversion", args: install, prepare: async (stage) => makePlainPair(stage.certsDir) },
];

/** The pair that many a howto makes: plain files. */
export function makePlainPair(certsDir: string): void {
  mkdirSync(certsDir, { recursive: true, mode: 0o755 });
  const names = ["-keyout", join(certsDir, "private.key"), "-out", join(certsDir, "public.crt")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const what = ["-x509", "-days", "90", "-subj", "/CN=crash.example", "-addext", "subjectAltName=DNS:crash.example"];
  execFileSync(program("openssl"), ["req", ...key, ...what, ...names], { env: cleanEnvironment(), stdio: "ignore" });
}

async function expectDone(stage: Stage, args: string[]): Promise<void> {
  const { status, stderr } = await certSetup(args, { env: stage.env });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${status}\n${stderr}`);
}

export async function build(scene: Scene): Promise<Stage> {
  const top = temporaryDirectory();
  const [home, before] = [join(top, "home"), join(top, "before")];
  const stage = {
    home,
    before,
    certsDir: join(home, ".minio", "certs"),
    stateDir: join(home, ".local", "state", "cert-setup"),
    env: cleanEnvironment({ HOME: home }),
  };
  mkdirSync(home);
  await scene.prepare(stage);
  execFileSync("cp", ["-a", home, before]);
  return stage;
}

export function reset({ home, before }: Stage): void {
  rmSync(home, { recursive: true, force: true });
  execFileSync("cp", ["-a", before, home]);
}

/** Every call of a run that changes something in the home, in order. */
export async function changesOf(stage: Stage, options: TraceOptions & { args: string[] }): Promise<Call[]> {
  reset(stage);
  const { calls, status, stderr } = await trace(options.args, options);
  if (status !== 0) throw new Error(`${status}\n${stderr}`);
  return calls.filter((call) => changes(call, [stage.home]));
}

/** The number of that call in a run of now: how many files are opened before can change with the machine. */
export async function numberNow(
  stage: Stage,
  call: Call,
  before: readonly Call[],
  options: TraceOptions & { args: string[] },
): Promise<number> {
  const rank = before.filter((other) => sameCall(other, call)).indexOf(call);
  const now = await changesOf(stage, options);
  return now.filter((other) => sameCall(other, call))[rank]?.number ?? call.number;
}

/** Runs the tasks, two at a time, each worker with a stage of its own. */
export async function inPairs<T, W>(
  workers: readonly W[],
  tasks: readonly T[],
  act: (task: T, worker: W) => Promise<void>,
) {
  const queue = [...tasks];
  await Promise.all(
    workers.map(async (worker) => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) await act(task, worker);
    }),
  );
}
