import { isAbsolute, join } from "node:path";

/**
 * Where private CAs and records are kept without `--state-dir`: XDG Base Directory Specification, by which a relative
 * XDG_STATE_HOME is to be ignored. null: neither variable gives a place.
 */
export function defaultStateDir(env: Readonly<Record<string, string | undefined>>): string | null {
  const { XDG_STATE_HOME: xdg, HOME: home } = env;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "cert-setup");
  if (home !== undefined && isAbsolute(home)) return join(home, ".local", "state", "cert-setup");
  return null;
}
