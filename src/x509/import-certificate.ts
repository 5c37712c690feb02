/** Certificates that others made, with everything that the rules of an import ask for. */
import { X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { readFields, type CertificateFields } from "./fields.ts";
import type { EncodedCertificate } from "./import-items.ts";
import { placeText, refusal, type Place } from "./import-place.ts";
import { readCertificate } from "./read.ts";
import { extensionsOf, type Extensions } from "./read-extensions.ts";

export interface ImportedCertificate {
  place: Place;
  der: Buffer;
  facts: CertificateFacts;
  fields: CertificateFields;
  extensions: Extensions;
  x509: X509Certificate;
}

/** Throws CertSetupError("import-invalid"). */
export function decodeCertificate({ place, der }: EncodedCertificate): ImportedCertificate {
  try {
    const facts = readCertificate(der);
    const fields = readFields(der);
    return { place, der, facts, fields, extensions: extensionsOf(fields.extensions), x509: new X509Certificate(der) };
  } catch (error) {
    const why = error instanceof CertSetupError ? error.message : "OpenSSL cannot decode it";
    throw refusal(place, `the certificate cannot be read: ${printable(why, 200)}`, [
      "take this block out when it is not part of the chain, or ask the CA for the certificate again",
    ]);
  }
}

/** `the certificate of CN=minio.example.net in chain.pem line 3`. */
export function certificateText({ place, facts }: ImportedCertificate): string {
  return `the certificate of ${subjectText(facts.subject)} in ${placeText(place)}`;
}

export function subjectText(subject: string): string {
  return subject === "" ? "(empty subject)" : printable(subject, 120);
}

/** For a hint only: what may have been meant as the host name. */
export function commonNameOf({ x509 }: ImportedCertificate): string | null {
  return /(?:^|\n)CN=([^\n]{1,253})(?:\n|$)/.exec(x509.subject)?.[1] ?? null;
}
