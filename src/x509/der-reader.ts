/**
 * A strict, bounded DER reader for what others wrote: definite, minimal lengths, single-octet tags, nothing after the
 * value, never deeper or larger than stated. Everything wrong is a CertSetupError("certificate-invalid").
 */
import { CertSetupError } from "../model/errors.ts";

export const maximumOctets = 64 * 1024;
const maximumDepth = 32;

export interface Tlv {
  /** The identifier octet: class, constructed bit, tag number. */
  tag: number;
  contents: Buffer;
  /** The whole TLV. */
  der: Buffer;
  depth: number;
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function malformed(what: string): CertSetupError {
  return new CertSetupError("certificate-invalid", `not a valid DER encoding: ${what}`);
}

/** Exactly one TLV. */
export function readTlv(der: Buffer, depth = 0): Tlv {
  if (der.length > maximumOctets) throw malformed(`${der.length} octets, more than ${maximumOctets}`);
  const tlv = readOne(der, 0, depth);
  if (tlv.der.length !== der.length) throw malformed(`${der.length - tlv.der.length} octets after the value`);
  return tlv;
}

/** The elements of a constructed value. */
export function children(parent: Tlv): Tlv[] {
  if ((parent.tag & 0x20) === 0) throw malformed(`tag ${hexTag(parent.tag)} has no elements`);
  const elements: Tlv[] = [];
  for (let offset = 0; offset < parent.contents.length;) {
    const element = readOne(parent.contents, offset, parent.depth + 1);
    elements.push(element);
    offset += element.der.length;
  }
  return elements;
}

/** The elements of a SEQUENCE. */
export function elementsOf(tlv: Tlv | undefined, what: string): Tlv[] {
  return children(expect(tlv, tags.sequence, what));
}

/** The one TLV inside an OCTET STRING, a BIT STRING or an EXPLICIT tag. */
export function inner(tlv: Tlv, contents = tlv.contents): Tlv {
  return readTlv(contents, tlv.depth + 1);
}

export function expect(tlv: Tlv | undefined, tag: number, what: string): Tlv {
  if (tlv === undefined) throw malformed(`${what} is missing`);
  if (tlv.tag !== tag) throw malformed(`${what} has tag ${hexTag(tlv.tag)}, not ${hexTag(tag)}`);
  return tlv;
}

function readOne(from: Buffer, start: number, depth: number): Tlv {
  if (depth > maximumDepth) throw malformed(`nested more than ${maximumDepth} deep`);
  const tag = from[start];
  const first = from[start + 1];
  if (tag === undefined || first === undefined) throw malformed("cut off in a tag or a length");
  if ((tag & 0x1f) === 0x1f) throw malformed("a tag number over 30");
  let contentsAt = start + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw malformed("an indefinite length");
    // Three octets hold more than the size limit.
    if (count > 3) throw malformed(`a length of ${count} octets`);
    if (contentsAt + count > from.length) throw malformed("cut off in a length");
    length = from.readUIntBE(contentsAt, count);
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw malformed("a length that is not minimal");
    contentsAt += count;
  }
  const end = contentsAt + length;
  if (end > from.length) throw malformed(`a length of ${length} with ${from.length - contentsAt} octets left`);
  return { tag, contents: from.subarray(contentsAt, end), der: from.subarray(start, end), depth };
}

export function readBoolean(tlv: Tlv): boolean {
  const octet = expect(tlv, tags.boolean, "a BOOLEAN").contents;
  if (octet.length !== 1 || (octet[0] !== 0x00 && octet[0] !== 0xff)) throw malformed("a BOOLEAN that is not 00 or FF");
  return octet[0] === 0xff;
}

/** Contents octets of an INTEGER, two's complement, minimal. */
export function readInteger(tlv: Tlv | undefined, what: string): Buffer {
  const octets = expect(tlv, tags.integer, what).contents;
  const [first, second] = octets;
  if (first === undefined) throw malformed(`${what} is empty`);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw malformed(`${what} is not minimal`);
  }
  return octets;
}

/** Whole octets of a BIT STRING. */
export function readBitString(tlv: Tlv | undefined, what: string): Buffer {
  const octets = expect(tlv, tags.bitString, what).contents;
  if (octets[0] !== 0) throw malformed(`${what} is not made of whole octets`);
  return octets.subarray(1);
}

/** The numbers of the bits that are set. */
export function readNamedBits(tlv: Tlv): number[] {
  const octets = expect(tlv, tags.bitString, "a BIT STRING").contents;
  const unused = octets[0];
  const last = octets.length > 1 ? octets.readUInt8(octets.length - 1) : 0;
  if (unused === undefined || unused > 7 || (octets.length === 1 && unused !== 0) || last & ((1 << unused) - 1)) {
    throw malformed("a BIT STRING with wrong unused bits");
  }
  const bits: number[] = [];
  for (let bit = 0; bit < (octets.length - 1) * 8; bit += 1) {
    if (octets.readUInt8(1 + (bit >> 3)) & (0x80 >> (bit & 7))) bits.push(bit);
  }
  return bits;
}

export function readObjectIdentifier(tlv: Tlv | undefined, what: string): string {
  const octets = expect(tlv, tags.objectIdentifier, what).contents;
  if (octets.length === 0 || octets.length > 64) throw malformed(`${what} has ${octets.length} octets`);
  const arcs: bigint[] = [];
  let arc = 0n;
  let within = false;
  for (const octet of octets) {
    if (!within && octet === 0x80) throw malformed(`${what} has an arc that is not minimal`);
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    within = octet >= 0x80;
    if (within) continue;
    arcs.push(arc);
    arc = 0n;
  }
  if (within) throw malformed(`${what} is cut off`);
  const [head = 0n, ...rest] = arcs;
  const root = head < 40n ? 0n : head < 80n ? 1n : 2n;
  return [root, head - root * 40n, ...rest].join(".");
}

/** Time as RFC 5280 4.1.2.5 allows it: with seconds, without fraction, Z. Milliseconds since the epoch. */
export function readTime(tlv: Tlv | undefined, what: string): number {
  const text = tlv?.contents.toString("latin1") ?? "";
  const match =
    tlv?.tag === tags.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : tlv?.tag === tags.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  if (match === null) throw malformed(`${what} is not a time`);
  const [written = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const year = tlv?.tag === tags.generalizedTime ? written : written < 50 ? 2000 + written : 1900 + written;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const same =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  if (!same) throw malformed(`${what} is not a time that exists: ${text}`);
  return date.getTime();
}

function hexTag(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}
