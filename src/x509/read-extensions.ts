/** The extensions of a certificate (RFC 5280 4.2), read strictly from its DER; works without node-forge. */
import { addressText, type AddressBlock } from "./address.ts";
import {
  children,
  elementsOf,
  expect,
  inner,
  malformed,
  readBoolean,
  readInteger,
  readNamedBits,
  readObjectIdentifier,
  tags,
  type Tlv,
} from "./der-reader.ts";
import { readFields, type Extension } from "./fields.ts";
import type { GeneralName } from "../model/names.ts";
import { oids } from "./oids.ts";

/** Bit n of KeyUsage has name n. */
export const keyUsageBits = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsageBit = (typeof keyUsageBits)[number];

export type Subtree =
  | { type: "dNSName"; value: string }
  | { type: "iPAddress"; value: AddressBlock }
  /** rfc822Name, directoryName, … : of no consequence for servers. */
  | { type: "other" };

/** null: the certificate does not have this extension. */
export interface Extensions {
  basicConstraints: { critical: boolean; ca: boolean; pathLenConstraint: number | null } | null;
  keyUsage: { critical: boolean; bits: KeyUsageBit[] } | null;
  /** Object identifiers. */
  extKeyUsage: { critical: boolean; purposes: string[] } | null;
  /** `others`: how many names of other forms there are. */
  subjectAltName: { critical: boolean; names: GeneralName[]; others: number } | null;
  /** Lower-case hex. */
  subjectKeyIdentifier: { critical: boolean; keyIdentifier: string } | null;
  authorityKeyIdentifier: { critical: boolean; keyIdentifier: string | null } | null;
  nameConstraints: { critical: boolean; permittedSubtrees: Subtree[]; excludedSubtrees: Subtree[] } | null;
  /** Critical ones that are none of the above: a verifier has to refuse them. */
  unknownCritical: string[];
}

/** Throws CertSetupError("certificate-invalid"), also for an extension that appears twice (RFC 5280 4.2). */
export function readExtensions(certificate: Buffer): Extensions {
  return extensionsOf(readFields(certificate).extensions);
}

export function extensionsOf(list: readonly Extension[]): Extensions {
  const unread = new Map(list.map((extension) => [extension.oid, extension]));
  if (unread.size !== list.length) throw malformed("an extension that appears twice");
  const take = <T>(oid: string, read: (value: Tlv) => T): (T & { critical: boolean }) | null => {
    const extension = unread.get(oid);
    if (extension === undefined) return null;
    unread.delete(oid);
    return { critical: extension.critical, ...read(inner(extension.value)) };
  };
  return {
    basicConstraints: take(oids.basicConstraints, readBasicConstraints),
    keyUsage: take(oids.keyUsage, (value) => ({
      bits: readNamedBits(value).map((bit) => keyUsageBits[bit] ?? raise(`keyUsage bit ${bit}`)),
    })),
    extKeyUsage: take(oids.extKeyUsage, (value) => ({
      purposes: elementsOf(value, "extKeyUsage").map((purpose) => readObjectIdentifier(purpose, "a purpose")),
    })),
    subjectAltName: take(oids.subjectAltName, readSubjectAltName),
    subjectKeyIdentifier: take(oids.subjectKeyIdentifier, (value) => ({
      keyIdentifier: expect(value, tags.octetString, "subjectKeyIdentifier").contents.toString("hex"),
    })),
    authorityKeyIdentifier: take(oids.authorityKeyIdentifier, (value) => ({
      keyIdentifier:
        elementsOf(value, "authorityKeyIdentifier")
          .find((element) => element.tag === 0x80)
          ?.contents.toString("hex") ?? null,
    })),
    nameConstraints: take(oids.nameConstraints, readSubtrees),
    unknownCritical: [...unread.values()].filter((extension) => extension.critical).map((extension) => extension.oid),
  };
}

function readBasicConstraints(value: Tlv): { ca: boolean; pathLenConstraint: number | null } {
  const elements = elementsOf(value, "basicConstraints");
  // cA FALSE is the DEFAULT and has no place in DER, but is written by many and read by all.
  const ca = elements[0]?.tag === tags.boolean ? readBoolean(elements.shift() as Tlv) : false;
  const length = elements.shift();
  if (elements.length > 0) throw malformed("basicConstraints with more than two elements");
  if (length === undefined) return { ca, pathLenConstraint: null };
  const octets = readInteger(length, "pathLenConstraint");
  if (octets.length > 4 || octets.readUInt8(0) >= 0x80) throw malformed("a pathLenConstraint out of range");
  return { ca, pathLenConstraint: octets.readUIntBE(0, octets.length) };
}

function readSubjectAltName(value: Tlv): { names: GeneralName[]; others: number } {
  const names: GeneralName[] = [];
  let others = 0;
  for (const { tag, contents } of elementsOf(value, "subjectAltName")) {
    if (tag === 0x82) names.push({ type: "dNSName", value: ia5Text(contents).toLowerCase() });
    else if (tag !== 0x87) others += 1;
    else if (contents.length === 4 || contents.length === 16) {
      names.push({ type: "iPAddress", value: addressText(contents) });
    } else throw malformed(`an iPAddress of ${contents.length} octets`);
  }
  return { names, others };
}

function readSubtrees(value: Tlv): { permittedSubtrees: Subtree[]; excludedSubtrees: Subtree[] } {
  const lists: Subtree[][] = [[], []];
  for (const list of elementsOf(value, "nameConstraints")) {
    const subtrees = lists[list.tag - 0xa0];
    if (subtrees === undefined) throw malformed("nameConstraints with an unknown element");
    subtrees.push(...children(list).map(readSubtree));
  }
  const [permittedSubtrees = [], excludedSubtrees = []] = lists;
  return { permittedSubtrees, excludedSubtrees };
}

function readSubtree(tlv: Tlv): Subtree {
  const [base, ...more] = elementsOf(tlv, "a subtree");
  // minimum is 0 and maximum absent in this profile (RFC 5280 4.2.1.10).
  if (base === undefined || more.length > 0) throw malformed("a subtree with minimum or maximum");
  if (base.tag === 0x82) return { type: "dNSName", value: ia5Text(base.contents) };
  if (base.tag !== 0x87) return { type: "other" };
  const half = base.contents.length / 2;
  if (half !== 4 && half !== 16) throw malformed(`an iPAddress subtree of ${half * 2} octets`);
  return { type: "iPAddress", value: { address: base.contents.subarray(0, half), mask: base.contents.subarray(half) } };
}

function ia5Text(octets: Buffer): string {
  if (octets.some((octet) => octet >= 0x80)) throw malformed("an IA5String with octets over 7F");
  return octets.toString("latin1");
}

function raise(what: string): never {
  throw malformed(what);
}
