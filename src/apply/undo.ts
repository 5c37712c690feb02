/** The way back, when a running server does not take the new pair: the old one is put in place and served again. */
import { CertSetupError } from "../model/errors.ts";
import type { Action, FileAction } from "../model/plan.ts";
import { writeTree } from "../tree/door.ts";
import { bring, type Proof, type ProofContext } from "./prove.ts";

/** Returns the error that tells the whole story; never throws another. */
export async function undo(context: ProofContext, failed: Proof): Promise<CertSetupError> {
  const { plan, observed } = context;
  const { certsDir } = observed.seen.target;
  const problem = `the server does not serve the new pair: ${failed.problem ?? "unknown"}`;
  const hint = [
    "can the user that the server runs as read the key?",
    ...observed.seen.servers.map((server) => `$ ps -o user,pid,args -p ${server.pid}; ls -lLn ${certsDir}`),
  ];
  const swap = plan.actions.find((action) => action.kind === "swap");
  if (swap === undefined || swap.expects === null || swap.expects.kind !== "link") {
    return new CertSetupError("proof-failed", problem, {
      hint,
      changed: "the new pair is installed; there was none before",
    });
  }
  const old = swap.expects.to;
  const back: FileAction[] = [
    { ...swap, to: old, expects: { kind: "link", to: swap.to }, reason: "the server did not take the new pair" },
    ...restorePrevious(context, old),
  ];
  if (plan.command === "generate") {
    back.push({ kind: "remove", tree: "server", path: `${certsDir}/${swap.to}`, reason: "it was never served" });
  }
  const written = writeTree(certsDir, observed.standing, back, {});
  if (written.failure !== null && !written.failure.committed) {
    return new CertSetupError(
      "proof-failed",
      `${problem}; and the old pair could not be put back: ${written.failure.message}`,
      {
        hint: ["$ cert-setup rollback", ...hint],
        changed: "the new pair is installed",
      },
    );
  }
  const again = await serveAgain(context);
  return new CertSetupError("proof-failed", problem, {
    hint,
    changed: again
      ? "the previous pair is back in place, and served"
      : "the previous pair is back in place; the server does not serve it: $ cert-setup status",
  });
}

function restorePrevious({ plan, observed }: ProofContext, current: string): FileAction[] {
  const link = plan.actions.find((action) => action.kind === "put-link" && action.path.endsWith("/..previous"));
  if (link === undefined || link.kind !== "put-link") return [];
  const before = observed.seen.target.tree.previous ?? current;
  return before === link.to
    ? []
    : [{ ...link, to: before, expects: { kind: "link", to: link.to }, reason: "as it was" }];
}

async function serveAgain(context: ProofContext): Promise<boolean> {
  const { pair } = context.observed.seen.target.tree;
  const old = pair.kind === "whole" ? pair.chain[0]?.sha256 : undefined;
  if (old === undefined) return false;
  const brings = context.plan.actions.filter(
    (action): action is Extract<Action, { kind: "bring-into-service" }> => action.kind === "bring-into-service",
  );
  for (const action of brings) {
    const proof = await bring(action, context, old);
    if (!proof.ok) return false;
  }
  return true;
}
