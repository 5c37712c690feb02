/**
 * How a private key is encrypted, looked at before OpenSSL is asked to decrypt it: with an iteration count of two thousand
 * million it would be away for an hour, and nothing could stop it.
 */
import { elementsOf, expect, readInteger, readObjectIdentifier, readTlv, tags, type Tlv } from "./der-reader.ts";
import type { EncodedKey } from "./import-items.ts";

export interface Lock {
  /** Why it cannot be opened, whatever the passphrase; null when it can. */
  problem: string | null;
}

/** About three seconds of PBKDF2. Password managers recommend 600,000. */
export const mostIterations = 5_000_000;
/** N * r * p; OpenSSL writes 131,072. */
const mostScrypt = 16_777_216;

const pbes2 = "1.2.840.113549.1.5.13";
const pbkdf2 = "1.2.840.113549.1.5.12";
const scrypt = "1.3.6.1.4.1.11591.4.11";

/** What OpenSSL 3 has only in its legacy provider, which Node does not load. */
const legacy: Record<string, string> = {
  "1.3.14.3.2.7": "DES",
  "1.2.840.113549.3.2": "RC2",
  "1.2.840.113549.3.4": "RC4",
  "1.2.840.113549.1.5.1": "MD2 and DES",
  "1.2.840.113549.1.5.3": "MD5 and DES",
  "1.2.840.113549.1.5.4": "MD2 and RC2",
  "1.2.840.113549.1.5.6": "MD5 and RC2",
  "1.2.840.113549.1.5.10": "SHA-1 and DES",
  "1.2.840.113549.1.5.11": "SHA-1 and RC2",
  "1.2.840.113549.1.12.1.1": "RC4",
  "1.2.840.113549.1.12.1.2": "RC4",
  "1.2.840.113549.1.12.1.5": "RC2",
  "1.2.840.113549.1.12.1.6": "RC2",
};

/** null: the key is not encrypted. */
export function encryption({ encoding, der, wrapped }: EncodedKey): Lock | null {
  if (encoding === "rfc1423") return { problem: dekProblem(wrapped?.dekInfo ?? "") };
  if (encoding !== "encrypted-pkcs8") return null;
  try {
    const [algorithm, data, ...more] = elementsOf(readTlv(der), "an encrypted key");
    expect(data, tags.octetString, "the encrypted data");
    if (more.length > 0) return { problem: "the encrypted private key cannot be decoded" };
    const [oid, parameters] = elementsOf(algorithm, "the encryption");
    return { problem: schemeProblem(readObjectIdentifier(oid, "the encryption"), parameters) };
  } catch {
    return { problem: "the encrypted private key cannot be decoded" };
  }
}

/** RFC 5958 3 with RFC 8018: PBES2, or one of the older schemes that all have SEQUENCE { salt, iterations }. */
function schemeProblem(scheme: string, parameters: Tlv | undefined): string | null {
  const old = legacyProblem(scheme);
  if (old !== null) return old;
  const elements = elementsOf(parameters, "the parameters");
  if (scheme !== pbes2) return tooMany(numberOf(elements[1]));
  const [derivation, cipher] = elements;
  const [function_, settings] = elementsOf(derivation, "the key derivation");
  const name = readObjectIdentifier(function_, "the key derivation");
  const values = elementsOf(settings, "its parameters");
  const problem = legacyProblem(readObjectIdentifier(elementsOf(cipher, "the cipher")[0], "the cipher"));
  if (problem !== null) return problem;
  if (name === pbkdf2) return tooMany(numberOf(values[1]));
  if (name !== scrypt) return `the private key is encrypted in a way that OpenSSL does not know (${name})`;
  const cost = numberOf(values[1]) * numberOf(values[2]) * numberOf(values[3]);
  return cost <= mostScrypt
    ? null
    : `the private key is encrypted with an scrypt cost of ${cost}, more than ${mostScrypt}`;
}

function legacyProblem(oid: string): string | null {
  const name = Object.hasOwn(legacy, oid) ? legacy[oid] : undefined;
  return name === undefined ? null : broken(name);
}

function broken(cipher: string): string {
  return `the private key is encrypted with ${cipher}, which is broken and which OpenSSL 3 no longer loads`;
}

function dekProblem(dekInfo: string): string | null {
  const cipher = /^([A-Z0-9-]{1,24}),[0-9A-Fa-f]{16,64}$/.exec(dekInfo)?.[1];
  if (cipher === undefined) return "the DEK-Info of the encrypted private key is not as RFC 1423 has it";
  return /^(?:AES-|DES-EDE3-|CAMELLIA-|ARIA-)/.test(cipher) ? null : broken(cipher);
}

function tooMany(iterations: number): string | null {
  if (iterations <= mostIterations) return null;
  return `the private key is encrypted with ${iterations} iterations, more than ${mostIterations}`;
}

/** A non-negative INTEGER of at most 6 octets; Infinity for any other. */
function numberOf(tlv: Tlv | undefined): number {
  const octets = readInteger(tlv, "a number");
  return octets.length > 6 || octets.readUInt8(0) >= 0x80 ? Infinity : octets.readUIntBE(0, octets.length);
}
