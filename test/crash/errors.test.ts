// Each system call that changes a file fails once, for each reason that it may have. The run then ends with the old pair or
// the new one, says which, and says "nothing was changed" only where that is so.

import { expect, it } from "vitest";
import { withPrograms } from "../helpers/programs.ts";
import { run } from "../helpers/run.ts";
import { type Seen, snapshot } from "../helpers/snapshot.ts";
import { type Call, type Place, quietPlace, sameCall, self, trace, type Traced } from "../helpers/strace.ts";
import { judge, judgeRest, mixture } from "./judge.ts";
import { build, changesOf, inPairs, install, numberNow, reset, scenes, type Stage } from "./scenes.ts";

const reasons: Record<string, string[]> = {
  openat: ["EMFILE", "EACCES", "ENOSPC"],
  write: ["ENOSPC", "EIO"],
  fsync: ["EIO"],
  fchmod: ["EIO"],
  mkdir: ["ENOSPC", "EACCES"],
  symlink: ["ENOSPC", "EACCES"],
  link: ["EIO", "EMLINK"],
  rename: ["EIO", "ENOSPC"],
  unlink: ["EIO"],
  rmdir: ["EACCES"],
};

/** Exit statuses (README): cannot write; installed, but not finished. */
const cannotWrite = 73;
const pending = 6;

withPrograms("strace", "openssl")("each call fails", () => {
  const places = [quietPlace(), quietPlace()];

  it.each(scenes)("$name", { timeout: 300_000 }, async (scene) => {
    const workers = await Promise.all(places.map(async (place) => ({ place, ...(await build(scene)) })));
    const [first] = workers as [Stage & { place: Place }];
    const calls = await changesOf(first, { env: first.env, args: scene.args, place: first.place });
    const faults = calls
      .filter(({ name }) => name !== "openat" || first.place !== null)
      .flatMap((call) => (reasons[call.name] ?? ["EIO"]).map((reason) => ({ call, reason, when: "" })))
      // and from some call on for good, as on a disk that fills up
      .concat(
        calls
          .filter(({ name }) => name !== "openat" && name !== "write")
          .map((call) => ({ call, reason: "ENOSPC", when: "+" })),
      )
      .filter((_, index) => index % sample(scene.name) === 0);
    const found: string[] = [];
    const seen = { old: 0, new: 0 };

    await inPairs(workers, faults, async ({ call, reason, when }, worker) => {
      let inject = "";
      let { number } = call;
      let finished: Traced;
      let before: string | null;
      let tree: Record<string, Seen>;
      for (let tries = 0; ; tries++) {
        const { env, place } = worker;
        if (tries > 0) number = await numberNow(worker, call, calls, { env, args: scene.args, place });
        inject = `${call.name}:error=${reason}:when=${number}${when}`;
        reset(worker);
        before = judge(worker.home, worker.certsDir).leaf;
        tree = snapshot(worker.home);
        finished = await trace(scene.args, { env: worker.env, inject, place: worker.place, trace: [call.name] });
        // something else may have been opened before
        const hit = finished.calls.find(({ result }) => result.includes("(INJECTED)"));
        if (hit !== undefined && sameCall(hit, call)) break;
        if (tries > 7) return void found.push(`${inject}: never hit`);
      }
      const { status, stderr, stdout } = finished;
      const say = (problem: string) =>
        found.push(`${inject} ${call.args.replaceAll(first.home, "~").slice(0, 90)}: ${problem}\n  ${stderr}`);
      if (/^\s+at .*:\d+|unexpected error/m.test(stdout + stderr)) say("a stack trace");
      const { leaf, problems } = judge(worker.home, worker.certsDir);
      // What fails for good cannot be taken back either: the next run closes the gap.
      const gap = scene.name === "conversion" && when.endsWith("+") && problems.join() === mixture;
      if (!gap) for (const problem of problems) say(problem);
      if (leaf === before) {
        seen.old++;
        // An error from here on is past what was asked: there is nothing to report.
        if (status !== cannotWrite && !untouched(call)) say(`the old pair, and exit status ${status}`);
      } else if (leaf === null) say("there is no pair");
      else {
        seen.new++;
        if (status !== pending && !(status === 0 && untouched(call))) say(`the new pair, and exit status ${status}`);
        if (status === pending && !/the new pair is installed|the previous pair/.test(stderr))
          say("it does not say so");
      }
      const changed = contents(snapshot(worker.home)) !== contents(tree);
      if (/nothing was changed/.test(stderr) && changed) say("something was changed");
      if (!changed) return; // the next run has nothing to put in order

      const [program = "", ...args] = [...(worker.place ?? []), ...self, ...install];
      const next = await run(program, args, { env: worker.env });
      if (next.status !== 0) say(`the next run ends with ${next.status}: ${next.stderr}`);
      else judgeRest(worker).forEach((problem) => say(`after the next run: ${problem}`));
    });
    expect(found).toEqual([]);
    expect(Math.min(seen.old, seen.new)).toBeGreaterThan(0);
  });
});

/** A link that was put back leads where it did, but is another inode. */
function contents(tree: Record<string, Seen>): string {
  const plain = Object.entries(tree).map(([name, { kind, ...rest }]) =>
    kind === "link" ? [name, kind, rest.content] : [name, kind, rest],
  );
  return JSON.stringify(plain);
}

/** Every n-th fault. */
function sample(scene: string): number {
  const all = process.env["CI"] === "true";
  return scene === "renewal" ? (all ? 1 : 3) : all ? 2 : 7;
}

/** What may fail without a word: the lock that is given back, the directory that was made for nothing. */
function untouched({ name, args }: Call): boolean {
  return (name === "unlink" && args.includes("/..lock")) || name === "rmdir";
}
