import type { NameConstraints } from "./certified-key.ts";
import type { GenerateCertSource } from "./generate-cert.ts";
import type { GeneralName } from "./names.ts";
import type { Endpoint, ExistingSource, GeneratedSource } from "./request.ts";

/**
 * A plan is a value: an ordered list of actions, complete and without secrets. Dry-run prints it, apply executes it, the
 * record names it, tests compare it. It speaks of artifacts by name; their bytes come into being only in apply.
 */
export interface Plan {
  version: 1;
  /** UTC time and randomness; also the name of the generation that the plan would make. */
  id: string;
  command: "generate" | "import" | "rollback" | "status";
  actions: Action[];
  /** What the reader should know before it happens. */
  notes: Note[];
}

export interface Note {
  code: string;
  message: string;
}

/**
 * Stands in a plan for the id of a CA that it makes: the id is the beginning of the fingerprint of a key that does not
 * exist yet. Apply puts the real one in its place.
 */
export const newAuthority = "<new>";

export type ArtifactName = "ca-certificate" | "ca-private-key" | "certificate-chain" | "private-key" | "record";

export interface Owner {
  uid: number;
  gid: number;
}

/** What has to be at a path for the action to go ahead: null for nothing, otherwise what was observed. */
export type Expectation = null | { kind: "file"; sha256: string } | { kind: "link"; to: string };

/** Where an action works: the state directory (as ourselves), the server's (as its owner), or `--out` (as ourselves). */
export type Tree = "state" | "server" | "out";

export type Action =
  /** Makes a key and a self-signed root. */
  | { kind: "issue-ca"; id: string; constraints: NameConstraints | null; reason: string }
  /** Makes a key and the certificate for it. `ca`: the id of the private CA, null for a self-signed certificate. */
  | { kind: "issue"; source: GeneratedSource; ca: string | null; reason: string }
  /** Makes a key and the self-signed certificate that Go's generate_cert.go would make for it. */
  | { kind: "issue-like-go"; source: GenerateCertSource; reason: string }
  /** Takes a pair that somebody else made. `sha256`: of its end entity certificate. */
  | { kind: "import"; source: ExistingSource; sha256: string; reason: string }
  /** Nothing is installed before this passes. */
  | { kind: "verify"; names: GeneralName[]; reason: string }
  | FileAction
  /** Makes a running server read the pair: one SIGHUP after a successful handshake with that very process, or waiting. */
  | {
      kind: "bring-into-service";
      pid: number;
      startedAt: string;
      endpoint: Endpoint;
      how: "signal" | "poll";
      reason: string;
    }
  /** A TLS handshake, trusting only the new trust anchor; the served certificate has to be the installed one. */
  | { kind: "prove"; endpoint: Endpoint; identity: string; anchor: Anchor; reason: string };

/**
 * What the proof trusts: a private CA by its id, the root that was imported along, the certificate itself, or nothing but
 * its fingerprint.
 */
export type Anchor = { kind: "imported" } | { kind: "ca"; id: string } | { kind: "itself" } | { kind: "fingerprint" };

/** Every action that changes a disk. Paths are absolute. */
export type FileAction =
  | { kind: "make-directory"; tree: Tree; path: string; mode: number; owner: Owner | null; reason: string }
  | {
      kind: "put-file";
      tree: Tree;
      path: string;
      artifact: ArtifactName;
      mode: number;
      owner: Owner | null;
      expects: Expectation;
      reason: string;
    }
  | { kind: "put-link"; tree: Tree; path: string; to: string; expects: Expectation; reason: string }
  /** The commit: one rename of a symbolic link. */
  | { kind: "swap"; tree: Tree; path: string; to: string; expects: Expectation; reason: string }
  /** Keeps a file that is about to be replaced: a second name for it (hard link), so that nothing is lost. */
  | { kind: "keep"; tree: Tree; path: string; to: string; expects: Expectation; reason: string }
  | { kind: "rename"; tree: Tree; path: string; to: string; reason: string }
  | { kind: "set-attributes"; tree: Tree; path: string; mode: number; owner: Owner | null; reason: string }
  | { kind: "remove"; tree: Tree; path: string; reason: string };

export function isFileAction(action: Action): action is FileAction {
  return "tree" in action;
}

/** Does carrying out this action change anything? Issuing alone does not: what it makes is put by later actions. */
export function changes(action: Action): boolean {
  return isFileAction(action) || action.kind === "bring-into-service";
}
