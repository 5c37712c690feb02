/** What a run keeps for itself: the private CA and the record of the installation, in the state directory. */
import { join } from "node:path";
import type { InstallationRecord, Observation } from "../model/observation.ts";
import type { Action } from "../model/plan.ts";
import type { SourceSpec } from "../model/request.ts";
import { currentGeneration } from "./pair.ts";

export const stateLayout = {
  authorities: "ca",
  certificate: "ca.crt",
  key: "ca.key",
  installations: "installations",
  temporary: "..tmp-",
} as const;

function make(path: string, reason: string): Action {
  return { kind: "make-directory", tree: "state", path, mode: 0o700, owner: null, reason };
}

/** The state directory and its rooms, where they are missing. */
export function makeState(seen: Observation, withAuthority: boolean): Action[] {
  const { path, missing, hasAuthorities, hasInstallations } = seen.state;
  const actions = missing.map((directory) => make(directory, "what cert-setup keeps for itself"));
  if (withAuthority && !hasAuthorities) {
    actions.push(make(join(path, stateLayout.authorities), "private CAs: never in the server's directory"));
  }
  if (!hasInstallations) actions.push(make(join(path, stateLayout.installations), "what is installed where"));
  return actions;
}

/** Both files of a CA become visible by one rename: there is a whole CA or none. */
export function putAuthority(seen: Observation, id: string): Action[] {
  const room = join(seen.state.path, stateLayout.authorities);
  const staged = join(room, `${stateLayout.temporary}${id}`);
  const put = (name: string, artifact: "ca-private-key" | "ca-certificate", mode: number): Action => ({
    kind: "put-file",
    tree: "state",
    path: join(staged, name),
    artifact,
    mode,
    owner: null,
    expects: null,
    reason: artifact === "ca-private-key" ? "it signs; keep it secret" : "what clients have to trust",
  });
  return [
    make(staged, "a whole CA or none"),
    put(stateLayout.key, "ca-private-key", 0o600),
    put(stateLayout.certificate, "ca-certificate", 0o644),
    { kind: "rename", tree: "state", path: staged, to: join(room, id), reason: "the CA is there from here on" },
  ];
}

export function recordPath(seen: Observation, name: string): string {
  return join(seen.state.path, stateLayout.installations, `${name}.json`);
}

/** The record comes last: it says what is so, not what is meant. */
export function putRecord(seen: Observation, name: string, before: string | null): Action {
  return {
    kind: "put-file",
    tree: "state",
    path: recordPath(seen, name),
    artifact: "record",
    mode: 0o600,
    owner: null,
    expects: before === null ? null : { kind: "file", sha256: before },
    reason: "for status, rollback and renewal",
  };
}

export function removeLeftOvers(seen: Observation): Action[] {
  return seen.state.leftOvers.map((path) => ({
    kind: "remove",
    tree: "state",
    path,
    reason: "left by a run that was interrupted",
  }));
}

/** Equal in everything that a new run would write. */
function sameRecord(a: InstallationRecord | null, b: InstallationRecord): boolean {
  return a !== null && JSON.stringify(a) === JSON.stringify(b);
}

/** Writes the record unless it says already what is so. */
export function recordAction(source: SourceSpec, ca: string | null, seen: Observation, unchanged: boolean): Action[] {
  const { name, present } = seen.record;
  if (unchanged && present !== null) {
    const expected = recordOf(source, ca, seen);
    if (expected !== null && sameRecord(present.value, expected)) return [];
  }
  return [putRecord(seen, name, present?.sha256 ?? null)];
}

/** The record of what is in place now; null when nothing whole is. */
function recordOf(source: SourceSpec, ca: string | null, seen: Observation): InstallationRecord | null {
  const { tree, certsDir, owner } = seen.target;
  const leaf = tree.pair.kind === "whole" ? tree.pair.chain[0] : undefined;
  const current = currentGeneration(tree);
  if (leaf === undefined || current?.publicCrt.kind !== "file" || current.privateKey.kind !== "file") return null;
  return {
    version: 1,
    name: seen.record.name,
    target: { kind: "minio", certsDir, owner: { uid: owner.uid, gid: owner.gid } },
    source,
    ca,
    generation: current.name,
    sha256: leaf.sha256,
    publicCrtSha256: current.publicCrt.sha256,
    privateKeySha256: current.privateKey.sha256,
  };
}
