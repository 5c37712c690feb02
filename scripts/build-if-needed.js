import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root, stampOfBuild, stampOfTree } from "./stamp.js";

/** Builds dist/ when it is not what this tree makes. A process of its own: only then is esbuild there to be loaded. */
export function buildIfNeeded() {
  if (stampOfBuild() === stampOfTree()) return;
  process.stderr.write("building ...\n");
  const { status } = spawnSync(process.execPath, [join(root, "scripts", "build.js")], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(1);
}
