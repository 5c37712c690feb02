// What MinIO or its clients would refuse is refused before anything is installed: which file, which line, which rule.

import { beforeAll, describe, expect, it, vi } from "vitest";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, truncateSync } from "node:fs";
import { CertSetupError } from "../../src/model/errors.ts";
import { Secret } from "../../src/model/secret.ts";
import { readExisting, readPassphrase, type ExistingFiles } from "../../src/sources/existing.ts";
import { withPrograms } from "../helpers/programs.ts";
import {
  authority,
  directory,
  file,
  issue,
  makeKey,
  makePki,
  names,
  openssl,
  path,
  server,
  text,
} from "./import-pki.ts";

vi.mock("../../src/x509/import-pkcs12-program.ts", async () => {
  const { buildPkcs12Program } = await import("./import-program.ts");
  const program = await buildPkcs12Program();
  return { pkcs12Program: () => program };
});

const day = 86_400_000;
const now = Date.now() + 60_000;

/** The error, with the scratch directory taken out of it. */
async function refusal(given: Partial<ExistingFiles>): Promise<{ code: string; message: string; hint: string }> {
  try {
    await readExisting({ certificate: [], key: null, pkcs12: null, passphrase: null, at: now, ...given });
  } catch (error) {
    if (!(error instanceof CertSetupError)) throw error;
    const short = (shown: string): string => shown.replaceAll(`${directory}/`, "");
    return { code: error.code, message: short(error.message), hint: short(error.withHint().hint.join("\n")) };
  }
  return { code: "accepted", message: "", hint: "" };
}

const k = () => text("p256.key");
const l = () => text("p256.crt");
const key = () => path("p256.key");
const both = (content: string, withKey: string | null = key()): Partial<ExistingFiles> => ({
  certificate: [file("given.pem", content)],
  key: withKey,
});
const issued = (name: string): Partial<ExistingFiles> => ({ certificate: [path(`${name}.crt`)], key: key() });

type Row = [what: string, given: () => Partial<ExistingFiles>, message: RegExp, hint?: RegExp, code?: string];

const expected = async ([, given, message, hint = /./, code = "import-invalid"]: Row): Promise<void> => {
  const error = await refusal(given());
  expect(error).toEqual({ code, message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
  expect(error.message.split("\n")).toHaveLength(1);
  expect(error.message.length).toBeLessThan(900);
};

/** NAME.crt over p256.key. */
const odd: Record<string, { extensions?: string[]; digest?: string; subject?: string }> = {
  "ca": { extensions: [...authority, names] },
  "certsign": { extensions: ["keyUsage=digitalSignature,keyCertSign", names] },
  "no-san": { extensions: server, subject: "/CN=minio.example.net" },
  "no-san-no-host": { extensions: server, subject: "/CN=Storage Server" },
  "email-san": { extensions: [...server, "subjectAltName=email:a@example.net"] },
  "ip-as-dns": { extensions: [...server, "subjectAltName=DNS:minio.example.net,DNS:10.0.0.5"] },
  "ip6-as-dns": { extensions: [...server, "subjectAltName=DNS:2001:db8::1"] },
  "client": { extensions: ["extendedKeyUsage=clientAuth", names] },
  "any": { extensions: ["extendedKeyUsage=anyExtendedKeyUsage", names] },
  "no-signature": { extensions: ["keyUsage=critical,keyEncipherment", names] },
  "sha1": { digest: "sha1" },
  "md5": { digest: "md5" },
  "sha224": { digest: "sha224" },
  "staple": { extensions: [...server, names, "tlsfeature=status_request"] },
  "unknown": { extensions: [...server, names, "1.2.3.4=critical,DER:0500"] },
};

withPrograms("openssl")("refused", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await makePki(["p256", "rsa"]);
    await makeKey("rsa", "rsaca.key");
    await issue({ name: "rsaca", key: "rsaca.key", subject: "/CN=RSA CA", extensions: authority });
    for (const [name, shape] of Object.entries(odd)) {
      // OpenSSL 3 signs ECDSA with MD5 for nobody.
      await issue({ name, key: "p256.key", issuer: "rsaca", ...shape });
    }
    for (const kind of ["p224", "secp256k1", "explicit", "rsa1024", "ed448", "pss", "multiprime"]) {
      await makeKey(kind, `${kind}.key`);
      await issue({ name: kind, key: `${kind}.key` });
    }
    await openssl("req", "-new", "-key", "p256.key", "-subj", "/CN=x", "-out", "request.csr");
    await openssl("req", "-new", "-key", "p256.key", "-subj", "/CN=x", "-outform", "DER", "-out", "request.der");
    await openssl("crl2pkcs7", "-nocrl", "-certfile", "p256.crt", "-out", "bundle.p7b");
    await openssl("crl2pkcs7", "-nocrl", "-certfile", "p256.crt", "-outform", "DER", "-out", "bundle.p7c");
    await openssl(
      "pkcs12",
      "-export",
      "-in",
      "p256.crt",
      "-inkey",
      "p256.key",
      "-out",
      "pair.p12",
      "-passout",
      "pass:x",
    );
    await openssl("pkcs8", "-topk8", "-v2", "aes256", "-in", "p256.key", "-out", "pbes2.key", "-passout", "pass:right");
    await openssl("pkey", "-traditional", "-aes256", "-in", "p256.key", "-out", "dek.key", "-passout", "pass:right");
    await openssl("pkcs8", "-topk8", "-scrypt", "-in", "p256.key", "-out", "scrypt.key", "-passout", "pass:right");
    const legacy = ["-provider", "legacy", "-provider", "default", "-in", "p256.key", "-passout", "pass:right"];
    await openssl("pkcs8", "-topk8", "-v1", "PBE-MD5-DES", ...legacy, "-out", "pbes1.key");
    await openssl("pkey", "-traditional", "-des", ...legacy, "-out", "des.key");
    for (const name of ["not-ca", "expired-ca", "shallow"]) await makeKey("p256", `${name}.key`);
    await issue({
      name: "not-ca",
      key: "not-ca.key",
      subject: "/CN=Not a CA",
      issuer: "root",
      extensions: ["basicConstraints=CA:TRUE"],
    });
    await issue({ name: "below-not-ca", key: "p256.key", issuer: "not-ca" });
    await issue({
      name: "not-ca",
      key: "not-ca.key",
      subject: "/CN=Not a CA",
      issuer: "root",
      extensions: ["basicConstraints=CA:FALSE"],
    });
    await issue({
      name: "expired-ca",
      key: "expired-ca.key",
      subject: "/CN=Short CA",
      issuer: "root",
      extensions: authority,
      days: 3,
    });
    await issue({ name: "below-expired-ca", key: "p256.key", issuer: "expired-ca" });
    await issue({
      name: "shallow",
      key: "shallow.key",
      subject: "/CN=Shallow",
      extensions: ["basicConstraints=critical,CA:TRUE,pathlen:0"],
    });
    await makeKey("p256", "deep.key");
    await issue({ name: "deep", key: "deep.key", subject: "/CN=Deep", issuer: "shallow", extensions: authority });
    await issue({ name: "below-deep", key: "p256.key", issuer: "deep" });
    let issuer = "root";
    for (let at = 0; at < 18; at += 1) {
      await makeKey("p256", `long${at}.key`);
      await issue({
        name: `long${at}`,
        key: `long${at}.key`,
        subject: `/CN=Long ${at}`,
        issuer,
        extensions: authority,
      });
      issuer = `long${at}`;
    }
    await issue({ name: "below-long", key: "p256.key", issuer });
  }, 300_000);

  const rows: Row[] = [
    ["no file of the certificate", () => ({ key: key() }), /^no certificate is in p256.key$/, /--cert F/],
    ["nothing at all", () => ({}), /^no certificate is in the files: none is given$/],
    [
      "no key",
      () => ({ certificate: [path("p256.crt")] }),
      /^no private key is in p256.crt; the first certificate is that of CN=minio/,
      /--key F/,
    ],
    ["a file that is not there", () => ({ certificate: [path("gone.crt")], key: key() }), /^gone.crt: no such file$/],
    [
      "a request",
      () => ({ certificate: [path("request.csr")], key: key() }),
      /no certificate is in request.csr, p256.key; a certificate request is there/,
    ],
    ["a request, DER", () => ({ certificate: [path("request.der")], key: key() }), /a certificate request is there/],
    [
      "several keys",
      () => both(l() + k() + text("rsa.key")),
      /^2 private keys are given: given.pem line \d+ \(public key SHA-256 [0-9a-f]{64}\); given.pem line \d+ \(/,
    ],
    [
      "the key of another certificate",
      () => both(l(), path("rsa.key")),
      /^the private key in rsa.key line 1 \(public key SHA-256 [0-9a-f]{64}\) belongs to no certificate that is given: given.pem line 1 CN=minio.example.net \(public key SHA-256 [0-9a-f]{64}\)$/,
    ],
    [
      "encrypted, no passphrase",
      () => both(l(), path("pbes2.key")),
      /^pbes2.key line 1: the private key is encrypted and no passphrase/,
      /--passphrase-file F/,
      "passphrase-needed",
    ],
    [
      "RFC 1423, no passphrase",
      () => both(l(), path("dek.key")),
      /^dek.key line 1: the private key is encrypted and no/,
      /--passphrase-file F/,
      "passphrase-needed",
    ],
    ...["pbes2", "dek", "scrypt"].map((name): Row => [
      `wrong passphrase, ${name}`,
      () => ({ ...both(l(), path(`${name}.key`)), passphrase: new Secret("wrong") }),
      /the passphrase does not open the private key$/,
      /\$ openssl pkey/,
      "passphrase-wrong",
    ]),
    [
      "PBES1 with DES",
      () => ({ ...both(l(), path("pbes1.key")), passphrase: new Secret("right") }),
      /encrypted with MD5 and DES, which is broken/,
      /\$ openssl pkey -provider legacy/,
    ],
    [
      "RFC 1423 with DES",
      () => ({ ...both(l(), path("des.key")), passphrase: new Secret("right") }),
      /encrypted with DES-CBC, which is broken/,
      /\$ openssl pkey -provider legacy/,
    ],
    [
      "expired",
      () => ({ ...issued("p256"), at: now + 100 * day }),
      /^p256.crt line 1: the certificate of CN=minio.example.net expired on 2\S+Z; now is 2\S+Z$/,
    ],
    [
      "not yet valid",
      () => ({ ...issued("p256"), at: now - 2 * day }),
      /is not valid before 2\S+Z; now is/,
      /timedatectl/,
    ],
    ["a CA's", () => issued("ca"), /is that of a CA \(cA TRUE\)/, /\$ cert-setup --host minio.example.net,10.0.0.5/],
    ["keyCertSign", () => issued("certsign"), /keyCertSign/],
    ["no SAN", () => issued("no-san"), /no subjectAltName/, /^\$ cert-setup --host minio.example.net$/m],
    ["no SAN and no host in CN", () => issued("no-san-no-host"), /no subjectAltName/, /^\$ cert-setup --host NAMES$/m],
    ["only an e-mail SAN", () => issued("email-san"), /no subjectAltName/],
    [
      "an address as dNSName",
      () => issued("ip-as-dns"),
      /10.0.0.5 as a dNSName/,
      /^\$ cert-setup --host minio.example.net,10.0.0.5$/m,
    ],
    ["an IPv6 address as dNSName", () => issued("ip6-as-dns"), /2001:db8::1 as a dNSName/],
    ["EKU clientAuth", () => issued("client"), /extKeyUsage without serverAuth/],
    ["EKU any", () => issued("any"), /extKeyUsage without serverAuth/],
    ["no digitalSignature", () => issued("no-signature"), /keyUsage without digitalSignature/],
    ["SHA-1", () => issued("sha1"), /signed with SHA-1/],
    ["MD5", () => issued("md5"), /signed with MD5/],
    ["SHA-224", () => issued("sha224"), /signed with an algorithm \(1.2.840.113549.1.1.14\)/],
    ["must-staple", () => issued("staple"), /OCSP stapling/],
    [
      "an unknown critical extension",
      () => issued("unknown"),
      /critical extension that clients do not know \(1.2.3.4\)/,
    ],
    ...(
      [
        ["p224", /P-224/],
        ["secp256k1", /secp256k1/],
        ["rsa1024", /1024 RSA bits/],
        ["ed448", /Ed448/],
        ["pss", /RSA-PSS/],
        ["explicit", /explicit parameters/],
        ["multiprime", /more than two primes/],
      ] as const
    ).map(([name, message]): Row => [
      `key ${name}`,
      () => ({ certificate: [path(`${name}.crt`)], key: path(`${name}.key`) }),
      message,
    ]),
    [
      "an issuer that is no CA",
      () => both(text("below-not-ca.crt") + text("not-ca.crt")),
      /line \d+: the certificate of CN=Not a CA is in the chain as an issuer/,
    ],
    [
      "an expired intermediate",
      () => ({ ...both(text("below-expired-ca.crt") + text("expired-ca.crt")), at: now + 30 * day }),
      /CN=Short CA expired/,
    ],
    [
      "pathLenConstraint",
      () => both(text("below-deep.crt") + text("deep.crt") + text("shallow.crt")),
      /allows 0 intermediate certificates below it.*there are 1$/,
    ],
    [
      "more than 16 intermediates",
      () => both(text("below-long.crt") + Array.from({ length: 18 }, (_, at) => text(`long${at}.crt`)).join("")),
      /more than 16 intermediate/,
    ],
    ["PKCS #7", () => both(text("bundle.p7b")), /PKCS #7/, /\$ openssl pkcs7 -print_certs -in given.pem/],
    ["PKCS #7, DER", () => ({ certificate: [path("bundle.p7c")], key: key() }), /PKCS #7/, /-inform DER/],
    [
      "PKCS #12 as --cert",
      () => ({ certificate: [path("pair.p12")], key: key() }),
      /a PKCS #12 file/,
      /--pkcs12 pair.p12/,
    ],
    ["PEM as --pkcs12", () => ({ pkcs12: path("p256.crt") }), /it is PEM, not PKCS #12/, /--cert and --key/],
    ["a DER certificate as --pkcs12", () => ({ pkcs12: path("leaf.der") }), /^leaf.der: it is no PKCS #12/],
    [
      "an OpenSSH key",
      () =>
        both(l(), file("ssh.key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")),
      /OpenSSH/,
      /\$ ssh-keygen -p -m PKCS8 -f ssh.key/,
    ],
    [
      "another private key",
      () => both(l(), file("dsa.key", k().replaceAll("PRIVATE", "DSA PRIVATE"))),
      /a DSA PRIVATE KEY/,
    ],
    ["an empty file", () => both(""), /^given.pem: the file is empty$/],
    ["text", () => both("hello\n"), /neither PEM nor DER/],
    ["BEGIN in the middle of a line", () => both(l().replace(/^/gm, "> ")), /"BEGIN" stands in the middle of a line/],
    [
      "a label that does not end as it begins",
      () => both(l().replace("END CERT", "END X509 CERT")),
      /line 1: the block CERTIFICATE has no END/,
    ],
    ["cut off", () => both(`\n\n${l()}${l().slice(0, 300)}`), /^given.pem line \d+: the block CERTIFICATE has no END/],
    ["not base64", () => both(l().replace(/\n(.)/, "\n!$1")), /line 1: the block CERTIFICATE is not base64/],
    ["\\n in two characters", () => both(l().trimEnd().replaceAll("\n", "\\n")), /two characters "\\n"/],
    [
      "a certificate that is none",
      () => both(l().replace("BEGIN CERTIFICATE-----\nMII", "BEGIN CERTIFICATE-----\nMIX")),
      /line 1: the certificate cannot be read/,
    ],
    [
      "a key that is none",
      () => both(l(), file("broken.key", k().replace("\nMI", "\nMX"))),
      /broken.key line 1: the private key cannot be decoded/,
    ],
    ["65 blocks", () => both(l().repeat(65)), /more than 64 blocks/],
    [
      "a certificate of escapes",
      () => both("-----BEGIN \x1b[2J-----\nAAAA\n-----END \x1b[2J-----\n"),
      /no kind of PEM block/,
    ],
  ];
  beforeAll(async () => {
    await openssl("x509", "-in", "p256.crt", "-outform", "DER", "-out", "leaf.der");
  });
  it.each(rows)("%s", (...row) => expected(row));

  it("the controls of the table are accepted", async () => {
    expect((await refusal(issued("p256"))).code).toBe("accepted");
    for (const name of ["pbes2", "dek", "scrypt"]) {
      const given = { ...both(l(), path(`${name}.key`)), passphrase: new Secret("right") };
      expect((await refusal(given)).code).toBe("accepted");
    }
  });

  describe("a damaged RSA key, which OpenSSL loads", () => {
    it.each([
      ["dP", 6],
      ["q", 5],
      ["d", 3],
    ])("%s", async (_, index) => {
      // RSAPrivateKey: each INTEGER is changed in its last octet.
      await openssl("rsa", "-in", "rsa.key", "-traditional", "-outform", "DER", "-out", "rsa.der");
      const der = await readBytes("rsa.der");
      let at = 4;
      for (let element = 0; element < index; element += 1) at += lengthOf(der, at);
      const last = at + lengthOf(der, at) - 1;
      der[last] = (der[last] ?? 0) ^ 0x06;
      const error = await refusal({ certificate: [path("rsa.crt")], key: file("damaged.der", der) });
      expect(error).toMatchObject({
        code: "import-invalid",
        message: expect.stringMatching(/^damaged.der: the private key is damaged/),
      });
    });
    it("an EC key whose public half is another's", async () => {
      await openssl("pkey", "-in", "p256.key", "-traditional", "-outform", "DER", "-out", "ec.der");
      const der = await readBytes("ec.der");
      der[20] = (der[20] ?? 0) ^ 1; // within the scalar
      const error = await refusal({ certificate: [path("p256.crt")], key: file("damaged-ec.der", der) });
      expect(error).toMatchObject({
        message: expect.stringMatching(/the private key is damaged: its signatures|cannot be decoded/),
      });
    });
  });

  it("an iteration count that would take hours is refused at once", async () => {
    const bomb = async (source: string, from: string, to: string, into: string): Promise<string> => {
      await openssl("pkey", "-in", source, "-passin", "pass:right", "-out", "plain.key");
      const hex = Buffer.from(text(source).replace(/-----.*-----|\s/g, ""), "base64").toString("hex");
      expect(hex).toContain(from);
      // The lengths of the parts around it grow by two octets, the two octets are taken from the salt.
      return file(into, Buffer.from(hex.replace(from, to), "hex"));
    };
    // INTEGER 2048 in 4 octets instead of 2; PBKDF2's salt of 8 octets loses 2.
    const hex = Buffer.from(text("pbes2.key").replace(/-----.*-----|\s/g, ""), "base64").toString("hex");
    const [whole = "", salt = ""] = /0408([0-9a-f]{16})02020800/.exec(hex) ?? [];
    const given = await bomb("pbes2.key", whole, `0406${salt.slice(4)}02047fffffff`, "bomb.der");
    const start = Date.now();
    const error = await refusal({ certificate: [path("p256.crt")], key: given, passphrase: new Secret("right") });
    expect(error).toMatchObject({
      code: "import-invalid",
      message: "bomb.der: the private key is encrypted with 2147483647 iterations, more than 5000000",
    });
    expect(Date.now() - start).toBeLessThan(1000);
  });

  it("PKCS #12: an iteration count that would take hours", async () => {
    for (const options of [[], ["-legacy"]]) {
      await openssl(
        "pkcs12",
        "-export",
        "-in",
        "p256.crt",
        "-inkey",
        "p256.key",
        "-out",
        "count.p12",
        "-passout",
        "pass:x",
        "-nomac",
        "-iter",
        "70000",
        ...options,
      );
      const der = (await readBytes("count.p12")).toString("hex").replaceAll("0203011170", "02037fffff");
      const start = Date.now();
      const error = await refusal({ pkcs12: file("bomb.p12", Buffer.from(der, "hex")), passphrase: new Secret("x") });
      expect(error.message).toMatch(/8388607 iterations, more than/);
      expect(Date.now() - start).toBeLessThan(2000);
    }
  });
});

withPrograms("openssl")("files that are no files", { timeout: 60_000 }, () => {
  beforeAll(() => makePki(["p256"]));
  const hostile: [string, () => string, RegExp][] = [
    ["37,000 BEGIN lines", () => file("begins.pem", "-----BEGIN CERTIFICATE-----\n".repeat(37_000)), /no END line/],
    ["80,000 BEGIN lines", () => file("more.pem", "-----BEGIN CERTIFICATE-----\n".repeat(80_000)), /bytes, more than/],
    ["60,000 BEGINs in one line", () => file("line.pem", `x${"-----BEGIN A-----".repeat(60_000)}`), /middle of a line/],
    [
      "80,000 blank lines",
      () => file("blank.pem", `-----BEGIN CERTIFICATE-----\n${"\n".repeat(1_000_000)}`),
      /no END line/,
    ],
    [
      "a million header lines",
      () => file("headers.pem", `-----BEGIN CERTIFICATE-----\n${"A: b\n".repeat(200_000)}-----END CERTIFICATE-----\n`),
      /not base64/,
    ],
    [
      "blanks in front of BEGIN",
      () => file("blanks.pem", `${" ".repeat(1_000_000)}-----BEGIN CERTIFICATE-----\n`),
      /middle of a line/,
    ],
    [
      "a megabyte of base64",
      () => file("big.pem", `-----BEGIN CERTIFICATE-----\n${"A".repeat(1_000_000)}\n-----END CERTIFICATE-----\n`),
      /750000 octets/,
    ],
    ["nested 20,000 deep", () => file("deep.der", nested(20_000)), /DER/],
    [
      "3 GB, sparse",
      () => {
        const it = file("sparse.pem", "");
        truncateSync(it, 3 * 1024 ** 3);
        return it;
      },
      /3221225472 bytes, more than 1048576/,
    ],
    ["/dev/zero", () => "/dev/zero", /a device/],
    ["/dev/null", () => "/dev/null", /a device/],
    [
      "a pipe",
      () => {
        const it = path("pipe");
        execFileSync("mkfifo", [it]);
        return it;
      },
      /a pipe/,
    ],
    [
      "a directory",
      () => {
        mkdirSync(path("directory"));
        return path("directory");
      },
      /a directory/,
    ],
    [
      "a link into itself",
      () => {
        symlinkSync("ring", path("ring"));
        return path("ring");
      },
      /too many symbolic links/,
    ],
    [
      "a link to a device",
      () => {
        symlinkSync("/dev/zero", path("zero"));
        return path("zero");
      },
      /a device/,
    ],
    ["a name of escapes", () => path("\x1b[31mred\n"), /\\u\{1b\}\[31mred\\u\{a\}: no such file/],
  ];
  const byOption = /PKCS #12|a device|a pipe|a directory|no such|links|more than/;
  it.each(hostile)("%s", async (_, make, message) => {
    const given = make();
    const ways: [Partial<ExistingFiles>, RegExp][] = [
      [{ certificate: [given], key: path("p256.key") }, message],
      [{ certificate: [path("p256.crt")], key: given }, message],
      [{ pkcs12: given }, byOption],
    ];
    for (const [files, message] of ways) {
      const [start, before] = [Date.now(), process.cpuUsage()];
      const error = await refusal(files);
      // Of our own work, so that a busy machine does not count.
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(1000);
      expect(Date.now() - start).toBeLessThan(5000);
      expect(error).toMatchObject({ code: "import-invalid", message: expect.stringMatching(message) });
    }
  });
  function nested(depth: number): Buffer {
    return Buffer.from("3080".repeat(depth), "hex");
  }
});

describe("a passphrase file", () => {
  it.each([
    ["one line", "secret\n", "secret"],
    ["no newline", "secret", "secret"],
    ["CRLF", "secret\r\n", "secret"],
    ["blanks are part of it", " se cret \n", " se cret "],
    ["UTF-8", "grün\n", "grün"],
  ])("%s", (_, content, passphrase) => {
    expect(readPassphrase(file("passphrase", content)).reveal()).toBe(passphrase);
  });
  it.each([
    ["two lines", "a\nb\n", 0o600, /more than one line/],
    ["two newlines", "a\n\n", 0o600, /more than one line/],
    ["empty", "", 0o600, /is empty/],
    ["a newline alone", "\n", 0o600, /is empty/],
    ["too long", "a".repeat(1025), 0o600, /1025 bytes; at most 1024/],
    ["Latin-1", Buffer.from("gr\xfcn", "latin1"), 0o600, /not UTF-8/],
    ["readable by the group", "a", 0o640, /others can read this passphrase file \(mode 0640\)/],
    ["readable by others", "a", 0o604, /mode 0604/],
  ])("refused: %s", (_, content, mode, message) => {
    const given = file("passphrase", content);
    chmodSync(given, mode);
    expect(() => readPassphrase(given)).toThrow(message);
    chmodSync(given, 0o600);
  });
  it("does not show itself", () => {
    const secret = readPassphrase(file("passphrase", "hunter2"));
    expect(`${secret} ${JSON.stringify(secret)}`).not.toContain("hunter2");
  });
});

async function readBytes(name: string): Promise<Buffer> {
  const { readFile } = await import("node:fs/promises");
  return readFile(path(name));
}

/** Octets of the TLV at an offset, lengths of up to two octets. */
function lengthOf(der: Buffer, at: number): number {
  const form = der[at + 1] ?? 0;
  if (form < 0x80) return 2 + form;
  return form === 0x81 ? 3 + (der[at + 2] ?? 0) : 4 + der.readUInt16BE(at + 2);
}
