/** Name constraints (RFC 5280 4.2.1.10): which names a private root may certify. */
import { addressOctets, blockText, contains, parseBlock } from "./address.ts";
import type { NameConstraints } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { GeneralName } from "../model/names.ts";
import type { ParentDomain } from "./public-suffix.ts";
import { readExtensions, type Extensions } from "./read-extensions.ts";

const loopback = ["127.0.0.0/8", "::1/128"];
/** RFC 1918, 6598, 3927, 4193, 4291. */
const privateBlocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"].concat(
  "fc00::/7",
  "fe80::/10",
);

/**
 * The parent domains of the given names, the given addresses or the private blocks that they lie in; the local host
 * always. Sorted, without what another entry covers, so that the order of the names does not matter.
 */
export function deriveConstraints(names: readonly GeneralName[], parentDomain: ParentDomain): NameConstraints {
  const domains = new Set(["localhost"]);
  const blocks = new Set(loopback);
  for (const name of names) {
    if (name.type === "dNSName") domains.add(parentDomain(name.value));
    if (name.type === "iPAddress") blocks.add(blockFor(name.value));
  }
  return {
    dNSName: [...domains].filter((domain) => ![...domains].some((other) => domain.endsWith(`.${other}`))).sort(),
    iPAddress: [...blocks].filter((block) => ![...blocks].some((other) => isWithin(block, other))).sort(),
  };
}

function blockFor(address: string): string {
  const octets = addressOctets(address);
  if (octets === null) throw new RangeError(`not an address: ${address}`);
  const known = [...loopback, ...privateBlocks].find((block) => contains(parseBlock(block), octets));
  return known ?? `${address}/${octets.length * 8}`;
}

function isWithin(block: string, other: string): boolean {
  return block !== other && contains(parseBlock(other), parseBlock(block).address);
}

/**
 * Would a verifier accept this name under a root with these constraints? A form of name of which nothing is permitted is
 * unrestricted. null: no constraints.
 */
export function permits(constraints: NameConstraints | null, name: GeneralName): boolean {
  if (constraints === null) return true;
  if (name.type === "iPAddress") {
    const octets = addressOctets(name.value);
    const { iPAddress } = constraints;
    return (
      octets !== null && (iPAddress.length === 0 || iPAddress.some((block) => contains(parseBlock(block), octets)))
    );
  }
  const { dNSName } = constraints;
  const host = name.value.toLowerCase();
  return dNSName.length === 0 || dNSName.some((domain) => host === domain || host.endsWith(`.${domain}`));
}

/** The names that are not permitted, for a message; empty when the root covers all of them. */
export function notPermitted(constraints: NameConstraints | null, names: readonly GeneralName[]): GeneralName[] {
  return names.filter((name) => !permits(constraints, name));
}

export function covers(constraints: NameConstraints | null, names: readonly GeneralName[]): boolean {
  return names.every((name) => permits(constraints, name));
}

/** The constraints in a CA certificate (DER), null when it has none. Throws as `nameConstraintsOf` does. */
export function readNameConstraints(certificate: Buffer): NameConstraints | null {
  return nameConstraintsOf(readExtensions(certificate).nameConstraints);
}

/**
 * Throws CertSetupError("ca-broken") for forms that `NameConstraints` cannot say, rather than to take a CA for less limited
 * than it is.
 */
export function nameConstraintsOf(extension: Extensions["nameConstraints"]): NameConstraints | null {
  if (extension === null) return null;
  const constraints: NameConstraints = { dNSName: [], iPAddress: [] };
  if (extension.excludedSubtrees.length > 0) throw unsupported("excluded subtrees");
  for (const subtree of extension.permittedSubtrees) {
    if (subtree.type === "dNSName" && subtree.value !== "" && !subtree.value.startsWith(".")) {
      constraints.dNSName.push(subtree.value.toLowerCase());
    } else if (subtree.type === "iPAddress" && blockText(subtree.value) !== null) {
      constraints.iPAddress.push(blockText(subtree.value) ?? "");
    } else if (subtree.type !== "other") {
      throw unsupported(`a ${subtree.type} subtree of an unusual form`);
    }
  }
  return constraints;
}

function unsupported(what: string): CertSetupError {
  return new CertSetupError(
    "ca-broken",
    `the CA certificate has name constraints with ${what}, which are not supported`,
  );
}
