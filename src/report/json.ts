/** The machine's report: one object, an API (docs/output.schema.json). Additive changes only within a schemaVersion. */
import type { CertSetupError } from "../model/errors.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Action } from "../model/plan.ts";
import { jsonText } from "../model/text.ts";

export const schemaVersion = 1;

export function jsonReport(outcome: Outcome): string {
  const { certificate, endpoint, plan } = outcome;
  return `${jsonText(
    {
      schemaVersion,
      command: outcome.command,
      outcome: outcome.kind,
      exitStatus: outcome.exitStatus,
      changed: outcome.changed,
      certsDir: outcome.certsDir,
      files: outcome.files,
      certificate:
        certificate === null
          ? null
          : {
              serial: certificate.serialNumber,
              sha256: certificate.sha256,
              subject: certificate.subject,
              issuer: certificate.issuer,
              keyAlgorithm: certificate.keyAlgorithm,
              notBefore: new Date(certificate.notBefore).toISOString(),
              notAfter: new Date(certificate.notAfter).toISOString(),
              sans: certificate.subjectAltName.map((name) => name.value),
            },
      trustAnchor: outcome.trustAnchor,
      endpoint,
      start: outcome.start,
      findings: outcome.findings,
      plan: outcome.kind === "planned" && plan !== null ? { id: plan.id, actions: plan.actions.map(shown) } : null,
      warnings: outcome.warnings,
      errors: outcome.errors,
    },
    2,
  )}\n`;
}

/** Modes as in `files`: four octal digits, because JSON knows decimal numbers only. */
function shown(action: Action): object {
  return "mode" in action ? { ...action, mode: action.mode.toString(8).padStart(4, "0") } : action;
}

export function jsonError(command: string, error: CertSetupError): string {
  const { code, message, hint, changed, exitStatus } = error;
  return `${jsonText(
    {
      schemaVersion,
      command,
      outcome: "failed",
      exitStatus,
      changed: changed !== "nothing was changed" && !changed.startsWith("nothing was installed"),
      certsDir: null,
      files: [],
      certificate: null,
      trustAnchor: null,
      endpoint: null,
      start: null,
      findings: [],
      plan: null,
      warnings: [],
      errors: [{ code, message, hint, changed }],
    },
    2,
  )}\n`;
}
