import type { CertificateFacts } from "./certified-key.ts";
import type { ErrorCode } from "./errors.ts";
import type { Endpoint } from "./request.ts";
import type { Note, Plan } from "./plan.ts";

/** What came of a run: the only thing that a report sees. */
export interface Outcome {
  command: string;
  kind: "applied" | "unchanged" | "planned" | "examined";
  exitStatus: number;
  changed: boolean;
  plan: Plan | null;
  certsDir: string | null;
  files: ReportedFile[];
  certificate: CertificateFacts | null;
  /** The trust anchor that clients need: where it can be read. */
  trustAnchor: { path: string; selfSigned: boolean } | null;
  endpoint: ReportedEndpoint | null;
  /** Steps with their times, for `--verbose`. Milliseconds. */
  steps: { what: string; milliseconds: number }[];
  warnings: Note[];
  errors: ReportedError[];
  /** The exact command that starts or restarts the server, when somebody has to. */
  start: { reason: "not-running" | "restart"; pid: number | null; command: string } | null;
  /** `cert-setup status …` for this installation, ready to paste. */
  statusCommand: string;
  findings: Finding[];
}

export interface ReportedFile {
  path: string;
  sha256: string;
  /** Four octal digits. */
  mode: string;
}

export interface ReportedEndpoint extends Endpoint {
  state: "served" | "not-running" | "other-certificate" | "plain-http" | "unreachable";
  /** SHA-256 of the served end entity certificate. */
  sha256: string | null;
  protocol: string | null;
  /** From the commit to the first handshake that served the new certificate. */
  milliseconds: number | null;
}

export interface ReportedError {
  code: ErrorCode;
  message: string;
  hint: readonly string[];
  changed: string;
}

/** One line of `status`: what was expected, what is. */
export interface Finding {
  id: string;
  ok: boolean;
  message: string;
  fix: string | null;
}
