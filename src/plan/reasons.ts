/** Why a new certificate is needed, in words for the plan; null when the one in place does all that was asked. */
import type { CertificateFacts, KeyAlgorithm } from "../model/certified-key.ts";
import type { GeneralName } from "../model/names.ts";
import type { Observation } from "../model/observation.ts";
import type { InstallRequest } from "../model/request.ts";
import { type Authority, issued } from "./authority.ts";

const day = 86_400_000;

export function whyIssue(request: InstallRequest, seen: Observation, authority: Authority): string | null {
  const pair = seen.target.tree.pair;
  if (pair.kind === "none") return "no certificate is installed";
  if (pair.kind === "broken") return `the pair in place is broken: ${pair.problem}`;
  const leaf = pair.chain[0];
  if (leaf === undefined) return "public.crt holds no certificate";
  if (request.force) return "--force";
  if (authority.kind === "new") return `a new private CA: ${authority.reason}`;
  if (authority.kind === "itself" ? !ownIssuer(leaf) : !issued(authority.state, leaf)) {
    return `the certificate in place comes from another issuer: ${leaf.issuer || "(empty)"}`;
  }
  const names = differenceOfNames(request.source.names, leaf.subjectAltName);
  if (names !== null) return `the names change: ${names}`;
  const { keyAlgorithm, validitySeconds, notBefore } = request.source;
  if (!sameAlgorithm(leaf.keyAlgorithm, keyAlgorithm))
    return `the key becomes ${keyAlgorithm}, it is ${leaf.keyAlgorithm}`;
  const lifetime = (leaf.notAfter - leaf.notBefore) / 1000;
  if (Math.abs(lifetime - validitySeconds) > backdated + 60) {
    return `the validity becomes ${days(validitySeconds * 1000)}, it is ${days(lifetime * 1000)}`;
  }
  if (notBefore !== undefined && leaf.notBefore !== notBefore) {
    return `it is to be valid from ${date(notBefore)}, not from ${date(leaf.notBefore)}`;
  }
  const left = leaf.notAfter - seen.at;
  if (left <= 0) return `it ended ${days(-left)} ago`;
  // From the same day on for as long: another one would end on the same day.
  if (notBefore !== undefined) return null;
  return isDue(leaf, seen.at) ? `it ends in ${days(left)}` : null;
}

/** notBefore lies this far back, in seconds, for clients whose clock is slow. */
const backdated = 3600;

function ownIssuer(leaf: CertificateFacts): boolean {
  return leaf.selfSigned && !leaf.ca;
}

/** Due when two thirds of the lifetime have gone by, half of it for less than ten days (as certbot 5 and lego do). */
export function isDue(leaf: CertificateFacts, at: number): boolean {
  const lifetime = leaf.notAfter - leaf.notBefore;
  return leaf.notAfter - at < lifetime * (lifetime < 10 * day ? 1 / 2 : 1 / 3);
}

function date(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

function differenceOfNames(wanted: readonly GeneralName[], present: readonly GeneralName[]): string | null {
  const key = (name: GeneralName) => `${name.type} ${name.value}`;
  const has = new Set(present.map(key));
  const wants = new Set(wanted.map(key));
  const difference = [
    ...wanted.filter((name) => !has.has(key(name))).map((name) => `+${name.value}`),
    ...present.filter((name) => !wants.has(key(name))).map((name) => `-${name.value}`),
  ];
  return difference.length === 0 ? null : difference.join(" ");
}

function sameAlgorithm(present: string, wanted: KeyAlgorithm): boolean {
  return present.toLowerCase() === wanted.toLowerCase();
}

export function days(milliseconds: number): string {
  const whole = Math.floor(milliseconds / day);
  if (whole >= 1) return `${whole} ${whole === 1 ? "day" : "days"}`;
  return `${Math.max(0, Math.floor(milliseconds / 3_600_000))} h`;
}
