/** What a given file holds, PEM or DER: certificates and private keys still as they were encoded, and what else. */
import { children, expect, readTlv, tags, type Tlv } from "./der-reader.ts";
import { shellQuote } from "../model/text.ts";
import { importText, noBlock, readImportBlocks, type ImportBlock } from "./import-pem.ts";
import { refusal, type Place } from "./import-place.ts";

/** How a private key is encoded: RFC 5958, 8017 A.1.2, 5915, 5958 3 (encrypted), 1421 with 1423 (encrypted). */
export type KeyEncoding = "pkcs8" | "pkcs1" | "sec1" | "encrypted-pkcs8" | "rfc1423";

export interface EncodedKey {
  kind: "key";
  place: Place;
  encoding: KeyEncoding;
  der: Buffer;
  /** RFC 1423: the label and the value of DEK-Info. */
  wrapped: { label: string; dekInfo: string } | null;
}

export interface EncodedCertificate {
  kind: "certificate";
  place: Place;
  der: Buffer;
}

export type ImportItem = EncodedKey | EncodedCertificate | { kind: "other"; place: Place; label: string };

/** Throws CertSetupError("import-invalid"). */
export function readItems(bytes: Buffer, file: string): ImportItem[] {
  const text = importText(bytes);
  const blocks = readImportBlocks(text, file);
  if (blocks.length > 0) return blocks.map(itemOf);
  if (bytes[0] !== tags.sequence) throw noBlock(text, file);
  return [derItem(bytes, { file, line: null })];
}

/** Blocks that stand beside keys and certificates and say nothing of their own. */
export const ofNoAccount = ["EC PARAMETERS", "DH PARAMETERS", "X9.42 DH PARAMETERS", "PUBLIC KEY", "RSA PUBLIC KEY"];

const keyEncodings: Record<string, KeyEncoding> = {
  "PRIVATE KEY": "pkcs8",
  "RSA PRIVATE KEY": "pkcs1",
  "EC PRIVATE KEY": "sec1",
  "ENCRYPTED PRIVATE KEY": "encrypted-pkcs8",
};

function itemOf({ place, label, headers, der }: ImportBlock): ImportItem {
  const file = shellQuote(place.file);
  if (label === "CERTIFICATE" || label === "X509 CERTIFICATE") return { kind: "certificate", place, der };
  // OpenSSL's own form: the certificate, then what it may be trusted for.
  if (label === "TRUSTED CERTIFICATE") return { kind: "certificate", place, der: firstValue(der, place) };
  if (label === "PKCS7" || label === "CMS") {
    const hint = `$ openssl pkcs7 -print_certs -in ${file} -out ${shellQuote(`${place.file}.pem`)}`;
    throw refusal(place, "a PKCS #7 bundle, which no server reads", [hint]);
  }
  if (label === "OPENSSH PRIVATE KEY") {
    throw refusal(place, "a key in OpenSSH's own format", [`$ ssh-keygen -p -m PKCS8 -f ${file}`]);
  }
  const encoding = Object.hasOwn(keyEncodings, label) ? keyEncodings[label] : undefined;
  if (encoding === undefined) {
    if (label.endsWith("PRIVATE KEY")) throw refusal(place, `a ${label}, which TLS servers cannot use`);
    return { kind: "other", place, label };
  }
  const dekInfo = headers.get("dek-info");
  if (dekInfo === undefined) return { kind: "key", place, encoding, der, wrapped: null };
  if (encoding !== "pkcs1" && encoding !== "sec1") throw refusal(place, `a ${label} with DEK-Info does not exist`);
  return { kind: "key", place, encoding: "rfc1423", der, wrapped: { label, dekInfo } };
}

/** The first TLV: 4 octets of header suffice for what is at most 64 KiB. */
function firstValue(der: Buffer, place: Place): Buffer {
  const form = der[1] ?? 0;
  const length =
    form < 0x80 ? 2 + form : form === 0x81 ? 3 + (der[2] ?? 0) : 4 + der.readUInt16BE(Math.min(2, der.length - 2));
  if (der[0] !== tags.sequence || form > 0x82 || length > der.length) throw refusal(place, "not a certificate");
  return der.subarray(0, length);
}

/** Told apart by the first elements: none of these structures begins like another. */
function derItem(der: Buffer, place: Place): ImportItem {
  const key = (encoding: KeyEncoding): ImportItem => ({ kind: "key", place, encoding, der, wrapped: null });
  let shape = "";
  let oid = "";
  let request = false;
  try {
    const elements = children(expect(readTlv(der), tags.sequence, "a file"));
    shape = elements.map(({ tag }) => letters[tag] ?? "?").join("");
    oid = elements[0]?.tag === tags.objectIdentifier ? elements[0].contents.toString("hex") : "";
    request = shape === "ssb" && isRequest(elements[0]);
  } catch {
    throw pkcs12Like(der) ? pkcs12Given(place) : refusal(place, "neither PEM nor valid DER; is the file cut off?");
  }
  if (request) return { kind: "other", place, label: "CERTIFICATE REQUEST" };
  if (shape === "ssb") return { kind: "certificate", place, der };
  if (shape.startsWith("iso")) return key("pkcs8");
  if (/^iii{6,}/.test(shape)) return key("pkcs1");
  if (shape.startsWith("io")) return key("sec1");
  if (shape === "so") return key("encrypted-pkcs8");
  if (pkcs12Like(der)) throw pkcs12Given(place);
  if (oid === signedData) {
    const hint = `$ openssl pkcs7 -inform DER -print_certs -in ${shellQuote(place.file)} -out ${shellQuote(`${place.file}.pem`)}`;
    throw refusal(place, "a PKCS #7 bundle, which no server reads", [hint]);
  }
  throw refusal(place, "DER, but neither a certificate nor a private key");
}

const letters: Record<number, string> = {
  [tags.integer]: "i",
  [tags.sequence]: "s",
  [tags.octetString]: "o",
  [tags.bitString]: "b",
};

/** 1.2.840.113549.1.7.2 */
const signedData = "2a864886f70d010702";

/**
 * A CertificationRequestInfo (RFC 2986 4.1) begins with its version and ends with its attributes; a tbsCertificate that
 * begins with a number is of version 1 and has none.
 */
function isRequest(info: Tlv | undefined): boolean {
  const elements = info === undefined ? [] : children(info);
  return elements[0]?.tag === tags.integer && elements.at(-1)?.tag === 0xa0;
}

/** PFX ::= SEQUENCE { INTEGER 3, … } (RFC 7292 4), also with BER's indefinite length. */
export function pkcs12Like(bytes: Buffer): boolean {
  return bytes[0] === tags.sequence && bytes.subarray(2, 9).includes(Buffer.from([0x02, 0x01, 0x03, 0x30]));
}

function pkcs12Given(place: Place): Error {
  return refusal(place, "a PKCS #12 file", [`give it by its own option: --pkcs12 ${shellQuote(place.file)}`]);
}
