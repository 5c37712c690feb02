/** iPAddress (RFC 5280 4.2.1.6): text as people write it, 4 or 16 octets as certificates hold it. */

/** Octets of an IPv4 address in dotted form or of an IPv6 address (RFC 4291 2.2); null when it is neither. */
export function addressOctets(text: string): Buffer | null {
  if (!text.includes(":")) return ipv4Octets(text);
  const dotted = text.includes(".") ? ipv4Octets(text.slice(text.lastIndexOf(":") + 1)) : undefined;
  if (dotted === null) return null;
  const hex = dotted === undefined ? text : text.slice(0, text.lastIndexOf(":") + 1) + groupText(dotted);
  const [head = "", tail, more] = hex.split("::");
  if (more !== undefined) return null;
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = 8 - before.length - after.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return null;
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** Dotted, or as RFC 5952 4 writes IPv6; `octets` has 4 or 16 of them. */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((octets[at * 2] ?? 0) << 8) | (octets[at * 2 + 1] ?? 0));
  // The longest run of two or more zero groups, the first of equals, becomes "::".
  let run = { at: 0, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length += 1;
    if (length > run.length) run = { at, length };
  }
  const text = groups.map((group) => group.toString(16));
  if (run.length < 2) return text.join(":");
  return `${text.slice(0, run.at).join(":")}::${text.slice(run.at + run.length).join(":")}`;
}

function ipv4Octets(text: string): Buffer | null {
  const parts = text.split(".");
  // A leading zero would be octal to some readers.
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return null;
  return Buffer.from(parts.map(Number));
}

function groupText(octets: Buffer): string {
  return `${octets.readUInt16BE(0).toString(16)}:${octets.readUInt16BE(2).toString(16)}`;
}

/** An address block: `10.0.0.0/8` as octets of the address and of the mask (RFC 5280 4.2.1.10). */
export interface AddressBlock {
  address: Buffer;
  mask: Buffer;
}

/** A block from CIDR text. Throws RangeError: only the program writes such text. */
export function parseBlock(cidr: string): AddressBlock {
  const [text = "", length = ""] = cidr.split("/");
  const address = addressOctets(text);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (address === null || !(bits <= address.length * 8)) throw new RangeError(`not an address block: ${cidr}`);
  const mask = Buffer.from(address.map((_, at) => 0xff & ~(0xff >> Math.min(8, Math.max(0, bits - at * 8)))));
  return { address: Buffer.from(address.map((octet, at) => octet & (mask[at] ?? 0))), mask };
}

/** CIDR text of a block; null when the mask has ones after zeros. */
export function blockText(block: AddressBlock): string | null {
  const bits = [...block.mask].map((octet) => octet.toString(2).padStart(8, "0")).join("");
  const length = bits.indexOf("0") === -1 ? bits.length : bits.indexOf("0");
  return bits.includes("1", length) ? null : `${addressText(block.address)}/${length}`;
}

export function contains(block: AddressBlock, address: Uint8Array): boolean {
  if (address.length !== block.address.length) return false;
  return block.address.every(
    (octet, at) => (octet & (block.mask[at] ?? 0)) === ((address[at] ?? 0) & (block.mask[at] ?? 0)),
  );
}
