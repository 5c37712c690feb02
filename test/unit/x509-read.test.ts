import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTlv, type Tlv } from "../../src/x509/der-reader.ts";
import { readPemBlocks } from "../../src/x509/pem.ts";
import { extensionsOf, readExtensions } from "../../src/x509/read-extensions.ts";
import { readCertificate } from "../../src/x509/read.ts";
import { program, withPrograms } from "../helpers/programs.ts";
import { run, temporaryDirectory } from "../helpers/run.ts";
import { bytes, problem } from "./x509-problem.ts";

/** Made by OpenSSL 3.0. */
const sample = `-----BEGIN CERTIFICATE-----
MIIB2DCCAX6gAwIBAgIUP/w9kBELmHcwntdmJ/H3zgLIWOkwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRbWluaW8uZXhhbXBsZS5uZXQwHhcNMjYxMTI0MTM0ODM2WhcN
MzYxMTIxMTM0ODM2WjAcMRowGAYDVQQDDBFtaW5pby5leGFtcGxlLm5ldDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABCt9RF4TisUHNxdO6xpPxqN9rpMCdiQQrcWU
uvgL9OjxM9/HoP96t3fSsZf6nLWxvutJrofWyjAizph4ty/Ie22jgZ0wgZowHQYD
VR0OBBYEFGJbZVxgkUbiGlwWUj/RElmOloz2MB8GA1UdIwQYMBaAFGJbZVxgkUbi
GlwWUj/RElmOloz2MA8GA1UdEwEB/wQFMAMBAf8wIgYDVR0RBBswGYIRbWluaW8u
ZXhhbXBsZS5uZXSHBAoAAAUwDgYDVR0PAQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsG
AQUFBwMBMAoGCCqGSM49BAMCA0gAMEUCIQCH1sWipk48eF0n2eh/3KNWUjdbWzTz
LKSUmCzReRfNaAIgWEYQe8uoH5XtKVJYtZ83RGpr787/u34f7ivjCnUe/uI=
-----END CERTIFICATE-----
`;
const sampleDer = readPemBlocks(sample)[0]?.der ?? Buffer.alloc(0);

it("mutated certificates: read or refused, never anything else", () => {
  const mutation = fc.array(fc.tuple(fc.nat({ max: sampleDer.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  let refused = 0;
  fc.assert(
    fc.property(mutation, fc.option(fc.nat({ max: sampleDer.length })), (changes, cut) => {
      const mutated = Buffer.from(sampleDer.subarray(0, cut ?? sampleDer.length));
      for (const [at, octet] of changes) if (at < mutated.length) mutated[at] = octet;
      if (problem(() => readCertificate(mutated)) !== "no error") refused += 1;
    }),
    { numRuns: 3000 },
  );
  expect(refused).toBeGreaterThan(1000);
});

withPrograms("openssl")("certificates that openssl makes", () => {
  const directory = temporaryDirectory();

  async function make(key: string[], subject: string, ...extensions: string[]): Promise<string> {
    const added = extensions.flatMap((extension) => ["-addext", extension]);
    const args = ["req", "-x509", "-newkey", ...key, "-nodes", "-keyout", join(directory, "key.pem"), "-subj", subject];
    const { stdout, stderr } = await run(program("openssl"), [...args, "-days", "30", ...added]);
    if (!stdout.includes("BEGIN CERTIFICATE")) throw new Error(stderr);
    return stdout;
  }

  it.each([
    [["rsa:2048"], "RSA-2048"],
    [["rsa:1030"], "RSA-1030"],
    [["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "P-256"],
    [["ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "P-521"],
    [["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "1.3.132.0.10"],
    [["ed25519"], "Ed25519"],
    [["ed448"], "1.3.101.113"],
  ])("key %j", async (key, algorithm) => {
    const pem = await make(key, "/C=DE/O=Org/CN=a");
    const certificate = new X509Certificate(pem);
    expect(readCertificate(pem)).toMatchObject({
      keyAlgorithm: algorithm,
      sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
      serialNumber: certificate.serialNumber.toLowerCase().replace(/^(?=[89a-f])/, "00"),
      subject: "C=DE, O=Org, CN=a",
      notBefore: Date.parse(certificate.validFrom),
      notAfter: Date.parse(certificate.validTo),
      selfIssued: true,
      ca: true,
    });
  });

  it("extensions of many kinds", async () => {
    const pem = await make(
      ["ed25519"],
      "/CN=a",
      "keyUsage=critical,digitalSignature,keyCertSign,decipherOnly",
      "extendedKeyUsage=serverAuth,clientAuth",
      "subjectAltName=DNS:A.Example.net,IP:10.0.0.5,IP:2001:db8::1,email:a@example.net,URI:https://a",
      "nameConstraints=critical,permitted;DNS:example.net,permitted;IP:10.0.0.0/255.0.0.0,excluded;email:a",
      "1.2.3.4=critical,DER:0500",
    );
    expect(readExtensions(readPemBlocks(pem)[0]?.der as Buffer)).toMatchObject({
      basicConstraints: { critical: true, ca: true, pathLenConstraint: null },
      keyUsage: { critical: true, bits: ["digitalSignature", "keyCertSign", "decipherOnly"] },
      extKeyUsage: { critical: false, purposes: ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"] },
      subjectAltName: {
        critical: false,
        names: [
          { type: "dNSName", value: "a.example.net" },
          { type: "iPAddress", value: "10.0.0.5" },
          { type: "iPAddress", value: "2001:db8::1" },
        ],
        others: 2,
      },
      nameConstraints: {
        critical: true,
        permittedSubtrees: [
          { type: "dNSName", value: "example.net" },
          { type: "iPAddress", value: { address: bytes("0a000000"), mask: bytes("ff000000") } },
        ],
        excludedSubtrees: [{ type: "other" }],
      },
      unknownCritical: ["1.2.3.4"],
    });
  });
});

describe("readCertificate refuses", () => {
  it.each([
    ["an empty text", "", "found none"],
    ["two certificates", sample + sample, "found CERTIFICATE, CERTIFICATE"],
    ["a key", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "found PRIVATE KEY"],
    ["DER with something behind it", () => Buffer.concat([sampleDer, Buffer.alloc(1)]), "1 octets after"],
    ["DER that is not a certificate", () => bytes("3000"), "is missing"],
  ])("%s", (_case, input, message) => {
    expect(problem(() => readCertificate(typeof input === "function" ? input() : input))).toContain(message);
  });
});

describe("extensions refuse", () => {
  const subtree = (hex: string): string => `a0 ${hex}`;
  it.each([
    ["2.5.29.17", "30 07 87 05 0a00000501", "an iPAddress of 5 octets"],
    ["2.5.29.17", "30 04 82 02 c3bc", "over 7F"],
    ["2.5.29.17", "04 00", "subjectAltName has tag 0x04"],
    ["2.5.29.19", "30 06 0101ff 0201ff", "pathLenConstraint out of range"],
    ["2.5.29.19", "30 09 0101ff 020100 020100", "more than two elements"],
    ["2.5.29.15", "03 03 07 0000 80", "1 octets after"],
    ["2.5.29.15", "03 03 06 0040", "keyUsage bit 9"],
    ["2.5.29.30", "30 02 a2 00", "unknown element"],
    ["2.5.29.30", `30 0b ${subtree("09 30 07 8202 6162 8001 00")}`, "minimum or maximum"],
    ["2.5.29.30", `30 08 ${subtree("06 30 04 8702 0a00")}`, "subtree of 2 octets"],
  ])("%s: %s", (oid, value, message) => {
    const tlv = expectTlv(value);
    expect(problem(() => extensionsOf([{ oid, critical: false, value: tlv }]))).toContain(message);
  });

  it("one that appears twice", () => {
    const extension = { oid: "1.2.3.4", critical: false, value: expectTlv("05 00") };
    expect(problem(() => extensionsOf([extension, extension]))).toContain("appears twice");
  });
});

/** The OCTET STRING around a value. */
function expectTlv(hex: string): Tlv {
  const value = bytes(hex);
  return readTlv(Buffer.concat([bytes("04"), Buffer.from([value.length]), value]));
}
