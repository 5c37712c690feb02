/** Where cert-setup keeps what is its own, when that cannot be where the environment says. */
import { homeOf } from "../live/users.ts";
import { defaultStateDir } from "../model/places.ts";
import { refuseForeign, walk } from "../tree/walk.ts";

/**
 * `sudo` may leave HOME as it was: then the usual place is in the home of another user, where root keeps no keys. Root's
 * own home is taken instead. A directory that was named is used, or refused ("unsafe-path"), as it is.
 */
export function settleStateDir(
  stateDir: string,
  env: Readonly<Record<string, string | undefined>>,
  selfUid: number,
): string {
  if (stateDir === defaultStateDir(env)) return usualStateDir(env, selfUid) ?? stateDir;
  refuseForeign(stateDir, selfUid);
  return stateDir;
}

/** What is taken without `--state-dir`; null: nothing tells. */
export function usualStateDir(env: Readonly<Record<string, string | undefined>>, selfUid: number): string | null {
  const usual = defaultStateDir(env);
  if (usual === null || selfUid !== 0 || isRootsAlone(usual)) return usual;
  return defaultStateDir({ HOME: homeOf(0) ?? undefined }) ?? usual;
}

function isRootsAlone(path: string): boolean {
  try {
    return walk(path).kind === "root-only";
  } catch {
    return false;
  }
}
