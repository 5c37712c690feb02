/** Object identifiers, by their names in RFC 5280, 5480, 8017 and 8410. */
export const oids = {
  "commonName": "2.5.4.3",
  "organizationName": "2.5.4.10",
  "organizationalUnitName": "2.5.4.11",

  "subjectKeyIdentifier": "2.5.29.14",
  "keyUsage": "2.5.29.15",
  "subjectAltName": "2.5.29.17",
  "basicConstraints": "2.5.29.19",
  "nameConstraints": "2.5.29.30",
  "authorityKeyIdentifier": "2.5.29.35",
  "extKeyUsage": "2.5.29.37",

  "serverAuth": "1.3.6.1.5.5.7.3.1",

  "rsaEncryption": "1.2.840.113549.1.1.1",
  "sha256WithRSAEncryption": "1.2.840.113549.1.1.11",
  "ecPublicKey": "1.2.840.10045.2.1",
  "ecdsa-with-SHA256": "1.2.840.10045.4.3.2",
  "ecdsa-with-SHA384": "1.2.840.10045.4.3.3",
  "ecdsa-with-SHA512": "1.2.840.10045.4.3.4",
  "Ed25519": "1.3.101.112",

  "secp224r1": "1.3.132.0.33",
  "secp256r1": "1.2.840.10045.3.1.7",
  "secp384r1": "1.3.132.0.34",
  "secp521r1": "1.3.132.0.35",
} as const;
