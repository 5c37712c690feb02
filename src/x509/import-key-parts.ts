/**
 * Are the parts of a private key those of one key? OpenSSL loads an RSA key with damaged primes (RFC 8017 3.2) and an EC key
 * of any version (RFC 5915 3), and writes them out again as they were; Go's ParsePKCS8PrivateKey, and so MinIO, refuses both.
 */
import { elementsOf, expect, inner, readInteger, readTlv, tags, type Tlv } from "./der-reader.ts";
import type { KeyProblem } from "./import-key-rules.ts";

const hint = (): string[] => ["take the key from where it was made; this copy is damaged"];

/** `pkcs8`: PrivateKeyInfo, DER; RSA of at most 8192 bits. */
export function partsProblem(algorithm: string, pkcs8: Buffer): KeyProblem | null {
  const octets = expect(elementsOf(readTlv(pkcs8), "a PrivateKeyInfo")[2], tags.octetString, "the private key");
  if (algorithm.startsWith("P-")) return ecProblem(inner(octets));
  return algorithm.startsWith("RSA-") ? rsaProblem(inner(octets)) : null;
}

function ecProblem(ecPrivateKey: Tlv): KeyProblem | null {
  const version = readInteger(elementsOf(ecPrivateKey, "an ECPrivateKey")[0], "the version");
  return version.equals(Buffer.from([1])) ? null : { what: "is damaged: an ECPrivateKey is of version 1", hint };
}

function rsaProblem(rsaPrivateKey: Tlv): KeyProblem | null {
  const numbers = elementsOf(rsaPrivateKey, "an RSAPrivateKey").map((tlv) =>
    tlv.tag === tags.integer ? positive(tlv) : 0n,
  );
  const [version, n = 0n, e = 0n, d = 0n, p = 0n, q = 0n, dP, dQ, qInv = 0n] = numbers;
  if (version !== 0n) return { what: "has more than two primes, which Go refuses", hint };
  if (p <= 1n || q <= 1n || p * q !== n)
    return { what: "is damaged: its modulus is not the product of its primes", hint };
  const consistent =
    e > 1n &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dP === d % (p - 1n) &&
    dQ === d % (q - 1n) &&
    (qInv * q) % p === 1n &&
    qInv < p;
  return consistent ? null : { what: "is damaged: its exponents do not belong to its primes", hint };
}

function positive(tlv: Tlv): bigint {
  const octets = readInteger(tlv, "a number");
  return octets.readUInt8(0) >= 0x80 ? 0n : BigInt(`0x${octets.toString("hex")}`);
}
