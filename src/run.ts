/** The straight line after parsing: observe, plan, apply. What comes out is an Outcome; nothing is printed here. */
import { apply, type Applied } from "./apply/apply.ts";
import { holdState } from "./apply/hold-state.ts";
import { sumUp } from "./apply/sum-up.ts";
import type { Watcher } from "./apply/watcher.ts";
import { exitStatus, inWords, unknownChange } from "./model/errors.ts";
import type { Outcome } from "./model/outcome.ts";
import { changes, type Plan } from "./model/plan.ts";
import type { Manner, Request } from "./model/request.ts";
import type { World } from "./model/world.ts";
import { planInstall } from "./plan/install.ts";
import { observe, type Observed } from "./plan/observe.ts";
import type { Lock } from "./tree/lock.ts";
import { settleStateDir } from "./targets/state-dir.ts";

export async function run(asked: Request, manner: Manner, world: World, watcher: Watcher): Promise<Outcome> {
  let held: Lock | null = null;
  let applying = false;
  try {
    const stateDir = settleStateDir(asked.stateDir, world.env, process.geteuid?.() ?? -1);
    const request: Request = { ...asked, stateDir };
    const reads = manner.dryRun || request.command === "status";
    if (!reads) held = await holdState(request.stateDir, watcher);
    const observed = await observe(request, world);
    const plan = await makePlan(request, observed);
    const nothing: Applied = {
      changed: false,
      files: [],
      leaf: null,
      ca: null,
      endpoints: [],
      pending: [],
      steps: [],
      notes: [],
    };
    if (manner.dryRun && request.command !== "status") return planned(request, plan, observed, nothing, manner);
    const findings = request.command === "status" ? (await import("./plan/examine.ts")).examine(observed.seen) : [];
    applying = true;
    return sumUp(request, plan, observed, await apply(plan, request, observed, watcher), findings);
  } catch (error) {
    throw inWords(error, applying ? unknownChange : "nothing was changed");
  } finally {
    held?.release();
  }
}

/** The main job first; the others are loaded when they are asked for. */
async function makePlan(request: Request, { seen }: Observed): Promise<Plan> {
  switch (request.command) {
    case "generate":
      return planInstall(request, seen);
    case "import":
      return (await import("./plan/import.ts")).planImport(request, seen);
    case "rollback":
      return (await import("./plan/rollback.ts")).planRollback(request, seen);
    case "status":
      return (await import("./plan/examine.ts")).planStatus(request, seen);
  }
}

function planned(request: Request, plan: Plan, observed: Observed, nothing: Applied, manner: Manner): Outcome {
  const outcome = sumUp(request, plan, observed, nothing, []);
  const pending = plan.actions.some(changes);
  return {
    ...outcome,
    kind: "planned",
    start: null,
    exitStatus: manner.check && pending ? exitStatus.changesPending : exitStatus.done,
  };
}
