/** The previous generation, in one step. */
import { CertSetupError } from "../model/errors.ts";
import type { Observation } from "../model/observation.ts";
import type { Note, Plan } from "../model/plan.ts";
import type { RollbackRequest } from "../model/request.ts";
import { anchorFor } from "./authority.ts";
import { planId } from "./install.ts";
import { groundOf, linksAreRight, rememberPrevious, swapTo } from "./pair.ts";
import { days } from "./reasons.ts";
import { identityFor, serve } from "./service.ts";
import { makeState, putRecord } from "./state.ts";

export function planRollback(request: RollbackRequest, seen: Observation): Plan {
  const { certsDir, tree } = seen.target;
  const ground = groundOf(seen, planId(seen));
  const previous = tree.generations.find((generation) => generation.name === tree.previous);
  if (previous === undefined || tree.data === null || previous.name === tree.data || !linksAreRight(tree)) {
    throw new CertSetupError("nothing-to-roll-back", `${certsDir} holds no previous pair`, {
      hint: ["$ cert-setup status"],
    });
  }
  const leaf = previous.pair.kind === "whole" ? previous.pair.chain[0] : undefined;
  if (leaf === undefined) {
    const why = previous.pair.kind === "broken" ? previous.pair.problem : "it is empty";
    throw new CertSetupError("pair-broken", `the previous pair in ${certsDir}/${previous.name} is broken: ${why}`, {
      hint: ["make a new one instead: add --force to the command that made this one"],
    });
  }
  const notes: Note[] = [];
  if (leaf.notAfter <= seen.at) {
    notes.push({ code: "expired", message: `the previous certificate ended ${days(seen.at - leaf.notAfter)} ago` });
  }
  const anchor = anchorFor(leaf, seen.authorities);
  const { present, name } = seen.record;
  return {
    version: 1,
    id: ground.id,
    command: "rollback",
    actions: [
      swapTo(ground, previous.name, tree.data, "back to the pair before"),
      ...rememberPrevious(ground, tree.data),
      ...(present === null ? [] : [...makeState(seen, false), putRecord(seen, name, present.sha256)]),
      ...serve(request, seen, { identity: identityFor(leaf.subjectAltName), anchor }, true, notes),
    ],
    notes,
  };
}
