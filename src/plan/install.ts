/** The plan of the main job: a pure function of what was asked and what is there. */
import { join } from "node:path";
import { longValiditySeconds } from "../model/duration.ts";
import { CertSetupError } from "../model/errors.ts";
import type { Observation } from "../model/observation.ts";
import type { Action, Note, Plan } from "../model/plan.ts";
import type { InstallRequest } from "../model/request.ts";
import { type Authority, chooseAuthority, describeConstraints } from "./authority.ts";
import { attributesWrong, expectation, type Ground, groundOf, layout, linksAreRight, makeTree, modes } from "./pair.ts";
import { cleanUp, place, refuseBroken, refuseUnwritable } from "./placing.ts";
import { days, whyIssue } from "./reasons.ts";
import { type Anchored, identityFor, serve } from "./service.ts";
import { makeState, putAuthority, recordAction, removeLeftOvers } from "./state.ts";

export function planInstall(request: InstallRequest, seen: Observation): Plan {
  const id = planId(seen);
  const ground = groundOf(seen, id);
  refuseBroken(request, seen);
  refuseOutsideOfValidity(request, seen.at);
  const authority = chooseAuthority(request.source, seen);
  const why = whyIssue(request, seen, authority);
  const notes: Note[] = [];
  const issue = why === null ? [] : issueActions(request, authority, why);
  const server = place(ground, why, notes);
  const anchors = authority.kind === "itself" ? [] : putAnchor(ground, authority);
  refuseUnwritable(seen, [...anchors, ...server]);
  const ca = authority.kind === "itself" ? null : authority.id;
  const record = recordAction(request.source, ca, seen, why === null && linksAreRight(seen.target.tree));
  const state = [
    ...removeLeftOvers(seen),
    ...(authority.kind === "new" || record.length > 0 ? makeState(seen, authority.kind === "new") : []),
    ...(authority.kind === "new" ? putAuthority(seen, authority.id) : []),
  ];
  if (authority.kind === "new") notes.push(authorityNote(authority));
  notes.push(...cautions(request, seen, anchors, why !== null));
  const anchored: Anchored = {
    identity: identityFor(request.source.names),
    anchor: authority.kind === "itself" ? { kind: "itself" } : { kind: "ca", id: authority.id },
  };
  const live = serve(request, seen, anchored, why !== null || server.some((action) => action.kind === "swap"), notes);
  return {
    version: 1,
    id,
    command: request.command,
    actions: [
      ...issue,
      ...state,
      ...makeTree(ground),
      ...anchors,
      ...server,
      ...live,
      ...cleanUp(ground, why !== null),
      ...record,
    ],
    notes,
  };
}

/** `20261124T132157Z-1a2b3c4d`: sorts by time. */
export function planId(seen: Pick<Observation, "at" | "nonce">): string {
  const time = new Date(seen.at).toISOString(); // 2026-11-24T13:21:57.000Z
  const [date, clock] = [time.slice(0, 10), time.slice(11, 19)];
  return `${date.split("-").join("")}T${clock.split(":").join("")}Z-${seen.nonce}`;
}

/** A server that serves what is not valid yet, or any more, is refused by all of its clients. */
function refuseOutsideOfValidity({ source }: InstallRequest, at: number): void {
  const { notBefore, validitySeconds } = source;
  if (notBefore === undefined) return;
  const notAfter = notBefore + validitySeconds * 1000;
  if (at >= notBefore && at < notAfter) return;
  const [verb, when] = at < notBefore ? ["begin", notBefore] : ["have ended", notAfter];
  const now = new Date(at).toISOString();
  throw new CertSetupError(
    "start-date-invalid",
    `the certificate would ${verb} on ${new Date(when).toISOString()}, now is ${now}: no client would accept it`,
    { hint: ["give a --start-date in the past and a --duration that lasts, or leave out --start-date"] },
  );
}

function issueActions(request: InstallRequest, authority: Authority, why: string): Action[] {
  const { source } = request;
  const actions: Action[] = [];
  if (authority.kind === "new") {
    actions.push({
      kind: "issue-ca",
      id: authority.id,
      constraints: authority.constraints,
      reason: authority.reason,
    });
  }
  actions.push({ kind: "issue", source, ca: authority.kind === "itself" ? null : authority.id, reason: why });
  actions.push({ kind: "verify", names: source.names, reason: "nothing is installed before it passes" });
  return actions;
}

function authorityNote(authority: Extract<Authority, { kind: "new" }>): Note {
  return {
    code: authority.constraints === null ? "ca-unconstrained" : "ca-constrained",
    message:
      authority.constraints === null
        ? `the new private CA is not constrained: whoever gets its key can sign any name`
        : `the new private CA can sign only ${describeConstraints(authority.constraints)}`,
  };
}

/** What was asked for is done, and has a side that the reader should know. */
function cautions(request: InstallRequest, seen: Observation, anchors: readonly Action[], issues: boolean): Note[] {
  const { keyAlgorithm, validitySeconds } = request.source;
  const notes: Note[] = [];
  if (issues && keyAlgorithm === "Ed25519") {
    notes.push({
      code: "ed25519",
      message: "browsers, NSS, mbedTLS and Java before 15 refuse Ed25519 certificates; P-256 works everywhere",
    });
  }
  if (issues && validitySeconds > longValiditySeconds) {
    notes.push({
      code: "long-validity",
      message: `a certificate for ${days(validitySeconds * 1000)} is longer than public CAs may issue (200 days), and clients may come to refuse it`,
    });
  }
  if (anchors.some((action) => action.kind === "put-file") && seen.servers.length > 0) {
    notes.push({
      code: "ca-at-start",
      message:
        "MinIO reads CAs/ only when it starts: clients can trust the new CA now, the server and its peers after a restart",
    });
  }
  return notes;
}

/** The CA certificate in `CAs/`: without it MinIO does not trust its own peers. MinIO reads it at start only. */
function putAnchor(ground: Ground, authority: Extract<Authority, { kind: "existing" | "new" }>): Action[] {
  const name = `cert-setup-${authority.id}.crt`;
  const path = join(ground.certsDir, layout.authorities, name);
  const present = ground.tree.authorities?.files.find((file) => file.name === name);
  const right =
    authority.kind === "existing" &&
    present?.entry.kind === "file" &&
    present.certificates.length === 1 &&
    present.certificates[0] === authority.state.certificate.sha256;
  if (right && present?.entry.kind === "file") {
    const wrong = attributesWrong(present.entry, modes.certificate, ground.fileOwner);
    if (wrong === null) return [];
    const { fileOwner: owner } = ground;
    return [{ kind: "set-attributes", tree: "server", path, mode: modes.certificate, owner, reason: wrong }];
  }
  return [
    {
      kind: "put-file",
      tree: "server",
      path,
      artifact: "ca-certificate",
      mode: modes.certificate,
      owner: ground.fileOwner,
      expects: present === undefined ? null : expectation(present.entry),
      reason: "the server and its peers trust the CA; read at start",
    },
  ];
}
