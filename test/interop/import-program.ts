// The worker's program as `npm run build` makes it, so that a test file can be run by hand before it is built.

import { build } from "esbuild";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { mkdtempSync } from "node:fs";
import { root } from "../helpers/run.ts";

export async function buildPkcs12Program(): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), "cert-setup-test-")), "import-pkcs12-main.cjs");
  const entry = join(root, "src/x509/import-pkcs12-main.ts");
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "cjs", logLevel: "error" });
  return outfile;
}
