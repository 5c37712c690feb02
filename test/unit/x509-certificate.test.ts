import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  verify,
  X509Certificate,
} from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import type { KeyAlgorithm } from "../../src/model/certified-key.ts";
import { CertSetupError } from "../../src/model/errors.ts";
import type { GeneralName } from "../../src/model/names.ts";
import { issueLeaf, issueRoot, issueSelfSigned, keyId, rootCommonName } from "../../src/x509/certificate.ts";
import { generateKey, loadKey, privateKeyPem, type SigningKey } from "../../src/x509/keys.ts";
import { readCertificate } from "../../src/x509/read.ts";
import { endEntityValidity, rootValidity } from "../../src/x509/validity.ts";
import { show, showCertificate } from "../helpers/der.ts";

const now = Date.UTC(2026, 10, 24, 12, 30, 15, 678);
const dns = (value: string): GeneralName => ({ type: "dNSName", value });
const ip = (value: string): GeneralName => ({ type: "iPAddress", value });
const hex = (text: string): string => Buffer.from(text).toString("hex");
const names = [dns("minio.example.net"), ip("10.0.0.5"), dns("localhost"), ip("127.0.0.1"), ip("::1")];
const constraints = { dNSName: ["example.net", "localhost"], iPAddress: ["10.0.0.0/8", "127.0.0.0/8", "::1/128"] };
const ninetyDays = endEntityValidity(now, 90 * 86400);

const rootKey = await generateKey("P-384");
const root = issueRoot({ key: rootKey, constraints, ...rootValidity(now) });
const issuer = { certificate: root, key: rootKey };
const leafKey = await generateKey("P-256");
const leaf = issueLeaf({ key: leafKey, names, issuer, ...ninetyDays });

/** SHA-1 over the bits of the public key, by the test's own cut: they are the end of the SPKI. */
function expectedIdentifier(key: SigningKey, octets: number): string {
  return createHash("sha1")
    .update(key.spki.subarray(key.spki.length - octets))
    .digest("hex");
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CertSetupError) return error.code;
    throw error;
  }
  return "no error";
}

describe("root certificate, field by field", () => {
  const shown = showCertificate(root);
  const id = createHash("sha256").update(rootKey.spki).digest("hex").slice(0, 8);
  const name = [[["O", "UTF8 cert-setup"]], [["CN", `UTF8 cert-setup CA ${id}`]]];
  it.each([
    ["version", shown.version, { 0: ["INTEGER 02"] }],
    ["signature", shown.signature, ["ecdsa-with-SHA384"]],
    ["signatureAlgorithm", shown.signatureAlgorithm, ["ecdsa-with-SHA384"]],
    ["subject", shown.subject, name],
    ["issuer", shown.issuer, name],
    ["validity", shown.validity, ["UTCTime 261124113015Z", "UTCTime 361121113014Z"]],
    ["spki", shown.spki, [["ecPublicKey", "secp384r1"], expect.stringMatching(/^BITS 0 04[0-9a-f]{192}$/)]],
    ["order", shown.order, ["basicConstraints", "keyUsage", "subjectKeyIdentifier", "nameConstraints"]],
    ["basicConstraints", shown.extensions["basicConstraints"], { critical: true, value: ["TRUE", "INTEGER 00"] }],
    ["keyUsage", shown.extensions["keyUsage"], { critical: true, value: "BITS 1 06" }],
    [
      "subjectKeyIdentifier",
      shown.extensions["subjectKeyIdentifier"],
      { critical: false, value: `OCTETS ${expectedIdentifier(rootKey, 97)}` },
    ],
    [
      "nameConstraints",
      shown.extensions["nameConstraints"],
      {
        critical: true,
        value: [
          {
            0: [
              [{ 2: hex("example.net") }],
              [{ 2: hex("localhost") }],
              [{ 7: "0a000000ff000000" }],
              [{ 7: "7f000000ff000000" }],
              [{ 7: `${"00".repeat(15)}01${"ff".repeat(16)}` }],
            ],
          },
        ],
      },
    ],
  ])("%s", (_field, actual, expected) => {
    expect(actual).toEqual(expected);
  });

  it("has no nameConstraints when unconstrained", () => {
    const shown = showCertificate(issueRoot({ key: rootKey, constraints: null, ...rootValidity(now) }));
    expect(shown.order).toEqual(["basicConstraints", "keyUsage", "subjectKeyIdentifier"]);
  });

  it.each([
    ["IP only", { dNSName: [], iPAddress: ["10.0.0.0/8"] }, [{ 2: "" }]],
    ["DNS only", { dNSName: ["example.net"], iPAddress: [] }, [{ 7: "00".repeat(8) }, { 7: "00".repeat(32) }]],
  ])("excludes the form that is not permitted: %s", (_case, constraints, excluded) => {
    const shown = showCertificate(issueRoot({ key: rootKey, constraints, ...rootValidity(now) }));
    const subtrees = expect.arrayContaining([{ 1: excluded.map((base) => [base]) }]);
    expect(shown.extensions["nameConstraints"]).toEqual({ critical: true, value: subtrees });
  });

  it("names itself by its key", () => {
    expect(rootCommonName(rootKey)).toBe(`cert-setup CA ${keyId(rootKey)}`);
  });
});

describe("server certificate, field by field", () => {
  const shown = showCertificate(leaf);
  it.each([
    ["version", shown.version, { 0: ["INTEGER 02"] }],
    ["signature", shown.signature, ["ecdsa-with-SHA384"]],
    ["signatureAlgorithm", shown.signatureAlgorithm, ["ecdsa-with-SHA384"]],
    ["issuer", shown.issuer, showCertificate(root).subject],
    ["subject", shown.subject, [[["CN", "UTF8 minio.example.net"]]]],
    ["validity", shown.validity, ["UTCTime 261124113015Z", "UTCTime 270222123014Z"]],
    ["spki", shown.spki, [["ecPublicKey", "prime256v1"], expect.stringMatching(/^BITS 0 04[0-9a-f]{128}$/)]],
    [
      "order",
      shown.order,
      [
        "basicConstraints",
        "keyUsage",
        "extKeyUsage",
        "subjectKeyIdentifier",
        "subjectAltName",
        "authorityKeyIdentifier",
      ],
    ],
    ["basicConstraints", shown.extensions["basicConstraints"], { critical: true, value: [] }],
    ["keyUsage", shown.extensions["keyUsage"], { critical: true, value: "BITS 7 80" }],
    ["extKeyUsage", shown.extensions["extKeyUsage"], { critical: false, value: ["serverAuth"] }],
    [
      "subjectKeyIdentifier",
      shown.extensions["subjectKeyIdentifier"],
      { critical: false, value: `OCTETS ${expectedIdentifier(leafKey, 65)}` },
    ],
    [
      "authorityKeyIdentifier",
      shown.extensions["authorityKeyIdentifier"],
      { critical: false, value: [{ 0: expectedIdentifier(rootKey, 97) }] },
    ],
    [
      "subjectAltName",
      shown.extensions["subjectAltName"],
      {
        critical: false,
        value: [
          { 2: hex("minio.example.net") },
          { 7: "0a000005" },
          { 2: hex("localhost") },
          { 7: "7f000001" },
          { 7: `${"00".repeat(15)}01` },
        ],
      },
    ],
  ])("%s", (_field, actual, expected) => {
    expect(actual).toEqual(expected);
  });

  const long = `${"a".repeat(60)}.example.net`;
  it.each([
    ["64 characters fit", [dns(`${"a".repeat(52)}.example.net`)], 1, false],
    ["65 do not", [dns(`${"a".repeat(53)}.example.net`)], 0, true],
    ["a short second name does not step in", [dns(long), dns("localhost")], 0, true],
    ["addresses only", [ip("10.0.0.5")], 0, true],
    ["the first dNSName", [ip("10.0.0.5"), dns("localhost")], 1, false],
  ])("commonName, empty subject and critical subjectAltName: %s", (_case, names, attributes, critical) => {
    const { subject, extensions } = showCertificate(issueLeaf({ key: leafKey, names, issuer, ...ninetyDays }));
    expect(subject).toHaveLength(attributes);
    expect(extensions["subjectAltName"]?.critical).toBe(critical);
  });
});

describe("self-signed certificate", () => {
  it.each([
    ["named", names, [[["CN", "UTF8 minio.example.net"]]]],
    [
      "address only",
      [ip("10.0.0.5")],
      [[["O", "UTF8 cert-setup"]], [["OU", expect.stringMatching(/^UTF8 self-signed [0-9a-f]{8}$/)]]],
    ],
  ])("is an end entity and its own issuer: %s", (_case, names, subject) => {
    const der = issueSelfSigned({ key: leafKey, names, ...ninetyDays });
    const shown = showCertificate(der);
    const identifier = expectedIdentifier(leafKey, 65);
    expect(shown.subject).toEqual(subject);
    expect(shown.issuer).toEqual(shown.subject);
    expect(shown.signature).toEqual(["ecdsa-with-SHA256"]);
    expect(shown.extensions).toMatchObject({
      basicConstraints: { critical: true, value: [] },
      keyUsage: { critical: true, value: "BITS 7 80" },
      extKeyUsage: { critical: false, value: ["serverAuth"] },
      subjectKeyIdentifier: { critical: false, value: `OCTETS ${identifier}` },
      authorityKeyIdentifier: { critical: false, value: [{ 0: identifier }] },
      subjectAltName: { critical: false },
    });
  });
});

describe("keys", () => {
  const algorithms = [
    ["P-256", ["ecdsa-with-SHA256"], "BITS 7 80"],
    ["P-384", ["ecdsa-with-SHA384"], "BITS 7 80"],
    ["RSA-2048", ["sha256WithRSAEncryption", "NULL"], "BITS 5 a0"],
    ["Ed25519", ["Ed25519"], "BITS 7 80"],
  ] satisfies [KeyAlgorithm, string[], string][];

  it.each(algorithms)("%s: made, written, loaded, signing alike", async (algorithm, signature, keyUsage) => {
    const key = await generateKey(algorithm);
    const loaded = loadKey(privateKeyPem(key).reveal());
    expect({ ...loaded, sign: null }).toEqual({ ...key, sign: null });
    const tbs = Buffer.from("tbs");
    const publicKey = createPublicKey({ key: key.spki, format: "der", type: "spki" });
    const hash = { "P-256": "sha256", "P-384": "sha384", "RSA-2048": "sha256", "Ed25519": null }[algorithm];
    for (const signer of [key, loaded]) expect(verify(hash, tbs, publicKey, signer.sign(tbs))).toBe(true);
    const shown = showCertificate(issueSelfSigned({ key: loaded, names, ...ninetyDays }));
    expect(shown.signature).toEqual(signature);
    expect(shown.signatureAlgorithm).toEqual(signature);
    expect(shown.extensions["keyUsage"]?.value).toEqual(keyUsage);
  });

  it("EC: OpenSSL would write the very same octets, leading zeros of the scalar included", async () => {
    const scalarOf = (key: SigningKey): string => {
      const ecPrivateKey = (show(key.pkcs8) as string[])[2] ?? "";
      return (show(Buffer.from(ecPrivateKey.slice("OCTETS ".length), "hex")) as string[])[1] ?? "";
    };
    // One key in 256 has a scalar that begins with a zero octet.
    const keys = await Promise.all(Array.from({ length: 3000 }, () => generateKey("P-256")));
    const leadingZero = keys.filter((key) => scalarOf(key).startsWith("OCTETS 00"));
    expect(leadingZero.length).toBeGreaterThan(0);
    for (const key of [...leadingZero, ...keys.slice(0, 20), await generateKey("P-384")]) {
      const privateKey = createPrivateKey({ key: key.pkcs8, format: "der", type: "pkcs8" });
      expect(privateKey.export({ format: "der", type: "pkcs8" })).toEqual(key.pkcs8);
      expect(createPublicKey(privateKey).export({ format: "der", type: "spki" })).toEqual(key.spki);
    }
  });

  it.each([
    ["nothing", ""],
    ["two keys", privateKeyPem(leafKey).reveal() + privateKeyPem(leafKey).reveal()],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"],
    ["not a key", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"],
  ])("refuses %s", (_case, text) => {
    expect(codeOf(() => loadKey(text))).toBe("ca-broken");
  });

  it("refuses a key of another kind by name", () => {
    const { privateKey } = generateKeyPairSync("ec", {
      namedCurve: "secp521r1",
      privateKeyEncoding: { format: "pem", type: "pkcs8" },
      publicKeyEncoding: { format: "pem", type: "spki" },
    });
    expect(() => loadKey(privateKey)).toThrow("the private key is P-521, not one of P-256, P-384");
  });
});

describe("serial number", () => {
  it("has 19 octets, begins with 40 to 7f, differs every time", () => {
    const serials = Array.from({ length: 300 }, () => {
      const der = issueLeaf({ key: leafKey, names, issuer, ...ninetyDays });
      return showCertificate(der).serialNumber.slice("INTEGER ".length);
    });
    expect(serials.filter((serial) => !/^[4-7][0-9a-f]{37}$/.test(serial))).toEqual([]);
    expect(new Set(serials).size).toBe(serials.length);
    // All 64 first octets and every value of the last one are reached by 300 draws only if they are random.
    expect(new Set(serials.map((serial) => serial.slice(0, 2))).size).toBeGreaterThan(50);
    expect(new Set(serials.map((serial) => serial.slice(-2))).size).toBeGreaterThan(120);
  });
});

describe("what an issuer may issue", () => {
  const unconstrained = issueRoot({ key: rootKey, constraints: null, ...rootValidity(now) });
  const shortRoot = issueRoot({ key: rootKey, constraints: null, ...endEntityValidity(now, 30 * 86400) });
  const issue = (certificate: Buffer, changed: object = {}) =>
    codeOf(() => issueLeaf({ key: leafKey, names, issuer: { certificate, key: rootKey }, ...ninetyDays, ...changed }));

  const own = (now: number) => codeOf(() => issueRoot({ key: rootKey, constraints, ...rootValidity(now) }));

  it.each([
    ["all is well", () => issue(root), "no error"],
    ["a name outside", () => issue(root, { names: [dns("minio.example.org")] }), "name-not-permitted"],
    ["an address outside", () => issue(root, { names: [ip("192.168.1.1")] }), "name-not-permitted"],
    ["any name when unconstrained", () => issue(unconstrained, { names: [dns("minio.example.org")] }), "no error"],
    ["outliving the root", () => issue(shortRoot), "ca-expires"],
    ["ending with the root", () => issue(shortRoot, endEntityValidity(now, 30 * 86400)), "no error"],
    ["before the root began", () => issue(root, endEntityValidity(now - 86400_000, 86400)), "clock-wrong"],
    ["another key", () => issue(issueRoot({ key: leafKey, constraints: null, ...rootValidity(now) })), "ca-broken"],
    ["not a CA", () => issue(issueSelfSigned({ key: rootKey, names, ...rootValidity(now) })), "ca-broken"],
    ["a clock in 1970", () => own(5000), "clock-wrong"],
    ["a clock in 2025", () => own(Date.UTC(2025, 11, 31, 23)), "clock-wrong"],
    ["the first half hour of 2026", () => own(Date.UTC(2026, 0, 1, 0, 30)), "no error"],
  ])("%s", (_case, outcome, code) => {
    expect(outcome()).toBe(code);
  });
});

describe("validity", () => {
  const days = ({ notBefore, notAfter }: { notBefore: number; notAfter: number }) =>
    (notAfter - notBefore + 1000) / 86400_000;

  it("is at most 3650 days for a root and 825 for a server, both ends counted", () => {
    expect(days(rootValidity(now))).toBe(3650);
    expect(days(endEntityValidity(now, 825 * 86400))).toBe(825);
    expect(days(endEntityValidity(now, 90 * 86400))).toBe(90 + 1 / 24);
    expect(endEntityValidity(now, 300).notAfter).toBe(Math.floor(now / 1000) * 1000 + 299_000);
  });

  it("crosses 2050 as RFC 5280 4.1.2.5 wants", () => {
    const key = rootKey;
    const at = (now: number) => showCertificate(issueRoot({ key, constraints, ...rootValidity(now) })).validity;
    expect(at(Date.UTC(2045, 0, 1))).toEqual(["UTCTime 441231230000Z", "GeneralizedTime 20541229225959Z"]);
    expect(at(Date.UTC(2051, 5, 1))).toEqual(["GeneralizedTime 20510531230000Z", "GeneralizedTime 20610528225959Z"]);
  });

  it.each(["Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"])("does not depend on TZ: %s", (zone) => {
    const before = process.env["TZ"];
    onTestFinished(() => {
      if (before === undefined) delete process.env["TZ"];
      else process.env["TZ"] = before;
    });
    process.env["TZ"] = zone;
    expect(new Date(now).getTimezoneOffset()).not.toBe(0);
    const der = issueLeaf({ key: leafKey, names, issuer, ...ninetyDays });
    expect(showCertificate(der).validity).toEqual(["UTCTime 261124113015Z", "UTCTime 270222123014Z"]);
    expect(readCertificate(der)).toMatchObject(ninetyDays);
  });
});

describe("what is issued", () => {
  it("verifies with the issuer's key and reads back", () => {
    const certificate = new X509Certificate(leaf);
    expect(certificate.verify(new X509Certificate(root).publicKey)).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(root))).toBe(true);
    expect(readCertificate(leaf)).toEqual({
      sha256: createHash("sha256").update(leaf).digest("hex"),
      spkiSha256: createHash("sha256").update(leafKey.spki).digest("hex"),
      serialNumber: certificate.serialNumber.toLowerCase(),
      subject: "CN=minio.example.net",
      issuer: `O=cert-setup, CN=${rootCommonName(rootKey)}`,
      selfIssued: false,
      selfSigned: false,
      ...ninetyDays,
      subjectAltName: names,
      keyAlgorithm: "P-256",
      ca: false,
      subjectKeyIdentifier: expectedIdentifier(leafKey, 65),
      authorityKeyIdentifier: expectedIdentifier(rootKey, 97),
    });
    expect(readCertificate(root)).toMatchObject({
      ca: true,
      selfIssued: true,
      selfSigned: true,
      keyAlgorithm: "P-384",
    });
  });
});
