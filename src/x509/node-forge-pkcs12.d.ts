/** The part of node-forge that reads PKCS #12; its modules hang what they make on one object, which forge.js exports. */
declare module "node-forge/lib/pkcs12.js" {
  import type { Asn1Value, KeyDerivation, SafeBag } from "node-forge/lib/forge.js";
  const pkcs12: {
    generateKey: KeyDerivation;
    pkcs12FromAsn1(
      value: Asn1Value,
      strict: boolean,
      password: string | null,
    ): { safeContents: { safeBags: SafeBag[] }[] };
  };
  export default pkcs12;
}

declare module "node-forge/lib/sha512.js" {
  import type { MessageDigest } from "node-forge/lib/forge.js";
  const sha512: MessageDigest & { sha384: MessageDigest };
  export default sha512;
}

declare module "node-forge/lib/forge.js" {
  interface Asn1Value {
    readonly type: number;
  }
  interface SafeBag {
    /** Object identifier of the kind of bag. */
    type: string;
    key?: unknown;
    cert?: unknown;
    /** What forge did not take apart. */
    asn1?: Asn1Value;
  }
  interface MessageDigest {
    create(): unknown;
  }
  type KeyDerivation = (password: unknown, salt: unknown, ...rest: unknown[]) => unknown;
  const forge: {
    asn1: {
      /** BER when `strict` is false. `bytes`: one octet a character. */
      fromDer(bytes: string, options: { strict: boolean }): Asn1Value;
      toDer(value: Asn1Value): { getBytes(): string };
    };
    /** Hash functions by name, those whose modules are loaded. */
    md: Record<string, MessageDigest>;
    pkcs5: {
      /** Octets in, octets out, one a character. */
      pbkdf2: (
        passphrase: string | null,
        salt: string,
        iterations: number,
        length: number,
        digest: { algorithm: string },
      ) => string;
    };
    pki: {
      oids: Record<string, string>;
      pbe: { generatePkcs12Key: KeyDerivation };
      privateKeyFromAsn1: (value: Asn1Value) => unknown;
      certificateFromAsn1: (value: Asn1Value, hash: boolean) => unknown;
    };
  };
  export default forge;
}
