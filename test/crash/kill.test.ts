// A run is killed before each of its system calls that change a file, one after the other. Whatever is left then has to be
// the old pair or the new one, and the next run has to make everything whole.

import { expect, it } from "vitest";
import { withPrograms } from "../helpers/programs.ts";
import { run } from "../helpers/run.ts";
import { type Call, type Place, quietPlace, sameCall, self, trace } from "../helpers/strace.ts";
import { judge, judgeRest, mixture } from "./judge.ts";
import {
  build,
  changesOf,
  inPairs,
  install,
  makePlainPair,
  numberNow,
  reset,
  type Scene,
  scenes,
  type Stage,
} from "./scenes.ts";

const naive: Scene = {
  name: "two plain writes",
  args: [],
  prepare: async (stage) => makePlainPair(stage.certsDir),
};
/** What most programs do. */
const naiveProgram = `
  const { writeFileSync, readFileSync } = require("fs");
  const [certs] = process.argv.slice(1);
  const { execFileSync } = require("child_process");
  const args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=new -keyout - -out -".split(" ");
  const text = execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [key] = /-----BEGIN PRIVATE KEY[^]*END PRIVATE KEY-----\\n/.exec(text);
  writeFileSync(certs + "/public.crt", text.slice(text.indexOf("-----BEGIN CERT")));
  writeFileSync(certs + "/private.key", key);
`;

/** Otherwise every second one of many; and none before an fsync, where all looks as it does before the next call. */
const everyPoint = process.env["CI"] === "true";

withPrograms("strace", "openssl")("killed before each call", () => {
  const places = [quietPlace(), quietPlace()];

  /** What may be hit exactly. Without a namespace of its own the n-th openat is another one each time. */
  function pointsOf(calls: readonly Call[]): Call[] {
    return calls.filter(({ name }) => (name !== "openat" || places[0] !== null) && (name !== "fsync" || everyPoint));
  }

  /** Kills the run before that call; false when it struck elsewhere, because something else was opened before. */
  async function killAt(
    call: Call,
    calls: readonly Call[],
    stage: Stage,
    place: Place,
    args: string[],
    file = self,
  ): Promise<boolean> {
    let { number } = call;
    for (let tries = 0; tries < 8; tries++) {
      if (tries > 0) number = await numberNow(stage, call, calls, { env: stage.env, args, place, file });
      const inject = `${call.name}:signal=KILL:when=${number}`;
      reset(stage);
      const { signal, calls: made } = await trace(args, { env: stage.env, inject, place, file, trace: [call.name] });
      const last = made.findLast(({ name }) => name === call.name);
      if (signal === "SIGKILL" && last?.result === "?" && sameCall(last, call)) return true;
    }
    return false;
  }

  it.each(scenes)("$name", { timeout: 300_000 }, async (scene) => {
    const workers = await Promise.all(places.map(async (place) => ({ place, ...(await build(scene)) })));
    const [first] = workers as [Stage & { place: Place }];
    const calls = await changesOf(first, { env: first.env, args: scene.args, place: first.place });
    const all = pointsOf(calls);
    const points = all.filter((_, index) => everyPoint || all.length <= 25 || index % 2 === 0);
    expect(points.length).toBeGreaterThan(8);
    const found: string[] = [];
    const seen = { old: 0, new: 0, gap: 0, missed: 0 };

    await inPairs(workers, points, async (call, worker) => {
      reset(worker);
      const before = judge(worker.home, worker.certsDir);
      const where = `before ${call.name} ${call.number} ${call.args.replaceAll(first.home, "~").slice(0, 90)}`;
      if (!(await killAt(call, calls, worker, worker.place, scene.args))) seen.missed++;
      const { leaf, problems } = judge(worker.home, worker.certsDir);
      // The one gap that is documented: MinIO does not start, and the next run closes it.
      const gap = scene.name === "conversion" && problems.join() === mixture;
      if (gap) seen.gap++;
      else found.push(...problems.map((problem) => `${where}: ${problem}`));
      if (leaf === before.leaf) seen.old++;
      else if (leaf !== null) seen.new++;
      else found.push(`${where}: there is no pair`);

      // in the same namespace, where the dead holder of a lock can be seen to be dead
      const [program = "", ...args] = [...(worker.place ?? []), ...self, ...install];
      const next = await run(program, args, { env: worker.env });
      if (next.status !== 0) found.push(`${where}: the next run ends with ${next.status}\n${next.stderr}`);
      else found.push(...judgeRest(worker).map((problem) => `${where}, after the next run: ${problem}`));
    });
    expect(found).toEqual([]);
    expect(seen.missed).toBe(0);
    expect(seen.gap).toBeLessThanOrEqual(scene.name === "conversion" ? 2 : 0);
    expect(Math.min(seen.old, seen.new)).toBeGreaterThan(0);
  });

  it("the judge finds what two plain writes leave", async () => {
    const stage = await build(naive);
    const file = [process.execPath, "-e", naiveProgram, stage.certsDir];
    const [place = null] = places;
    const calls = await changesOf(stage, { env: stage.env, args: [], place, file });
    const found = new Set<string>();
    for (const call of pointsOf(calls)) {
      await killAt(call, calls, stage, place, [], file);
      for (const problem of judge(stage.home, stage.certsDir).problems) found.add(problem);
    }
    expect([...found]).toContain("private.key is not the key of public.crt");
  });
});
