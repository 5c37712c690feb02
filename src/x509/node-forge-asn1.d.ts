/** The part of node-forge's ASN.1 module that der.ts uses; @types/node-forge describes the package root only. */
declare module "node-forge/lib/asn1.js" {
  interface ByteStringBuffer {
    /** All octets, one a character. */
    getBytes(): string;
  }
  interface Asn1 {
    readonly tagClass: number;
    readonly type: number;
  }
  const asn1: {
    create(tagClass: number, type: number, constructed: boolean, value: string): Asn1;
    toDer(object: Asn1): ByteStringBuffer;
    /** Contents octets only. Throws for arcs over 32 bits. */
    oidToDer(oid: string): ByteStringBuffer;
    /** YYMMDDhhmmssZ, in UTC. */
    dateToUtcTime(date: Date): string;
    /** YYYYMMDDhhmmssZ, in UTC. */
    dateToGeneralizedTime(date: Date): string;
  };
  export default asn1;
}
