/** The line and its report: what nearly every run needs, in one piece that is loaded once. */
import type { Watcher } from "./apply/watcher.ts";
import type { Manner, Request } from "./model/request.ts";
import type { World } from "./model/world.ts";
import { warningText } from "./report/errors.ts";
import { humanReport } from "./report/human.ts";
import { paintFor } from "./report/paint.ts";
import { run } from "./run.ts";

/** `done` is called when there is nothing more to wait for. */
export interface PatientWatcher extends Watcher {
  done(): void;
}

export async function carryOut(
  request: Request,
  manner: Manner,
  world: World,
  watcher: PatientWatcher,
): Promise<number> {
  const outcome = await run(request, manner, world, watcher).finally(watcher.done);
  if (manner.json) {
    const { jsonReport } = await import("./report/json.ts");
    world.stdout.write(jsonReport(outcome));
    return outcome.exitStatus;
  }
  const paint = await paintFor(world.stderr, world, manner.color);
  for (const note of outcome.warnings) world.stderr.write(warningText(note, paint));
  if (!manner.quiet) {
    world.stdout.write(
      humanReport({
        outcome,
        paint: await paintFor(world.stdout, world, manner.color),
        verbose: manner.verbose,
        // under sudo what is printed is pasted into the shell of another user
        home: world.env["SUDO_USER"] === undefined ? (world.env["HOME"] ?? null) : null,
        now: world.now(),
        listenAddress: "listenAddress" in request ? request.listenAddress : null,
      }),
    );
  }
  return outcome.exitStatus;
}
