/**
 * The certificate that Go's crypto/tls/generate_cert.go makes (Go 1.25 and later), octet for octet but for what is random.
 * Not what cert-setup would choose: no commonName, the same subject for every key, no authorityKeyIdentifier.
 */
import { createHash, randomBytes } from "node:crypto";
import type { GeneralName } from "../model/names.ts";
import {
  bitString,
  contextConstructed,
  fromOctets,
  objectIdentifier,
  octetsOf,
  once,
  printableString,
  sequence,
  set,
  smallInteger,
  time,
  unsignedInteger,
  type Der,
} from "./der.ts";
import * as extensions from "./extensions.ts";
import { readSubjectPublicKeyInfo } from "./fields.ts";
import type { SigningKey } from "./keys.ts";
import { oids } from "./oids.ts";
import type { Validity } from "./validity.ts";

export interface GoParameters extends Validity {
  key: SigningKey;
  names: readonly GeneralName[];
  ca: boolean;
}

/** DER. Throws RangeError for a time outside of the years 0 to 9999. */
export function issueLikeGo({ key, names, ca, notBefore, notAfter }: GoParameters): Buffer {
  const tbsCertificate = sequence(
    contextConstructed(0, smallInteger(2)),
    // Uniform below 2^128: zero, too, is possible, and its leading zeros go.
    unsignedInteger(randomBytes(16)),
    key.signatureAlgorithm,
    acmeCo(),
    sequence(time(notBefore), time(notAfter)),
    acmeCo(),
    fromOctets(key.spki),
    contextConstructed(3, sequence(...extensionsFor(key, names, ca))),
  );
  const signature = key.sign(octetsOf(tbsCertificate));
  return octetsOf(sequence(tbsCertificate, key.signatureAlgorithm, bitString(signature)));
}

/** In Go's order (crypto/x509, buildCertExtensions). */
function extensionsFor(key: SigningKey, names: readonly GeneralName[], ca: boolean): Der[] {
  const encipherment = key.algorithm.startsWith("RSA") ? (["keyEncipherment"] as const) : [];
  const sorted = [
    ...names.filter(({ type }) => type === "dNSName"),
    ...names.filter(({ type }) => type === "iPAddress"),
  ];
  return [
    extensions.keyUsage("digitalSignature", ...encipherment, ...(ca ? (["keyCertSign"] as const) : [])),
    extensions.serverAuth(),
    ca ? extensions.unboundedBasicConstraints() : extensions.endEntityBasicConstraints(),
    ...(ca ? [extensions.subjectKeyIdentifier(keyIdentifier(key))] : []),
    extensions.subjectAltName(sorted, false),
  ];
}

/** RFC 7093 2, method 1: the leftmost 160 bits of the SHA-256 of the key. Go before 1.25 took the SHA-1. */
function keyIdentifier({ spki }: SigningKey): Buffer {
  return createHash("sha256").update(readSubjectPublicKeyInfo(spki).subjectPublicKey).digest().subarray(0, 20);
}

const acmeCo = once(() => sequence(set(sequence(objectIdentifier(oids.organizationName), printableString("Acme Co")))));
