/** What a person reads: the result on stdout. Everything that is not a literal goes through `printable`. */
import type { CertificateFacts } from "../model/certified-key.ts";
import { displayName } from "../model/names.ts";
import type { Outcome } from "../model/outcome.ts";
import { printable } from "../model/text.ts";
import { nextSteps } from "./next-steps.ts";
import type { Paint } from "./paint.ts";
import { planLines } from "./plan.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export interface Reading {
  outcome: Outcome;
  paint: Paint;
  verbose: boolean;
  home: string | null;
  now: number;
  /** `--address` as given, for the port of the next steps. */
  listenAddress: string | null;
}

export function humanReport(reading: Reading): string {
  const { outcome } = reading;
  const lines =
    outcome.kind === "planned"
      ? plannedLines(reading)
      : outcome.kind === "examined"
        ? statusLines(reading)
        : resultLines(reading);
  return `${lines.join("\n")}\n`;
}

function resultLines(reading: Reading): string[] {
  const { outcome, paint, verbose } = reading;
  const lines: string[] = [];
  const certificate = outcome.certificate;
  if (certificate !== null) {
    lines.push(row("certificate", certificateText(certificate, reading)), row("names", namesText(certificate)));
    lines.push(row("issuer", issuerText(outcome)));
  }
  lines.push(row(outcome.changed ? "installed" : "in place", filesText(reading)));
  lines.push(row("served", servedText(reading)));
  if (verbose && outcome.steps.length > 0) {
    lines.push(
      "",
      ...outcome.steps.map((step) => paint.faint(`  ${step.milliseconds.toFixed(1).padStart(9)} ms  ${step.what}`)),
    );
  }
  lines.push("", ...closing(reading));
  return lines;
}

/** "Done" is said only of what was proven. */
function closing(reading: Reading): string[] {
  const { outcome, paint } = reading;
  const lines: string[] = [];
  const issued =
    outcome.changed && outcome.plan?.actions.some(({ kind }) => kind === "issue" || kind === "import") === true;
  const what = !outcome.changed
    ? "In place"
    : outcome.command === "rollback"
      ? "Rolled back"
      : issued
        ? "Installed"
        : "Repaired";
  if (outcome.exitStatus !== 0) lines.push(paint.bad(`${what}, but not served.`));
  else if (outcome.endpoint?.state === "served") {
    const done = !outcome.changed ? "Nothing to do" : issued ? "Done" : what;
    lines.push(paint.good(`${done}: the server serves the certificate.`));
  } else lines.push(outcome.changed ? `${what}, not served yet.` : "Nothing to do.");
  lines.push(...startLines(reading));
  const steps = issued ? nextSteps(outcome, portOf(reading), reading.home) : [];
  if (steps.length > 0) {
    const anchor = outcome.trustAnchor?.selfSigned === true ? "certificate" : "CA";
    lines.push("", `Clients have to trust the ${anchor}:`);
    for (const { command } of steps) lines.push(`  ${printable(command, 10_000)}`);
  }
  return lines;
}

function startLines({ outcome }: Reading): string[] {
  if (outcome.start === null) return [];
  const why =
    outcome.start.reason === "restart"
      ? `Stop the running server${outcome.start.pid === null ? "" : ` (pid ${outcome.start.pid})`}, and start it again:`
      : "Start MinIO with HTTPS:";
  return [
    "",
    why,
    `  ${printable(outcome.start.command, 2000)}`,
    "and see it proven:",
    `  ${printable(outcome.statusCommand, 2000)}`,
  ];
}

function statusLines(reading: Reading): string[] {
  const { outcome, paint } = reading;
  const { certificate } = outcome;
  const lines: string[] = [row("directory", tilde(outcome.certsDir ?? "", reading))];
  if (certificate !== null) {
    lines.push(row("certificate", certificateText(certificate, reading)), row("names", namesText(certificate)));
    lines.push(row("issuer", issuerText(outcome)));
  }
  lines.push(row("served", servedText(reading)), "");
  for (const finding of outcome.findings) {
    const mark = finding.ok ? paint.good("ok  ") : paint.bad("FAIL");
    lines.push(`  ${mark}  ${finding.id.padEnd(10)}  ${printable(finding.message, 600)}`);
    if (finding.fix !== null) lines.push(`        ${paint.faint("fix:")} ${printable(finding.fix, 2000)}`);
  }
  lines.push(...startLines(reading));
  return lines;
}

function plannedLines(reading: Reading): string[] {
  const { outcome, paint } = reading;
  const plan = outcome.plan;
  if (plan === null) return [];
  const lines = planLines(plan, (path) => tilde(path, reading), paint);
  return lines.length === 0
    ? ["Nothing to do."]
    : [`This would happen in ${tilde(outcome.certsDir ?? "", reading)}:`, "", ...lines, "", "Nothing was changed."];
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(11)}  ${text}`;
}

function certificateText({ keyAlgorithm, notAfter }: CertificateFacts, { now, paint }: Reading): string {
  const key = printable(keyAlgorithm);
  const date = new Date(notAfter).toISOString().slice(0, 10);
  if (notAfter <= now) return `${key}, ${paint.bad(`ended on ${date} (${span(now - notAfter)} ago)`)}`;
  return `${key}, until ${date} (${span(notAfter - now)} left)`;
}

/** The largest whole unit, rounded down. */
function span(milliseconds: number): string {
  const [size, unit] = milliseconds >= day ? [day, "day"] : milliseconds >= hour ? [hour, "hour"] : [minute, "minute"];
  const count = Math.floor(milliseconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function namesText(certificate: CertificateFacts): string {
  return certificate.subjectAltName.map((name) => printable(displayName(name))).join(", ");
}

function issuerText({ certificate, trustAnchor }: Outcome): string {
  if (trustAnchor?.selfSigned === true) return "itself (self-signed)";
  return printable((certificate?.issuer ?? "").replaceAll("\n", ", "));
}

function filesText(reading: Reading): string {
  const { outcome } = reading;
  const certsDir = outcome.certsDir ?? "";
  const files = outcome.files.map((file) => {
    const name = file.path.startsWith(`${certsDir}/`) ? file.path.slice(certsDir.length + 1) : file.path;
    return name === "private.key" ? `${name} (${file.mode})` : printable(name);
  });
  return `${tilde(certsDir, reading)}: ${files.join("  ")}`;
}

function servedText({ outcome }: Reading): string {
  const { endpoint } = outcome;
  if (endpoint === null) {
    return outcome.start?.reason === "restart"
      ? "no: the running server does not use it yet"
      : "no server that reads this directory is running";
  }
  const where = `${printable(endpoint.host)}:${endpoint.port}`;
  switch (endpoint.state) {
    case "served": {
      const after = endpoint.milliseconds === null ? "" : `, ${duration(endpoint.milliseconds)} after it was installed`;
      return `by ${where}, seen in a ${printable(endpoint.protocol ?? "TLS")} handshake${after}`;
    }
    case "other-certificate":
      return `no: ${where} serves another certificate (SHA-256 ${endpoint.sha256?.slice(0, 16) ?? "?"}…)`;
    case "plain-http":
      return `no: ${where} speaks plain HTTP`;
    case "unreachable":
      return `no: ${where} cannot be reached`;
    case "not-running":
      return "no server is running";
  }
}

function duration(milliseconds: number): string {
  if (milliseconds < 1) return "less than 1 ms";
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function portOf({ outcome, listenAddress }: Reading): number {
  if (outcome.endpoint !== null) return outcome.endpoint.port;
  const port = Number(listenAddress?.slice(listenAddress.lastIndexOf(":") + 1));
  return Number.isInteger(port) && port > 0 ? port : 9000;
}

/** `~` for the home directory, where that is how a person would write it. */
export function tilde(path: string, { home }: Pick<Reading, "home">): string {
  const shown = home !== null && home !== "/" && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
  return printable(shown, 4096);
}
