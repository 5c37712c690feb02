/** Extensions (RFC 5280 4.2) as we write them, with the criticality that every strict verifier accepts. */
import { addressOctets, parseBlock } from "./address.ts";
import {
  booleanTrue,
  contextConstructed,
  contextPrimitive,
  namedBits,
  objectIdentifier,
  octetString,
  once,
  sequence,
  smallInteger,
  type Der,
} from "./der.ts";
import type { NameConstraints } from "../model/certified-key.ts";
import type { GeneralName } from "../model/names.ts";
import { oids } from "./oids.ts";
import { keyUsageBits, type KeyUsageBit } from "./read-extensions.ts";

function extension(oid: string, critical: boolean, value: Der): Der {
  // critical is DEFAULT FALSE: DER leaves the default out.
  return sequence(objectIdentifier(oid), ...(critical ? [booleanTrue()] : []), octetString(value));
}

export function keyUsage(...bits: KeyUsageBit[]): Der {
  return extension(oids.keyUsage, true, namedBits(bits.map((bit) => keyUsageBits.indexOf(bit))));
}

/** pathLenConstraint 0: this root issues end entity certificates only. */
export const rootBasicConstraints = once(() =>
  extension(oids.basicConstraints, true, sequence(booleanTrue(), smallInteger(0))),
);
export const rootKeyUsage = once(() => keyUsage("keyCertSign", "cRLSign"));

/** A CA without pathLenConstraint. */
export const unboundedBasicConstraints = once(() => extension(oids.basicConstraints, true, sequence(booleanTrue())));

/** cA FALSE is the DEFAULT, so the sequence is empty. */
export const endEntityBasicConstraints = once(() => extension(oids.basicConstraints, true, sequence()));
export const signingKeyUsage = once(() => keyUsage("digitalSignature"));
/** RSA key transport needs keyEncipherment; for other keys it is meaningless (RFC 8813 3). */
export const rsaKeyUsage = once(() => keyUsage("digitalSignature", "keyEncipherment"));
export const serverAuth = once(() => extension(oids.extKeyUsage, false, sequence(objectIdentifier(oids.serverAuth))));

export function subjectKeyIdentifier(keyIdentifier: Buffer): Der {
  return extension(oids.subjectKeyIdentifier, false, octetString(keyIdentifier));
}

export function authorityKeyIdentifier(keyIdentifier: Buffer): Der {
  return extension(oids.authorityKeyIdentifier, false, sequence(contextPrimitive(0, keyIdentifier)));
}

/** Critical exactly when the subject is empty (RFC 5280 4.2.1.6). */
export function subjectAltName(names: readonly GeneralName[], critical: boolean): Der {
  return extension(oids.subjectAltName, critical, sequence(...names.map(generalName)));
}

function generalName(name: GeneralName): Der {
  if (name.type === "dNSName") return contextPrimitive(2, name.value);
  const octets = addressOctets(name.value);
  if (octets === null) throw new RangeError(`not an address: ${name.value}`);
  return contextPrimitive(7, octets);
}

/**
 * Critical (RFC 5280 4.2.1.10). Where one form of name has no permitted subtree, all of that form is excluded: a form that
 * is not mentioned would be unrestricted.
 */
export function nameConstraints({ dNSName, iPAddress }: NameConstraints): Der {
  if (dNSName.length + iPAddress.length === 0) throw new RangeError("name constraints that permit nothing");
  const subtree = (base: Der): Der => sequence(base);
  const domain = (name: string): Der => subtree(contextPrimitive(2, name));
  const block = (cidr: string): Der => {
    const { address, mask } = parseBlock(cidr);
    return subtree(contextPrimitive(7, Buffer.concat([address, mask])));
  };
  const permitted = contextConstructed(0, ...dNSName.map(domain), ...iPAddress.map(block));
  const excluded = [
    ...(dNSName.length === 0 ? [domain("")] : []),
    ...(iPAddress.length === 0 ? [block("0.0.0.0/0"), block("::/0")] : []),
  ];
  const lists = excluded.length === 0 ? [permitted] : [permitted, contextConstructed(1, ...excluded)];
  return extension(oids.nameConstraints, true, sequence(...lists));
}
