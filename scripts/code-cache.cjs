// Runs a program like bin/cert-setup.js, then writes V8's compiled form of each bundle that the run has loaded.
// usage: node --random-seed=1 scripts/code-cache.cjs PROGRAM ARGUMENTS…   (without a seed the bytes differ each time)
"use strict";

const { chmodSync, writeFileSync } = require("node:fs");

process.argv.splice(1, 1);
const bundles = require(process.argv[1]);

process.on("exit", () => {
  for (const { script, cacheFile } of Object.values(bundles)) {
    writeFileSync(cacheFile, script.createCachedData());
    chmodSync(cacheFile, 0o644); // the program has set a umask for keys
  }
});
