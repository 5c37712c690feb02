// Root's place and another user's, side by side: /…/root (0700), /…/theirs (theirs), and /…/vault, which is root's alone.

import { chownSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment } from "../helpers/programs.ts";
import { certSetup, type Finished, temporaryDirectory } from "../helpers/run.ts";
import { filesBelow } from "../helpers/snapshot.ts";

export const uid = 1500;
export const isRoot = process.getuid?.() === 0;

export interface Neighbourhood {
  top: string;
  theirs: string;
  certsDir: string;
  vault: string;
  env: Record<string, string>;
  /** Runs the program as root for the certs directory of the other user. */
  install: (...more: string[]) => Promise<Finished>;
}

export const secret = "the secret of root: 5e0c";

export function neighbourhood(): Neighbourhood {
  const top = temporaryDirectory(0o755);
  const [root, theirs, vault] = ["root", "theirs", "vault"].map((name) => join(top, name)) as [string, string, string];
  for (const path of [root, theirs, vault]) mkdirSync(path, { mode: path === theirs ? 0o755 : 0o700 });
  chownSync(theirs, uid, uid);
  for (const name of ["public.crt", "private.key", "keep"]) writeFileSync(join(vault, name), secret, { mode: 0o600 });
  const certsDir = join(theirs, ".minio/certs");
  const env = cleanEnvironment({ HOME: root });
  const argsWith = (more: string[]) => (more.includes("--certs-dir") ? more : ["--certs-dir", certsDir, ...more]);
  return {
    top,
    theirs,
    certsDir,
    vault,
    env,
    install: (...more) => certSetup(["--host", "theirs.example", ...argsWith(more)], { env, timeout: 50_000 }),
  };
}

/** Where the secret has got to. */
export function spread({ theirs }: Neighbourhood, ...said: Finished[]): string[] {
  const small = filesBelow(theirs).filter((path) => lstatSync(path).size < 10_000_000);
  const inFiles = small.filter((path) => readFileSync(path, "latin1").includes(secret));
  return [
    ...inFiles,
    ...said.flatMap(({ stdout, stderr }) => (`${stdout}${stderr}`.includes(secret) ? ["output"] : [])),
  ];
}
