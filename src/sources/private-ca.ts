/** The private CA: made once, kept in the state directory, and never anywhere near the server. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { NameConstraints, Pem } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { AuthorityState } from "../model/observation.ts";
import type { Secret } from "../model/secret.ts";
import { shellQuote } from "../model/text.ts";
import { readRegular, sha256 } from "../tree/files.ts";
import { refuseForeign } from "../tree/walk.ts";
import { issueRoot, keyId } from "../x509/certificate.ts";
import { generateKey, loadKey, privateKeyPem, type SigningKey } from "../x509/keys.ts";
import { readNameConstraints } from "../x509/name-constraints.ts";
import { encodePem, readPemBlocks } from "../x509/pem.ts";
import { readCertificate } from "../x509/read.ts";
import { rootValidity } from "../x509/validity.ts";

export interface SigningAuthority {
  certificate: Buffer;
  pem: Pem;
  key: SigningKey;
}

/** A P-384 key and a root over it (RFC 5280; pathLenConstraint 0). */
export async function makeAuthority(
  constraints: NameConstraints | null,
  at: number,
): Promise<{ authority: SigningAuthority; keyPem: Secret<Pem> }> {
  const key = await generateKey("P-384");
  const certificate = issueRoot({ key, constraints, ...rootValidity(at) });
  return {
    authority: { certificate, pem: encodePem("CERTIFICATE", certificate), key },
    keyPem: privateKeyPem(key),
  };
}

/** The 8 hex digits that its commonName ends with. */
export function authorityId(authority: SigningAuthority): string {
  return keyId(authority.key);
}

/**
 * The CAs of a state directory, oldest first. Throws "ca-broken" for one that cannot be used, "unsafe-path" where somebody
 * else could put one under root's hands.
 */
export function readAuthorities(room: string): AuthorityState[] {
  refuseForeign(room, process.geteuid?.() ?? -1);
  let names: string[];
  try {
    names = readdirSync(room);
  } catch {
    return [];
  }
  return names
    .filter((name) => /^[0-9a-f]{8}$/.test(name))
    .map((name) => readAuthority(join(room, name), name))
    .sort((a, b) => a.certificate.notBefore - b.certificate.notBefore || a.id.localeCompare(b.id));
}

function readAuthority(path: string, id: string): AuthorityState {
  const broken = (what: string, hint: string[] = []): CertSetupError =>
    new CertSetupError("ca-broken", `the private CA in ${path} cannot be used: ${what}`, {
      hint: [
        ...hint,
        "or move it away, and a new one is made",
        `$ mv ${shellQuote(path)} ${shellQuote(`${path}.old`)}`,
      ],
    });
  const certificate = readRegular(join(path, "ca.crt"));
  if (certificate === null || certificate === "other") throw broken("ca.crt is missing or cannot be read");
  const key = readRegular(join(path, "ca.key"));
  if (key === null || key === "other") throw broken("ca.key is missing or cannot be read");
  if ((key.entry.mode & 0o077) !== 0) {
    const mode = key.entry.mode.toString(8).padStart(4, "0");
    throw broken(`others can read ca.key (mode ${mode})`, [`$ chmod 600 ${shellQuote(join(path, "ca.key"))}`]);
  }
  try {
    const [block] = readPemBlocks(certificate.bytes.toString("utf8"));
    if (block === undefined) throw new Error("ca.crt holds no certificate");
    const facts = readCertificate(block.der);
    if (!facts.ca) throw new Error("ca.crt is not a CA certificate");
    return {
      id,
      path,
      certificate: facts,
      pem: encodePem("CERTIFICATE", block.der),
      constraints: readNameConstraints(block.der),
    };
  } catch (error) {
    throw broken((error as Error).message);
  }
}

/** Reads the key of a CA for signing; throws "ca-broken" when it is not the key of its certificate. */
export function openAuthority(authority: AuthorityState): SigningAuthority {
  const read = readRegular(join(authority.path, "ca.key"));
  const broken = (what: string): CertSetupError =>
    new CertSetupError("ca-broken", `the private CA in ${authority.path} cannot sign: ${what}`);
  if (read === null || read === "other") throw broken("ca.key cannot be read");
  let key: SigningKey;
  try {
    key = loadKey(read.bytes.toString("utf8"));
  } catch (error) {
    throw broken(`ca.key: ${(error as Error).message}`);
  }
  const [block] = readPemBlocks(authority.pem);
  if (block === undefined || readCertificate(block.der).spkiSha256 !== sha256(key.spki)) {
    throw broken("ca.key is not the key of ca.crt");
  }
  return { certificate: block.der, pem: authority.pem, key };
}
