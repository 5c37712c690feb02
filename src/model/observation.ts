import type { CertificateFacts, NameConstraints, Pem } from "./certified-key.ts";
import type { Note, Owner } from "./plan.ts";
import type { SourceSpec } from "./request.ts";

/** What is there. Made by observing only; a plan is a pure function of a request and an observation. */
export interface Observation {
  /** Milliseconds since the epoch. */
  at: number;
  /** 8 hex digits, fresh: the random part of a plan's id. */
  nonce: string;
  self: Identity;
  state: {
    path: string;
    isDefault: boolean;
    missing: string[];
    hasAuthorities: boolean;
    hasInstallations: boolean;
    leftOvers: string[];
  };
  /** What a new CA would be constrained to, for the names of the request; null when nothing is to be generated. */
  constraints: NameConstraints | null;
  authorities: AuthorityState[];
  /** What an import would take: its chain, and whether a root came along. */
  imported: { chain: CertificateFacts[]; withRoot: boolean; notes: Note[] } | null;
  /** `name`: of the record that is there, or that a new one would get. */
  record: { name: string; present: { value: InstallationRecord; sha256: string } | null };
  target: TargetState;
  /** Running servers that read this certs directory. */
  servers: ServerState[];
}

export interface Identity {
  uid: number;
  gid: number;
  userName: string;
  home: string | null;
}

/** A private CA in the state directory: `ca/<id>/ca.crt`, `ca.key`. */
export interface AuthorityState {
  /** First 8 hex digits of the SHA-256 of its SubjectPublicKeyInfo, as in its commonName and the name of its file in `CAs`. */
  id: string;
  path: string;
  certificate: CertificateFacts;
  pem: Pem;
  /** null: unconstrained. */
  constraints: NameConstraints | null;
}

export interface TargetState {
  kind: "minio";
  certsDir: string;
  /** Why this directory: "--certs-dir", "the running minio (pid 7)", … */
  certsDirReason: string;
  owner: Owner & { name: string };
  ownerReason: string;
  tree: CertsTree;
}

/** One directory entry, never followed further than said. */
export type Entry =
  | { kind: "missing" }
  | FileEntry
  | { kind: "link"; to: string; uid: number; gid: number; target: FileEntry | { kind: "missing" } | { kind: "other" } }
  | { kind: "directory"; mode: number; uid: number; gid: number }
  | { kind: "other" };

export interface FileEntry {
  kind: "file";
  sha256: string;
  mode: number;
  uid: number;
  gid: number;
}

/** A MinIO certs directory as its owner sees it. */
export interface CertsTree {
  /** Directories that have to be made, outermost first; empty when the certs directory is there. */
  missing: string[];
  /** Why nothing can be put into it, or made where it is missing: a system error's code. Known before anything is made. */
  unwritable: string | null;
  /** null while it is missing. */
  directory: { mode: number; uid: number; gid: number; device: string; inode: string } | null;
  /** A symbolic link lies in the path: MinIO's event reload never fires. */
  linkInPath: boolean;
  publicCrt: Entry;
  privateKey: Entry;
  pair: PairState;
  /** Target of `..data`, or null. */
  data: string | null;
  /** Target of `..previous`, or null. */
  previous: string | null;
  generations: Generation[];
  /** Names that a crash left: `..new-*`, `..tmp-*`. */
  leftOvers: string[];
  /** null: no `CAs` directory. */
  authorities: { mode: number; uid: number; gid: number; files: AuthorityFile[] } | null;
}

export interface Generation {
  name: string;
  mode: number;
  uid: number;
  gid: number;
  publicCrt: Entry;
  privateKey: Entry;
  pair: PairState;
}

export type PairState =
  | { kind: "none" }
  /** Only one of the two, or something that MinIO would not start with; `problem` says what and where. */
  | { kind: "broken"; problem: string }
  | { kind: "whole"; chain: CertificateFacts[]; chainPem: Pem[] };

export interface AuthorityFile {
  name: string;
  entry: Entry;
  /** SHA-256 fingerprints of the certificates in it. */
  certificates: string[];
}

/** A running MinIO-like server, found in /proc. */
export interface ServerState {
  pid: number;
  /** Start time in clock ticks since boot: with the pid it names one process for ever. */
  startedAt: string;
  uid: number;
  gid: number;
  command: string[];
  certsDir: string;
  /** TCP ports it listens on, the S3 port first when it is known. */
  ports: number[];
  /** How it notices changes: decided once, at its start. `unknown` without the right to look. */
  reload: "events" | "poll" | "unknown";
  /** May we send it a signal? */
  maySignal: boolean;
  /** What a TLS handshake with it gave; null: not tried, no port known. */
  live: LiveState | null;
}

export type LiveState =
  | { kind: "tls"; endpoint: { host: string; port: number }; sha256: string; notAfter: number; subjectAltName: string }
  | { kind: "plain"; endpoint: { host: string; port: number } }
  | { kind: "unreachable"; endpoint: { host: string; port: number }; problem: string };

/** What an installation leaves in the state directory for `status` and for renewal. */
export interface InstallationRecord {
  version: 1;
  /** Like certbot's lineage name: the first host name, unless given. */
  name: string;
  target: { kind: "minio"; certsDir: string; owner: Owner };
  source: SourceSpec;
  /** The issuing private CA; null for a self-signed certificate. */
  ca: string | null;
  /** Current generation and its end entity certificate. */
  generation: string;
  sha256: string;
  publicCrtSha256: string;
  privateKeySha256: string;
}
