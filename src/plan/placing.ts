/** How a pair comes to be in place, whoever made it: the actions in the server's directory, around what is there. */
import { dirname, join } from "node:path";
import { CertSetupError, systemReason } from "../model/errors.ts";
import type { Observation } from "../model/observation.ts";
import type { Action, Note } from "../model/plan.ts";
import { shellQuote } from "../model/text.ts";
import {
  currentGeneration,
  type Ground,
  keepForeign,
  layout,
  linkActions,
  linksAreRight,
  prune,
  putGeneration,
  rememberPrevious,
  repairAttributes,
  sameAsCurrent,
  swapTo,
} from "./pair.ts";

/** `why`: the reason for a new pair; null: the pair in place stays, and what is not as it should be around it is mended. */
export function place(ground: Ground, why: string | null, notes: Note[]): Action[] {
  const generation = `${layout.generation}${ground.id}`;
  return why === null ? repair(ground, generation, notes) : install(ground, generation, notes, why);
}

/** What no run needs any more, for the end of the plan. */
export function cleanUp(ground: Ground, replaced: boolean): Action[] {
  return prune(ground, keptGenerations(ground, replaced));
}

/** Throws "pair-broken" unless it may be replaced. */
export function refuseBroken(request: { force: boolean }, seen: Observation): void {
  const { certsDir, tree } = seen.target;
  if (tree.pair.kind !== "broken" || request.force) return;
  throw new CertSetupError("pair-broken", `the pair in ${certsDir} is broken: ${tree.pair.problem}`, {
    hint: [
      "look at it first, then have it replaced (its files are kept aside): add --force",
      `$ ls -la ${shellQuote(certsDir)}`,
    ],
  });
}

/** Throws "cannot-write". Said before a CA is made for nothing. */
export function refuseUnwritable(seen: Observation, actions: readonly Action[]): void {
  const { certsDir, tree } = seen.target;
  if (tree.unwritable === null || (actions.length === 0 && tree.missing.length === 0)) return;
  const place = tree.missing[0] === undefined ? certsDir : dirname(tree.missing[0]);
  const why = systemReason({ code: tree.unwritable });
  throw new CertSetupError("cannot-write", `cannot write to ${certsDir}: ${why}`, {
    hint: [
      `$ ls -ld ${shellQuote(place)}`,
      tree.unwritable === "EROFS"
        ? "remount it writable, or name another place: --certs-dir DIR"
        : "run it as the owner of that directory, or as root",
    ],
  });
}

function install(ground: Ground, generation: string, notes: Note[], why: string): Action[] {
  const { tree } = ground;
  if (tree.pair.kind === "whole" && !linksAreRight(tree)) {
    const kept = keptName(ground, generation, notes);
    return [
      ...convert(ground, kept),
      ...putGeneration(ground, generation),
      ...rememberPrevious(ground, kept),
      swapTo(ground, generation, kept, why),
    ];
  }
  const broken = tree.pair.kind === "broken";
  const aside = broken ? keepForeign(ground, `${layout.kept}${ground.id}`, false) : [];
  const [first] = aside;
  if (broken && first !== undefined) {
    notes.push({ code: "kept", message: `the files that were there are kept in ${(first as { path: string }).path}` });
  }
  const current = broken ? null : (currentGeneration(tree)?.name ?? null);
  return [
    ...putGeneration(ground, generation),
    ...aside,
    ...linkActions(ground, "missing"),
    ...(current === null ? [] : rememberPrevious(ground, current)),
    swapTo(ground, generation, tree.data, why),
    ...linkActions(ground, "replace"),
  ];
}

/** The pair in place stays; whatever is not as it should be around it is put right. */
function repair(ground: Ground, generation: string, notes: Note[]): Action[] {
  const { tree } = ground;
  if (!linksAreRight(tree)) {
    const kept = keptName(ground, generation, notes);
    return convert(ground, kept);
  }
  const attributes = repairAttributes(ground);
  notes.push(...attributes.notes);
  return attributes.actions;
}

/**
 * From files to links, the content staying the same: the files become a generation, `..data` leads there, then each file
 * is replaced by its link. Between the two replacements a MinIO that starts finds one link and one file, and refuses;
 * the next run finishes.
 */
function convert(ground: Ground, kept: string): Action[] {
  const { data } = ground.tree;
  if (kept === data) return linkActions(ground, "replace");
  return [
    ...keepForeign(ground, kept, true),
    {
      kind: "put-link",
      tree: "server",
      path: join(ground.certsDir, layout.data),
      to: kept,
      expects: data === null ? null : { kind: "link", to: data },
      reason: "leads to the pair that is in place",
    },
    ...linkActions(ground, "replace"),
  ];
}

/** What stays besides the generation that this plan makes: the current one, which becomes the previous one. */
function keptGenerations(ground: Ground, replaced: boolean): (string | null)[] {
  const { tree } = ground;
  return replaced ? [currentGeneration(tree)?.name ?? null] : [tree.data, tree.previous];
}

/** Where the pair in place is kept; the current generation, when an interrupted run has kept it already. */
function keptName(ground: Ground, generation: string, notes: Note[]): string {
  const { tree, certsDir } = ground;
  if (tree.data !== null && sameAsCurrent(tree)) return tree.data;
  const kept = `${generation}-kept`;
  notes.push({
    code: "kept",
    message: `the pair in ${certsDir} was not put there by cert-setup: it is kept in ${kept}, and \`cert-setup rollback\` returns to it`,
  });
  return kept;
}
