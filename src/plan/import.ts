/** The plan for a pair that somebody else made: no key is made, no CA is needed; everything after that is the same. */
import { CertSetupError } from "../model/errors.ts";
import type { CertificateFacts } from "../model/certified-key.ts";
import type { Observation } from "../model/observation.ts";
import type { Action, Note, Plan } from "../model/plan.ts";
import type { ImportRequest } from "../model/request.ts";
import { anchorFor } from "./authority.ts";
import { planId } from "./install.ts";
import { groundOf, linksAreRight, makeTree } from "./pair.ts";
import { cleanUp, place, refuseBroken, refuseUnwritable } from "./placing.ts";
import { days, isDue } from "./reasons.ts";
import { identityFor, serve } from "./service.ts";
import { makeState, recordAction, removeLeftOvers } from "./state.ts";

export function planImport(request: ImportRequest, seen: Observation): Plan {
  const { imported } = seen;
  const leaf = imported?.chain[0];
  if (imported === null || leaf === undefined) throw new CertSetupError("import-invalid", "there is nothing to import");
  refuseBroken(request, seen);
  const ground = groundOf(seen, planId(seen));
  const why = whyImport(request, seen, imported.chain);
  const notes: Note[] = [...imported.notes];
  const server = place(ground, why, notes);
  refuseUnwritable(seen, server);
  const record = recordAction(request.source, null, seen, why === null && linksAreRight(seen.target.tree));
  if (isDue(leaf, seen.at)) {
    notes.push({
      code: "due",
      message: `the certificate ends in ${days(leaf.notAfter - seen.at)}: it is due for renewal`,
    });
  }
  const take: Action[] =
    why === null
      ? []
      : [
          { kind: "import", source: request.source, sha256: leaf.sha256, reason: why },
          { kind: "verify", names: [], reason: "nothing is installed before it passes" },
        ];
  const anchored = {
    identity: identityFor(leaf.subjectAltName),
    anchor: imported.withRoot ? ({ kind: "imported" } as const) : anchorFor(leaf, seen.authorities),
  };
  const live = serve(request, seen, anchored, why !== null || server.some((action) => action.kind === "swap"), notes);
  return {
    version: 1,
    id: ground.id,
    command: "import",
    actions: [
      ...take,
      ...removeLeftOvers(seen),
      ...(record.length > 0 ? makeState(seen, false) : []),
      ...makeTree(ground),
      ...server,
      ...live,
      ...cleanUp(ground, why !== null),
      ...record,
    ],
    notes,
  };
}

/** null: this very pair is in place. */
function whyImport(request: ImportRequest, seen: Observation, chain: readonly CertificateFacts[]): string | null {
  const { pair } = seen.target.tree;
  if (pair.kind === "none") return "no certificate is installed";
  if (pair.kind === "broken") return `the pair in place is broken: ${pair.problem}`;
  if (request.force) return "--force";
  const [now, then] = [pair.chain[0], chain[0]];
  if (now?.sha256 !== then?.sha256) return `another certificate is in place: ${now?.subject || "(empty subject)"}`;
  const same = pair.chain.length === chain.length && pair.chain.every((one, at) => one.sha256 === chain[at]?.sha256);
  return same ? null : "the chain in place is another";
}
