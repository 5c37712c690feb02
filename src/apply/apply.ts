/**
 * Carries out a plan, action by action. File actions of one tree that follow each other go through its door together, so
 * that a pair is staged and committed without a pause. When the server does not take the new pair, the old one is put
 * back before anything is said.
 */
import { verifyPair } from "../checks/pair.ts";
import type { CertificateFacts } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { InstallationRecord, PairState } from "../model/observation.ts";
import type { ReportedEndpoint, ReportedFile } from "../model/outcome.ts";
import {
  type Action,
  type FileAction,
  isFileAction,
  newAuthority,
  type Note,
  type Plan,
  type Tree,
} from "../model/plan.ts";
import type { Request } from "../model/request.ts";
import { Secret } from "../model/secret.ts";
import type { Observed } from "../plan/observe.ts";
import { generate } from "../sources/generated.ts";
import { authorityId, makeAuthority, openAuthority } from "../sources/private-ca.ts";
import { readCertificate } from "../x509/read.ts";
import { putAuthority, putPair, reveal, type Workshop } from "./artifacts.ts";
import { write } from "./files.ts";
import { pairToBe } from "./pair-to-be.ts";
import type { Proof, ProofContext } from "./prove.ts";
import { now, type Watcher } from "./watcher.ts";

export interface Applied {
  changed: boolean;
  files: ReportedFile[];
  /** The end entity certificate that is in place now. */
  leaf: CertificateFacts | null;
  /** The id of the CA that this run made or opened. */
  ca: string | null;
  endpoints: ReportedEndpoint[];
  /** Servers that do not serve the pair yet, and why. */
  pending: string[];
  steps: { what: string; milliseconds: number }[];
  notes: Note[];
}

export async function apply(plan: Plan, request: Request, observed: Observed, watcher: Watcher): Promise<Applied> {
  const { seen } = observed;
  const workshop: Workshop = { artifacts: {}, authority: null, pair: null };
  const applied: Applied = {
    changed: false,
    files: [],
    leaf: leafBefore(pairToBe(plan, observed)),
    ca: null,
    endpoints: [],
    pending: [],
    steps: [],
    notes: [],
  };
  let installed = false;
  const proofs: Proof[] = [];
  const elapsed = new Map<string, number>();

  let actions: readonly Action[] = plan.actions;
  for (let at = 0; at < actions.length;) {
    const action = actions[at] as Action;
    await new Promise(setImmediate); // signals are delivered between turns only
    stopIfInterrupted(watcher, applied, installed);
    const began = now();
    let count = 1;
    if (isFileAction(action)) {
      const batch = batchFrom(actions, at);
      count = batch.length;
      prepare(workshop, batch, plan, request, observed, applied);
      const swaps = batch.some((file) => file.kind === "swap");
      const written = write(observed, action.tree, batch, reveal(workshop, batch), installed || swaps, applied.changed);
      applied.files.push(...written.files);
      applied.notes.push(...written.notes);
      applied.changed = true;
      if (swaps) installed = true;
    } else {
      switch (action.kind) {
        case "issue-ca": {
          const made = await makeAuthority(action.constraints, seen.at);
          putAuthority(workshop, made.authority, made.keyPem);
          actions = withAuthority(actions, authorityId(made.authority));
          break;
        }
        case "issue": {
          if (action.ca !== null) openIfNeeded(workshop, action.ca, observed);
          putPair(workshop, await generate(action.source, workshop.authority, seen.at));
          break;
        }
        case "import":
          if (observed.existing === null) throw new CertSetupError("import-invalid", "there is nothing to import");
          putPair(workshop, observed.existing);
          break;
        case "verify":
          if (workshop.pair !== null) {
            verifyPair(workshop.pair, action.names, seen.at);
            applied.leaf = readCertificate(workshop.pair.certificateChain[0] ?? "");
          }
          break;
        case "bring-into-service":
        case "prove": {
          const current = { ...plan, actions: [...actions] };
          const context: ProofContext = { plan: current, observed, workshop, leaf: applied.leaf, watcher, elapsed };
          const { prove } = await import("./prove.ts"); // loaded only where a server runs
          const proof = await prove(action, context);
          if (action.kind === "bring-into-service") applied.changed = applied.changed || proof.signalled;
          if (!proof.ok && proof.rejected && installed) {
            const { undo } = await import("./undo.ts");
            throw await undo(context, proof);
          }
          proofs.push(proof);
          if (proof.problem !== null) applied.pending.push(proof.problem);
          break;
        }
      }
    }
    applied.steps.push({ what: describe(action, count), milliseconds: now() - began });
    at += count;
  }
  applied.ca = workshop.authority === null ? null : authorityId(workshop.authority);
  applied.endpoints = proofs.flatMap((proof) => (proof.endpoint === null ? [] : [proof.endpoint]));
  return applied;
}

/** The rest of the plan with the id of the CA that was just made: in paths, in the issuer, in the proof's anchor. */
function withAuthority(actions: readonly Action[], id: string): Action[] {
  const named = (text: string): string => text.replaceAll(newAuthority, id);
  return actions.map((action): Action => {
    if (action.kind === "issue") return { ...action, ca: action.ca === null ? null : named(action.ca) };
    if (action.kind === "prove") {
      return action.anchor.kind === "ca" ? { ...action, anchor: { kind: "ca", id: named(action.anchor.id) } } : action;
    }
    if (!isFileAction(action)) return action;
    return { ...action, path: named(action.path), ...("to" in action ? { to: named(action.to) } : {}) } as FileAction;
  });
}

/** The run of file actions of one tree that begins here. */
function batchFrom(actions: readonly Action[], from: number): FileAction[] {
  const batch: FileAction[] = [];
  let tree: Tree | null = null;
  for (const action of actions.slice(from)) {
    if (!isFileAction(action) || (tree !== null && action.tree !== tree)) break;
    tree = action.tree;
    batch.push(action);
  }
  return batch;
}

function leafBefore(pair: PairState | undefined): CertificateFacts | null {
  return pair?.kind === "whole" ? (pair.chain[0] ?? null) : null;
}

function openIfNeeded(workshop: Workshop, id: string, { seen }: Observed): void {
  if (workshop.authority !== null) return;
  const state = seen.authorities.find((authority) => authority.id === id);
  if (state === undefined) throw new CertSetupError("ca-broken", `the private CA ${id} is gone`);
  putAuthority(workshop, openAuthority(state), null);
}

/** Makes the artifacts that are known only now: the record, and a CA certificate that was there before. */
function prepare(
  workshop: Workshop,
  batch: readonly FileAction[],
  plan: Plan,
  request: Request,
  observed: Observed,
  applied: Applied,
): void {
  for (const action of batch) {
    if (action.kind !== "put-file" || workshop.artifacts[action.artifact] !== undefined) continue;
    if (action.artifact === "record") {
      const record = recordNow(workshop, plan, request, observed, applied);
      workshop.artifacts.record = new Secret(`${JSON.stringify(record, null, 2)}\n`);
    }
    if (action.artifact === "ca-certificate") {
      const name = /cert-setup-([0-9a-f]{8})\.crt$/.exec(action.path)?.[1] ?? "";
      const pem = observed.seen.authorities.find((authority) => authority.id === name)?.pem;
      if (pem !== undefined) workshop.artifacts["ca-certificate"] = new Secret(pem);
    }
  }
}

function recordNow(
  workshop: Workshop,
  plan: Plan,
  request: Request,
  { seen }: Observed,
  applied: Applied,
): InstallationRecord {
  const { tree, certsDir, owner } = seen.target;
  const before = seen.record.present?.value;
  const swap = plan.actions.findLast(
    (action) => action.kind === "swap" || (action.kind === "put-link" && action.path.endsWith("/..data")),
  );
  const generation = swap !== undefined && "to" in swap ? swap.to : (tree.data ?? "");
  const known = tree.generations.find(({ name }) => name === generation);
  const sha = (name: "public.crt" | "private.key"): string => {
    const put = applied.files.findLast((file) => file.path === `${certsDir}/${generation}/${name}`);
    const entry = known === undefined ? undefined : name === "public.crt" ? known.publicCrt : known.privateKey;
    if (put !== undefined) return put.sha256;
    if (entry?.kind === "file") return entry.sha256;
    const outer = name === "public.crt" ? tree.publicCrt : tree.privateKey;
    return outer.kind === "file" ? outer.sha256 : "";
  };
  const source = "source" in request ? request.source : before?.source;
  if (source === undefined) throw new CertSetupError("record-broken", `there is no record of ${certsDir}`);
  return {
    version: 1,
    name: seen.record.name,
    target: { kind: "minio", certsDir, owner: { uid: owner.uid, gid: owner.gid } },
    source,
    ca: authorityOf(applied.leaf, seen, workshop),
    generation,
    sha256: applied.leaf?.sha256 ?? "",
    publicCrtSha256: sha("public.crt"),
    privateKeySha256: sha("private.key"),
  };
}

function authorityOf(leaf: CertificateFacts | null, seen: Observed["seen"], { authority }: Workshop): string | null {
  if (authority !== null) return authorityId(authority);
  const key = leaf?.authorityKeyIdentifier;
  if (key == null) return null;
  return seen.authorities.find((authority) => authority.certificate.subjectKeyIdentifier === key)?.id ?? null;
}

function stopIfInterrupted(watcher: Watcher, applied: Applied, installed: boolean): void {
  const status = watcher.interrupted();
  if (status === null) return;
  const changed = installed
    ? "the new pair is installed; it has not been proven"
    : applied.changed
      ? "nothing was installed; a private CA may have been made"
      : "nothing was changed";
  const code = status === 130 ? "interrupted" : "terminated";
  throw new CertSetupError(code, status === 130 ? "interrupted" : "told to end (SIGTERM)", {
    changed,
    hint: ["the same command again goes on from here"],
  });
}

function describe(action: Action, count: number): string {
  if (!isFileAction(action)) return action.kind;
  return `${action.tree}: ${count} file ${count === 1 ? "action" : "actions"}`;
}
