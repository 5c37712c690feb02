// Every form in which people have a pair, made by the programs that make it, comes to the same two files; and these are
// accepted by the checks that MinIO's own reader was copied into, and by Go's.

import { beforeAll, describe, expect, it, vi } from "vitest";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync, symlinkSync, mkdirSync } from "node:fs";
import { readExisting, type ExistingFiles, type ExistingPair } from "../../src/sources/existing.ts";
import { readChain } from "../../src/checks/public-crt.ts";
import { verifyPair } from "../../src/checks/pair.ts";
import { Secret } from "../../src/model/secret.ts";
import { keyState } from "../../src/tree/private-key.ts";
import { program, withPrograms } from "../helpers/programs.ts";
import { run } from "../helpers/run.ts";
import type { Pair } from "./certificates.ts";
import { authority, directory, file, issue, makeKey, makePki, openssl, path, text } from "./import-pki.ts";
import { allJudges } from "./judges.ts";

vi.mock("../../src/x509/import-pkcs12-program.ts", async () => {
  const { buildPkcs12Program } = await import("./import-program.ts");
  const program = await buildPkcs12Program();
  return { pkcs12Program: () => program };
});

const password = "correct horse";
const kinds = ["p256", "p384", "p521", "rsa", "ed25519"];
const at = Date.now() + 60_000;
const accepted: Pair[] = [];

const read = (given: Partial<ExistingFiles>): Promise<ExistingPair> =>
  readExisting({ certificate: [], key: null, pkcs12: null, passphrase: null, at, ...given });

/** Reads, and asks everybody about what comes out. `leaf`: whose certificate it has to be. */
async function expectPair(
  id: string,
  given: Partial<ExistingFiles>,
  leaf: string,
  chain = ["int"],
): Promise<ExistingPair> {
  const pair = await read(given);
  const der = (name: string): string => new X509Certificate(text(`${name}.crt`)).fingerprint256;
  expect(pair.certificateChain.map((pem) => new X509Certificate(pem).fingerprint256)).toEqual(
    [leaf, ...chain].map(der),
  );
  const key = pair.privateKey.reveal();
  expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END PRIVATE KEY-----\n$/);
  expect(createPublicKey(createPrivateKey(key)).equals(new X509Certificate(text(`${leaf}.crt`)).publicKey)).toBe(true);
  const state = readChain(pair.certificateChain.join(""));
  expect(state).toMatchObject({ kind: "readable", chain: pair.facts });
  expect(keyState(key)).toEqual({ kind: "readable", spkiSha256: pair.facts[0]?.spkiSha256 });
  const wanted = [
    { type: "dNSName", value: "minio.example.net" } as const,
    { type: "iPAddress", value: "10.0.0.5" } as const,
  ];
  if (leaf in { p256: 1, p384: 1, p521: 1, rsa: 1, ed25519: 1 }) verifyPair(pair, wanted, at);
  expect(JSON.stringify([pair.facts, pair.notes])).not.toContain(key.split("\n")[1]);
  const name = id.replace(/[^a-z0-9]+/gi, "-");
  accepted.push({
    id: name,
    root: path("root.crt"),
    chain: file(`out-${name}.crt`, pair.certificateChain.join("")),
    key: file(`out-${name}.key`, key),
    hosts: ["minio.example.net", "10.0.0.5"],
  });
  return pair;
}

/** `ECDSA` or `RSA` only where the form has it. */
const forms: [string, string[], (key: string, out: string) => string[]][] = [
  ["PKCS#8", kinds, (key, out) => ["pkcs8", "-topk8", "-nocrypt", "-in", key, "-out", out]],
  ["PKCS#8 DER", kinds, (key, out) => ["pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER", "-out", out]],
  ["PKCS#1 or SEC1", ["p256", "p384", "p521", "rsa"], (key, out) => ["pkey", "-traditional", "-in", key, "-out", out]],
  [
    "PKCS#1 or SEC1 DER",
    ["p256", "p521", "rsa"],
    (key, out) => ["pkey", "-traditional", "-in", key, "-outform", "DER", "-out", out],
  ],
  ["SEC1 without public key", ["p256", "p384"], (key, out) => ["ec", "-no_public", "-in", key, "-out", out]],
  ...["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "des3", "camellia-256-cbc", "aria-256-cbc"].map(
    (cipher): (typeof forms)[number] => [
      `PBES2 ${cipher}`,
      cipher === "aes-256-cbc" ? kinds : ["p256"],
      (key, out) => ["pkcs8", "-topk8", "-v2", cipher, "-in", key, "-out", out, "-passout", `pass:${password}`],
    ],
  ),
  ...["hmacWithSHA1", "hmacWithSHA512"].map((prf): (typeof forms)[number] => [
    `PBES2 ${prf}`,
    ["rsa"],
    (key, out) => [
      "pkcs8",
      "-topk8",
      "-v2",
      "aes256",
      "-v2prf",
      prf,
      "-iter",
      "100000",
      "-in",
      key,
      "-out",
      out,
      "-passout",
      `pass:${password}`,
    ],
  ]),
  [
    "scrypt",
    ["p256", "rsa"],
    (key, out) => ["pkcs8", "-topk8", "-scrypt", "-in", key, "-out", out, "-passout", `pass:${password}`],
  ],
  [
    "PBES2 DER",
    ["p384"],
    (key, out) => [
      "pkcs8",
      "-topk8",
      "-v2",
      "aes256",
      "-in",
      key,
      "-outform",
      "DER",
      "-out",
      out,
      "-passout",
      `pass:${password}`,
    ],
  ],
  [
    "PBES1 3DES",
    ["p256"],
    (key, out) => ["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", key, "-out", out, "-passout", `pass:${password}`],
  ],
  ...["aes256", "aes128", "des3", "camellia256"].map((cipher): (typeof forms)[number] => [
    `RFC 1423 ${cipher}`,
    ["p256", "rsa"],
    (key, out) => ["pkey", "-traditional", `-${cipher}`, "-in", key, "-out", out, "-passout", `pass:${password}`],
  ]),
];

withPrograms("openssl")("pairs made by openssl", { timeout: 300_000 }, () => {
  beforeAll(async () => {
    await makePki(kinds);
    for (const kind of kinds) file(`${kind}.chain`, text(`${kind}.crt`) + text("int.crt"));
    await issue({ name: "self", key: "p256.key" });
    await openssl("ecparam", "-name", "prime256v1", "-genkey", "-out", "with-parameters.key");
    await issue({ name: "with-parameters", key: "with-parameters.key", issuer: "int" });
  }, 300_000);

  describe("a private key as", () => {
    for (const [form, ofKinds, command] of forms) {
      it.each(ofKinds)(`${form}, %s`, async (kind) => {
        const name = `${form}-${kind}.key`.replace(/[^a-zA-Z0-9.]+/g, "_");
        await openssl(...command(`${kind}.key`, name));
        const [certificate, key] = [[path(`${kind}.chain`)], path(name)];
        await expectPair(`${form} ${kind}`, { certificate, key, passphrase: new Secret(password) }, kind);
      });
    }
  });

  it("a private key behind EC PARAMETERS", async () => {
    expect(text("with-parameters.key")).toMatch(/^-----BEGIN EC PARAMETERS/);
    const certificate = [file("parameters.chain", text("with-parameters.crt") + i())];
    await expectPair("EC PARAMETERS first", { certificate, key: path("with-parameters.key") }, "with-parameters");
  });

  const k = () => text("p256.key");
  const l = () => text("p256.crt");
  const i = () => text("int.crt");
  const r = () => text("root.crt");
  const dated = "Bag Attributes\n    friendlyName: minio\nsubject=CN = minio\n";
  const mixtures: [string, () => string[], () => string | null][] = [
    ["leaf and intermediate apart", () => [l(), i()], k],
    ["intermediate before the leaf", () => [i() + l()], k],
    ["root first", () => [r() + i() + l()], k],
    ["everything in one file", () => [l() + i() + r() + k()], () => null],
    ["key first, in one file", () => [k() + l() + i()], () => null],
    ["key in the middle", () => [i() + k() + l()], () => null],
    ["the key file holds the certificate, too", () => [i()], () => k() + l()],
    ["the same file twice over", () => [l() + i(), l() + i() + l()], k],
    ["the same key in both", () => [l() + i() + k()], k],
    [
      "text before, between, behind",
      () => [`${dated}${l()}${dated}\n# chain\n${i()}trailing text\n`],
      () => `${dated}${k()}end\n`,
    ],
    ["CRLF", () => [(l() + i()).replaceAll("\n", "\r\n")], () => k().replaceAll("\n", "\r\n")],
    ["CR alone", () => [(l() + i()).replaceAll("\n", "\r")], () => k().replaceAll("\n", "\r")],
    ["a byte order mark", () => [`\uFEFF${l()}${i()}`], () => `\uFEFF${k()}`],
    ["blank lines everywhere", () => [`\n\n${l()}\n\n\n${i()}\n\n`], () => `\n${k()}\n\n`],
    ["no final newline", () => [(l() + i()).trimEnd()], () => k().trimEnd()],
    ["glued by cat", () => [l().trimEnd() + i()], k],
    ["indented, as in YAML", () => [(l() + i()).replace(/^/gm, "    ")], () => k().replace(/^/gm, "  ")],
    ["one long line", () => [l().replace(/([^-])\n(?=[^-])/g, "$1") + i()], k],
    ["blanks at line ends", () => [(l() + i()).replaceAll("\n", "  \n")], () => k().replaceAll("\n", " \n")],
    ["X509 CERTIFICATE", () => [l().replaceAll(" CERTIFICATE", " X509 CERTIFICATE") + i()], k],
    ["an unrelated certificate", () => [text("other.crt") + l() + i()], k],
    ["a public key and parameters beside it", () => [l() + i()], () => `${text("dh.pem")}${k()}`],
  ];
  beforeAll(async () => {
    await openssl("pkey", "-in", "p256.key", "-pubout", "-out", "dh.pem");
    await openssl("x509", "-in", "p256.crt", "-trustout", "-addtrust", "serverAuth", "-out", "trusted.crt");
    await openssl("x509", "-in", "p256.crt", "-outform", "DER", "-out", "leaf.der");
    await openssl("x509", "-in", "int.crt", "-outform", "DER", "-out", "int.der");
  });
  it.each(mixtures)("a mixture: %s", async (id, certificates, key) => {
    const certificate = certificates().map((content, at) => file(`mix-${at}.pem`, content));
    const content = key();
    await expectPair(`mixture ${id}`, { certificate, key: content === null ? null : file("mix.key", content) }, "p256");
  });
  it("UTF-16 as PowerShell writes it, both orders", async () => {
    const little = file("utf16le.crt", Buffer.from(`\uFEFF${l()}${i()}`, "utf16le"));
    const big = file("utf16be.key", Buffer.from(`\uFEFF${k()}`, "utf16le").swap16());
    await expectPair("utf16", { certificate: [little], key: big }, "p256");
  });
  it("DER certificates", async () => {
    await expectPair("der", { certificate: [path("int.der"), path("leaf.der")], key: path("p256.key") }, "p256");
  });
  it("TRUSTED CERTIFICATE", async () => {
    expect(text("trusted.crt")).toContain("BEGIN TRUSTED");
    await expectPair("trusted", { certificate: [path("trusted.crt"), path("int.crt")], key: path("p256.key") }, "p256");
  });

  it("tells the root apart, and says what it leaves out and what is missing", async () => {
    const root = { trustAnchors: [expect.stringContaining("CERTIFICATE")] };
    const key = path("p256.key");
    const whole = await read({ certificate: [file("whole.pem", l() + i() + r())], key });
    expect(whole).toMatchObject({ ...root, notes: [] });
    expect(new X509Certificate(whole.trustAnchors[0] ?? "").fingerprint256).toBe(
      new X509Certificate(r()).fingerprint256,
    );
    const without = await read({ certificate: [path("p256.crt")], key });
    expect(without).toMatchObject({ trustAnchors: [], notes: [{ code: "chain-incomplete" }] });
    expect(without.certificateChain).toHaveLength(1);
    const foreign = await read({ certificate: [file("foreign.pem", l() + i() + r() + text("other.crt"))], key });
    expect(foreign.notes).toEqual([
      {
        code: "unrelated-certificate",
        message: expect.stringMatching(/^the certificate of CN=other in .*foreign.pem line \d+ is not part/),
      },
    ]);
  });
  it("an issuer of the same name with another key is none, though nothing but the signature says so", async () => {
    const issuer = { key: "anon.key", subject: "/CN=Anon", extensions: authority, identified: false };
    await Promise.all([makeKey("p256", "anon.key"), makeKey("p256", "impostor.key")]);
    await issue({ name: "anon", ...issuer, issuer: "root" });
    await issue({ name: "impostor", ...issuer, key: "impostor.key", issuer: "root" });
    await issue({ name: "below-anon", key: "p256.key", issuer: "anon", identified: false });
    const certificate = [file("anon.pem", text("impostor.crt") + text("below-anon.crt") + text("anon.crt"))];
    const { notes } = await expectPair("impostor", { certificate, key: path("p256.key") }, "below-anon", ["anon"]);
    expect(notes.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^the certificate of CN=Anon in .* line 1 is not part/),
    );
  });
  it("a self-signed certificate is its own anchor", async () => {
    const pair = await expectPair("self", { certificate: [path("self.crt")], key: path("p256.key") }, "self", []);
    expect(pair.trustAnchors).toEqual(pair.certificateChain);
    accepted.pop();
  });
  it("of two certificates over one key, the one that is good for longest", async () => {
    await issue({ name: "short", key: "p256.key", issuer: "int", days: 5 });
    const pair = await expectPair(
      "renewed",
      { certificate: [file("renewed.pem", text("short.crt") + i() + l())], key: path("p256.key") },
      "p256",
    );
    expect(pair.notes.map(({ code }) => code)).toEqual(["unrelated-certificate", "chain-incomplete"]);
  });
  it("says that everybody can read the key", async () => {
    const key = file("open.key", k(), 0o644);
    expect((await read({ certificate: [path("p256.chain")], key })).notes.map(({ code }) => code)).toContain(
      "key-readable",
    );
  });

  it("certbot's layout, its links exchanged while we read", async () => {
    mkdirSync(path("archive"));
    mkdirSync(path("live"));
    const live = ["cert", "privkey", "chain", "fullchain"];
    for (const [at, kind] of ["p256", "rsa"].entries()) {
      file(`archive/cert${at}.pem`, text(`${kind}.crt`));
      file(`archive/privkey${at}.pem`, text(`${kind}.key`));
      file(`archive/chain${at}.pem`, i());
      file(`archive/fullchain${at}.pem`, text(`${kind}.crt`) + i());
    }
    const link = (name: string, at: number): void =>
      symlinkSync(`../archive/${name}${at}.pem`, path(`live/${name}.pem`));
    for (const name of live) link(name, 0);
    const given = { certificate: [path("live/fullchain.pem")], key: path("live/privkey.pem") };
    await expectPair("certbot", given, "p256");
    await expectPair(
      "certbot apart",
      { ...given, certificate: [path("live/cert.pem"), path("live/chain.pem")] },
      "p256",
    );
    const { rmSync } = await import("node:fs");
    // In the middle: the key is the new one already, the certificate still the old one; its link is away for a moment.
    rmSync(path("live/privkey.pem"));
    link("privkey", 1);
    rmSync(path("live/fullchain.pem"));
    const reading = expectPair("certbot renewed", given, "rsa");
    setTimeout(() => link("fullchain", 1), 60);
    await reading;
  });

  describe("PKCS #12", () => {
    const pkcs12: [string, string, string[]][] = [
      ...kinds.map((kind): [string, string, string[]] => [`OpenSSL 3's default, ${kind}`, kind, []]),
      ["-legacy (RC2-40, 3DES)", "rsa", ["-legacy"]],
      ["-legacy, EC", "p256", ["-legacy"]],
      [
        "RC2-40 for both",
        "rsa",
        ["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-RC2-40", "-macalg", "sha1"],
      ],
      ["3DES for both", "p384", ["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]],
      ["AES-128", "rsa", ["-certpbe", "AES-128-CBC", "-keypbe", "AES-128-CBC"]],
      ["SHA-512 MAC", "p256", ["-macalg", "sha512"]],
      ["certificates in clear", "rsa", ["-certpbe", "NONE"]],
      ["nothing encrypted", "p256", ["-certpbe", "NONE", "-keypbe", "NONE"]],
      ["no MAC", "rsa", ["-nomac"]],
      ["one iteration", "rsa", ["-noiter", "-nomaciter"]],
      ["100,000 iterations", "p256", ["-iter", "100000"]],
    ];
    const exported = (kind: string, out: string, options: string[], pass = password): Promise<string> =>
      openssl(
        "pkcs12",
        "-export",
        "-in",
        `${kind}.chain`,
        "-inkey",
        `${kind}.key`,
        "-name",
        "minio",
        "-out",
        out,
        "-passout",
        `pass:${pass}`,
        ...options,
      );

    it.each(pkcs12)("%s", async (id, kind, options) => {
      await exported(kind, "pair.p12", options);
      await expectPair(`p12 ${id}`, { pkcs12: path("pair.p12"), passphrase: new Secret(password) }, kind);
    });
    it.each(["-legacy", "-keyex"])("without a passphrase, %s", async (option) => {
      await exported("rsa", "empty.p12", [option], "");
      await expectPair(`p12 empty ${option}`, { pkcs12: path("empty.p12") }, "rsa");
    });
    it("a passphrase that is not ASCII", async () => {
      await exported("rsa", "umlaut.p12", [], "grün");
      await expectPair("p12 umlaut", { pkcs12: path("umlaut.p12"), passphrase: new Secret("grün") }, "rsa");
    });
    it("the chain beside it, the root within", async () => {
      await openssl(
        "pkcs12",
        "-export",
        "-in",
        "p256.crt",
        "-certfile",
        "root.crt",
        "-inkey",
        "p256.key",
        "-out",
        "root.p12",
        "-passout",
        `pass:${password}`,
      );
      const given = { pkcs12: path("root.p12"), certificate: [path("int.crt")], passphrase: new Secret(password) };
      expect((await expectPair("p12 and chain", given, "p256")).trustAnchors).toHaveLength(1);
    });
    it.each([
      [null, "passphrase-needed"],
      ["wrong", "passphrase-wrong"],
    ])("refuses with passphrase %s", async (given, code) => {
      await exported("rsa", "refused.p12", []);
      const passphrase = given === null ? null : new Secret(given);
      await expect(read({ pkcs12: path("refused.p12"), passphrase })).rejects.toMatchObject({ code, exitStatus: 3 });
      await exported("rsa", "refused.p12", ["-legacy", "-nomac"]);
      await expect(read({ pkcs12: path("refused.p12"), passphrase })).rejects.toMatchObject({ code, exitStatus: 3 });
    });
  });

  withPrograms("keytool")("Java's keytool", () => {
    it.each([
      ["RSA", "rsa"],
      ["EC", "ec"],
    ])("PKCS #12 with %s", async (algorithm, name) => {
      const out = path(`keytool-${name}.p12`);
      const san = [
        "-ext",
        "san=dns:minio.example.net,ip:10.0.0.5",
        "-ext",
        "ku:c=digitalSignature",
        "-ext",
        "eku=serverAuth",
      ];
      const size = algorithm === "EC" ? ["-groupname", "secp256r1"] : ["-keysize", "2048"];
      const args = [
        "-genkeypair",
        "-alias",
        "minio",
        "-keyalg",
        algorithm,
        ...size,
        "-storetype",
        "PKCS12",
        "-keystore",
        out,
        "-storepass",
        password,
      ];
      const made = await run(program("keytool"), [...args, "-dname", "CN=minio.example.net", ...san], {
        timeout: 120_000,
      });
      expect(made.status, made.stdout + made.stderr).toBe(0);
      const pair = await read({ pkcs12: out, passphrase: new Secret(password) });
      await openssl("pkcs12", "-in", out, "-passin", `pass:${password}`, "-nokeys", "-out", "keytool.crt");
      expect(new X509Certificate(pair.certificateChain[0] ?? "").fingerprint256).toBe(
        new X509Certificate(text("keytool.crt")).fingerprint256,
      );
      expect(keyState(pair.privateKey.reveal())).toMatchObject({
        kind: "readable",
        spkiSha256: pair.facts[0]?.spkiSha256,
      });
    });
  });

  withPrograms("mkcert")("mkcert", () => {
    it.each([
      ["-pkcs12", "pair.p12"],
      ["PEM", "pair.pem"],
    ])("%s", async (form) => {
      const env = { PATH: "/usr/bin:/bin", HOME: directory, CAROOT: path("."), TRUST_STORES: "none" };
      const flags =
        form === "-pkcs12"
          ? ["-pkcs12", "-p12-file", path("mkcert.p12")]
          : ["-cert-file", path("mkcert.pem"), "-key-file", path("mkcert.key")];
      const made = await run(program("mkcert"), [...flags, "minio.example.net", "10.0.0.5"], { env, timeout: 120_000 });
      expect(made.status, made.stderr).toBe(0);
      const given =
        form === "-pkcs12"
          ? { pkcs12: path("mkcert.p12"), passphrase: new Secret("changeit") }
          : { certificate: [path("mkcert.pem")], key: path("mkcert.key") };
      const pair = await read({ ...given, certificate: [...(given.certificate ?? []), path("rootCA.pem")] });
      expect(pair).toMatchObject({ facts: [{ ca: false }], trustAnchors: [readFileSync(path("rootCA.pem"), "utf8")] });
      accepted.push({
        id: `mkcert${form}`,
        root: path("rootCA.pem"),
        chain: file(`out-mkcert${form}.crt`, pair.certificateChain.join("")),
        key: file(`out-mkcert${form}.key`, pair.privateKey.reveal()),
        hosts: ["minio.example.net", "10.0.0.5"],
      });
    });
  });

  it("a client that knows the root alone accepts every one of them", async () => {
    const verdicts = await allJudges.Node.judge(accepted);
    expect(Object.entries(verdicts).filter(([, verdict]) => verdict !== "ok")).toEqual([]);
  }, 300_000);

  withPrograms("go")("Go", () => {
    it("loads and serves every one of them", async () => {
      expect(accepted.length).toBeGreaterThan(60);
      // This judge looks at the leaf by itself first, so the intermediate stands among its roots.
      const roots = file("roots.pem", i() + r() + text("anon.crt") + text("rootCA.pem"));
      const verdicts = await allJudges.Go.judge(accepted.map((pair) => ({ ...pair, root: roots })));
      expect(Object.entries(verdicts).filter(([, verdict]) => verdict !== "ok")).toEqual([]);
    }, 300_000);
  });
});
