/** Which kinds of key a server can use with all of its clients. */
import { shellQuote } from "../model/text.ts";

export interface KeyProblem {
  /** A predicate: `is …`. */
  what: string;
  hint(file: string): string[];
}

/** By object identifier, where SubjectPublicKeyInfo gave no other name. */
const names: Record<string, string> = {
  "1.3.132.0.33": "an EC key on P-224",
  "1.3.132.0.10": "an EC key on secp256k1",
  "1.2.840.10045.3.1.1": "an EC key on P-192",
  "1.3.36.3.3.2.8.1.1.7": "an EC key on brainpoolP256r1",
  "1.3.36.3.3.2.8.1.1.11": "an EC key on brainpoolP384r1",
  "1.3.36.3.3.2.8.1.1.13": "an EC key on brainpoolP512r1",
  "1.2.840.113549.1.1.10": "an RSA-PSS key",
  "1.2.840.10040.4.1": "a DSA key",
  "1.3.101.110": "an X25519 key, which cannot sign",
  "1.3.101.111": "an X448 key, which cannot sign",
  "1.3.101.113": "an Ed448 key",
};

const curves = ["P-256", "P-384", "P-521", "Ed25519"];
const explicit = "1.2.840.10045.2.1";

/** null for a key that all of MinIO, Go, OpenSSL 3 and Java take. `algorithm` as readSubjectPublicKeyInfo names it. */
export function keyProblem(algorithm: string): KeyProblem | null {
  if (curves.includes(algorithm)) return null;
  const bits = /^RSA-(\d+)$/.exec(algorithm)?.[1];
  const another = () => ["ask for a certificate over a P-256 or RSA-2048 key, or make one: $ cert-setup --host NAMES"];
  if (bits !== undefined) {
    if (Number(bits) < 2048)
      return { what: `has ${bits} RSA bits; curl and OpenSSL refuse less than 2048`, hint: another };
    // crypto/tls: tlsmaxrsasize.
    return Number(bits) <= 8192 ? null : { what: `has ${bits} RSA bits; Go refuses more than 8192`, hint: another };
  }
  if (algorithm === explicit) {
    return {
      what: "is an EC key with explicit parameters instead of the name of its curve, which Go refuses (RFC 5480 2.1.1)",
      hint: (file) => [
        `$ openssl pkey -in ${shellQuote(file)} -ec_param_enc named_curve -out ${shellQuote(`${file}.named`)}`,
        "and have the certificate issued anew",
      ],
    };
  }
  const name = Object.hasOwn(names, algorithm) ? names[algorithm] : undefined;
  return {
    what: `is ${name ?? `of a kind (${algorithm}) that`}${name === undefined ? "" : ", with which"} handshakes fail`,
    hint: another,
  };
}
