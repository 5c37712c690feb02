import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where a program of ours is: beside the bundle that asks, or in dist/ when this runs from its sources. */
export function programPath(name: "agent-main" | "import-pkcs12-main"): string {
  const beside = join(import.meta.dirname, `${name}.cjs`);
  return existsSync(beside) ? beside : join(import.meta.dirname, `../../dist/${name}.cjs`);
}
