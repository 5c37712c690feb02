// bin/cert-setup.js and what the build puts beside it.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transform } from "esbuild";
import { describe, expect, it } from "vitest";
import { certSetup, root, run, temporaryDirectory } from "./helpers/run.ts";

const bin = join(root, "bin", "cert-setup.js");
const dist = join(root, "dist");
const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** Runs the program with some lines before it, in the same process. */
async function after(lines: string, args: string[]) {
  const before = join(temporaryDirectory(), "before.cjs");
  writeFileSync(before, lines);
  return run(process.execPath, ["--require", before, bin, ...args]);
}

describe("the entry", () => {
  it("answers --version", async () => {
    expect(await certSetup(["--version"])).toEqual({
      status: 0,
      signal: null,
      stdout: `${packageJson.version}\n`,
      stderr: "",
    });
  });

  it("says one line to a Node that is too old", async () => {
    const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.18.3" } });`;
    const { status, stdout, stderr } = await after(old, ["--version"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^cert-setup: error: .*20\.19 or newer.*20\.18\.3\n$/);
  });

  it("is written so that a Node that is too old can read it", async () => {
    await expect(transform(readFileSync(bin, "utf8"), { target: "es5" })).resolves.toBeDefined();
  });

  it.each(["--help", "--version"])("ends quietly when nobody reads %s", async (option) => {
    const { status, stdout, stderr } = await run("/bin/sh", ["-c", `{ "$0" "$@"; echo $? >&2; } | :`, bin, option]);
    expect([status, stdout, stderr]).toEqual([0, "", "0\n"]);
  });

  it("writes more than a pipe holds", async () => {
    const size = 300_000;
    const lines = `process.argv[2] = "--version"; const { readFileSync } = require("fs");
      require("fs").readFileSync = (...a) => String(a[0]).endsWith("package.json")
        ? JSON.stringify({ version: "x".repeat(${size}) }) : readFileSync(...a);`;
    const { stdout, status } = await after(lines, ["--version"]);
    expect([status, stdout.length]).toEqual([0, size + 1]);
  });
});

describe("the build", () => {
  const files = readdirSync(dist);

  it("stores a code cache that this Node takes", async () => {
    const report = `process.on("exit", () => {
      const bundles = Object.entries(require(${JSON.stringify(bin)}));
      process.stderr.write(JSON.stringify(bundles.map(([name, it]) => [name, it.script.cachedDataRejected])));
    });`;
    const { stderr } = await after(report, ["--help"]);
    expect(JSON.parse(stderr)).toContainEqual(["main.cjs", false]);
  });

  it("puts the agent into one file", () => {
    const required = [...readFileSync(join(dist, "agent-main.cjs"), "utf8").matchAll(/\brequire\("([^"]+)"\)/g)];
    expect(required.map(([, name]) => name).filter((name) => name?.startsWith("node:") !== true)).toEqual([]);
  });

  it("names no path of the machine that it ran on", () => {
    const shipped = files.filter((name) => !name.startsWith("."));
    expect(shipped.filter((name) => readFileSync(join(dist, name), "latin1").includes(root))).toEqual([]);
  });

  it("lists the same packages in the licences and in the bill of materials", () => {
    const licences = readFileSync(join(dist, "THIRD-PARTY-LICENSES"), "utf8");
    const bill = JSON.parse(readFileSync(join(dist, "sbom.cdx.json"), "utf8")) as {
      components: { name: string; version: string }[];
    };
    const listed = [...licences.matchAll(/^-{80}\n\n(\S+ \S+)\nLicence: \S+$/gm)].map(([, title]) => title);
    expect(listed.length).toBeGreaterThan(0);
    expect(listed).toEqual(bill.components.map(({ name, version }) => `${name} ${version}`));
  });
});
