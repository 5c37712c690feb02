/** What `status` says of an installation: each line what was expected, what is, and how to mend it. Pure. */
import { join } from "node:path";
import type { GeneralName } from "../model/names.ts";
import type { Observation } from "../model/observation.ts";
import type { Finding } from "../model/outcome.ts";
import type { Note, Plan } from "../model/plan.ts";
import type { SourceSpec, StatusRequest } from "../model/request.ts";
import { anchorFor, issued } from "./authority.ts";
import { commandAgain } from "./command-again.ts";
import { planId } from "./install.ts";
import {
  attributesWrong,
  currentGeneration,
  groundOf,
  layout,
  linksAreRight,
  modes,
  repairAttributes,
} from "./pair.ts";
import { days, isDue } from "./reasons.ts";
import { identityFor, serve } from "./service.ts";

/** Only proofs: looking changes nothing. */
export function planStatus(request: StatusRequest, seen: Observation): Plan {
  const { pair } = seen.target.tree;
  const leaf = pair.kind === "whole" ? pair.chain[0] : undefined;
  const anchor = anchorFor(leaf, seen.authorities);
  const wanted = namesOf(seen.record.present?.value.source) ?? leaf?.subjectAltName ?? [];
  const notes: Note[] = [];
  const actions =
    leaf === undefined ? [] : serve(request, seen, { identity: identityFor(wanted), anchor }, false, notes);
  return {
    version: 1,
    id: planId(seen),
    command: "status",
    actions: actions.filter((action) => action.kind === "prove"),
    notes,
  };
}

export function examine(seen: Observation): Finding[] {
  const { certsDir, tree } = seen.target;
  const findings: Finding[] = [];
  const say = (id: string, ok: boolean, message: string, fix: string | null = null) =>
    findings.push({ id, ok, message, fix: ok ? null : fix });
  const again = commandAgain(seen);

  if (tree.pair.kind === "none") {
    say("pair", false, `no certificate is installed in ${certsDir}`, again ?? "cert-setup --host NAME");
    return findings;
  }
  if (tree.pair.kind === "broken") {
    say(
      "pair",
      false,
      `the pair in ${certsDir} is broken: ${tree.pair.problem}`,
      `${again ?? "cert-setup --host NAME"} --force`,
    );
    return findings;
  }
  say("pair", true, "public.crt and private.key belong together, and MinIO can start with them");
  const leaf = tree.pair.chain[0];
  if (leaf !== undefined) {
    const authority = seen.authorities.find((candidate) => issued(candidate, leaf));
    const left = leaf.notAfter - seen.at;
    const until = new Date(leaf.notAfter).toISOString().slice(0, 10);
    if (left <= 0) say("validity", false, `the certificate ended on ${until}`, again);
    else if (leaf.notBefore > seen.at)
      say(
        "validity",
        false,
        `the certificate is valid from ${new Date(leaf.notBefore).toISOString()} on`,
        "check the clock",
      );
    else say("validity", true, `${days(left)} left, until ${until}${isDue(leaf, seen.at) ? ": due for renewal" : ""}`);
    if (authority !== undefined) {
      anchorFindings(seen, authority.id, authority.certificate.sha256, say, again);
    }
  }

  const { present } = seen.record;
  if (present === null) {
    say("record", false, "cert-setup did not install this pair, or its state directory is another", again);
    return findings;
  }
  const current = currentGeneration(tree);
  say(
    "links",
    linksAreRight(tree) && current !== undefined,
    linksAreRight(tree)
      ? "public.crt and private.key lead into ..data"
      : "public.crt and private.key are not the links they were",
    again,
  );
  if (current !== undefined) {
    const bytes = driftOfBytes(present.value, current);
    say(
      "bytes",
      bytes.length === 0,
      bytes.length === 0
        ? "both files are as they were installed"
        : `changed since they were installed: ${bytes.join(", ")}`,
      again === null ? null : `${again} --force`,
    );
    const wrong = repairAttributes(groundOf(seen, "")).actions;
    const what = wrong.flatMap((action) =>
      action.kind === "set-attributes" ? [`${action.path}: ${action.reason}`] : [],
    );
    say(
      "attributes",
      wrong.length === 0,
      wrong.length === 0 ? `owner ${seen.target.owner.name}, key 0600, certificate 0644` : what.join("; "),
      again,
    );
  }
  return findings;
}

function anchorFindings(
  seen: Observation,
  id: string,
  sha256: string,
  say: (id: string, ok: boolean, message: string, fix?: string | null) => void,
  again: string | null,
): void {
  const name = `cert-setup-${id}.crt`;
  const path = join(seen.target.certsDir, layout.authorities, name);
  const file = seen.target.tree.authorities?.files.find((candidate) => candidate.name === name);
  if (file === undefined) say("ca", false, `${path} is missing: the server's peers do not trust its CA`, again);
  else if (file.entry.kind !== "file" || file.certificates[0] !== sha256)
    say("ca", false, `${path} is not the certificate of the CA`, again);
  else {
    const wrong = attributesWrong(file.entry, modes.certificate, groundOf(seen, "").fileOwner);
    say(
      "ca",
      wrong === null,
      wrong === null ? `the private CA ${id} is in ${layout.authorities}/` : `${path}: ${wrong}`,
      again,
    );
  }
}

function driftOfBytes(
  record: NonNullable<Observation["record"]["present"]>["value"],
  current: { publicCrt: { kind: string; sha256?: string }; privateKey: { kind: string; sha256?: string } },
): string[] {
  const drift: string[] = [];
  if (current.publicCrt.sha256 !== record.publicCrtSha256) drift.push("public.crt");
  if (current.privateKey.sha256 !== record.privateKeySha256) drift.push("private.key");
  return drift;
}

function namesOf(source: SourceSpec | undefined): GeneralName[] | undefined {
  return source?.kind === "generated" ? source.names : undefined;
}
