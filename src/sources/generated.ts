/** A key of our own and a certificate for it, from a private CA or from itself. */
import type { CertifiedKey } from "../model/certified-key.ts";
import type { GeneratedSource } from "../model/request.ts";
import { issueLeaf, issueSelfSigned } from "../x509/certificate.ts";
import { generateKey, privateKeyPem } from "../x509/keys.ts";
import { encodePem } from "../x509/pem.ts";
import { endEntityValidity, validityFrom } from "../x509/validity.ts";
import type { SigningAuthority } from "./private-ca.ts";

/** `at`: milliseconds since the epoch. */
export async function generate(
  source: GeneratedSource,
  authority: SigningAuthority | null,
  at: number,
): Promise<CertifiedKey> {
  const key = await generateKey(source.keyAlgorithm);
  const { names, notBefore, validitySeconds } = source;
  const validity =
    notBefore === undefined ? endEntityValidity(at, validitySeconds) : validityFrom(notBefore, validitySeconds, at);
  const certificate =
    authority === null
      ? issueSelfSigned({ key, names, ...validity })
      : issueLeaf({ key, names, issuer: { certificate: authority.certificate, key: authority.key }, ...validity });
  const pem = encodePem("CERTIFICATE", certificate);
  return {
    certificateChain: [pem],
    privateKey: privateKeyPem(key),
    trustAnchors: [authority === null ? pem : authority.pem],
  };
}
