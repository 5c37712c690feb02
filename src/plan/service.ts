/** The last part of every plan: running servers come to serve the pair, and a handshake proves it. */
import type { GeneralName } from "../model/names.ts";
import type { Observation, ServerState } from "../model/observation.ts";
import type { Action, Anchor, Note } from "../model/plan.ts";
import type { Endpoint } from "../model/request.ts";

export interface Anchored {
  /** The name or address that the served certificate has to be valid for. */
  identity: string;
  anchor: Anchor;
}

/** The first name that was given; any name below a wildcard will do. */
export function identityFor(names: readonly GeneralName[]): string {
  const first = names[0]?.value ?? "localhost";
  return first.startsWith("*.") ? `cert-setup${first.slice(1)}` : first;
}

export function serve(
  request: { endpoint: Endpoint | null },
  seen: Observation,
  anchored: Anchored,
  swapped: boolean,
  notes: Note[],
): Action[] {
  const actions = seen.servers.flatMap((server) => bring(server, seen, swapped, notes));
  const endpoints =
    request.endpoint === null
      ? seen.servers.flatMap((server) => (server.live?.kind === "tls" ? [server.live.endpoint] : []))
      : [request.endpoint];
  return [
    ...actions,
    ...endpoints.map((endpoint): Action => ({
      kind: "prove",
      endpoint,
      ...anchored,
      reason: "the served certificate is the installed one",
    })),
  ];
}

function bring(server: ServerState, seen: Observation, swapped: boolean, notes: Note[]): Action[] {
  const name = `the running server (pid ${server.pid})`;
  const { live } = server;
  const { owner } = seen.target;
  if (server.uid !== 0 && server.uid !== owner.uid) {
    notes.push({
      code: "other-user",
      message: `${name} runs as uid ${server.uid}, and the key will be readable by ${owner.name} (uid ${owner.uid}) only: if that server is yours, add --owner ${server.uid}`,
    });
  }
  if (live?.kind === "plain") {
    notes.push({
      code: "restart-required",
      message: `${name} runs without TLS: it reads certificates when it starts, and a signal would end it`,
    });
    return [];
  }
  if (live?.kind !== "tls") {
    notes.push({
      code: "not-reached",
      message: `${name} did not answer${live === null ? "" : ` at ${live.endpoint.host}:${live.endpoint.port}: ${live.problem}`}`,
    });
    return [];
  }
  const { tree } = seen.target;
  const current = tree.pair.kind === "whole" ? tree.pair.chain[0]?.sha256 : undefined;
  if (!swapped && live.sha256 === current) return [];
  const how = server.maySignal ? "signal" : "poll";
  if (how === "poll" && server.reload === "events") {
    notes.push({
      code: "restart-required",
      message: `${name} watches files and not links, and we may not signal it: it has to be restarted once`,
    });
  }
  return [
    {
      kind: "bring-into-service",
      pid: server.pid,
      startedAt: server.startedAt,
      endpoint: live.endpoint,
      how,
      reason:
        how === "signal" ? "one SIGHUP, after a handshake with this very process" : "it reads its links every 10 s",
    },
  ];
}
