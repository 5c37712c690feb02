// What is inside the bundles: the text of every licence, and a software bill of materials (CycloneDX), since `npm audit`
// and its like cannot look into a bundle.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./stamp.js";

/** Where a package leaves the choice, ours. */
const chosenLicense = { "node-forge": "BSD-3-Clause" };

/**
 * The packages whose files are in the given esbuild metafiles, by name.
 * @returns {{ name: string, version: string, license: string, text: string }[]}
 */
export function bundledPackages(metafiles) {
  const directories = new Set();
  for (const { inputs } of metafiles) {
    for (const path of Object.keys(inputs)) {
      const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
      if (found !== null) directories.add(found[1]);
    }
  }
  return [...directories].map(packageIn).sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

function packageIn(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, directory, "package.json"), "utf8"));
  const file = readdirSync(join(root, directory)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} ${version} has no licence file`);
  const text = readFileSync(join(root, directory, file), "utf8")
    .replaceAll("\r\n", "\n")
    .trim();
  return { name, version, license: chosenLicense[name] ?? license, text };
}

export function licenseText(packages) {
  const head = "cert-setup contains the following packages.\n";
  const parts = packages.map(
    ({ name, version, license, text }) => `${name} ${version}\nLicence: ${license}\n\n${text}\n`,
  );
  return [head, ...parts].join(`\n${"-".repeat(80)}\n\n`);
}

/** https://cyclonedx.org/docs/1.6/json/ without serial number and time: the same tree gives the same bytes. */
export function softwareBillOfMaterials(packages) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const component = (type, it) => {
    const purl = `pkg:npm/${it.name.replace("@", "%40")}@${it.version}`;
    return {
      type,
      "bom-ref": purl,
      "name": it.name,
      "version": it.version,
      "licenses": [{ expression: it.license }],
      purl,
    };
  };
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: component("application", { name, version, license }) },
    components: packages.map((it) => component("library", it)),
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}
