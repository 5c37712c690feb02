/** The parent domain of a name, never a public suffix (publicsuffix.org): what a private root may be trusted with. */
import { CertSetupError } from "../model/errors.ts";
import type { GeneralName } from "../model/names.ts";

/**
 * Domains for private use, which nobody can register: reserved (RFC 6761, 6762 and its appendix G, 8375, ICANN's
 * `internal`) or withheld for good. A whole one may be permitted, as the home of all servers of a private network.
 */
const privateUse = new Set("corp home home.arpa internal intranet lan local localdomain private test".split(" "));

/** Gives `minio.example.net` for `*.minio.example.net`, `example.net` for `minio.example.net`; itself for one label. */
export type ParentDomain = (name: string) => string;

export interface PublicSuffixes {
  parentDomain: ParentDomain;
  isPublicSuffix(name: string): boolean;
}

/** Loads the public suffix list, but only when one of the names has two labels or more. */
export async function loadPublicSuffixes(names: readonly GeneralName[]): Promise<PublicSuffixes> {
  if (!names.some((name) => name.type === "dNSName" && name.value.includes("."))) {
    return publicSuffixes(() => false);
  }
  const { getPublicSuffix } = await import("tldts");
  const options = { allowPrivateDomains: true, extractHostname: false, validateHostname: false } as const;
  return publicSuffixes((name) => getPublicSuffix(name, options) === name);
}

export async function loadParentDomain(names: readonly GeneralName[]): Promise<ParentDomain> {
  return (await loadPublicSuffixes(names)).parentDomain;
}

function publicSuffixes(listed: (name: string) => boolean): PublicSuffixes {
  // A top-level domain that the list does not know is a suffix, too (its rule "*"): it may be delegated tomorrow.
  const isPublicSuffix = (name: string): boolean => !privateUse.has(name) && listed(name);
  return {
    isPublicSuffix,
    parentDomain(name) {
      const dot = name.indexOf(".");
      if (dot === -1) return name;
      const parent = name.slice(dot + 1);
      if (!isPublicSuffix(parent)) return parent;
      if (!name.startsWith("*.")) return name;
      throw new CertSetupError("host-invalid", `${name} would cover all of ${parent}, a public suffix`, {
        hint: [`give the names themselves, or a wildcard below a name of your own: *.minio.${parent}`],
      });
    },
  };
}
