/**
 * Private keys that sign. EC keys come raw from ECDH and are encoded by hand: exporting a KeyObject costs several times what
 * making the key costs, and on Node 20 some exports of a fresh KeyObject (JWK, asymmetricKeyDetails) can block for ever,
 * waiting on a lock that the garbage collector holds. No KeyObject here is therefore asked for either.
 */
import { createECDH, createHash, createPrivateKey, createPublicKey, generateKeyPair, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { type AnyKeyAlgorithm, keyAlgorithms, type Pem } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import { Secret } from "../model/secret.ts";
import {
  bitString,
  contextConstructed,
  nullValue,
  objectIdentifier,
  octetsOf,
  octetString,
  once,
  sequence,
  smallInteger,
  type Der,
} from "./der.ts";
import { readSubjectPublicKeyInfo } from "./fields.ts";
import { oids } from "./oids.ts";
import { encodePem, readPemBlocks } from "./pem.ts";

export interface SigningKey {
  algorithm: AnyKeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  spki: Buffer;
  /** SHA-1 of the subjectPublicKey bits: RFC 5280 4.2.1.2 method (1), which MinIO's mc recomputes. 20 octets. */
  keyIdentifier: Buffer;
  /** PrivateKeyInfo (PKCS #8), DER, not encrypted. */
  pkcs8: Buffer;
  /** AlgorithmIdentifier of the signatures that this key makes. */
  signatureAlgorithm: Der;
  /** Contents of the signatureValue BIT STRING. */
  sign(tbs: Buffer): Buffer;
}

const curves = {
  "P-224": { group: "secp224r1", octets: 28, oid: oids.secp224r1 },
  "P-256": { group: "prime256v1", octets: 32, oid: oids.secp256r1 },
  "P-384": { group: "secp384r1", octets: 48, oid: oids.secp384r1 },
  "P-521": { group: "secp521r1", octets: 66, oid: oids.secp521r1 },
} as const;

export async function generateKey(algorithm: AnyKeyAlgorithm): Promise<SigningKey> {
  switch (algorithm) {
    case "P-224":
    case "P-256":
    case "P-384":
    case "P-521":
      return generateEcKey(algorithm);
    case "Ed25519":
      return generateEncoded(algorithm, "ed25519");
    default:
      return generateEncoded(algorithm, "rsa", Number(algorithm.slice("RSA-".length)));
  }
}

/** The key in one unencrypted PKCS #8 block. `pem` is a file's text; throws CertSetupError("ca-broken"). */
export function loadKey(pem: Pem): SigningKey {
  const blocks = readPemBlocks(pem);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1 || block.label !== "PRIVATE KEY") {
    const found = blocks.map(({ label }) => label).join(", ");
    throw new CertSetupError("ca-broken", `expected one PEM block PRIVATE KEY, found ${found || "none"}`);
  }
  let privateKey: KeyObject;
  let spki: Buffer;
  try {
    privateKey = createPrivateKey({ key: block.der, format: "der", type: "pkcs8" });
    spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  } catch (cause) {
    throw new CertSetupError("ca-broken", "the private key is not a valid PKCS #8 key", { cause });
  }
  const { algorithm } = readSubjectPublicKeyInfo(spki);
  const known = keyAlgorithms.find((name) => name === algorithm);
  if (known === undefined) {
    throw new CertSetupError("ca-broken", `the private key is ${algorithm}, not one of ${keyAlgorithms.join(", ")}`);
  }
  return signingKey(known, spki, block.der, () => privateKey);
}

/** For the file of the key. */
export function privateKeyPem(key: SigningKey): Secret<Pem> {
  return new Secret(encodePem("PRIVATE KEY", key.pkcs8));
}

/** Parts that are the same for every key of a curve. */
const curveParts = {
  "P-224": once(() => curveIdentifier("P-224")),
  "P-256": once(() => curveIdentifier("P-256")),
  "P-384": once(() => curveIdentifier("P-384")),
  "P-521": once(() => curveIdentifier("P-521")),
};

function curveIdentifier(curve: keyof typeof curves): Der {
  return sequence(objectIdentifier(oids.ecPublicKey), objectIdentifier(curves[curve].oid));
}

const zero = once(() => smallInteger(0));
const one = once(() => smallInteger(1));

/** RFC 5480 2 and RFC 5915 3, byte for byte as OpenSSL encodes them. */
function generateEcKey(algorithm: keyof typeof curves): SigningKey {
  const { group, octets } = curves[algorithm];
  const ecdh = createECDH(group);
  const point = bitString(ecdh.generateKeys());
  // getPrivateKey drops leading zeros, RFC 5915 3 wants the full width.
  const scalar = ecdh.getPrivateKey();
  const padded = Buffer.concat([Buffer.alloc(octets - scalar.length), scalar]);
  const identifier = curveParts[algorithm]();
  const ecPrivateKey = sequence(one(), octetString(padded), contextConstructed(1, point));
  const pkcs8 = octetsOf(sequence(zero(), identifier, octetString(ecPrivateKey)));
  return signingKey(algorithm, octetsOf(sequence(identifier, point)), pkcs8);
}

function generateEncoded(algorithm: AnyKeyAlgorithm, type: "rsa" | "ed25519", modulusLength = 0): Promise<SigningKey> {
  return new Promise((resolve, reject) => {
    const publicKeyEncoding = { type: "spki", format: "der" } as const;
    const privateKeyEncoding = { type: "pkcs8", format: "der" } as const;
    const done = (error: Error | null, spki: Buffer, pkcs8: Buffer): void => {
      if (error === null) resolve(signingKey(algorithm, spki, pkcs8));
      else reject(error);
    };
    if (type === "rsa") generateKeyPair("rsa", { modulusLength, publicKeyEncoding, privateKeyEncoding }, done);
    else generateKeyPair("ed25519", { publicKeyEncoding, privateKeyEncoding }, done);
  });
}

/** The KeyObject is made at the first signature: most keys never make one. */
function signingKey(
  algorithm: AnyKeyAlgorithm,
  spki: Buffer,
  pkcs8: Buffer,
  privateKey = once(() => createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })),
): SigningKey {
  const hash = { "P-384": "sha384", "P-521": "sha512", "Ed25519": null }[algorithm as string];
  return {
    algorithm,
    spki,
    keyIdentifier: createHash("sha1").update(readSubjectPublicKeyInfo(spki).subjectPublicKey).digest(),
    pkcs8,
    signatureAlgorithm: signatureAlgorithm(algorithm)(),
    sign: (tbs) => sign(hash === undefined ? "sha256" : hash, tbs, privateKey()),
  };
}

/** Parameters: absent for ECDSA (RFC 5758 3.2) and Ed25519 (RFC 8410 3), NULL for RSA (RFC 4055 5). */
const signatureAlgorithms = {
  "P-256": once(() => sequence(objectIdentifier(oids["ecdsa-with-SHA256"]))),
  "P-384": once(() => sequence(objectIdentifier(oids["ecdsa-with-SHA384"]))),
  "P-521": once(() => sequence(objectIdentifier(oids["ecdsa-with-SHA512"]))),
  "Ed25519": once(() => sequence(objectIdentifier(oids.Ed25519))),
  "RSA": once(() => sequence(objectIdentifier(oids.sha256WithRSAEncryption), nullValue())),
};

function signatureAlgorithm(algorithm: AnyKeyAlgorithm): () => Der {
  if (algorithm === "P-224") return signatureAlgorithms["P-256"];
  return algorithm.startsWith("RSA-") ? signatureAlgorithms.RSA : signatureAlgorithms[algorithm as "P-256"];
}
