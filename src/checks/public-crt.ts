/**
 * Does MinIO start with this `public.crt`? At start it reads the file more strictly than at reload
 * (internal/config/certs.go): every PEM block, of any type, has to be a certificate, and nothing may follow the last one.
 */
import type { CertificateFacts, Pem } from "../model/certified-key.ts";
import { encodePem, readPemBlocks } from "../x509/pem.ts";
import { readCertificate } from "../x509/read.ts";

export type ChainState =
  { kind: "readable"; chain: CertificateFacts[]; chainPem: Pem[] } | { kind: "unreadable"; problem: string };

export function readChain(text: string): ChainState {
  const unreadable = (problem: string): ChainState => ({ kind: "unreadable", problem });
  if (text.trim() === "") return unreadable("public.crt is empty");
  if (text.charCodeAt(0) === 0xfeff) return unreadable("public.crt begins with a byte order mark");
  const chain: CertificateFacts[] = [];
  const chainPem: Pem[] = [];
  try {
    for (const block of readPemBlocks(text)) {
      if (block.label !== "CERTIFICATE")
        return unreadable(`public.crt holds a ${block.label}, and only certificates may stand there`);
      chain.push(readCertificate(block.der));
      chainPem.push(encodePem("CERTIFICATE", block.der));
    }
  } catch (error) {
    return unreadable(`public.crt cannot be decoded: ${(error as Error).message}`);
  }
  if (chain.length === 0) return unreadable("public.crt holds no PEM certificate");
  const end = text.lastIndexOf("-----END ");
  if (text.slice(text.indexOf("-----", end + 9) + 5).trim() !== "") {
    return unreadable("text follows the last certificate in public.crt, and MinIO would not start");
  }
  return { kind: "readable", chain, chainPem };
}
