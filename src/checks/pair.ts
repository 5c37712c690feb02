/** What is true of a pair before it is installed. OpenSSL (by node:crypto) is the judge, not the code that wrote it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { CertifiedKey } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { GeneralName } from "../model/names.ts";
import { readChain } from "./public-crt.ts";

/** Throws "certificate-invalid" naming the first rule that fails. `at`: milliseconds since the epoch. */
export function verifyPair(pair: CertifiedKey, names: readonly GeneralName[], at: number): void {
  const invalid = (what: string): CertSetupError =>
    new CertSetupError("certificate-invalid", `the certificate is not fit to be installed: ${what}`);
  const read = readChain(pair.certificateChain.join(""));
  if (read.kind === "unreadable") throw invalid(read.problem);
  const [leafPem] = pair.certificateChain;
  const facts = read.chain[0];
  if (leafPem === undefined || facts === undefined) throw invalid("the chain is empty");
  const leaf = new X509Certificate(leafPem);
  if (!leaf.checkPrivateKey(createPrivateKey(pair.privateKey.reveal())))
    throw invalid("the key belongs to another certificate");
  if (leaf.ca) throw invalid("it is a CA certificate, which rustls and NSS refuse as a server's");
  if (at < facts.notBefore || at >= facts.notAfter) {
    throw invalid(
      `it is valid from ${new Date(facts.notBefore).toISOString()} to ${new Date(facts.notAfter).toISOString()}, now is ${new Date(at).toISOString()}`,
    );
  }
  for (const name of names) {
    if (!covers(leaf, name)) throw invalid(`it does not stand for ${name.value}`);
  }
  const issuers = [...pair.certificateChain.slice(1), ...pair.trustAnchors].map((pem) => new X509Certificate(pem));
  let signed = leaf;
  for (const issuer of issuers) {
    // Its own issuer is no CA (checkIssued would ask for keyCertSign): there the signature says all.
    const itself = issuer.raw.equals(signed.raw);
    if ((!itself && !signed.checkIssued(issuer)) || !signed.verify(issuer.publicKey)) {
      throw invalid("its chain does not hold together");
    }
    signed = issuer;
  }
}

function covers(certificate: X509Certificate, name: GeneralName): boolean {
  if (name.type === "iPAddress") return certificate.checkIP(name.value) !== undefined;
  const host = name.value.startsWith("*.") ? `any${name.value.slice(1)}` : name.value;
  return certificate.checkHost(host, { subject: "never" }) !== undefined;
}
