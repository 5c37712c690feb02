/** A pair that somebody else made: read from files, checked as MinIO and its clients will check it, put into one form. */
import { sign, verify } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { CertificateFacts, CertifiedKey } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { Note } from "../model/plan.ts";
import { printable } from "../model/text.ts";
import { buildChain } from "../x509/import-chain.ts";
import { decodeCertificate, subjectText, type ImportedCertificate } from "../x509/import-certificate.ts";
import { decodeKey, keyText, type ImportedKey } from "../x509/import-key.ts";
import { placeText, refusal } from "../x509/import-place.ts";
import { assertFitForServer, remarks } from "../x509/import-rules.ts";
import { encodePem } from "../x509/pem.ts";
import { changedJustNow, gather, type ExistingFiles, type Gathered } from "./existing-files.ts";

export { readPassphrase, type ExistingFiles } from "./existing-files.ts";

export interface ExistingPair extends CertifiedKey {
  /** Of the certificates of `certificateChain`, in its order. */
  facts: CertificateFacts[];
  notes: Note[];
}

/** certbot exchanges four links one after the other: who reads in between gets the key of another certificate. */
const renewalMs = 150;
const attempts = 5;

/** Throws CertSetupError: "import-invalid", "passphrase-needed", "passphrase-wrong". */
export async function readExisting(files: ExistingFiles): Promise<ExistingPair> {
  for (let attempt = 1; ; attempt += 1) {
    let gathered: Gathered | null = null;
    try {
      gathered = await gather(files);
      return assemble(gathered, files);
    } catch (error) {
      const invalid = error instanceof CertSetupError && error.code === "import-invalid";
      if (!invalid || attempt === attempts || !changedJustNow(files)) throw error;
      await setTimeout(renewalMs);
      const again = await gather(files).catch(() => null);
      if (again?.fingerprint === gathered?.fingerprint) throw error;
    }
  }
}

/** The pair that is in what was read. Throws as readExisting does. */
export function assemble(
  { items, notes, names }: Gathered,
  { passphrase, at }: Pick<ExistingFiles, "passphrase" | "at">,
): ExistingPair {
  const encodedKeys = items.filter((item) => item.kind === "key");
  const heap = unique(
    items.filter((item) => item.kind === "certificate").map(decodeCertificate),
    ({ facts }) => facts.sha256,
  );
  if (heap.length === 0) throw noCertificate(names, items);
  if (encodedKeys.length === 0) throw noKey(names, heap);
  const keys = unique(
    encodedKeys.map((key) => decodeKey(key, passphrase)),
    ({ spkiSha256 }) => spkiSha256,
  );
  const [key, other] = keys;
  if (key === undefined) throw noKey(names, heap);
  if (other !== undefined) throw severalKeys(keys);
  const { leaf, others } = chooseLeaf(key, heap, at);
  assertFitForServer(leaf, at);
  assertBelongs(key, leaf);
  const rest = heap.filter((certificate) => certificate !== leaf && !others.includes(certificate));
  const { chain, root, notes: remarksOnChain } = buildChain(leaf, rest, at);
  const pem = ({ der }: ImportedCertificate): string => encodePem("CERTIFICATE", der);
  return {
    certificateChain: chain.map(pem),
    privateKey: key.privateKey,
    trustAnchors: root === null ? [] : [pem(root)],
    facts: chain.map(({ facts }) => facts),
    notes: [...notes, ...others.map(olderNote), ...remarks(leaf), ...remarksOnChain],
  };
}

/** The certificates over this key; of several the one that is good for longest from now. */
function chooseLeaf(
  key: ImportedKey,
  heap: readonly ImportedCertificate[],
  at: number,
): { leaf: ImportedCertificate; others: ImportedCertificate[] } {
  const rank = ({ facts }: ImportedCertificate): number =>
    (facts.ca ? 0 : 2) + (at >= facts.notBefore && at < facts.notAfter ? 1 : 0);
  const [leaf, ...others] = heap
    .filter(({ facts }) => facts.spkiSha256 === key.spkiSha256)
    .sort((a, b) => rank(b) - rank(a) || b.facts.notAfter - a.facts.notAfter);
  if (leaf === undefined) throw foreignKey(key, heap);
  return { leaf, others };
}

function olderNote({ place, facts }: ImportedCertificate): Note {
  const subject = subjectText(facts.subject);
  return {
    code: "unrelated-certificate",
    message: `${placeText(place)}: another certificate for the same key (${subject}) is left out`,
  };
}

/** Equal public keys are not enough: the private part may be damaged. What it signs, the certificate has to verify. */
function assertBelongs(key: ImportedKey, leaf: ImportedCertificate): void {
  const message = Buffer.from("cert-setup: does this key belong to this certificate?");
  const hash = key.algorithm === "Ed25519" ? null : "sha256";
  let same: boolean;
  try {
    same = verify(hash, message, leaf.x509.publicKey, sign(hash, message, key.key));
  } catch {
    same = false;
  }
  if (same) return;
  throw refusal(key.place, "the private key is damaged: its signatures do not verify with its own public key", [
    "take the key from where it was made",
  ]);
}

function foreignKey(key: ImportedKey, heap: readonly ImportedCertificate[]): Error {
  const shown = heap.slice(0, 3).map(({ place, facts }) => {
    return `${placeText(place)} ${subjectText(facts.subject)} (public key SHA-256 ${facts.spkiSha256})`;
  });
  const more = heap.length > shown.length ? `; and ${heap.length - shown.length} more` : "";
  return new CertSetupError(
    "import-invalid",
    `${keyText(key)} belongs to no certificate that is given: ${shown.join("; ")}${more}`,
    { hint: ["give the key that the certificate was requested with, or the certificate for this key"] },
  );
}

function severalKeys(keys: readonly ImportedKey[]): Error {
  const places = keys
    .slice(0, 4)
    .map(({ place, spkiSha256 }) => `${placeText(place)} (public key SHA-256 ${spkiSha256})`);
  return new CertSetupError("import-invalid", `${keys.length} private keys are given: ${places.join("; ")}`, {
    hint: ["give one pair at a time: take the other keys out"],
  });
}

function noKey(names: readonly string[], heap: readonly ImportedCertificate[]): Error {
  const subject =
    heap[0] === undefined ? "" : `; the first certificate is that of ${subjectText(heap[0].facts.subject)}`;
  return new CertSetupError("import-invalid", `no private key is in ${list(names)}${subject}`, {
    hint: ["give the file of the key, too: --key F"],
  });
}

function noCertificate(names: readonly string[], items: Gathered["items"]): Error {
  const request = items.some((item) => item.kind === "other" && item.label.endsWith("CERTIFICATE REQUEST"));
  const what = request ? "; a certificate request is there, which a CA has to make a certificate of" : "";
  return new CertSetupError("import-invalid", `no certificate is in ${list(names)}${what}`, {
    hint: ["give the file of the certificate, too: --cert F"],
  });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "the files: none is given" : names.map((name) => printable(name, 200)).join(", ");
}

/** Keeps the first of those that are the same. */
function unique<T>(list: readonly T[], by: (element: T) => string): T[] {
  const seen = new Set<string>();
  return list.filter((element) => !seen.has(by(element)) && seen.add(by(element)));
}
