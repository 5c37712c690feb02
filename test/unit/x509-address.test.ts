import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressOctets, addressText, blockText, contains, parseBlock } from "../../src/x509/address.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");

describe("addresses", () => {
  it.each([
    ["10.0.0.5", "0a000005"],
    ["::", "00".repeat(16)],
    ["::1", `${"00".repeat(15)}01`],
    ["2001:db8::1", `20010db8${"00".repeat(11)}01`],
    ["2001:db8:0:1:1:1:1:1", "20010db8000000010001000100010001"],
    ["1::8:0:0:1", "00010000000000000008000000000001"],
    ["fe80::", `fe80${"00".repeat(14)}`],
  ])("%s", (text, hex) => {
    expect(addressOctets(text)?.toString("hex")).toBe(hex);
    expect(addressText(bytes(hex))).toBe(text);
  });

  it("IPv6 as the URL standard writes it, which is RFC 5952", () => {
    const group = fc.oneof(fc.constant(0), fc.nat({ max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const octets = Buffer.from(groups.map((value) => value.toString(16).padStart(4, "0")).join(""), "hex");
        const text = addressText(octets);
        expect(new URL(`http://[${groups.map((value) => value.toString(16)).join(":")}]`).hostname).toBe(`[${text}]`);
        expect(addressOctets(text)).toEqual(octets);
      }),
    );
  });

  it("reads the dotted end", () => {
    expect(addressOctets("::ffff:10.0.0.5")?.toString("hex")).toBe(`${"00".repeat(10)}ffff0a000005`);
  });

  it.each([
    "",
    "1",
    "127.1",
    "256.0.0.1",
    "010.0.0.1",
    "1.2.3.4.5",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "g::",
    "12345::",
    "::1.2.3",
    "fe80::1%eth0",
    "[::1]",
  ])("refuses %s", (text) => {
    expect(addressOctets(text)).toBeNull();
  });

  it.each([
    ["10.0.0.0/8", "10.255.0.1", "11.0.0.0"],
    ["172.16.0.0/12", "172.31.255.255", "172.32.0.0"],
    ["100.64.0.0/10", "100.127.0.1", "100.128.0.0"],
    ["10.0.0.5/32", "10.0.0.5", "10.0.0.4"],
    ["0.0.0.0/0", "255.255.255.255", "::1"],
    ["fc00::/7", "fdff::1", "fe00::1"],
    ["fe80::/10", "febf::1", "fec0::1"],
    ["::1/128", "::1", "::2"],
  ])("%s holds %s, not %s", (block, within, without) => {
    expect(blockText(parseBlock(block))).toBe(block);
    expect(contains(parseBlock(block), addressOctets(within) as Buffer)).toBe(true);
    expect(contains(parseBlock(block), addressOctets(without) as Buffer)).toBe(false);
  });

  it("knows masks that are no prefix", () => {
    expect(blockText({ address: bytes("0a000000"), mask: bytes("ff00ff00") })).toBeNull();
  });
});
