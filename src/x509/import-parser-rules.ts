/**
 * Certificates that OpenSSL reads and Go's crypto/x509 does not (parser.go): with one of them MinIO does not start. Each
 * answer is a predicate, `has …`; null when Go reads it.
 */
import {
  children,
  elementsOf,
  expect,
  readBitString,
  readInteger,
  readObjectIdentifier,
  readTlv,
  tags,
  type Tlv,
} from "./der-reader.ts";
import type { CertificateFields } from "./fields.ts";
import { oids } from "./oids.ts";

export function parserProblem(der: Buffer, fields: CertificateFields): string | null {
  try {
    return (
      algorithmProblem(der) ??
      nameProblem(fields.subject, "subject") ??
      nameProblem(fields.issuer, "issuer") ??
      exponentProblem(fields.subjectPublicKeyInfo) ??
      extensionProblem(fields)
    );
  } catch {
    return "has a part that is not valid DER";
  }
}

/** RFC 5280 4.1.1.2: with their parameters. */
function algorithmProblem(der: Buffer): string | null {
  const [tbs, outer] = children(readTlv(der));
  const elements = tbs === undefined ? [] : children(tbs);
  const inner = elements[elements[0]?.tag === 0xa0 ? 2 : 1];
  const same = inner !== undefined && outer !== undefined && inner.der.equals(outer.der);
  return same ? null : "names two different signature algorithms";
}

function nameProblem(name: Buffer, what: string): string | null {
  for (const set of elementsOf(readTlv(name), what)) {
    for (const attribute of children(expect(set, tags.set, what))) {
      const [type, value, ...more] = elementsOf(attribute, what);
      readObjectIdentifier(type, what);
      if (value === undefined || more.length > 0 || !isText(value)) {
        return `has a ${what} with characters that its kind of string does not have`;
      }
    }
  }
  return null;
}

function isText({ tag, contents }: Tlv): boolean {
  switch (tag) {
    case 0x0c: // UTF8String
      return Buffer.from(contents.toString("utf8")).equals(contents);
    case 0x12: // NumericString
      return /^[0-9 ]*$/.test(contents.toString("latin1"));
    case 0x13: // PrintableString; `*` and `&` are not in it, but Go lets them pass
      return /^[A-Za-z0-9 '()+,./:=?*&-]*$/.test(contents.toString("latin1"));
    case 0x14: // T61String
      return true;
    case 0x16: // IA5String
      return contents.every((octet) => octet < 0x80);
    case 0x1e: // BMPString
      return contents.length % 2 === 0;
    default:
      return false;
  }
}

function exponentProblem(spki: Buffer): string | null {
  const [identifier, key] = elementsOf(readTlv(spki), "subjectPublicKeyInfo");
  const [oid] = elementsOf(identifier, "the algorithm");
  if (readObjectIdentifier(oid, "the algorithm") !== oids.rsaEncryption) return null;
  const numbers = elementsOf(readTlv(readBitString(key, "subjectPublicKey")), "an RSAPublicKey");
  const [modulus, exponent] = numbers.map((number) => readInteger(number, "a number"));
  if (numbers.length !== 2 || modulus === undefined || exponent === undefined)
    return "has an RSA key that is not two numbers";
  const odd = ((modulus.at(-1) ?? 0) & (exponent.at(-1) ?? 0) & 1) === 1;
  const positive = ((modulus[0] ?? 0) | (exponent[0] ?? 0)) < 0x80;
  const small = exponent.length <= 4 && !exponent.equals(Buffer.from([1]));
  return odd && positive && small ? null : "has an RSA exponent or modulus that cannot be one";
}

const subjectAltName = oids.subjectAltName;
/** cRLDistributionPoints, authorityInfoAccess, certificatePolicies: lists of lists. */
const listsOfLists = ["2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.5.29.32"];
/** RFC 5280 4.2.1.1, 4.2.1.2, 4.2.2.1: MUST be non-critical. */
const neverCritical = [oids.authorityKeyIdentifier, oids.subjectKeyIdentifier, "1.3.6.1.5.5.7.1.1"] as string[];

function extensionProblem({ extensions }: CertificateFields): string | null {
  for (const { oid, critical, value } of extensions) {
    if (critical && neverCritical.includes(oid)) return `has an extension (${oid}) that must not be critical and is`;
    if (listsOfLists.includes(oid)) {
      const list = elementsOf(readTlv(value.contents), "an extension");
      for (const entry of list) assertEncoded(expect(entry, tags.sequence, "an entry"));
      if (oid !== "2.5.29.31") for (const entry of list) readObjectIdentifier(children(entry)[0], "an entry");
    }
    if (oid !== subjectAltName) continue;
    for (const { tag, contents } of elementsOf(readTlv(value.contents), "subjectAltName")) {
      const text = contents.toString("latin1");
      if (tag === 0x81 && !/^[\0-\x7f]*$/.test(text)) return "has an e-mail address that is not ASCII";
      if (tag === 0x86 && !isUri(text)) return "has a URI that is none";
    }
  }
  return null;
}

function isUri(text: string): boolean {
  return /^[!-~]+$/.test(text) && !/%(?![0-9A-Fa-f]{2})/.test(text) && URL.canParse(text);
}

/** Every value in it is one, down to the last. */
function assertEncoded(tlv: Tlv): void {
  if ((tlv.tag & 0x20) !== 0) for (const child of children(tlv)) assertEncoded(child);
}
