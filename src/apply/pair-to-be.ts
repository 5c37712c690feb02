import type { PairState } from "../model/observation.ts";
import type { Plan } from "../model/plan.ts";
import type { Observed } from "../plan/observe.ts";

/** The pair that is in place when the plan is carried out, of those that were there before it. */
export function pairToBe(plan: Plan, { seen }: Observed): PairState | undefined {
  const { tree } = seen.target;
  return plan.command === "rollback" ? tree.generations.find(({ name }) => name === tree.previous)?.pair : tree.pair;
}
