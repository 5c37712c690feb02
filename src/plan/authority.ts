/** Which private CA signs: one that exists and may sign every name, or a new one. */
import type { CertificateFacts, NameConstraints } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { AuthorityState, Observation } from "../model/observation.ts";
import { type Anchor, newAuthority } from "../model/plan.ts";
import type { GeneratedSource } from "../model/request.ts";
import { permits } from "../x509/name-constraints.ts";

export type Authority =
  | { kind: "itself" }
  | { kind: "existing"; id: string; state: AuthorityState }
  | { kind: "new"; id: string; constraints: NameConstraints | null; reason: string };

export function chooseAuthority(source: GeneratedSource, seen: Observation): Authority {
  const issuer = source.issuer;
  if (issuer.kind === "itself") return { kind: "itself" };
  const constraints = issuer.constrained ? seen.constraints : null;
  const fresh = (reason: string): Authority => ({ kind: "new", id: newAuthority, constraints, reason });
  if (issuer.another) return fresh("--new-ca");

  const living = seen.authorities.filter((authority) => outlives(authority, source, seen.at));
  if (living.length === 0) {
    return fresh(
      seen.authorities.length === 0
        ? "there is no private CA yet"
        : "every private CA ends before the certificate would",
    );
  }
  const wanted = living.filter((authority) => issuer.constrained || authority.constraints === null);
  if (wanted.length === 0) return fresh("--unconstrained-ca, and every private CA is constrained");
  const refused = (authority: AuthorityState) =>
    source.names.filter((name) => authority.constraints !== null && !permits(authority.constraints, name));
  const able = wanted.filter((authority) => refused(authority).length === 0);
  const current = seen.target.tree.pair.kind === "whole" ? seen.target.tree.pair.chain[0] : undefined;
  const chosen = able.find((authority) => issued(authority, current)) ?? able[0];
  if (chosen !== undefined) return { kind: "existing", id: chosen.id, state: chosen };

  const nearest = wanted.toSorted((a, b) => refused(a).length - refused(b).length)[0] as AuthorityState;
  const outside = refused(nearest).map((name) => name.value);
  throw new CertSetupError(
    "name-not-permitted",
    `the private CA ${nearest.id} may not sign ${outside.join(", ")}: it is constrained to ${describeConstraints(nearest.constraints)}`,
    {
      hint: [
        "make a second constrained CA beside it, for the new names: add --new-ca",
        "or one without constraints, which can then sign any name in the world: add --unconstrained-ca",
        "clients have to trust the new CA as well",
      ],
    },
  );
}

/** A leaf never outlives its issuer; a day is left over for the clocks. */
function outlives(authority: AuthorityState, source: GeneratedSource, at: number): boolean {
  return authority.certificate.notAfter >= at + source.validitySeconds * 1000 && authority.certificate.notBefore <= at;
}

export function issued(
  authority: AuthorityState,
  leaf: { authorityKeyIdentifier: string | null } | undefined,
): boolean {
  const key = authority.certificate.subjectKeyIdentifier;
  return leaf !== undefined && key !== null && leaf.authorityKeyIdentifier === key;
}

/** What a handshake may trust to accept this certificate. */
export function anchorFor(leaf: CertificateFacts | undefined, authorities: readonly AuthorityState[]): Anchor {
  const authority = authorities.find((candidate) => issued(candidate, leaf));
  if (authority !== undefined) return { kind: "ca", id: authority.id };
  return leaf?.selfSigned === true ? { kind: "itself" } : { kind: "fingerprint" };
}

export function describeConstraints(constraints: NameConstraints | null): string {
  if (constraints === null) return "nothing: it can sign any name";
  return [...constraints.dNSName, ...constraints.iPAddress].join(", ");
}
