/** The way back, when a running server does not take the new pair: the old one is put in place and served again. */
import { CertSetupError } from "../model/errors.ts";
import type { Action, FileAction } from "../model/plan.ts";
import { shellQuote } from "../model/text.ts";
import { writeTree } from "../tree/door.ts";
import { bring, type Proof, type ProofContext } from "./prove.ts";

/** Returns the error that tells the whole story; never throws another. */
export async function undo(context: ProofContext, failed: Proof): Promise<CertSetupError> {
  const { plan, observed } = context;
  const { certsDir } = observed.seen.target;
  const problem = `the server does not serve the new pair: ${failed.problem ?? "unknown"}`;
  const hint = [
    ...whoReads(context),
    ...observed.seen.servers.map((server) => `$ ps -o user,pid,args -p ${server.pid}; ls -lLn ${shellQuote(certsDir)}`),
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
    ...restorePrevious(context),
    ...restoreAnchors(context),
  ];
  if (plan.command !== "rollback") {
    back.push({ kind: "remove", tree: "server", path: `${certsDir}/${swap.to}`, reason: "it was never served" });
  }
  const stayed = putBack(context, back);
  if (stayed !== null) {
    return new CertSetupError("proof-failed", `${problem}; and the old pair could not be put back: ${stayed}`, {
      hint: ["$ cert-setup rollback", ...hint],
      changed: "the new pair is installed",
    });
  }
  const again = await serveAgain(context);
  return new CertSetupError("proof-failed", problem, {
    hint,
    changed: again
      ? "the previous pair is back in place, and served"
      : "the previous pair is back in place; the server does not serve it: $ cert-setup status",
  });
}

/** null, or why the new pair stays. */
function putBack({ observed }: ProofContext, actions: FileAction[]): string | null {
  try {
    const { failure } = writeTree(observed.seen.target.certsDir, observed.standing, actions, {});
    return failure === null || failure.committed ? null : failure.message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The usual cause, named where it can be seen. */
function whoReads({ observed }: ProofContext): string[] {
  const { owner } = observed.seen.target;
  const other = observed.seen.servers.find(({ uid }) => uid !== 0 && uid !== owner.uid);
  if (other === undefined) return ["can the user that the server runs as read the key?"];
  return [
    `the server (pid ${other.pid}) runs as uid ${other.uid}, the new key was for uid ${owner.uid} only: --owner ${other.uid}:${other.gid}`,
  ];
}

function restorePrevious({ plan, observed }: ProofContext): FileAction[] {
  const link = plan.actions.find((action) => action.kind === "put-link" && action.path.endsWith("/..previous"));
  if (link === undefined || link.kind !== "put-link") return [];
  const before = observed.seen.target.tree.previous;
  const reason = "as it was";
  return before === null
    ? [{ kind: "remove", tree: "server", path: link.path, reason }]
    : [{ ...link, to: before, expects: { kind: "link", to: link.to }, reason }];
}

/** In `CAs`: what is new goes, and whose mode or owner was set gets back its own. */
function restoreAnchors({ plan, observed }: ProofContext): FileAction[] {
  const { certsDir, tree } = observed.seen.target;
  const reason = "as it was";
  return plan.actions.flatMap((action): FileAction[] => {
    if (action.kind === "put-file" && action.artifact === "ca-certificate" && action.tree === "server") {
      return action.expects === null ? [{ kind: "remove", tree: "server", path: action.path, reason }] : [];
    }
    if (action.kind !== "set-attributes") return [];
    const entry = tree.authorities?.files.find(({ name }) => action.path === `${certsDir}/CAs/${name}`)?.entry;
    if (entry?.kind !== "file") return [];
    const owner = action.owner === null ? null : { uid: entry.uid, gid: entry.gid };
    return [{ ...action, mode: entry.mode, owner, reason }];
  });
}

/** Goes to its end also after a signal: the story is told when the old pair is served, or not. A second signal ends it. */
async function serveAgain(given: ProofContext): Promise<boolean> {
  const { watcher } = given;
  const context: ProofContext = {
    ...given,
    watcher: { waiting: (what, seconds, bound) => watcher.waiting(what, seconds, bound), interrupted: () => null },
  };
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
