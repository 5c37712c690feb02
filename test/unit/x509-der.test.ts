import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as der from "../../src/x509/der.ts";
import * as reader from "../../src/x509/der-reader.ts";
import { show } from "../helpers/der.ts";
import { bytes, problem } from "./x509-problem.ts";

describe("DER, there and back", () => {
  it("INTEGER", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const written = der.octetsOf(der.unsignedInteger(octets));
        const read = reader.readInteger(reader.readTlv(written), "it");
        const value = BigInt(`0x0${Buffer.from(octets).toString("hex")}`);
        expect(BigInt(`0x${read.toString("hex")}`)).toBe(value);
        expect(read.readUInt8(0)).toBeLessThan(0x80);
        expect(show(written)).toBe(`INTEGER ${read.toString("hex")}`);
      }),
    );
  });

  it("OBJECT IDENTIFIER", () => {
    const arc = fc.nat({ max: 0xffff_ff00 });
    const oid = fc
      .tuple(fc.nat({ max: 2 }), fc.nat({ max: 39 }), fc.array(arc, { minLength: 1, maxLength: 8 }))
      .map(([root, second, rest]) => [root, second, ...rest].join("."));
    fc.assert(
      fc.property(oid, (text) => {
        expect(reader.readObjectIdentifier(reader.readTlv(der.octetsOf(der.objectIdentifier(text))), "it")).toBe(text);
      }),
    );
  });

  it("named bits", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 40 }), { minLength: 1 }), (bits) => {
        const written = der.octetsOf(der.namedBits(bits));
        expect(reader.readNamedBits(reader.readTlv(written))).toEqual(bits.toSorted((a, b) => a - b));
      }),
    );
  });

  it("time, to the second, from 1950 to 9999", () => {
    const moment = fc.integer({ min: Date.UTC(1950) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(
      fc.property(moment, (seconds) => {
        const written = der.octetsOf(der.time(seconds * 1000 + 999));
        expect(reader.readTime(reader.readTlv(written), "it")).toBe(seconds * 1000);
        expect(written[0]).toBe(new Date(seconds * 1000).getUTCFullYear() < 2050 ? 0x17 : 0x18);
      }),
    );
  });

  it.each([
    [Date.UTC(1970, 0, 1), "UTCTime 700101000000Z"],
    [Date.UTC(2024, 1, 29, 23, 59, 59), "UTCTime 240229235959Z"],
    [Date.UTC(2049, 11, 31, 23, 59, 59, 999), "UTCTime 491231235959Z"],
    [Date.UTC(2050, 0, 1), "GeneralizedTime 20500101000000Z"],
  ])("time %i", (moment, text) => {
    expect(show(der.octetsOf(der.time(moment)))).toBe(text);
  });

  it.each([0, 1, 127, 128, 255, 256, 65_000])("a length of %i", (length) => {
    const octets = Buffer.alloc(length, 7);
    const written = der.octetsOf(der.sequence(der.octetString(octets)));
    expect(reader.children(reader.readTlv(written))[0]?.contents).toEqual(octets);
    expect(show(written)).toEqual([`OCTETS ${octets.toString("hex")}`]);
  });
});

describe("the reader refuses", () => {
  const time = (text: string) => () =>
    reader.readTime(
      reader.readTlv(
        Buffer.from(`${text.length === 13 ? "\x17" : "\x18"}${String.fromCharCode(text.length)}${text}`, "latin1"),
      ),
      "it",
    );
  const read =
    (hex: string, use: (tlv: reader.Tlv) => unknown = () => "") =>
    () =>
      use(reader.readTlv(bytes(hex)));
  const nested = (depth: number): Buffer => {
    let inner: Buffer = Buffer.alloc(0);
    for (let at = 0; at < depth; at += 1) inner = der.octetsOf(der.sequence(der.fromOctets(inner)));
    return inner;
  };
  const descend = (tlv: reader.Tlv): unknown => reader.children(tlv).map(descend);
  it.each([
    ["nothing", read(""), "cut off in a tag"],
    ["a tag without a length", read("30"), "cut off in a tag"],
    ["an indefinite length", read("30 80 00 00"), "indefinite"],
    ["a long form that should be short", read("04 81 01 00"), "not minimal"],
    ["a length with a leading zero", read(`04 82 0080 ${"00".repeat(128)}`), "not minimal"],
    ["a length of four octets", read("04 84 00000001 00"), "a length of 4 octets"],
    ["more length than there is", read("04 05 00"), "with 1 octets left"],
    ["a cut-off length", read("04 82 01"), "cut off in a length"],
    ["something behind the value", read("05 00 00"), "1 octets after"],
    ["a long tag", read("1f 81 01 00"), "tag number over 30"],
    ["too much", () => reader.readTlv(Buffer.alloc(65_537)), "more than 65536"],
    ["too deep", () => descend(reader.readTlv(nested(40))), "more than 32 deep"],
    ["elements of a primitive", read("04 00", reader.children), "has no elements"],
    ["BOOLEAN 01", read("01 01 01", reader.readBoolean), "not 00 or FF"],
    ["an empty INTEGER", read("02 00", (tlv) => reader.readInteger(tlv, "it")), "empty"],
    ["a padded INTEGER", read("02 02 0001", (tlv) => reader.readInteger(tlv, "it")), "not minimal"],
    ["a padded negative INTEGER", read("02 02 ff80", (tlv) => reader.readInteger(tlv, "it")), "not minimal"],
    ["a padded OID arc", read("06 02 80 01", (tlv) => reader.readObjectIdentifier(tlv, "it")), "not minimal"],
    ["a cut-off OID arc", read("06 02 55 84", (tlv) => reader.readObjectIdentifier(tlv, "it")), "cut off"],
    ["unused bits that are set", read("03 02 07 c0", reader.readNamedBits), "unused bits"],
    ["8 unused bits", read("03 02 08 00", reader.readNamedBits), "unused bits"],
    ["a BIT STRING of odd bits", read("03 02 01 80", (tlv) => reader.readBitString(tlv, "it")), "whole octets"],
    ["30 February", time("260230000000Z"), "not a time that exists"],
    ["29 February 2027", time("270229000000Z"), "not a time that exists"],
    ["24 o'clock", time("261124240000Z"), "not a time that exists"],
    ["a time zone", time("20261124120000+0100"), "is not a time"],
    ["a fraction", time("20261124120000.5Z"), "is not a time"],
  ])("%s", (_case, action, message) => {
    expect(problem(action)).toContain(message);
  });
});
