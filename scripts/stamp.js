// Is dist/ what a build of this tree would make? Decided by content, not by times: a checkout or a copy changes those.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

export const root = join(import.meta.dirname, "..");

const inputs = ["src", "templates", "scripts", "bin", "package.json", "package-lock.json"];

/** SHA-256 over every file that goes into dist/, and the Node that compiles it (the V8 cache is for that one). */
export function stampOfTree() {
  const hash = createHash("sha256").update(`${process.version} ${process.platform} ${process.arch}\n`);
  for (const file of inputs.flatMap((name) => filesUnder(join(root, name)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

export function stampOfBuild() {
  try {
    return readFileSync(join(root, "dist", ".stamp"), "utf8").trim();
  } catch {
    return null;
  }
}

function filesUnder(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}
