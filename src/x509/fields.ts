/** The fields of a certificate (RFC 5280 4.1), cut out of its DER; works without node-forge. */
import {
  children,
  elementsOf,
  expect,
  inner,
  malformed,
  readBitString,
  readBoolean,
  readInteger,
  readObjectIdentifier,
  readTime,
  readTlv,
  tags,
  type Tlv,
} from "./der-reader.ts";
import { oids } from "./oids.ts";

export interface Extension {
  oid: string;
  critical: boolean;
  /** The OCTET STRING; its contents are DER. */
  value: Tlv;
}

export interface CertificateFields {
  /** 1, 2 or 3. */
  version: number;
  /** Contents octets of the INTEGER. */
  serialNumber: Buffer;
  /** Object identifiers: the signed one and the outer one. */
  signature: string;
  signatureAlgorithm: string;
  /** DER of the Names. */
  issuer: Buffer;
  subject: Buffer;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** DER. */
  subjectPublicKeyInfo: Buffer;
  extensions: Extension[];
}

/** Throws CertSetupError("certificate-invalid"). */
export function readFields(certificate: Buffer): CertificateFields {
  const [tbs, algorithm, signatureValue, ...more] = elementsOf(readTlv(certificate), "a certificate");
  if (more.length > 0) throw malformed("a certificate of more than three elements");
  readBitString(signatureValue, "signatureValue");
  const elements = elementsOf(tbs, "tbsCertificate");
  const version = elements[0]?.tag === 0xa0 ? readVersion(elements.shift() as Tlv) : 1;
  const [serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ...optional] = elements;
  const [notBefore, notAfter] = elementsOf(validity, "validity");
  const extensions = optional.find((element) => element.tag === 0xa3);
  return {
    version,
    serialNumber: readInteger(serialNumber, "serialNumber"),
    signature: algorithmOf(signature),
    signatureAlgorithm: algorithmOf(algorithm),
    issuer: expect(issuer, tags.sequence, "issuer").der,
    subject: expect(subject, tags.sequence, "subject").der,
    notBefore: readTime(notBefore, "notBefore"),
    notAfter: readTime(notAfter, "notAfter"),
    subjectPublicKeyInfo: expect(subjectPublicKeyInfo, tags.sequence, "subjectPublicKeyInfo").der,
    extensions: extensions === undefined ? [] : elementsOf(inner(extensions), "extensions").map(readExtension),
  };
}

function readVersion(explicit: Tlv): number {
  const octets = readInteger(inner(explicit), "version");
  const version = octets.length === 1 ? octets.readUInt8(0) + 1 : 0;
  if (version < 1 || version > 3) throw malformed("a version that does not exist");
  return version;
}

function readExtension(tlv: Tlv): Extension {
  const elements = elementsOf(tlv, "an extension");
  const oid = readObjectIdentifier(elements.shift(), "an extension's identifier");
  const critical = elements[0]?.tag === tags.boolean ? readBoolean(elements.shift() as Tlv) : false;
  const value = expect(elements.shift(), tags.octetString, `the value of extension ${oid}`);
  if (elements.length > 0) throw malformed(`extension ${oid} with more than three elements`);
  return { oid, critical, value };
}

function algorithmOf(tlv: Tlv | undefined): string {
  return readObjectIdentifier(elementsOf(tlv, "an AlgorithmIdentifier")[0], "an algorithm");
}

const namedCurves: Record<string, string> = {
  [oids.secp256r1]: "P-256",
  [oids.secp384r1]: "P-384",
  [oids.secp521r1]: "P-521",
};

/** What kind of key a SubjectPublicKeyInfo holds: `P-256`, `RSA-2048`, `Ed25519`; an object identifier when unknown. */
export function readSubjectPublicKeyInfo(spki: Buffer): { algorithm: string; subjectPublicKey: Buffer } {
  const [identifier, key] = elementsOf(readTlv(spki), "subjectPublicKeyInfo");
  const [oid, parameters] = elementsOf(identifier, "the key's AlgorithmIdentifier");
  const subjectPublicKey = readBitString(key, "subjectPublicKey");
  let algorithm = readObjectIdentifier(oid, "the key's algorithm");
  if (algorithm === oids.Ed25519) algorithm = "Ed25519";
  else if (algorithm === oids.ecPublicKey && parameters?.tag === tags.objectIdentifier) {
    const curve = readObjectIdentifier(parameters, "the named curve");
    algorithm = namedCurves[curve] ?? curve;
  } else if (algorithm === oids.rsaEncryption) {
    const modulus = readInteger(children(readTlv(subjectPublicKey))[0], "the modulus");
    const first = modulus[0] === 0 ? 1 : 0;
    algorithm = `RSA-${(modulus.length - first) * 8 - Math.clz32(modulus[first] ?? 0) + 24}`;
  }
  return { algorithm, subjectPublicKey };
}
