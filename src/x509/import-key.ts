/** Private keys that others made: decrypted and decoded by OpenSSL (node:crypto), checked, put into one form. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { Pem } from "../model/certified-key.ts";
import { Secret } from "../model/secret.ts";
import { shellQuote } from "../model/text.ts";
import { readSubjectPublicKeyInfo } from "./fields.ts";
import { encryption } from "./import-encryption.ts";
import type { EncodedKey } from "./import-items.ts";
import { keyProblem, type KeyProblem } from "./import-key-rules.ts";
import { placeText, refusal, refusalOf } from "./import-place.ts";
import { partsProblem } from "./import-key-parts.ts";
import { encodePem } from "./pem.ts";

export interface ImportedKey {
  place: EncodedKey["place"];
  /** `P-256`, `RSA-2048`, `Ed25519`, … */
  algorithm: string;
  /** SHA-256 of the SubjectPublicKeyInfo DER, lower-case hex. */
  spkiSha256: string;
  key: KeyObject;
  /** One unencrypted PKCS #8 block. */
  privateKey: Secret<Pem>;
}

/** Throws CertSetupError: "passphrase-needed", "passphrase-wrong", "import-invalid" for a key that no server should have. */
export function decodeKey(encoded: EncodedKey, passphrase: Secret<string> | null): ImportedKey {
  const { place } = encoded;
  const key = open(encoded, passphrase);
  let spki: Buffer;
  let pkcs8: Buffer;
  let algorithm: string;
  let problem: KeyProblem | null;
  try {
    spki = createPublicKey(key).export({ type: "spki", format: "der" });
    pkcs8 = key.export({ type: "pkcs8", format: "der" });
    ({ algorithm } = readSubjectPublicKeyInfo(spki));
    problem = keyProblem(algorithm) ?? partsProblem(algorithm, pkcs8);
  } catch {
    throw refusal(place, "the private key is not whole: it cannot be written out again");
  }
  if (problem !== null) throw refusal(place, `the private key ${problem.what}`, problem.hint(place.file));
  return {
    place,
    algorithm,
    spkiSha256: createHash("sha256").update(spki).digest("hex"),
    key,
    privateKey: new Secret(encodePem("PRIVATE KEY", pkcs8)),
  };
}

function open(encoded: EncodedKey, passphrase: Secret<string> | null): KeyObject {
  const { place, encoding } = encoded;
  const lock = encryption(encoded);
  if (lock === null) {
    try {
      return createPrivateKey({ key: encoded.der, format: "der", type: encoding as "pkcs8" | "pkcs1" | "sec1" });
    } catch {
      throw refusal(place, "the private key cannot be decoded");
    }
  }
  if (lock.problem !== null) throw refusal(place, lock.problem, reencrypt(place.file));
  if (passphrase === null) {
    const hint = ["give its passphrase in a file that only you can read: --passphrase-file F"];
    throw refusalOf("passphrase-needed", place, "the private key is encrypted and no passphrase is given", hint);
  }
  const open = { passphrase: passphrase.reveal() };
  try {
    if (encoding === "rfc1423") return createPrivateKey({ ...open, format: "pem", key: rfc1423Text(encoded) });
    return createPrivateKey({ ...open, format: "der", type: "pkcs8", key: encoded.der });
  } catch {
    // A wrong passphrase shows as bad padding, or, once in 256 times, as a key that is none.
    const hint = [`try it by hand: $ openssl pkey -noout -in ${shellQuote(place.file)}`];
    throw refusalOf("passphrase-wrong", place, "the passphrase does not open the private key", hint);
  }
}

/** Text between, blank lines, indentation are gone: what OpenSSL gets is always of one form. */
function rfc1423Text({ der, wrapped }: EncodedKey): string {
  const [first = "", ...rest] = encodePem(wrapped?.label ?? "", der).split("\n");
  return [first, "Proc-Type: 4,ENCRYPTED", `DEK-Info: ${wrapped?.dekInfo ?? ""}`, "", ...rest].join("\n");
}

function reencrypt(file: string): string[] {
  const into = shellQuote(`${file}.aes256`);
  return [`$ openssl pkey -provider legacy -provider default -in ${shellQuote(file)} -aes256 -out ${into}`];
}

/** Both fingerprints of a key and a certificate that do not belong together begin like this. */
export function keyText({ place, spkiSha256 }: Pick<ImportedKey, "place" | "spkiSha256">): string {
  return `the private key in ${placeText(place)} (public key SHA-256 ${spkiSha256})`;
}
