/** A key, and the certificate for it that Go's generate_cert.go would make. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { CertifiedKey } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { GenerateCertSource } from "../model/generate-cert.ts";
import { issueLikeGo } from "../x509/go-profile.ts";
import { generateKey, privateKeyPem } from "../x509/keys.ts";
import { encodePem } from "../x509/pem.ts";

/** `at`: milliseconds since the epoch. Throws "generate-cert-refused" for a date that a certificate cannot hold. */
export async function generateLikeGo(source: GenerateCertSource, at: number): Promise<CertifiedKey> {
  const { names, ca, keyAlgorithm } = source;
  const notBefore = source.notBefore ?? at;
  const notAfter = notBefore + source.validitySeconds * 1000;
  const validity = { notBefore: wholeSeconds(notBefore, "begin"), notAfter: wholeSeconds(notAfter, "end") };
  const key = await generateKey(keyAlgorithm);
  const pem = encodePem("CERTIFICATE", issueLikeGo({ key, names, ca, ...validity }));
  return { certificateChain: [pem], privateKey: privateKeyPem(key), trustAnchors: [pem] };
}

/** Go drops the fraction when it encodes, also of times before 1970. */
function wholeSeconds(milliseconds: number, verb: "begin" | "end"): number {
  const whole = Math.floor(milliseconds / 1000) * 1000;
  if (whole >= Date.parse("0000-01-01T00:00:00Z") && whole <= Date.parse("9999-12-31T23:59:59Z")) return whole;
  const years = "the certificate would X outside of the years 0 to 9999, which X.509 cannot say (RFC 5280 4.1.2.5)";
  throw new CertSetupError("generate-cert-refused", years.replace("X", verb), {
    hint: ["give another --start-date, or a shorter --duration"],
  });
}

/** OpenSSL's judgement: the certificate is signed by the key that is written beside it. Throws "certificate-invalid". */
export function verifySelfSigned({ certificateChain, privateKey }: CertifiedKey): void {
  const certificate = new X509Certificate(certificateChain[0] ?? "");
  const own = certificate.checkPrivateKey(createPrivateKey(privateKey.reveal()));
  if (own && certificate.verify(certificate.publicKey)) return;
  throw new CertSetupError("certificate-invalid", "the certificate does not belong to its key: nothing is written");
}
