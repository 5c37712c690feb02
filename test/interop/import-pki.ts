// A small PKI made by the real openssl, each piece in the file that people have it in.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../helpers/programs.ts";
import { run, temporaryDirectory } from "../helpers/run.ts";

export const directory = temporaryDirectory();
export const path = (name: string): string => join(directory, name);
export const text = (name: string): string => readFileSync(path(name), "utf8");

/** A file of the scratch directory; returns its path. */
export function file(name: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(path(name), content, { mode });
  return path(name);
}

/** Runs openssl in the scratch directory; throws when it fails. */
export async function openssl(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(program("openssl"), args, { cwd: directory });
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Options of genpkey, by the name that tests give the key. */
export const genpkey: Record<string, string[]> = {
  p256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  p384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  p521: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
  rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  ed25519: ["-algorithm", "ED25519"],
  p224: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"],
  secp256k1: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
  explicit: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
  rsa1024: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
  ed448: ["-algorithm", "ED448"],
  pss: ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
  multiprime: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_primes:3"],
};

export async function makeKey(kind: string, name: string): Promise<void> {
  await openssl("genpkey", ...(genpkey[kind] ?? []), "-out", name);
}

export interface Issue {
  /** Without `.crt`. */
  name: string;
  /** File of the subject's key. */
  key: string;
  subject?: string;
  /** Names of the issuer's files, without `.crt` and `.key`; absent: self-signed. */
  issuer?: string;
  days?: number;
  /** `basicConstraints=critical,CA:TRUE`, … */
  extensions?: string[];
  digest?: string;
  /** false: no subjectKeyIdentifier and no authorityKeyIdentifier. */
  identified?: boolean;
}

export const server = [
  "basicConstraints=critical,CA:FALSE",
  "keyUsage=critical,digitalSignature",
  "extendedKeyUsage=serverAuth",
];
export const names = "subjectAltName=DNS:minio.example.net,IP:10.0.0.5";
export const authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

/** NAME.crt. No other extensions than the given ones and the key identifiers. */
export async function issue({
  name,
  key,
  subject = "/CN=minio.example.net",
  issuer,
  days = 90,
  ...rest
}: Issue): Promise<void> {
  const { extensions = [...server, names], digest, identified = true } = rest;
  const identifiers = ["subjectKeyIdentifier=hash", ...(issuer === undefined ? [] : ["authorityKeyIdentifier=keyid"])];
  const none = ["subjectKeyIdentifier=none", "authorityKeyIdentifier=none"];
  const section = [...extensions, ...(identified ? identifiers : none)].join("\n");
  const config = file(
    `${name}.cnf`,
    `[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\n[ext]\n${section}\n`,
  );
  const by = issuer === undefined ? [] : ["-CA", `${issuer}.crt`, "-CAkey", `${issuer}.key`];
  const hash = digest === undefined ? [] : [`-${digest}`];
  await openssl(
    "req",
    "-x509",
    "-config",
    config,
    "-new",
    "-key",
    key,
    "-subj",
    subject,
    "-days",
    String(days),
    ...by,
    ...hash,
    "-out",
    `${name}.crt`,
  );
}

/** root ← intermediate ← leaf-KIND for every usable kind of key, and `other`, a pair that has nothing to do with it. */
export async function makePki(kinds = ["p256", "p384", "p521", "rsa", "ed25519"]): Promise<void> {
  await Promise.all([makeKey("p384", "root.key"), makeKey("p256", "int.key"), makeKey("p256", "other.key")]);
  await issue({ name: "root", key: "root.key", subject: "/O=Test/CN=Root", extensions: authority, days: 3650 });
  await issue({
    name: "int",
    key: "int.key",
    subject: "/O=Test/CN=Intermediate",
    issuer: "root",
    extensions: authority,
    days: 1000,
  });
  await issue({ name: "other", key: "other.key", subject: "/CN=other" });
  for (const kind of kinds) {
    await makeKey(kind, `${kind}.key`);
    await issue({ name: kind, key: `${kind}.key`, issuer: "int" });
  }
}
