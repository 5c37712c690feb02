/** Bringing the pair into service, and the proof: a handshake that trusts nothing but the trust anchor. */
import { handshake, type Handshake } from "../live/handshake.ts";
import { bringIntoService } from "../live/service.ts";
import type { CertificateFacts, Pem } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { ServerState } from "../model/observation.ts";
import type { ReportedEndpoint } from "../model/outcome.ts";
import type { Action, Anchor, Plan } from "../model/plan.ts";
import type { Observed } from "../plan/observe.ts";
import type { Workshop } from "./artifacts.ts";
import { pairToBe } from "./pair-to-be.ts";
import { now, type Watcher } from "./watcher.ts";

export interface ProofContext {
  plan: Plan;
  observed: Observed;
  workshop: Workshop;
  leaf: CertificateFacts | null;
  watcher: Watcher;
  /** Milliseconds from the signal to the first handshake with the new certificate, by `host:port`. */
  elapsed: Map<string, number>;
}

export interface Proof {
  ok: boolean;
  /** The server had its chance and does not take this pair: roll back. Otherwise it has not had it yet. */
  rejected: boolean;
  signalled: boolean;
  problem: string | null;
  /** null: the proof proper comes later in the plan. */
  endpoint: ReportedEndpoint | null;
}

type Bring = Extract<Action, { kind: "bring-into-service" }>;
type Prove = Extract<Action, { kind: "prove" }>;

/** Without a process to signal, a server that polls its links needs 10 s, or 60 s once after its start. */
const patience = 75;

export async function prove(action: Bring | Prove, context: ProofContext): Promise<Proof> {
  return action.kind === "prove" ? proveServed(action, context) : bring(action, context, context.leaf?.sha256 ?? "");
}

export async function bring(action: Bring, context: ProofContext, sha256: string): Promise<Proof> {
  const { plan, observed, watcher } = context;
  const server = observed.seen.servers.find((candidate) => candidate.pid === action.pid);
  const proof = plan.actions.find((other): other is Prove => other.kind === "prove");
  const result = await bringIntoService({
    server: { pid: action.pid, startedAt: action.startedAt, ports: server?.ports ?? [] },
    endpoint: action.endpoint,
    serverName: proof?.identity ?? null,
    trust: null,
    sha256,
    how: action.how,
    onWait: (seconds, bound) => {
      watcher.waiting(waitingFor(server, action), seconds, bound);
      stopIfInterrupted(watcher);
    },
  });
  if (result.served) {
    context.elapsed.set(address(action.endpoint), result.milliseconds);
    return { ok: true, rejected: false, signalled: result.signalled, problem: null, endpoint: null };
  }
  const rejected =
    result.reason === "other-certificate"
      ? action.how === "signal" || server?.reload === "poll"
      : result.reason === "ended" || (result.reason === "unreachable" && result.signalled);
  return { ok: false, rejected, signalled: result.signalled, problem: result.problem, endpoint: null };
}

function stopIfInterrupted(watcher: Watcher): void {
  const status = watcher.interrupted();
  if (status === null) return;
  throw new CertSetupError(status === 130 ? "interrupted" : "terminated", "stopped while waiting for the server", {
    changed: "the new pair is installed; it has not been proven",
    hint: ["$ cert-setup status"],
  });
}

function waitingFor(server: ServerState | undefined, action: Bring): string {
  return `the server (pid ${server?.pid ?? action.pid}) to read its certificate: it looks every 10 s, the first time up to 60 s after its start`;
}

async function proveServed(action: Prove, context: ProofContext): Promise<Proof> {
  const { plan, observed, watcher } = context;
  const { endpoint, identity } = action;
  const wanted = context.leaf?.sha256 ?? "";
  const trust = anchorPem(action.anchor, context);
  const managed = observed.seen.servers.some(
    (server) => server.live !== null && address(server.live.endpoint) === address(endpoint),
  );
  const waits = !managed && plan.actions.some((other) => other.kind === "swap");
  const began = now();
  for (let told = 0; ;) {
    const answer = await handshake({ ...endpoint, serverName: identity, trust, timeoutMilliseconds: 5000 });
    const waited = (now() - began) / 1000;
    const other = answer.kind === "tls" && answer.sha256 !== wanted;
    if (!other || !waits || waited > patience || watcher.interrupted() !== null) {
      const milliseconds = context.elapsed.get(address(endpoint)) ?? null;
      return judge(action, answer, wanted, trust !== null, milliseconds);
    }
    if (Math.floor(waited) > told) {
      told = Math.floor(waited);
      watcher.waiting(`${endpoint.host}:${endpoint.port} to serve the new certificate`, told, patience);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function judge(action: Prove, answer: Handshake, wanted: string, trusted: boolean, milliseconds: number | null): Proof {
  const { endpoint } = action;
  const where = `${endpoint.host}:${endpoint.port}`;
  const proof = (state: ReportedEndpoint["state"], problem: string | null, rejected = false): Proof => ({
    ok: problem === null,
    rejected,
    signalled: false,
    problem,
    endpoint: {
      ...endpoint,
      state,
      sha256: answer.kind === "tls" ? answer.sha256 : null,
      protocol: answer.kind === "tls" ? answer.protocol : null,
      milliseconds,
    },
  });
  switch (answer.kind) {
    case "plain":
      return proof("plain-http", `${where} speaks plain HTTP`);
    case "unreachable":
      return proof("unreachable", `${where} cannot be reached: ${answer.problem}`);
    case "tls":
      if (answer.sha256 !== wanted) {
        return proof(
          "other-certificate",
          `${where} serves ${answer.sha256.slice(0, 16)}…, not ${wanted.slice(0, 16)}…`,
        );
      }
      if (trusted && !answer.authorized) {
        return proof(
          "other-certificate",
          `${where} serves it, but it is not accepted for ${action.identity}: ${answer.authorizationError ?? "?"}`,
          true,
        );
      }
      return proof("served", null);
  }
}

export function anchorPem(anchor: Anchor, { plan, workshop, observed }: ProofContext): Pem[] | null {
  const { seen } = observed;
  if (anchor.kind === "fingerprint") return null;
  if (anchor.kind === "imported") return observed.existing?.trustAnchors ?? null;
  if (anchor.kind === "ca") {
    const pem = workshop.authority?.pem ?? seen.authorities.find((authority) => authority.id === anchor.id)?.pem;
    return pem === undefined ? null : [pem];
  }
  if (workshop.pair !== null) return workshop.pair.trustAnchors;
  const pair = pairToBe(plan, observed);
  return pair?.kind === "whole" ? pair.chainPem.slice(0, 1) : null;
}

function address({ host, port }: { host: string; port: number }): string {
  return `${host}:${port}`;
}
