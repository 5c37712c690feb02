import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CertSetupError } from "../../src/model/errors.ts";
import type { GeneralName } from "../../src/model/names.ts";
import { issueRoot, issueSelfSigned } from "../../src/x509/certificate.ts";
import { generateKey } from "../../src/x509/keys.ts";
import {
  covers,
  deriveConstraints,
  notPermitted,
  permits,
  readNameConstraints,
} from "../../src/x509/name-constraints.ts";
import { loadParentDomain, loadPublicSuffixes } from "../../src/x509/public-suffix.ts";
import { rootValidity } from "../../src/x509/validity.ts";

const generalName = (value: string): GeneralName => ({
  type: /^[\d.]+$|:/.test(value) ? "iPAddress" : "dNSName",
  value,
});
const list = (text: string): GeneralName[] => text.split(" ").map(generalName);

describe("parent domain", async () => {
  const { parentDomain, isPublicSuffix } = await loadPublicSuffixes(list("a.b"));
  it.each([
    ["minio.example.net", "example.net"],
    ["example.net", "example.net"],
    ["a.b.example.net", "b.example.net"],
    ["*.example.net", "example.net"],
    ["*.minio.example.net", "minio.example.net"],
    ["minio.co.uk", "minio.co.uk"],
    ["s3.minio.co.uk", "minio.co.uk"],
    ["co.uk", "co.uk"],
    ["box.duckdns.org", "box.duckdns.org"],
    ["minio.unheard-of", "minio.unheard-of"],
    ["minio.lan", "lan"],
    ["minio.home.arpa", "home.arpa"],
    ["minio.ns.svc.cluster.local", "ns.svc.cluster.local"],
    ["minio", "minio"],
    ["localhost", "localhost"],
  ])("%s: %s", (name, parent) => {
    expect(parentDomain(name)).toBe(parent);
  });

  it.each(["*.co.uk", "*.duckdns.org", "*.net", "*.unheard-of"])("refuses %s", (name) => {
    expect(() => parentDomain(name)).toThrow(/would cover all of .*, a public suffix/);
  });

  it("knows public suffixes", () => {
    expect(["net", "co.uk", "github.io", "example.net", "lan"].filter(isPublicSuffix)).toEqual([
      "net",
      "co.uk",
      "github.io",
    ]);
  });

  it("needs no list for single labels", async () => {
    expect((await loadParentDomain(list("localhost minio 10.0.0.5 ::1")))("minio")).toBe("minio");
  });
});

const local = ["127.0.0.0/8", "::1/128"];

describe("derived constraints", () => {
  it.each([
    ["localhost 127.0.0.1 ::1", ["localhost"], local],
    ["minio.example.net localhost", ["example.net", "localhost"], local],
    ["minio", ["localhost", "minio"], local],
    ["a.example.net b.example.net *.example.net", ["example.net", "localhost"], local],
    ["example.net a.b.example.net", ["example.net", "localhost"], local],
    ["10.0.0.5 10.9.9.9", ["localhost"], ["10.0.0.0/8", ...local]],
    ["172.31.0.1", ["localhost"], ["127.0.0.0/8", "172.16.0.0/12", "::1/128"]],
    ["192.168.1.1 8.8.8.8", ["localhost"], ["127.0.0.0/8", "192.168.0.0/16", "8.8.8.8/32", "::1/128"]],
    ["100.100.0.1 169.254.1.1", ["localhost"], ["100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "::1/128"]],
    [
      "fd00::5 fe80::1 2001:db8::1",
      ["localhost"],
      ["127.0.0.0/8", "2001:db8::1/128", "::1/128", "fc00::/7", "fe80::/10"],
    ],
  ])("%s", async (names, dNSName, iPAddress) => {
    expect(deriveConstraints(list(names), await loadParentDomain(list(names)))).toEqual({ dNSName, iPAddress });
  });

  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const host = fc.oneof(
    fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join(".")),
    fc.ipV4(),
    fc.ipV6().map((text) => new URL(`http://[${text}]`).hostname.slice(1, -1)),
  );
  it("always permit the names that they were derived from, and survive a certificate", async () => {
    const key = await generateKey("P-256");
    const parentDomain = await loadParentDomain(list("a.b"));
    fc.assert(
      fc.property(fc.array(host, { minLength: 1, maxLength: 12 }), (hosts) => {
        const names = hosts.map(generalName);
        const constraints = deriveConstraints(names, parentDomain);
        expect(notPermitted(constraints, names)).toEqual([]);
        expect(deriveConstraints(names.toReversed(), parentDomain)).toEqual(constraints);
        const root = issueRoot({ key, constraints, ...rootValidity(Date.now()) });
        expect(readNameConstraints(root)).toEqual(constraints);
      }),
      { numRuns: 200 },
    );
  });
});

describe("permits", () => {
  const constraints = { dNSName: ["example.net", "localhost"], iPAddress: ["10.0.0.0/8", "::1/128"] };
  it.each([
    ["example.net", true],
    ["minio.example.net", true],
    ["a.b.example.net", true],
    ["*.example.net", true],
    ["*.minio.example.net", true],
    ["MINIO.EXAMPLE.NET", true],
    ["localhost", true],
    ["notexample.net", false],
    ["example.net.evil.example", false],
    ["net", false],
    ["*.net", false],
    ["10.255.255.255", true],
    ["11.0.0.1", false],
    ["::1", true],
    ["::2", false],
  ])("%s: %s", (name, verdict) => {
    expect(permits(constraints, generalName(name))).toBe(verdict);
    expect(permits(null, generalName(name))).toBe(true);
    expect(covers(constraints, list(`localhost ${name}`))).toBe(verdict);
  });

  it("a form of which nothing is permitted is unrestricted (RFC 5280 4.2.1.10)", () => {
    expect(permits({ dNSName: [], iPAddress: ["10.0.0.0/8"] }, generalName("a.example"))).toBe(true);
    expect(permits({ dNSName: ["example.net"], iPAddress: [] }, generalName("8.8.8.8"))).toBe(true);
  });
});

describe("reading", async () => {
  const key = await generateKey("P-256");
  it("gives null for a certificate without constraints", () => {
    const names = list("minio.example.net");
    expect(readNameConstraints(issueSelfSigned({ key, names, ...rootValidity(Date.now()) }))).toBeNull();
    expect(readNameConstraints(issueRoot({ key, constraints: null, ...rootValidity(Date.now()) }))).toBeNull();
  });

  it.each([
    ["excluded subtrees", { dNSName: ["example.net"], iPAddress: [] }],
    ["a dNSName subtree of an unusual form", { dNSName: [".example.net"], iPAddress: ["::1/128"] }],
  ])("refuses %s", (what, constraints) => {
    const root = issueRoot({ key, constraints, ...rootValidity(Date.now()) });
    const error = { code: "ca-broken", message: expect.stringContaining(what) };
    expect(() => readNameConstraints(root)).toThrow(expect.objectContaining(error));
    expect(() => readNameConstraints(root)).toThrow(CertSetupError);
  });
});
