/** Certificates (RFC 5280 4.1) that cert-setup issues: a root, a server's end entity certificate under it or by itself. */
import { createHash, randomBytes } from "node:crypto";
import type { NameConstraints } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { GeneralName } from "../model/names.ts";
import {
  bitString,
  contextConstructed,
  fromOctets,
  objectIdentifier,
  octetsOf,
  once,
  sequence,
  set,
  smallInteger,
  time,
  unsignedInteger,
  utf8String,
  type Der,
} from "./der.ts";
import * as extensions from "./extensions.ts";
import { readFields } from "./fields.ts";
import type { SigningKey } from "./keys.ts";
import { nameConstraintsOf, notPermitted } from "./name-constraints.ts";
import { oids } from "./oids.ts";
import { extensionsOf } from "./read-extensions.ts";
import { assertClock, assertWithin, type Validity } from "./validity.ts";

export interface RootParameters extends Validity {
  key: SigningKey;
  /** null: a root that may certify every name there is. */
  constraints: NameConstraints | null;
}

export interface EndEntityParameters extends Validity {
  key: SigningKey;
  /** At least one; the first dNSName becomes the commonName where it fits. */
  names: readonly GeneralName[];
}

export interface Issuer {
  /** DER. */
  certificate: Buffer;
  key: SigningKey;
}

/** The DER of a self-signed CA certificate, pathLenConstraint 0. */
export function issueRoot({ key, constraints, ...validity }: RootParameters): Buffer {
  const name = distinguishedName(organization(), attribute(oids.commonName, rootCommonName(key)));
  return certify({
    ...validity,
    subject: name,
    subjectKey: key,
    issuer: name,
    issuerKey: key,
    extensions: [
      extensions.rootBasicConstraints(),
      extensions.rootKeyUsage(),
      extensions.subjectKeyIdentifier(key.keyIdentifier),
      ...(constraints === null ? [] : [extensions.nameConstraints(constraints)]),
    ],
  });
}

/** `cert-setup CA 1a2b3c4d`: two roots with one name and different keys would break path building. */
export function rootCommonName(key: SigningKey): string {
  return `cert-setup CA ${keyId(key)}`;
}

/** First 8 hex digits of the SHA-256 of the SubjectPublicKeyInfo. */
export function keyId(key: SigningKey): string {
  return createHash("sha256").update(key.spki).digest("hex").slice(0, 8);
}

/**
 * The DER of a server's certificate. Throws CertSetupError: "ca-broken" for an issuer that cannot issue it, "ca-expires"
 * when it would outlive its issuer, "name-not-permitted" for names outside the issuer's name constraints.
 */
export function issueLeaf({ key, names, issuer, ...validity }: EndEntityParameters & { issuer: Issuer }): Buffer {
  const authority = readAuthority(issuer);
  assertWithin(validity, authority);
  const outside = notPermitted(authority.constraints, names);
  if (outside.length > 0) {
    const list = outside.map(({ value }) => value).join(", ");
    throw new CertSetupError("name-not-permitted", `the name constraints of the CA do not permit ${list}`, {
      hint: ["use --new-ca for one more CA, or --unconstrained-ca for one that may certify every name"],
    });
  }
  return certify({
    ...validity,
    ...endEntity(key, names, emptyName()),
    issuer: authority.subject,
    issuerKey: issuer.key,
    authorityKeyIdentifier: authority.keyIdentifier,
  });
}

/** The DER of a server's certificate that is its own issuer, yet no CA: the client that trusts it trusts nothing else. */
export function issueSelfSigned({ key, names, ...validity }: EndEntityParameters): Buffer {
  // An issuer must not be empty (RFC 5280 4.1.2.4).
  const unnamed = distinguishedName(
    organization(),
    attribute(oids.organizationalUnitName, `self-signed ${keyId(key)}`),
  );
  const subject = endEntity(key, names, unnamed);
  return certify({
    ...validity,
    ...subject,
    issuer: subject.subject,
    issuerKey: key,
    // mc's first use offers trust only where this equals the subjectKeyIdentifier or both are absent (mc cmd/tofu.go).
    authorityKeyIdentifier: key.keyIdentifier,
  });
}

interface Authority extends Validity {
  subject: Der;
  keyIdentifier: Buffer;
  constraints: NameConstraints | null;
}

/** One CA issues many: what was read of its certificate is kept for as long as the certificate's octets are. */
const authorities = once(() => new WeakMap<Buffer, Authority & { spki: Buffer }>());

function readAuthority({ certificate, key }: Issuer): Authority {
  let authority = authorities().get(certificate);
  if (authority === undefined) {
    const { subject, subjectPublicKeyInfo: spki, notBefore, notAfter, ...fields } = readFields(certificate);
    const { basicConstraints, subjectKeyIdentifier, nameConstraints } = extensionsOf(fields.extensions);
    if (basicConstraints?.ca !== true) throw new CertSetupError("ca-broken", "the CA certificate is not that of a CA");
    authority = {
      subject: fromOctets(subject),
      keyIdentifier:
        subjectKeyIdentifier === null ? key.keyIdentifier : Buffer.from(subjectKeyIdentifier.keyIdentifier, "hex"),
      constraints: nameConstraintsOf(nameConstraints),
      spki,
      notBefore,
      notAfter,
    };
    authorities().set(certificate, authority);
  }
  if (!authority.spki.equals(key.spki)) {
    throw new CertSetupError("ca-broken", "the CA certificate and the CA private key do not belong together");
  }
  return authority;
}

interface EndEntity {
  subject: Der;
  subjectKey: SigningKey;
  extensions: Der[];
}

/** `unnamed`: the subject when no dNSName fits into commonName. */
function endEntity(key: SigningKey, names: readonly GeneralName[], unnamed: Der): EndEntity {
  if (names.length === 0) throw new RangeError("a certificate without names");
  const first = names.find(({ type }) => type === "dNSName")?.value;
  // ub-common-name is 64 (RFC 5280 A.1).
  const fits = first !== undefined && first.length <= 64;
  const subject = fits ? distinguishedName(attribute(oids.commonName, first)) : unnamed;
  return {
    subject,
    subjectKey: key,
    extensions: [
      extensions.endEntityBasicConstraints(),
      key.algorithm.startsWith("RSA") ? extensions.rsaKeyUsage() : extensions.signingKeyUsage(),
      extensions.serverAuth(),
      extensions.subjectKeyIdentifier(key.keyIdentifier),
      extensions.subjectAltName(names, subject === emptyName()),
    ],
  };
}

function certify(
  parameters: Validity & EndEntity & { issuer: Der; issuerKey: SigningKey; authorityKeyIdentifier?: Buffer },
): Buffer {
  const { subject, subjectKey, issuer, issuerKey, authorityKeyIdentifier } = parameters;
  assertClock(parameters);
  const authority = authorityKeyIdentifier && [extensions.authorityKeyIdentifier(authorityKeyIdentifier)];
  const tbsCertificate = sequence(
    version3(),
    serialNumber(),
    issuerKey.signatureAlgorithm,
    issuer,
    sequence(time(parameters.notBefore), time(parameters.notAfter)),
    subject,
    fromOctets(subjectKey.spki),
    contextConstructed(3, sequence(...parameters.extensions, ...(authority ?? []))),
  );
  const signature = issuerKey.sign(octetsOf(tbsCertificate));
  return octetsOf(sequence(tbsCertificate, issuerKey.signatureAlgorithm, bitString(signature)));
}

const version3 = once(() => contextConstructed(0, smallInteger(2)));
const emptyName = once(() => sequence());
const organization = once(() => attribute(oids.organizationName, "cert-setup"));

function attribute(type: string, value: string): Der {
  return set(sequence(objectIdentifier(type), utf8String(value)));
}

function distinguishedName(...attributes: Der[]): Der {
  return sequence(...attributes);
}

/** 19 octets: positive, never a leading zero, within RFC 5280's 20, 150 random bits (CA/B Forum asks for 64). */
function serialNumber(): Der {
  const octets = randomBytes(19);
  octets[0] = 0x40 | (octets.readUInt8(0) & 0x3f);
  return unsignedInteger(octets);
}
