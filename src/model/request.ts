import type { KeyAlgorithm } from "./certified-key.ts";
import type { GenerateCertRequest } from "./generate-cert.ts";
import type { GeneralName } from "./names.ts";

/** What was asked for, every default that needs no look at the machine filled in. Holds no secret. */
export type Request = InstallRequest | ImportRequest | StatusRequest | RollbackRequest;

export interface InstallRequest {
  command: "generate";
  source: GeneratedSource;
  target: TargetSpec;
  /** Where to prove it; null: found by looking at the running servers. */
  endpoint: Endpoint | null;
  /** Issue and install even when what is there would do, and replace a pair that is broken. */
  force: boolean;
  /** `--address`, for the printed start command. */
  listenAddress: string | null;
  stateDir: string;
}

/** As InstallRequest, for a pair that somebody else made. */
export interface ImportRequest extends Omit<InstallRequest, "command" | "source"> {
  command: "import";
  source: ExistingSource;
}

export interface StatusRequest {
  command: "status";
  target: TargetSpec;
  endpoint: Endpoint | null;
  stateDir: string;
}

export interface RollbackRequest {
  command: "rollback";
  target: TargetSpec;
  endpoint: Endpoint | null;
  stateDir: string;
}

export type SourceSpec = GeneratedSource | ExistingSource;

/** Absolute paths. */
export interface ExistingSource {
  kind: "existing";
  /** Certificates in any order; the key may be among them. */
  certificate: string[];
  key: string | null;
  pkcs12: string | null;
  passphraseFile: string | null;
}

export interface GeneratedSource {
  kind: "generated";
  names: GeneralName[];
  keyAlgorithm: KeyAlgorithm;
  validitySeconds: number;
  /** `--start-date`, milliseconds since the epoch; otherwise it is valid from an hour before it is issued. */
  notBefore?: number;
  issuer: IssuerSpec;
}

export type IssuerSpec =
  | { kind: "itself" }
  /** `another`: make one more CA beside those that exist (`--new-ca`). */
  | { kind: "private-ca"; constrained: boolean; another: boolean };

export type TargetSpec = {
  kind: "minio";
  /** Absolute; null: found by MinIO's own rules. */
  certsDir: string | null;
  owner: OwnerSpec | null;
};

/** `user[:group]`, names or numbers, as given. */
export interface OwnerSpec {
  user: string;
  group: string | null;
}

export interface Endpoint {
  /** What to connect to: a name or an address. */
  host: string;
  port: number;
}

/** How to go about it and how to speak: never changes what is asked. */
export interface Manner {
  dryRun: boolean;
  /** With dryRun: exit 10 when something would change. */
  check: boolean;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  yes: boolean;
  /** null: as the terminal and NO_COLOR say. */
  color: boolean | null;
}

/** What a command line comes to. */
export type Invocation =
  | { kind: "run"; request: Request; manner: Manner }
  | { kind: "generate-cert"; request: GenerateCertRequest; manner: Manner }
  /** Help, version, completion: text for stdout. */
  | { kind: "text"; text: string };

/** What parsing may look at besides the arguments. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
}
