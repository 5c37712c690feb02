/** What came of a run, in one value: the only thing that a report sees. */
import { join } from "node:path";
import { startCommand } from "../live/start-command.ts";
import { exitStatus } from "../model/errors.ts";
import type { Finding, Outcome, ReportedFile } from "../model/outcome.ts";
import type { Plan } from "../model/plan.ts";
import type { Request } from "../model/request.ts";
import { shellQuote } from "../model/text.ts";
import type { Observed } from "../plan/observe.ts";
import { octal } from "../tree/write.ts";
import type { Applied } from "./apply.ts";

export function sumUp(
  request: Request,
  plan: Plan,
  observed: Observed,
  applied: Applied,
  findings: Finding[],
): Outcome {
  const { seen } = observed;
  const { certsDir } = seen.target;
  const start = whatToStart(request, observed, applied);
  const pending = [
    ...applied.pending,
    ...plan.notes
      .filter((note) => note.code === "restart-required" || note.code === "not-reached")
      .map((note) => note.message),
  ];
  const failed = findings.some((finding) => !finding.ok);
  return {
    command: request.command,
    kind: request.command === "status" ? "examined" : applied.changed ? "applied" : "unchanged",
    exitStatus: failed ? exitStatus.verificationFailed : pending.length > 0 ? exitStatus.pending : exitStatus.done,
    changed: applied.changed,
    plan,
    certsDir,
    files: filesNow(plan, observed, applied),
    certificate: applied.leaf ?? leafInPlace(seen),
    trustAnchor: trustAnchor(request, observed, applied),
    endpoint:
      applied.endpoints.find((endpoint) => endpoint.state !== "served") ??
      plainEndpoint(request, seen) ??
      applied.endpoints[0] ??
      null,
    steps: applied.steps,
    warnings: [...plan.notes, ...applied.notes, ...applied.pending.map((message) => ({ code: "not-served", message }))],
    errors: [],
    start,
    statusCommand: statusCommand(request, observed),
    findings,
  };
}

function statusCommand(request: Request, { seen, raw }: Observed): string {
  const words = [`${raw.invokedAs} status`];
  if (!raw.isDefaultDir) words.push("--certs-dir", shellQuote(seen.target.certsDir));
  if (!seen.state.isDefault) words.push("--state-dir", shellQuote(request.stateDir));
  return words.join(" ");
}

/** Nothing is proven at a server without TLS: what was seen of it is all there is to say. */
function plainEndpoint(request: Request, seen: Observed["seen"]): Outcome["endpoint"] {
  if (request.endpoint !== null) return null;
  const plain = seen.servers.find(({ live }) => live?.kind === "plain")?.live;
  if (plain == null) return null;
  return { ...plain.endpoint, state: "plain-http", sha256: null, protocol: null, milliseconds: null };
}

function leafInPlace(seen: Observed["seen"]): Outcome["certificate"] {
  const { pair } = seen.target.tree;
  return pair.kind === "whole" ? (pair.chain[0] ?? null) : null;
}

/** What lies in the server's directory now, under the names that the server reads. */
function filesNow(plan: Plan, { seen }: Observed, applied: Applied): ReportedFile[] {
  const { certsDir, tree } = seen.target;
  const done = applied.changed ? plan.actions : [];
  const swap = done.findLast((action) => action.kind === "swap");
  const swappedTo = tree.generations.find(({ name }) => name === swap?.to);
  const current = swap?.to ?? tree.data ?? "";
  /** A mode that this run has repaired. */
  const modeOf = (path: string, mode: number): string => {
    const repair = done.findLast((action) => action.kind === "set-attributes" && action.path === path);
    return octal(repair?.kind === "set-attributes" ? repair.mode : mode);
  };
  const put = applied.files.filter((file) => file.path.startsWith(`${certsDir}/`));
  const outer = (name: "public.crt" | "private.key"): ReportedFile[] => {
    const path = join(certsDir, name);
    const made = put.find((file) => file.path.startsWith(`${certsDir}/..v-`) && file.path.endsWith(`/${name}`));
    if (made !== undefined) return [{ ...made, path }];
    const from = swappedTo ?? tree;
    const entry = name === "public.crt" ? from.publicCrt : from.privateKey;
    const file = entry.kind === "link" ? entry.target : entry;
    if (file.kind !== "file") return [];
    return [{ path, sha256: file.sha256, mode: modeOf(join(certsDir, current, name), file.mode) }];
  };
  const anchors = put.filter((file) => file.path.startsWith(`${certsDir}/CAs/`));
  const present = (tree.authorities?.files ?? []).flatMap(({ name, entry }) => {
    const path = join(certsDir, "CAs", name);
    if (!name.startsWith("cert-setup-") || entry.kind !== "file" || anchors.some((file) => file.path === path))
      return [];
    return [{ path, sha256: entry.sha256, mode: modeOf(path, entry.mode) }];
  });
  return [...outer("public.crt"), ...outer("private.key"), ...present, ...anchors];
}

/** Where those who run this can read it: in CAs, unless that is in another user's directory. */
function trustAnchor(request: Request, { seen, standing }: Observed, applied: Applied): Outcome["trustAnchor"] {
  const leaf = applied.leaf ?? leafInPlace(seen);
  const key = leaf?.authorityKeyIdentifier;
  const id =
    applied.ca ?? seen.authorities.find((one) => key != null && one.certificate.subjectKeyIdentifier === key)?.id;
  if (id !== undefined) {
    const ours = standing.actor.kind === "self" && !standing.handOver;
    const inCAs = join(seen.target.certsDir, "CAs", `cert-setup-${id}.crt`);
    return { path: ours ? inCAs : join(request.stateDir, "ca", id, "ca.crt"), selfSigned: false };
  }
  if (leaf === null || !leaf.selfSigned) return null;
  return { path: join(seen.target.certsDir, "public.crt"), selfSigned: true };
}

function whatToStart(request: Request, { seen, raw }: Observed, applied: Applied): Outcome["start"] {
  const { certsDir } = seen.target;
  const plain = seen.servers.find((server) => server.live?.kind === "plain");
  // One that served this certificate all along is not at fault when another endpoint was asked for.
  const stuck = seen.servers.find(({ live }) => live?.kind === "tls" && live.sha256 !== applied.leaf?.sha256);
  const options = {
    certsDir,
    isDefaultDir: raw.isDefaultDir,
    listenAddress: "listenAddress" in request ? request.listenAddress : null,
  };
  const restart = plain ?? (applied.pending.length > 0 ? stuck : undefined);
  if (restart !== undefined) {
    const server = raw.servers.find(({ pid }) => pid === restart.pid) ?? null;
    return { reason: "restart", pid: restart.pid, command: startCommand({ ...options, server, unit: null }) };
  }
  // Without a pair MinIO would start in plain HTTP.
  if (seen.servers.length > 0 || request.endpoint !== null || applied.leaf === null) return null;
  const unit = raw.unit();
  const ours = unit !== null && unit.certsDir === certsDir ? unit : null;
  return { reason: "not-running", pid: null, command: startCommand({ ...options, server: null, unit: ours }) };
}
