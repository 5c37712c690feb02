/** The plan of the main job: a pure function of what was asked and what is there. */
import { dirname, join } from "node:path";
import { longValiditySeconds } from "../model/duration.ts";
import { CertSetupError, systemReason } from "../model/errors.ts";
import type { InstallationRecord, Observation } from "../model/observation.ts";
import type { Action, Note, Plan } from "../model/plan.ts";
import type { InstallRequest } from "../model/request.ts";
import { shellQuote } from "../model/text.ts";
import { type Authority, chooseAuthority, describeConstraints } from "./authority.ts";
import {
  attributesWrong,
  currentGeneration,
  expectation,
  type Ground,
  groundOf,
  keepForeign,
  layout,
  linkActions,
  linksAreRight,
  makeTree,
  modes,
  prune,
  putGeneration,
  rememberPrevious,
  repairAttributes,
  sameAsCurrent,
  swapTo,
} from "./pair.ts";
import { days, whyIssue } from "./reasons.ts";
import { type Anchored, identityFor, serve } from "./service.ts";
import { makeState, putAuthority, putRecord, removeLeftOvers, sameRecord } from "./state.ts";

export function planInstall(request: InstallRequest, seen: Observation): Plan {
  const id = planId(seen);
  const ground = groundOf(seen, id);
  refuseBroken(request, seen);
  refuseOutsideOfValidity(request, seen.at);
  const authority = chooseAuthority(request.source, seen);
  const why = whyIssue(request, seen, authority);
  const notes: Note[] = [];
  const generation = `${layout.generation}${id}`;

  const issue = why === null ? [] : issueActions(request, authority, why);
  const server = why === null ? repair(ground, generation, notes) : install(ground, generation, notes, why);
  const anchors = authority.kind === "itself" ? [] : putAnchor(ground, authority);
  refuseUnwritable(seen, [...anchors, ...server]);
  const record = recordAction(request, seen, authority, why === null && linksAreRight(seen.target.tree));
  const state = [
    ...removeLeftOvers(seen),
    ...(authority.kind === "new" || record.length > 0 ? makeState(seen, authority.kind === "new") : []),
    ...(authority.kind === "new" ? putAuthority(seen, authority.id) : []),
  ];
  const cleanUp = prune(ground, keptGenerations(ground, why !== null));
  if (authority.kind === "new") notes.push(authorityNote(authority));
  notes.push(...cautions(request, seen, anchors, why !== null));
  const anchored: Anchored = {
    identity: identityFor(request.source.names),
    anchor: authority.kind === "itself" ? { kind: "itself" } : { kind: "ca", id: authority.id },
  };
  const live = serve(request, seen, anchored, why !== null || server.some((action) => action.kind === "swap"), notes);
  return {
    version: 1,
    id,
    command: request.command,
    actions: [...issue, ...state, ...makeTree(ground), ...anchors, ...server, ...live, ...cleanUp, ...record],
    notes,
  };
}

/** `20261124T132157Z-1a2b3c4d`: sorts by time. */
export function planId(seen: Pick<Observation, "at" | "nonce">): string {
  return `${new Date(seen.at)
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "")}-${seen.nonce}`;
}

function refuseBroken(request: InstallRequest, seen: Observation): void {
  const { certsDir, tree } = seen.target;
  if (tree.pair.kind !== "broken" || request.force) return;
  throw new CertSetupError("pair-broken", `the pair in ${certsDir} is broken: ${tree.pair.problem}`, {
    hint: [
      "look at it first, then have it replaced (its files are kept aside): add --force",
      `$ ls -la ${shellQuote(certsDir)}`,
    ],
  });
}

/** Said before a CA is made for nothing. */
function refuseUnwritable(seen: Observation, actions: readonly Action[]): void {
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

/** A server that serves what is not valid yet, or any more, is refused by all of its clients. */
function refuseOutsideOfValidity({ source }: InstallRequest, at: number): void {
  const { notBefore, validitySeconds } = source;
  if (notBefore === undefined) return;
  const notAfter = notBefore + validitySeconds * 1000;
  if (at >= notBefore && at < notAfter) return;
  const [verb, when] = at < notBefore ? ["begin", notBefore] : ["have ended", notAfter];
  const now = new Date(at).toISOString();
  throw new CertSetupError(
    "start-date-invalid",
    `the certificate would ${verb} on ${new Date(when).toISOString()}, now is ${now}: no client would accept it`,
    { hint: ["give a --start-date in the past and a --duration that lasts, or leave out --start-date"] },
  );
}

function issueActions(request: InstallRequest, authority: Authority, why: string): Action[] {
  const { source } = request;
  const actions: Action[] = [];
  if (authority.kind === "new") {
    actions.push({
      kind: "issue-ca",
      id: authority.id,
      constraints: authority.constraints,
      reason: authority.reason,
    });
  }
  actions.push({ kind: "issue", source, ca: authority.kind === "itself" ? null : authority.id, reason: why });
  actions.push({ kind: "verify", names: source.names, reason: "nothing is installed before it passes" });
  return actions;
}

function authorityNote(authority: Extract<Authority, { kind: "new" }>): Note {
  return {
    code: authority.constraints === null ? "ca-unconstrained" : "ca-constrained",
    message:
      authority.constraints === null
        ? `the new private CA is not constrained: whoever gets its key can sign any name`
        : `the new private CA can sign only ${describeConstraints(authority.constraints)}`,
  };
}

/** What was asked for is done, and has a side that the reader should know. */
function cautions(request: InstallRequest, seen: Observation, anchors: readonly Action[], issues: boolean): Note[] {
  const { keyAlgorithm, validitySeconds } = request.source;
  const notes: Note[] = [];
  if (issues && keyAlgorithm === "Ed25519") {
    notes.push({
      code: "ed25519",
      message: "browsers, NSS, mbedTLS and Java before 15 refuse Ed25519 certificates; P-256 works everywhere",
    });
  }
  if (issues && validitySeconds > longValiditySeconds) {
    notes.push({
      code: "long-validity",
      message: `a certificate for ${days(validitySeconds * 1000)} is longer than public CAs may issue (200 days), and clients may come to refuse it`,
    });
  }
  if (anchors.some((action) => action.kind === "put-file") && seen.servers.length > 0) {
    notes.push({
      code: "ca-at-start",
      message:
        "MinIO reads CAs/ only when it starts: clients can trust the new CA now, the server and its peers after a restart",
    });
  }
  return notes;
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

/** The CA certificate in `CAs/`: without it MinIO does not trust its own peers. MinIO reads it at start only. */
function putAnchor(ground: Ground, authority: Extract<Authority, { kind: "existing" | "new" }>): Action[] {
  const name = `cert-setup-${authority.id}.crt`;
  const path = join(ground.certsDir, layout.authorities, name);
  const present = ground.tree.authorities?.files.find((file) => file.name === name);
  const right =
    authority.kind === "existing" &&
    present?.entry.kind === "file" &&
    present.certificates.length === 1 &&
    present.certificates[0] === authority.state.certificate.sha256;
  if (right && present?.entry.kind === "file") {
    const wrong = attributesWrong(present.entry, modes.certificate, ground.fileOwner);
    if (wrong === null) return [];
    const { fileOwner: owner } = ground;
    return [{ kind: "set-attributes", tree: "server", path, mode: modes.certificate, owner, reason: wrong }];
  }
  return [
    {
      kind: "put-file",
      tree: "server",
      path,
      artifact: "ca-certificate",
      mode: modes.certificate,
      owner: ground.fileOwner,
      expects: present === undefined ? null : expectation(present.entry),
      reason: "the server and its peers trust the CA; read at start",
    },
  ];
}

function recordAction(request: InstallRequest, seen: Observation, authority: Authority, unchanged: boolean): Action[] {
  const { name, present } = seen.record;
  if (unchanged && present !== null) {
    const expected = recordOf(request, seen, authority);
    if (expected !== null && sameRecord(present.value, expected)) return [];
  }
  return [putRecord(seen, name, present?.sha256 ?? null)];
}

/** The record of what is in place now; null when nothing whole is. */
function recordOf(request: InstallRequest, seen: Observation, authority: Authority): InstallationRecord | null {
  const { tree, certsDir, owner } = seen.target;
  const leaf = tree.pair.kind === "whole" ? tree.pair.chain[0] : undefined;
  const current = currentGeneration(tree);
  if (leaf === undefined || current?.publicCrt.kind !== "file" || current.privateKey.kind !== "file") return null;
  return {
    version: 1,
    name: seen.record.name,
    target: { kind: "minio", certsDir, owner: { uid: owner.uid, gid: owner.gid } },
    source: request.source,
    ca: authority.kind === "itself" ? null : authority.id,
    generation: current.name,
    sha256: leaf.sha256,
    publicCrtSha256: current.publicCrt.sha256,
    privateKeySha256: current.privateKey.sha256,
  };
}
