/**
 * DER (X.690) constructors, shared by everything that writes ASN.1. Of node-forge it takes no
 * more than the ASN.1 writer: the package root costs ten times as much to load. Nothing is parsed with it here.
 */
import asn1 from "node-forge/lib/asn1.js";

declare const encoded: unique symbol;

/** DER octets, one a character (U+0000 to U+00FF): the form in which node-forge keeps bytes. */
export type Der = string & { readonly [encoded]: true };

/**
 * One TLV. forge is told "primitive" even for constructed types, whose bit is in `identifier` already: it then takes the
 * contents as they are, so that parts that never change are encoded once and spliced in.
 */
function encode(identifier: number, contents: string): Der {
  return asn1.toDer(asn1.create(0, identifier, false, contents)).getBytes() as Der;
}

export function octetsOf(der: Der): Buffer {
  return Buffer.from(der, "latin1");
}

/** Takes octets that are DER already, for example a subject copied from a certificate. */
export function fromOctets(octets: Uint8Array): Der {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1") as Der;
}

export function sequence(...elements: Der[]): Der {
  return encode(0x30, elements.join(""));
}

export function set(element: Der): Der {
  return encode(0x31, element);
}

/** [number] EXPLICIT, or IMPLICIT of a constructed type when the contents are that type's elements. */
export function contextConstructed(number: number, ...elements: Der[]): Der {
  return encode(0xa0 | number, elements.join(""));
}

/** [number] IMPLICIT of a primitive type. */
export function contextPrimitive(number: number, contents: Uint8Array | string): Der {
  return encode(0x80 | number, typeof contents === "string" ? contents : fromOctets(contents));
}

export function objectIdentifier(oid: string): Der {
  return encode(0x06, asn1.oidToDer(oid).getBytes());
}

export function nullValue(): Der {
  return encode(0x05, "");
}

export function booleanTrue(): Der {
  return encode(0x01, "\xff");
}

/** A non-negative INTEGER from its big-endian octets; leading zeros go, a sign octet comes where it is due. */
export function unsignedInteger(octets: Uint8Array): Der {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start += 1;
  const magnitude = fromOctets(octets.subarray(start));
  const signed = magnitude === "" || magnitude.charCodeAt(0) >= 0x80;
  return encode(0x02, signed ? `\x00${magnitude}` : magnitude);
}

export function smallInteger(value: number): Der {
  if (!Number.isInteger(value) || value < 0 || value > 127) throw new RangeError(`not a small INTEGER: ${value}`);
  return encode(0x02, String.fromCharCode(value));
}

/** A BIT STRING of whole octets. */
export function bitString(octets: Uint8Array): Der {
  return encode(0x03, `\x00${fromOctets(octets)}`);
}

/** A named bit list: bit 0 is the most significant one, trailing zero bits are left out (X.690 11.2.2). */
export function namedBits(bits: readonly number[]): Der {
  const last = Math.max(...bits);
  const octets = Buffer.alloc((last >> 3) + 1);
  for (const bit of bits) octets[bit >> 3] = octets.readUInt8(bit >> 3) | (0x80 >> (bit & 7));
  return encode(0x03, String.fromCharCode(7 - (last & 7)) + fromOctets(octets));
}

export function octetString(contents: Uint8Array | Der): Der {
  return encode(0x04, typeof contents === "string" ? contents : fromOctets(contents));
}

/** For text of letters, digits, spaces and `'()+,-./:=?` (X.680 41.4). */
export function printableString(text: string): Der {
  return encode(0x13, text);
}

export function utf8String(text: string): Der {
  return encode(0x0c, fromOctets(Buffer.from(text, "utf8")));
}

/**
 * Time (RFC 5280 4.1.2.5): UTCTime through 2049, GeneralizedTime from 2050 on and before 1950; whole seconds, always Z.
 * `milliseconds` since the epoch; a fraction of a second is dropped.
 */
export function time(milliseconds: number): Der {
  const date = new Date(milliseconds);
  const year = date.getUTCFullYear();
  // NaN is out of range, too.
  if (!(year >= 0 && year <= 9999)) throw new RangeError(`not a time that X.509 can hold: ${milliseconds}`);
  if (year >= 1950 && year < 2050) return encode(0x17, asn1.dateToUtcTime(date));
  return encode(0x18, asn1.dateToGeneralizedTime(date).padStart(15, "0"));
}

/** `make()` on the first call, the same value ever after: for constant parts, which must not cost anything at start. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
