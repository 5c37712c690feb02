// Makes dist/: the program and its dependencies in a few CommonJS files, each with V8's compiled form of it.
//
//   main.cjs         what bin/cert-setup.js runs; chunk-*.cjs behind every `await import()`
//   agent-main.cjs   the child that works with the rights of another user, in one file: it loads nothing later
//   import-pkcs12-main.cjs   the worker that reads PKCS #12, likewise
//   *.cjs.map        source maps, for readers and debuggers; the program does not load them
//   *.cache          V8 code cache for the building Node only; another one compiles as usual
//   THIRD-PARTY-LICENSES, sbom.cdx.json   what is bundled
//
// esbuild splits only ES modules, and a code cache can be had only for scripts: hence two steps, first split, then each
// file from ES module to CommonJS. `import()` becomes a require() that runs when it is reached.
//
// usage: node scripts/build.js [--out DIR]

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { build, transform } from "esbuild";
import { bundledPackages, licenseText, softwareBillOfMaterials } from "./bundled-packages.js";
import { root, stampOfTree } from "./stamp.js";

const yargsPlatform = {
  name: "yargs-platform",
  setup(context) {
    context.onResolve({ filter: /\/platform-shims\/esm\.mjs$/ }, () => ({
      path: join(root, "scripts", "yargs-platform.js"),
    }));
  },
};

/** forge's table of names for object identifiers, of use to its readers only: 1 ms of each start. */
const forgeNames = {
  name: "forge-names",
  setup(context) {
    context.onLoad({ filter: /\/node-forge\/lib\/oids\.js$/ }, () => ({ contents: "" }));
  },
};

/** Step 1: ES modules. `splitting` makes a chunk of everything that is imported lazily or by two entries. */
async function bundle(entryPoint, { splitting = false, reads = false } = {}) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    outdir: "dist",
    outExtension: { ".js": ".cjs" },
    entryNames: "[name]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    target: "node20.19",
    sourcemap: "inline",
    legalComments: "none",
    metafile: true,
    write: false,
    plugins: reads ? [] : [yargsPlatform, forgeNames],
    logLevel: "warning",
  });
  const files = outputFiles.map((file) => ({ name: basename(file.path), text: file.text, wrapped: splitting }));
  return { files, metafile };
}

/**
 * Step 2: one ES module to CommonJS; identifiers stay as they are, so that the result can be read. `wrapped`: as the
 * function that require() would make of it, for bin/cert-setup.js, which then need not copy the text.
 */
async function toCommonJs({ name, text, wrapped }) {
  const { code, map } = await transform(text, {
    sourcefile: name,
    format: "cjs",
    platform: "node",
    target: "node20.19",
    supported: { "dynamic-import": false },
    // `resolve`: yargs has a use for it, for `extends` in a configuration file, which nothing here turns on
    define: {
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
      "import.meta.resolve": "undefined",
    },
    minifyWhitespace: true,
    minifySyntax: true,
    charset: "ascii",
    legalComments: "none",
    sourcemap: "external",
    ...(wrapped ? { banner: "(function(exports,require,module,__filename,__dirname){", footer: "})" } : {}),
    logLevel: "warning",
    logOverride: { "empty-import-meta": "error" },
  });
  return { name, code: `${ascii(code)}//# sourceMappingURL=${name}.map\n`, map };
}

/** esbuild escapes strings, but leaves regular expressions as they are; bin/cert-setup.js reads Latin-1. */
function ascii(code) {
  return code.replace(/[^\p{ASCII}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/**
 * Runs the main job once, in directories of its own and without this machine's environment, and stores what V8 has
 * compiled by then. `staged` holds bin/ and dist/.
 */
function storeCodeCache(staged) {
  const scratch = mkdtempSync(join(tmpdir(), "cert-setup-build-"));
  try {
    const program = ["--random-seed=1", join(root, "scripts", "code-cache.cjs"), join(staged, "bin", "cert-setup.js")];
    const argv = ["--host", "localhost", "--certs-dir", join(scratch, "certs"), "--state-dir", join(scratch, "state")];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...argv], {
      cwd: scratch,
      env: { PATH: process.env.PATH, HOME: scratch, LANG: "C.UTF-8" },
      encoding: "utf8",
    });
    if (status === 0) return;
    process.stderr.write(`warning: the code cache is not complete, its run failed:\n${stdout}${stderr}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(argv) {
  const out = argv[0] === "--out" && argv[1] !== undefined ? resolve(argv[1]) : join(root, "dist");
  const stamp = stampOfTree();
  const bundles = await Promise.all([
    bundle("src/main.ts", { splitting: true }),
    bundle("src/tree/agent-main.ts"),
    bundle("src/x509/import-pkcs12-main.ts", { reads: true }),
  ]);
  const files = await Promise.all(bundles.flatMap(({ files }) => files).map(toCommonJs));
  const packages = bundledPackages(bundles.map(({ metafile }) => metafile));

  // Built beside its final place, then put there by renaming: two builds at a time do not mix.
  mkdirSync(dirname(out), { recursive: true });
  const staged = mkdtempSync(`${out}.`);
  const dist = join(staged, "dist");
  try {
    mkdirSync(dist);
    for (const { name, code, map } of files) {
      writeFileSync(join(dist, name), code);
      writeFileSync(join(dist, `${name}.map`), map);
    }
    writeFileSync(join(dist, "THIRD-PARTY-LICENSES"), licenseText(packages));
    writeFileSync(join(dist, "sbom.cdx.json"), softwareBillOfMaterials(packages));
    cpSync(join(root, "bin"), join(staged, "bin"), { recursive: true });
    storeCodeCache(staged);
    writeFileSync(join(dist, ".stamp"), `${stamp}\n`);
    if (existsSync(out)) renameSync(out, join(staged, "replaced"));
    renameSync(dist, out);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
