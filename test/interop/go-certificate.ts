// What a directory holds after Go's generate_cert.go, or cert-setup in its place: everything but what is random, by a reader
// that shares no code with src/.

import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { show, showCertificate, type Shown } from "../helpers/der.ts";

export interface Result {
  /** File name: permission bits. */
  files: Record<string, string>;
  /** Labels of the PEM blocks, all the lines between which are 64 characters long but for the last. */
  labels: string[];
  certificate: Record<string, Shown | Record<string, unknown>>;
  key: Shown;
  seconds: number;
}

export function modes(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, (statSync(join(directory, name)).mode & 0o7777).toString(8)]),
  );
}

/** `dated`: the dates were given, so they are compared; otherwise only how far they lie apart, and that it began now. */
export function resultIn(directory: string, dated: boolean, began: number): Result {
  const [certificatePem, keyPem] = ["cert.pem", "key.pem"].map((name) => readFileSync(join(directory, name), "latin1"));
  const [der, pkcs8] = [decode(certificatePem ?? ""), decode(keyPem ?? "")];
  const x509 = new X509Certificate(der.octets);
  if (!x509.verify(x509.publicKey)) throw new Error("the signature is wrong");
  const privateKey = createPrivateKey({ key: pkcs8.octets, format: "der", type: "pkcs8" });
  if (!x509.checkPrivateKey(privateKey)) throw new Error("the key is another one");

  const shown = showCertificate(der.octets);
  const [from, to] = (shown.validity as string[]).map(seconds) as [number, number];
  if (!dated && (from < Math.floor(began / 1000) || from > Date.now() / 1000)) throw new Error("it does not begin now");
  const serial = BigInt(`0x${shown.serialNumber.slice("INTEGER ".length)}`);
  if (serial < 0n || serial >= 2n ** 128n) throw new Error(`serial number ${serial}`);
  return {
    files: modes(directory),
    labels: [der.label, pkcs8.label],
    certificate: {
      ...shown,
      serialNumber: "random",
      validity: dated ? shown.validity : (shown.validity as string[]).map((time) => time.split(" ")[0] ?? ""),
      spki: withoutKey(shown.spki),
      extensions: { ...shown.extensions, ...ownKeyIdentifier(shown.extensions, shown.spki) },
    },
    key: shapeOfKey(show(pkcs8.octets)),
    seconds: to - from,
  };
}

function decode(pem: string): { label: string; octets: Buffer } {
  const [, label = "", body = "", end] =
    /^-----BEGIN ([A-Z ]+)-----\n([\s\S]*)-----END ([A-Z ]+)-----\n$/.exec(pem) ?? [];
  const lines = body.split("\n");
  if (label === "" || label !== end || lines.pop() !== "") throw new Error("not one PEM block");
  if (lines.slice(0, -1).some((line) => line.length !== 64)) throw new Error("a line that is not 64 characters long");
  return { label, octets: Buffer.from(body, "base64") };
}

function seconds(time: string): number {
  const [form, text = ""] = time.split(" ");
  const year = form === "UTCTime" ? `${Number(text.slice(0, 2)) < 50 ? 20 : 19}${text.slice(0, 2)}` : text.slice(0, 4);
  const rest = text.slice(form === "UTCTime" ? 2 : 4).replace(/^(..)(..)(..)(..)(..)Z$/, "$1-$2T$3:$4:$5Z");
  return Date.parse(`${year}-${rest}`) / 1000;
}

/** Algorithm, curve and size; of RSA the exponent too. */
function withoutKey(spki: Shown): Shown {
  const [algorithm = "", bits = ""] = spki as Shown[];
  const contents = (bits as string).slice("BITS 0 ".length);
  const rsa = JSON.stringify(algorithm).includes("rsaEncryption");
  return [algorithm, rsa ? sizes(show(Buffer.from(contents, "hex"))) : `${contents.length * 4} bits`];
}

/** A long INTEGER as its length in bits, everything else as it is. */
function sizes(value: Shown): Shown {
  if (Array.isArray(value)) return value.map(sizes);
  const hex = typeof value === "string" && value.startsWith("INTEGER ") ? value.slice("INTEGER ".length) : "";
  return hex.length > 8 ? `INTEGER of ${BigInt(`0x${hex}`).toString(2).length} bits` : value;
}

/** RSA's secret numbers may each be some bits shorter than usual: only that they are there. */
function shapeOfKey(pkcs8: Shown): Shown {
  const [version = "", algorithm = "", octets = "", ...more] = pkcs8 as Shown[];
  const inner = show(Buffer.from((octets as string).slice("OCTETS ".length), "hex"));
  const shape = Array.isArray(inner)
    ? inner.map((part, at) => (at === 0 ? part : typeof part === "string" ? kind(part) : lengths(part)))
    : lengths(inner);
  return [version, algorithm, shape, ...more];
}

function kind(text: string): string {
  return text.startsWith("OCTETS") ? (lengths(text) as string) : (text.split(" ")[0] ?? "");
}

function lengths(value: Shown): Shown {
  if (typeof value === "string") return `${value.split(" ")[0]} of ${value.length} characters`;
  if (Array.isArray(value)) return value.map(lengths);
  return Object.fromEntries(Object.entries(value).map(([tag, inside]) => [tag, lengths(inside)]));
}

/** The subjectKeyIdentifier as what it is of the key: method 1 of RFC 7093 2, or RFC 5280 4.2.1.2. */
function ownKeyIdentifier(extensions: Record<string, { critical: boolean; value: Shown }>, spki: Shown): object {
  const extension = extensions["subjectKeyIdentifier"];
  if (extension === undefined) return {};
  const key = Buffer.from(((spki as Shown[])[1] as string).slice("BITS 0 ".length), "hex");
  const digest = (name: string) => createHash(name).update(key).digest("hex").slice(0, 40);
  const value = (extension.value as string).slice("OCTETS ".length);
  const method = value === digest("sha256") ? "RFC 7093" : value === digest("sha1") ? "RFC 5280" : value;
  return { subjectKeyIdentifier: { ...extension, value: method } };
}
