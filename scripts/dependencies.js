// node_modules as package-lock.json says. Decided by content: a `npm ci` or `npm install` by hand is as good as ours.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./stamp.js";

/** Runs `npm ci` when something is missing or of another version. Its output goes to stderr. */
export function installDependencies() {
  if (dependenciesInstalled()) return;
  process.stderr.write("installing the build's dependencies (npm ci) ...\n");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  const [program, ...before] = npm?.endsWith(".js") ? [process.execPath, npm] : ["npm"];
  const { status, error } = spawnSync(program, [...before, ...args], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    process.stderr.write(`error: npm ci failed: ${error?.message ?? `exit status ${status}`}\n`);
    process.exit(1);
  }
}

function dependenciesInstalled() {
  const packages = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  try {
    const installed = packages("node_modules/.package-lock.json");
    return Object.entries(packages("package-lock.json")).every(
      ([path, { integrity, optional }]) =>
        path === "" || (installed[path] === undefined ? optional === true : installed[path].integrity === integrity),
    );
  } catch {
    return false;
  }
}
