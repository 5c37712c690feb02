/**
 * PKCS #12 (RFC 7292), new and old: PBES2, 3DES, RC2 with 40 bits, which OpenSSL 3 does not load. Read by node-forge, the
 * one place where it parses what others wrote; runs in a worker thread of its own (import-pkcs12.ts).
 */
import { pbkdf2Sync } from "node:crypto";
import forge from "node-forge/lib/forge.js";
import pkcs12 from "node-forge/lib/pkcs12.js";
import sha512 from "node-forge/lib/sha512.js";

export interface Pkcs12Task {
  der: Uint8Array;
  /** null: none is given. */
  passphrase: string | null;
}

export type Pkcs12Contents =
  /** DER: PrivateKeyInfo and Certificate. */
  | { kind: "read"; privateKeys: Uint8Array[]; certificates: Uint8Array[] }
  | { kind: "passphrase-wrong" }
  /** `what` goes on from "it is a PKCS #12 file that"; holds nothing of the file but object identifiers and numbers. */
  | { kind: "unreadable"; what: string };

/** PBKDF2 is native code, which no deadline can stop; RFC 7292's own derivation is not. About three seconds each. */
const mostIterations = { native: 5_000_000, here: 1_000_000 };

/** Never throws. */
export function readPkcs12({ der, passphrase }: Pkcs12Task): Pkcs12Contents {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("latin1");
  // Without a passphrase some write the empty one, some none at all; the derived keys differ (RFC 7292 B.1).
  const candidates = passphrase === null ? ["", null] : [passphrase];
  let contents: Pkcs12Contents = { kind: "passphrase-wrong" };
  for (const candidate of candidates) {
    contents = attempt(bytes, candidate);
    if (contents.kind !== "passphrase-wrong") break;
  }
  return contents;
}

function attempt(bytes: string, passphrase: string | null): Pkcs12Contents {
  guard();
  const { asn1, pki } = forge;
  try {
    const pfx = pkcs12.pkcs12FromAsn1(asn1.fromDer(bytes, { strict: false }), false, passphrase);
    const bags = pfx.safeContents.flatMap(({ safeBags }) => safeBags);
    const octets = (...types: (string | undefined)[]): Uint8Array[] =>
      bags.flatMap(({ type, asn1: value }) =>
        types.includes(type) && value !== undefined ? [Buffer.from(asn1.toDer(value).getBytes(), "latin1")] : [],
      );
    return {
      kind: "read",
      privateKeys: octets(pki.oids["keyBag"], pki.oids["pkcs8ShroudedKeyBag"]),
      certificates: octets(pki.oids["certBag"]),
    };
  } catch (error) {
    return explain(error);
  }
}

let guarded = false;

/**
 * Keys and certificates are wanted as they are, not as forge would write them again: whatever forge "cannot read" it hands
 * over as ASN.1, so it is made to read none. No iteration count goes unlooked at; and for PBKDF2, where RFC 8018 wants
 * octets, the passphrase is UTF-8, as OpenSSL has it, and the work is done natively.
 */
function guard(): void {
  if (guarded) return;
  guarded = true;
  const { pki, pkcs5, md } = forge;
  md["sha512"] = sha512;
  md["sha384"] = sha512.sha384;
  pki.privateKeyFromAsn1 = pki.certificateFromAsn1 = () => {
    throw new Error("not taken apart");
  };
  pkcs5.pbkdf2 = (passphrase, salt, count, length, digest) => {
    const password = Buffer.from(passphrase ?? "", "utf8");
    const iterations = affordable(count, mostIterations.native);
    return pbkdf2Sync(password, Buffer.from(salt, "latin1"), iterations, length, digest.algorithm).toString("latin1");
  };
  const { generateKey } = pkcs12;
  pkcs12.generateKey = pki.pbe.generatePkcs12Key = (password, salt, id, count, ...rest) =>
    generateKey(password, salt, id, affordable(count, mostIterations.here), ...rest);
}

class TooManyIterations extends Error {}

function affordable(count: unknown, most: number): number {
  if (typeof count === "number" && count >= 1 && count <= most) return count;
  throw new TooManyIterations(`asks for ${Number(count)} iterations, more than ${most}`);
}

function explain(error: unknown): Pkcs12Contents {
  if (error instanceof TooManyIterations) return { kind: "unreadable", what: error.message };
  const { message = "", oid } = error as { message?: string; oid?: unknown };
  if (/Invalid password|wrong password|Failed to decrypt/.test(message)) return { kind: "passphrase-wrong" };
  const shown = typeof oid === "string" && /^[\d.]{1,64}$/.test(oid) ? ` (${oid})` : "";
  if (/Unsupported|unsupported|Only PKCS/.test(message)) {
    const mac = /MAC algorithm: ([\d.]{1,64})$/.exec(message)?.[1];
    return {
      kind: "unreadable",
      what: `is protected in a way that is not read here${mac === undefined ? shown : ` (${mac})`}`,
    };
  }
  return { kind: "unreadable", what: "is damaged or cut off" };
}
