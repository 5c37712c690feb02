import type { GeneralName } from "./names.ts";
import type { Secret } from "./secret.ts";

/** One PEM block, LF line ends, 64 columns, exactly one final newline (RFC 7468). */
export type Pem = string;

/** What `--key-type` offers. P-256 is the default; Ed25519 is refused by browsers, NSS and mbedTLS. */
export const keyAlgorithms = ["P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096", "Ed25519"] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** What `generate --out` offers besides, as Go's generate_cert.go does. */
export type AnyKeyAlgorithm = KeyAlgorithm | "P-224" | "P-521" | `RSA-${number}`;

/** A private key with the certificates that certify it. */
export interface CertifiedKey {
  /** End entity certificate first, then intermediates in order; a root is left out unless it is the end entity. */
  certificateChain: Pem[];
  /** One unencrypted PKCS #8 block, the only form that every MinIO reads. */
  privateKey: Secret<Pem>;
  /** What a client has to trust. */
  trustAnchors: Pem[];
}

/** The fields of a certificate that decisions and reports need (RFC 5280 names). */
export interface CertificateFacts {
  /** SHA-256 of the DER, lower-case hex. */
  sha256: string;
  /** SHA-256 of the SubjectPublicKeyInfo DER, lower-case hex. */
  spkiSha256: string;
  /** Lower-case hex, no separators. */
  serialNumber: string;
  /** RFC 4514-like text, for people; never parsed. */
  subject: string;
  issuer: string;
  selfIssued: boolean;
  /** Self-issued, and no other key is named as the issuer's. */
  selfSigned: boolean;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  subjectAltName: GeneralName[];
  keyAlgorithm: string;
  ca: boolean;
  subjectKeyIdentifier: string | null;
  authorityKeyIdentifier: string | null;
}

/** RFC 5280 4.2.1.10, permitted subtrees only. `null` in CertificateAuthority: an unconstrained root. */
export interface NameConstraints {
  /** Without a leading dot: the name itself and everything below it. */
  dNSName: string[];
  /** CIDR, for example `10.0.0.0/8` or `fc00::/7`. */
  iPAddress: string[];
}
