/** Certificates that others made: what decisions and reports need to know of them. */
import { createHash, X509Certificate } from "node:crypto";
import type { CertificateFacts, Pem } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import { readFields, readSubjectPublicKeyInfo } from "./fields.ts";
import { readPemBlocks } from "./pem.ts";
import { extensionsOf } from "./read-extensions.ts";

/** DER, or PEM text of exactly one CERTIFICATE. Throws CertSetupError("certificate-invalid"). */
export function readCertificate(input: Buffer | Pem): CertificateFacts {
  return readCertificateDer(typeof input === "string" ? onlyCertificate(input) : input);
}

function readCertificateDer(der: Buffer): CertificateFacts {
  const fields = readFields(der);
  const extensions = extensionsOf(fields.extensions);
  const names = distinguishedNames(der);
  const selfIssued = fields.issuer.equals(fields.subject);
  const subjectKeyIdentifier = extensions.subjectKeyIdentifier?.keyIdentifier ?? null;
  const authorityKeyIdentifier = extensions.authorityKeyIdentifier?.keyIdentifier ?? null;
  return {
    sha256: sha256(der),
    spkiSha256: sha256(fields.subjectPublicKeyInfo),
    serialNumber: fields.serialNumber.toString("hex"),
    ...names,
    selfIssued,
    selfSigned: selfIssued && (authorityKeyIdentifier === null || authorityKeyIdentifier === subjectKeyIdentifier),
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    subjectAltName: extensions.subjectAltName?.names ?? [],
    keyAlgorithm: readSubjectPublicKeyInfo(fields.subjectPublicKeyInfo).algorithm,
    ca: extensions.basicConstraints?.ca ?? false,
    subjectKeyIdentifier,
    authorityKeyIdentifier,
  };
}

/** OpenSSL's text, one line; a certificate that OpenSSL refuses is invalid, whatever our own reader makes of it. */
function distinguishedNames(der: Buffer): { subject: string; issuer: string } {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (cause) {
    throw new CertSetupError("certificate-invalid", "not a certificate that OpenSSL can read", { cause });
  }
  const oneLine = (name: string | undefined): string => (name ?? "").split("\n").join(", ");
  return { subject: oneLine(certificate.subject), issuer: oneLine(certificate.issuer) };
}

function onlyCertificate(pem: Pem): Buffer {
  const blocks = readPemBlocks(pem);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1 || block.label !== "CERTIFICATE") {
    const found = blocks.map(({ label }) => label).join(", ");
    throw new CertSetupError("certificate-invalid", `expected one PEM block CERTIFICATE, found ${found || "none"}`);
  }
  return block.der;
}

function sha256(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}
