/**
 * Private keys that sign. EC keys come raw from ECDH and are encoded by hand: exporting a KeyObject costs several times what
 * making the key costs, and on Node 20 some exports of a fresh KeyObject (JWK, asymmetricKeyDetails) can block for ever,
 * waiting on a lock that the garbage collector holds. No KeyObject here is therefore asked for either.
 */
import { createECDH, createHash, createPrivateKey, createPublicKey, generateKeyPair, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { keyAlgorithms, type KeyAlgorithm, type Pem } from "../model/certified-key.ts";
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
  algorithm: KeyAlgorithm;
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
  "P-256": { group: "prime256v1", octets: 32, oid: oids.secp256r1 },
  "P-384": { group: "secp384r1", octets: 48, oid: oids.secp384r1 },
} as const;

const rsaBits = { "RSA-2048": 2048, "RSA-3072": 3072, "RSA-4096": 4096 } as const;

export async function generateKey(algorithm: KeyAlgorithm): Promise<SigningKey> {
  switch (algorithm) {
    case "P-256":
    case "P-384":
      return generateEcKey(algorithm);
    case "RSA-2048":
    case "RSA-3072":
    case "RSA-4096":
      return generateEncoded(algorithm, "rsa", rsaBits[algorithm]);
    case "Ed25519":
      return generateEncoded(algorithm, "ed25519");
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
  "P-256": once(() => sequence(objectIdentifier(oids.ecPublicKey), objectIdentifier(curves["P-256"].oid))),
  "P-384": once(() => sequence(objectIdentifier(oids.ecPublicKey), objectIdentifier(curves["P-384"].oid))),
};
const zero = once(() => smallInteger(0));
const one = once(() => smallInteger(1));

/** RFC 5480 2 and RFC 5915 3, byte for byte as OpenSSL encodes them. */
function generateEcKey(algorithm: "P-256" | "P-384"): SigningKey {
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

function generateEncoded(algorithm: KeyAlgorithm, type: "rsa" | "ed25519", modulusLength = 0): Promise<SigningKey> {
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
  algorithm: KeyAlgorithm,
  spki: Buffer,
  pkcs8: Buffer,
  privateKey = once(() => createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" })),
): SigningKey {
  const hash = { "P-256": "sha256", "P-384": "sha384", "Ed25519": null }[algorithm as string];
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
  "Ed25519": once(() => sequence(objectIdentifier(oids.Ed25519))),
  "RSA": once(() => sequence(objectIdentifier(oids.sha256WithRSAEncryption), nullValue())),
};

function signatureAlgorithm(algorithm: KeyAlgorithm): () => Der {
  return algorithm in rsaBits ? signatureAlgorithms.RSA : signatureAlgorithms[algorithm as "P-256"];
}
