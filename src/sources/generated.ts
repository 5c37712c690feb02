/** A key of our own and a certificate for it, from a private CA or from itself. */
import type { CertifiedKey } from "../model/certified-key.ts";
import type { GeneratedSource } from "../model/request.ts";
import { issueLeaf, issueSelfSigned } from "../x509/certificate.ts";
import { generateKey, privateKeyPem } from "../x509/keys.ts";
import { encodePem } from "../x509/pem.ts";
import type { SigningAuthority } from "./private-ca.ts";

/** `at`: milliseconds since the epoch. notBefore lies an hour back, for clients whose clock is slow. */
export async function generate(
  source: GeneratedSource,
  authority: SigningAuthority | null,
  at: number,
): Promise<CertifiedKey> {
  const key = await generateKey(source.keyAlgorithm);
  const notBefore = at - 3_600_000;
  const notAfter = at + source.validitySeconds * 1000;
  const { names } = source;
  const certificate =
    authority === null
      ? issueSelfSigned({ key, names, notBefore, notAfter })
      : issueLeaf({
          key,
          names,
          issuer: { certificate: authority.certificate, key: authority.key },
          notBefore,
          notAfter,
        });
  const pem = encodePem("CERTIFICATE", certificate);
  return {
    certificateChain: [pem],
    privateKey: privateKeyPem(key),
    trustAnchors: [authority === null ? pem : authority.pem],
  };
}
