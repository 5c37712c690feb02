/** The bytes behind the names in a plan. They come into being here, and leave only for the tree that is to hold them. */
import type { CertifiedKey, Pem } from "../model/certified-key.ts";
import type { ArtifactName, FileAction } from "../model/plan.ts";
import { Secret } from "../model/secret.ts";
import type { SigningAuthority } from "../sources/private-ca.ts";

export interface Workshop {
  artifacts: Partial<Record<ArtifactName, Secret<string>>>;
  /** The CA that signs, once it is made or opened. */
  authority: SigningAuthority | null;
  pair: CertifiedKey | null;
}

export function putPair(workshop: Workshop, pair: CertifiedKey): void {
  workshop.pair = pair;
  workshop.artifacts["certificate-chain"] = new Secret(pair.certificateChain.join(""));
  workshop.artifacts["private-key"] = pair.privateKey;
}

export function putAuthority(workshop: Workshop, authority: SigningAuthority, keyPem: Secret<Pem> | null): void {
  workshop.authority = authority;
  workshop.artifacts["ca-certificate"] = new Secret(authority.pem);
  if (keyPem !== null) workshop.artifacts["ca-private-key"] = keyPem;
}

/** Only what these actions put: a child gets nothing else. */
export function reveal(workshop: Workshop, actions: readonly FileAction[]): Record<string, string> {
  const revealed: Record<string, string> = {};
  for (const action of actions) {
    if (action.kind !== "put-file") continue;
    const artifact = workshop.artifacts[action.artifact];
    if (artifact !== undefined) revealed[action.artifact] = artifact.reveal();
  }
  return revealed;
}
