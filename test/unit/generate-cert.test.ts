// `generate --out` and its flags on the normal command: what a command line comes to, and the plan for it.

import { describe, expect, it, test } from "vitest";
import { readGoDuration, readGoHosts, readGoInteger } from "../../src/cli/go-values.ts";
import { parse } from "../../src/cli/parse.ts";
import { CertSetupError } from "../../src/model/errors.ts";
import type { GenerateCertRequest, OutDirectory } from "../../src/model/generate-cert.ts";
import type { Invocation } from "../../src/model/request.ts";
import { parseGoDate, parseStartDate } from "../../src/model/start-date.ts";
import { planGenerateCert } from "../../src/plan/generate-cert.ts";

type Env = Record<string, string>;

/** `␠` stands for a space within a word, `∅` for an empty word. */
const words = (line: string) => line.split(" ").map((word) => word.replaceAll("␠", " ").replaceAll("∅", ""));

const parsed = (line: string, env: Env = {}): Promise<Invocation> =>
  parse(words(line), { env: { HOME: "/home/u", ...env }, cwd: "/srv/work" });

async function request(line: string, env: Env = {}): Promise<GenerateCertRequest> {
  const invocation = await parsed(line, env);
  if (invocation.kind !== "generate-cert") throw new Error(invocation.kind);
  return invocation.request;
}

async function source(line: string, env: Env = {}): Promise<Record<string, unknown>> {
  const invocation = await parsed(line, env);
  if (invocation.kind !== "run" || invocation.request.command !== "generate") throw new Error(invocation.kind);
  return { ...invocation.request.source };
}

async function refusal(line: string, env: Env = {}): Promise<Record<string, unknown>> {
  const error: unknown = await parsed(line, env).catch((reason: unknown) => reason);
  if (!(error instanceof CertSetupError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  const { code, exitStatus, message, hint } = error;
  return { code, exitStatus, message, hint: hint.join("\n") };
}

test("--out: Go's defaults, not ours", async () => {
  expect(await request("generate --out . --host b.example,10.0.0.5")).toEqual({
    command: "generate",
    directory: "/srv/work",
    source: {
      kind: "generate-cert",
      names: [
        { type: "dNSName", value: "b.example" },
        { type: "iPAddress", value: "10.0.0.5" },
      ],
      keyAlgorithm: "RSA-2048",
      notBefore: null,
      validitySeconds: 8760 * 3600,
      ca: false,
    },
    notes: [],
  });
});

test.each<[string, Env, Record<string, unknown>]>([
  ["--out x --host a", {}, { directory: "/srv/work/x" }],
  ["-out=/x/y/ -host a", {}, { directory: "/x/y" }],
  ["--out . --host a", { CERT_SETUP_RSA_BITS: "4096" }, { source: { keyAlgorithm: "RSA-4096" } }],
  [
    "--out . --host a",
    { CERT_SETUP_KEY_TYPE: "P-384", CERT_SETUP_SELF_SIGNED: "1" },
    { source: { keyAlgorithm: "RSA-2048" } },
  ],
  ["--out . --host a --ed25519", { CERT_SETUP_RSA_BITS: "4096" }, { source: { keyAlgorithm: "Ed25519" } }],
  ["--out .", { CERT_SETUP_HOST: "a" }, { source: { names: [{ type: "dNSName", value: "a" }] } }],
  ["--out . --host a --force", {}, { source: { keyAlgorithm: "RSA-2048" } }],
])("%s %j", async (line, env, expected) => {
  expect(await request(line, env)).toMatchObject(expected);
});

test.each<[string, Record<string, unknown>]>([
  ["--host a --rsa-bits 2048", { keyAlgorithm: "RSA-2048" }],
  ["--host a -rsa-bits 3072", { keyAlgorithm: "RSA-3072" }],
  ["--host a --rsa-bits=4096", { keyAlgorithm: "RSA-4096" }],
  ["--host a --ecdsa-curve P256", { keyAlgorithm: "P-256" }],
  ["--host a -ecdsa-curve P384", { keyAlgorithm: "P-384" }],
  ["--host a -ecdsa-curve p-384", { keyAlgorithm: "P-384" }],
  ["--host a --ed25519", { keyAlgorithm: "Ed25519" }],
  ["--host a --ed25519=false", { keyAlgorithm: "P-256" }],
  ["--host a --start-date Jan␠2␠15:04:05␠2026", { notBefore: Date.UTC(2026, 0, 2, 15, 4, 5) }],
  ["--host a --start-date 2026-01-02T15:04:05.9Z", { notBefore: Date.UTC(2026, 0, 2, 15, 4, 5) }],
  ["--host a --start-date 2026-01-02T15:04:05+05:45", { notBefore: Date.UTC(2026, 0, 2, 9, 19, 5) }],
  ["--host a --duration 8760h0m0s", { validitySeconds: 8760 * 3600 }],
])("cert-setup %s", async (line, expected) => {
  expect(await source(line)).toMatchObject(expected);
});

test("without --start-date there is no notBefore in the source, nor in the record", async () => {
  expect(await source("--host a")).not.toHaveProperty("notBefore");
});

test.each<[Env, string, string]>([
  [{ CERT_SETUP_KEY_TYPE: "rsa" }, "--host a --ed25519", "Ed25519"],
  [{ CERT_SETUP_ED25519: "1" }, "--host a --rsa-bits 3072", "RSA-3072"],
  [{ CERT_SETUP_ECDSA_CURVE: "P384" }, "--host a", "P-384"],
])("%j cert-setup %s: the command line wins", async (env, line, keyAlgorithm) => {
  expect(await source(line, env)).toMatchObject({ keyAlgorithm });
});

describe("refused", () => {
  // line, status, code, part of the message, part of the hints
  it.each<[string, number, string, string, string]>([
    ["--host a --ca", 2, "usage", "--ca belongs to --out", "a private CA is made anyway"],
    ["--host a --ca --self-signed", 2, "usage", "--ca belongs to --out", "or add --out DIR"],
    [
      "--host a --ecdsa-curve P256 --ed25519",
      2,
      "usage",
      "--ecdsa-curve and --ed25519 exclude each other",
      "leave out",
    ],
    ["--host a --ecdsa-curve P256 --rsa-bits 2048", 2, "usage", "--rsa-bits and --ecdsa-curve exclude", "leave out"],
    ["--host a --key-type P-256 --ed25519", 2, "usage", "--key-type and --ed25519 exclude", "leave out"],
    ["--host a --key-type P-256 --ecdsa-curve P256", 2, "usage", "--key-type and --ecdsa-curve exclude", "leave out"],
    ["--host a --key-type rsa --rsa-bits 2048", 2, "usage", "--key-type and --rsa-bits exclude", "leave out"],
    ["--host a --rsa-bits 1024", 2, "usage", '--rsa-bits "1024" is refused by TLS clients', "2048, 3072, 4096"],
    ["--host a --rsa-bits 8192", 2, "usage", '--rsa-bits "8192" is not offered', "2048, 3072, 4096"],
    ["--host a --rsa-bits x", 2, "usage", '--rsa-bits "x" is not offered', "2048, 3072, 4096"],
    ["--host a --ecdsa-curve P224", 2, "usage", '--ecdsa-curve "P224" is refused: with a P-224 key', "P256, P384"],
    ["--host a --ecdsa-curve P521", 2, "usage", '--ecdsa-curve "P521" is not offered: browsers', "P256, P384"],
    ["--host a --ecdsa-curve toString", 2, "usage", "is not an elliptic curve", "P256, P384"],
    ["--host a --ecdsa-curve ∅", 2, "usage", "--ecdsa-curve has an empty value", "P256"],
    ["--host a --start-date today", 2, "start-date-invalid", '--start-date "today" is not a date', "RFC 3339"],
    ["--host a --start-date 2026-01-02", 2, "start-date-invalid", "is not a date", "use 2026-01-02T00:00:00Z"],
    ["--host a --start-date 2026-02-30T00:00:00Z", 2, "start-date-invalid", "is not a date that exists", "RFC 3339"],
    ["--out . --host a --key-type P-256", 2, "usage", "--key-type does not go with --out", "leave out --key-type"],
    ["--out . --host a -S /c", 2, "usage", "--certs-dir does not go with --out", "leave out --certs-dir"],
    ["--out . --host a --exact", 2, "usage", "--exact does not go with --out", "leave out --exact"],
    ["status --out .", 2, "usage", "--out does not belong to status", "status --help"],
    ["--out= --host a", 2, "usage", "--out has an empty value", "DIR"],
    ["--host a --out", 2, "usage", "--out needs a value", "DIR"],
    ["--out ~/x --host a", 2, "directory-invalid", 'begins with "~"', "/home/u/x"],
    ["--out . --out x --host a", 2, "usage", "--out is given more than once", "leave one"],
    ["--out .", 1, "generate-cert-refused", "no --host is given", "generate --out . --host"],
    ["--out . --host ∅", 1, "generate-cert-refused", "no --host is given", "generate --out . --host"],
    ["--out . --host a --ecdsa-curve p521", 1, "generate-cert-refused", "is not an elliptic curve", "use P521"],
    ["--out . --host a --rsa-bits 512", 1, "generate-cert-refused", "an RSA key of 512 bits is insecure", "2048"],
    ["--out . --host a --rsa-bits 16385", 1, "generate-cert-refused", "at most 16384", "4096"],
    ["--out . --host a --start-date 2026-01-02T15:04:05Z", 1, "generate-cert-refused", "Jan 2 15:04:05 2006", "Nov"],
    ["--out . --host a --duration 90d", 2, "duration-invalid", "which Go's durations do not know", "use 2160h"],
    ["--out . --host bücher.example", 1, "generate-cert-refused", "is not ASCII", "use xn--bcher-kva.example"],
    ["--out . --host a_b,c␠d,e", 2, "host-invalid", "2 hosts cannot be used", ""],
  ])("%s", async (line, exitStatus, code, message, hint) => {
    const refused = await refusal(line);
    expect(refused).toMatchObject({ exitStatus, code });
    expect(refused["message"]).toContain(message);
    expect(refused["hint"]).toContain(hint);
  });

  it.each(["1024", "8192", "P224"])("a variable too: %s", async (value) => {
    const name = value.startsWith("P") ? "CERT_SETUP_ECDSA_CURVE" : "CERT_SETUP_RSA_BITS";
    expect((await refusal("--host a", { [name]: value }))["message"]).toContain(`${name} "${value}"`);
  });
});

describe("Go's values", () => {
  const given = (text: string) => ({ text, from: "--x" });

  it.each([
    ["0", 0],
    ["-0", 0],
    ["1h", 3600],
    ["-1.5h", -5400],
    [".5s", 0.5],
    ["1h1m1s1ms1us1ns", 3661.001001001],
    ["1\u00b5s", 1e-6],
    ["1\u03bcs", 1e-6],
    ["-2562047h47m16.854775808s", -9_223_372_036.854776],
  ])("duration %s", (text, seconds) => {
    expect(readGoDuration(given(text))).toBeCloseTo(seconds, 9);
  });

  it.each(["2562047h47m16.854775808s", "-", "", ".", "1", "1x", "1.2.3h", "1h-1m", "1d", "1H"])(
    "no duration: %s",
    (text) => {
      expect(() => readGoDuration(given(text))).toThrow("--x");
    },
  );

  it.each([
    ["2048", 2048],
    ["+0x8_00", 2048],
    ["-0B1", -1],
    ["0_10", 8],
    ["0", 0],
    ["-0", 0],
    ["9223372036854775807", 2 ** 63],
  ])("integer %s", (text, value) => {
    expect(readGoInteger(given(text)) ?? NaN).toBeCloseTo(value, 0);
  });

  it.each(["", "-", "1_", "_1", "0x", "08", "1e3", "1.0", " 1", "9223372036854775808"])("no integer: %s", (text) => {
    expect(() => readGoInteger(given(text))).toThrow("--x");
  });

  it.each([
    ["Jan 2 15:04:05 2006", Date.UTC(2006, 0, 2, 15, 4, 5)],
    ["feb 29 0:00:00.5 2024", Date.UTC(2024, 1, 29, 0, 0, 0, 500)],
    ["Jan 1 00:00:00 0001", -62135596800000],
    ["Jan 2 2006 15:04:05", null],
    ["Jan 0 15:04:05 2006", null],
    ["Foo 2 15:04:05 2006", null],
    ["Jan 2 15:04:05 06", null],
    ["Jan 2 15:04:05. 2006", null],
  ])("date %s", (text, at) => {
    expect(parseGoDate(text)).toBe(at);
  });

  it.each(["2026-01-02T24:00:00Z", "2026-13-02T00:00:00Z", "2026-01-02T00:00:00", "2026-01-02T00:00:00+24:00"])(
    "no date: %s",
    (text) => {
      expect(() => parseStartDate(text)).toThrow("is not a date that exists");
    },
  );

  it("hosts: the order and the spelling stay, blanks and empty items go", () => {
    const { names, notes } = readGoHosts([" B.example,,::FFFF:10.0.0.1", "a ,B.example"]);
    expect(names.map(({ value }) => value)).toEqual(["B.example", "10.0.0.1", "a", "B.example"]);
    expect(notes).toEqual([
      {
        code: "host-corrected",
        message:
          "--host: blanks around a host are no part of it, and 1 empty item is left out: B.example,::FFFF:10.0.0.1,a,B.example",
      },
    ]);
  });
});

describe("the plan", () => {
  const seen: OutDirectory = {
    at: Date.UTC(2026, 10, 24, 13),
    nonce: "1a2b3c4d",
    umask: 0o027,
    missing: [],
    certificate: { kind: "missing" },
    key: { kind: "missing" },
    staged: [],
  };
  const planned = async (there: Partial<OutDirectory>, line = "--out /d --host a") =>
    planGenerateCert(await request(line), { ...seen, ...there });
  const lines = ({ actions }: Awaited<ReturnType<typeof planned>>) =>
    actions.map((action) =>
      [
        action.kind,
        ...("path" in action ? [action.path] : []),
        ...("to" in action ? [action.to] : []),
        ...("mode" in action ? [action.mode.toString(8)] : []),
      ].join(" "),
    );

  it("writes both files whole, then names them", async () => {
    expect(lines(await planned({ missing: ["/d"] }))).toEqual([
      "issue-like-go",
      "verify",
      "make-directory /d 750",
      "make-directory /d/..tmp-20261124T130000Z-1a2b3c4d 700",
      "put-file /d/..tmp-20261124T130000Z-1a2b3c4d/cert.pem 640",
      "put-file /d/..tmp-20261124T130000Z-1a2b3c4d/key.pem 600",
      "rename /d/..tmp-20261124T130000Z-1a2b3c4d/cert.pem /d/cert.pem",
      "rename /d/..tmp-20261124T130000Z-1a2b3c4d/key.pem /d/key.pem",
      "remove /d/..tmp-20261124T130000Z-1a2b3c4d",
    ]);
  });

  it("keeps the mode of a certificate, not of a key", async () => {
    const plan = await planned({ certificate: { kind: "file", mode: 0o604 }, key: { kind: "file", mode: 0o644 } });
    expect(
      lines(plan)
        .filter((line) => line.startsWith("put-file"))
        .map((line) => line.slice(-3)),
    ).toEqual(["604", "600"]);
  });

  it("removes what was left ten minutes ago, not what somebody is at", async () => {
    const staged = ["..tmp-20261124T124959Z-00000000", "..tmp-20261124T125959Z-00000000"];
    expect(lines(await planned({ staged })).filter((line) => line.startsWith("remove"))).toEqual([
      "remove /d/..tmp-20261124T124959Z-00000000",
      "remove /d/..tmp-20261124T130000Z-1a2b3c4d",
    ]);
  });

  it.each([
    [{ certificate: { kind: "directory" } }, "cannot write /d/cert.pem: it is a directory"],
    [{ key: { kind: "other" } }, "cannot write /d/key.pem: it is not a regular file"],
  ] as [Partial<OutDirectory>, string][])("refuses %j", async (there, message) => {
    await expect(planned(there)).rejects.toThrow(message);
  });

  it.each([
    [{ key: { kind: "link" } }, "", ["link-replaced"]],
    [{}, " --duration -1h", ["never-valid"]],
    [{}, " --host b --host b", ["option-repeated"]],
    [{}, "", []],
  ] as [Partial<OutDirectory>, string, string[]][])("notes: %j %s", async (there, more, codes) => {
    expect((await planned(there, `--out /d --host a${more}`)).notes.map(({ code }) => code)).toEqual(codes);
  });
});
