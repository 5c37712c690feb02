/** `generate --out DIR`: the two files that Go's crypto/tls/generate_cert.go would make, in a directory, for no server. */
import type { AnyKeyAlgorithm } from "./certified-key.ts";
import type { GeneralName } from "./names.ts";

export interface GenerateCertRequest {
  command: "generate";
  /** Absolute. */
  directory: string;
  source: GenerateCertSource;
  /** What was read otherwise than it was written. */
  notes: { code: string; message: string }[];
}

export interface GenerateCertSource {
  kind: "generate-cert";
  /** In the order given; dNSNames as they were written. */
  names: GeneralName[];
  keyAlgorithm: AnyKeyAlgorithm;
  /** Milliseconds since the epoch; null: now. */
  notBefore: number | null;
  /** May have a fraction, be zero or negative. */
  validitySeconds: number;
  ca: boolean;
}

export const fileNames = { certificate: "cert.pem", key: "key.pem" } as const;

/** What is there: all that the plan depends on. */
export interface OutDirectory {
  /** Milliseconds since the epoch. */
  at: number;
  /** 8 hex digits, fresh: the random part of the plan's id. */
  nonce: string;
  /** That the process began with. */
  umask: number;
  /** Directories that have to be made, outermost first. */
  missing: string[];
  certificate: OutEntry;
  key: OutEntry;
  /** Names of staging directories. */
  staged: string[];
}

/** `mode`: permission bits of a regular file. */
export type OutEntry = { kind: "missing" | "link" | "directory" | "other" } | { kind: "file"; mode: number };
