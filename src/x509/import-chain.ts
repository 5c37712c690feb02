/** From a heap of certificates to one path: end entity, intermediates in order, and the root apart (RFC 8446 4.4.2). */
import type { Note } from "../model/plan.ts";
import { certificateText, subjectText, type ImportedCertificate } from "./import-certificate.ts";
import { keyProblem } from "./import-key-rules.ts";
import { refusal } from "./import-place.ts";
import { assertFitForChain } from "./import-rules.ts";

/** Intermediates; Java follows 10, OpenSSL 100. */
const longestChain = 16;

export interface ImportedChain {
  /** End entity first; without the root, unless the end entity is its own issuer. */
  chain: ImportedCertificate[];
  root: ImportedCertificate | null;
  notes: Note[];
}

/** Throws CertSetupError("import-invalid") for an issuer that no client would accept. `at`: milliseconds since the epoch. */
export function buildChain(leaf: ImportedCertificate, heap: readonly ImportedCertificate[], at: number): ImportedChain {
  const chain = [leaf];
  let root = isItsOwnIssuer(leaf) ? leaf : null;
  for (let signed = leaf; root === null;) {
    const issuer = bestIssuer(signed, heap, chain, at);
    if (issuer === null) break;
    if (isItsOwnIssuer(issuer)) root = issuer;
    else {
      assertFitForChain(issuer, at);
      chain.push(issuer);
      if (chain.length > longestChain + 1) {
        throw refusal(issuer.place, `the chain has more than ${longestChain} intermediate certificates`);
      }
    }
    assertPathLength(issuer, chain.length - (root === null ? 2 : 1));
    signed = issuer;
  }
  return { chain, root, notes: notesOn(chain, root, heap, at) };
}

/** `below`: how many intermediates stand between the end entity and this issuer (RFC 5280 4.2.1.9). */
function assertPathLength(issuer: ImportedCertificate, below: number): void {
  const most = issuer.extensions.basicConstraints?.pathLenConstraint ?? null;
  if (most === null || below <= most) return;
  const what = `allows ${most} intermediate certificates below it (pathLenConstraint), and there are ${below}`;
  throw refusal(issuer.place, `the certificate of ${subjectText(issuer.facts.subject)} ${what}`, [
    "have the certificate issued by a CA that may have this one below it",
  ]);
}

/** Of several (a root and its cross-signed double), one that is valid now, then one that ends the path. */
function bestIssuer(
  signed: ImportedCertificate,
  heap: readonly ImportedCertificate[],
  chain: readonly ImportedCertificate[],
  at: number,
): ImportedCertificate | null {
  const issuers = heap.filter((candidate) => !chain.includes(candidate) && issued(signed, candidate));
  const rank = (candidate: ImportedCertificate): number =>
    (at >= candidate.facts.notBefore && at < candidate.facts.notAfter ? 0 : 2) + (isItsOwnIssuer(candidate) ? 0 : 1);
  return issuers.sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

/** Names octet for octet, as Go compares them; then what OpenSSL says of identifiers and usages; then the signature. */
function issued(signed: ImportedCertificate, issuer: ImportedCertificate): boolean {
  if (!signed.fields.issuer.equals(issuer.fields.subject)) return false;
  const wanted = signed.facts.authorityKeyIdentifier;
  const has = issuer.facts.subjectKeyIdentifier;
  if (wanted !== null && has !== null && wanted !== has) return false;
  // A key with parameters of its own making is not one to compute with.
  if (keyProblem(issuer.facts.keyAlgorithm) !== null) return false;
  return signed.x509.checkIssued(issuer.x509) && verifies(signed, issuer);
}

function verifies(signed: ImportedCertificate, issuer: ImportedCertificate): boolean {
  try {
    return signed.x509.verify(issuer.x509.publicKey);
  } catch {
    return false;
  }
}

function isItsOwnIssuer(certificate: ImportedCertificate): boolean {
  return certificate.facts.selfIssued && verifies(certificate, certificate);
}

function notesOn(
  chain: readonly ImportedCertificate[],
  root: ImportedCertificate | null,
  heap: readonly ImportedCertificate[],
  at: number,
): Note[] {
  const notes: Note[] = [];
  const last = chain.at(-1);
  if (root === null && last !== undefined) {
    const issuer = subjectText(last.facts.issuer);
    notes.push({
      code: "chain-incomplete",
      message: `${certificateText(last)} is issued by ${issuer}, which is not among the files: clients must know this issuer`,
    });
  }
  if (root !== null && root !== last && (at >= root.facts.notAfter || at < root.facts.notBefore)) {
    notes.push({
      code: "root-expired",
      message: `${certificateText(root)}, the root, is not valid now: clients refuse it`,
    });
  }
  for (const certificate of heap) {
    if (chain.includes(certificate) || certificate === root) continue;
    const message = `${certificateText(certificate)} is not part of the chain and is left out`;
    notes.push({ code: "unrelated-certificate", message });
  }
  return notes;
}
