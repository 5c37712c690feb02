import type { Pem } from "../model/certified-key.ts";
import { systemReason } from "../model/errors.ts";
import { handshake, type Handshake, type TlsHandshake } from "./handshake.ts";
import { startTime } from "./proc.ts";
import { reachableAddress, soleListener } from "./sockets.ts";

export interface ServiceOptions {
  server: { pid: number; startedAt: string; ports: readonly number[] };
  /** Where to look while waiting. Before a signal it only says which port: the connection goes to the process itself. */
  endpoint: { host: string; port: number };
  /** SNI: with several certificates a server chooses by it. */
  serverName: string | null;
  trust: readonly Pem[] | null;
  /** SHA-256 of the end entity certificate to be served, lower-case hex. */
  sha256: string;
  how: "signal" | "poll";
  /** Called about once a second with the seconds waited and the most that will be. */
  onWait?: (seconds: number, bound: number) => void;
  /** Default: 5 s after a signal; 75 s without (a server polls after 10 s, or once 60 s after its start). */
  boundMilliseconds?: number;
}

export type ServiceResult =
  | {
      served: true;
      /** From the signal, or from the call, to the end of the handshake that showed the certificate. */
      milliseconds: number;
      /** Whether a signal was sent: not when the certificate was served already. */
      signalled: boolean;
      handshake: TlsHandshake;
    }
  | {
      served: false;
      /** `refused`: no signal was sent, because it might have hit or killed the wrong process; the others say what came. */
      reason: "refused" | "plain" | "unreachable" | "ended" | "other-certificate";
      problem: string;
      signalled: boolean;
      /** SHA-256 of the certificate that is served instead; null: none. */
      stillServed: string | null;
    };

/**
 * Makes a running server serve the pair that was just installed, and waits until it does. Never throws.
 *
 * SIGHUP makes MinIO read its pair again, but kills a MinIO that has no TLS or has not loaded its certificates yet
 * (minio cmd/server-main.go registers the handler in getTLSConfig, before the listener). A TLS handshake with that very
 * process is therefore the only proof that the signal is safe; after it, exactly one is sent.
 */
export async function bringIntoService(options: ServiceOptions): Promise<ServiceResult> {
  const began = performance.now();
  if (options.how === "poll") return waitForLeaf(options, options.endpoint, began, false);

  const guard = findOwn(options);
  if (typeof guard === "string") return refused(guard);
  const before = await look(options, guard, 2000);
  if (before.kind !== "tls") return failure(options, before, false);
  if (before.sha256 === options.sha256) return { served: true, milliseconds: 0, signalled: false, handshake: before };

  // Nothing but system calls between this look and the signal: the pid cannot have been reused meanwhile in practice.
  const again = findOwn(options);
  if (typeof again === "string") return refused(again);
  const signalledAt = performance.now();
  try {
    process.kill(options.server.pid, "SIGHUP");
  } catch (error) {
    return refused(`cannot signal process ${options.server.pid}: ${systemReason(error)}`);
  }
  return waitForLeaf(options, guard, signalledAt, true);
}

type Place = { host: string; port: number };

/** Where to reach exactly this process, or why that is not possible. */
function findOwn({ server, endpoint }: ServiceOptions): Place | string {
  const startedAt = startTime(server.pid);
  if (startedAt === null) return `process ${server.pid} has ended`;
  if (startedAt !== server.startedAt) return `process ${server.pid} is another one now than the server that was found`;
  for (const port of new Set([endpoint.port, ...server.ports])) {
    const listener = soleListener(server.pid, port);
    if (listener !== null) return { host: reachableAddress(listener), port };
  }
  return `process ${server.pid} cannot be seen to listen, and alone, on port ${endpoint.port}`;
}

/** Close together at first, because a signal is answered in milliseconds; a poll is looked for four times a second. */
function pause(round: number, signalled: boolean): number {
  return signalled ? Math.min(2 ** round, 20) : 250;
}

async function waitForLeaf(
  options: ServiceOptions,
  place: Place,
  from: number,
  signalled: boolean,
): Promise<ServiceResult> {
  const bound = options.boundMilliseconds ?? (signalled ? 5000 : 75_000);
  let told = 0;
  for (let round = 0; ; round++) {
    const left = bound - (performance.now() - from);
    const last = await look(options, place, Math.min(2000, Math.max(left, 100)));
    const waited = performance.now() - from;
    if (last.kind === "tls" && last.sha256 === options.sha256) {
      return { served: true, milliseconds: waited, signalled, handshake: last };
    }
    // A server without TLS never changes its mind, and one that has ended serves nothing any more.
    const ended = startTime(options.server.pid) !== options.server.startedAt;
    if (ended || last.kind === "plain" || waited >= bound) return failure(options, last, signalled);
    if (Math.floor(waited / 1000) > told) {
      told = Math.floor(waited / 1000);
      options.onWait?.(told, Math.ceil(bound / 1000));
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause(round, signalled), bound - waited)));
  }
}

function look({ serverName, trust }: ServiceOptions, place: Place, timeoutMilliseconds: number): Promise<Handshake> {
  return handshake({ ...place, serverName, trust, timeoutMilliseconds: Math.ceil(timeoutMilliseconds) });
}

function refused(problem: string): ServiceResult {
  return { served: false, reason: "refused", problem, signalled: false, stillServed: null };
}

function failure({ server, sha256 }: ServiceOptions, last: Handshake, signalled: boolean): ServiceResult {
  const common = { served: false, signalled, stillServed: last.kind === "tls" ? last.sha256 : null } as const;
  if (startTime(server.pid) !== server.startedAt) {
    return { ...common, reason: "ended", problem: `process ${server.pid} has ended` };
  }
  switch (last.kind) {
    case "plain":
      return {
        ...common,
        reason: "plain",
        problem: `process ${server.pid} speaks plain HTTP, it was started without TLS`,
      };
    case "unreachable":
      return { ...common, reason: "unreachable", problem: last.problem };
    case "tls":
      return { ...common, reason: "other-certificate", problem: `${last.sha256} is served instead of ${sha256}` };
  }
}
