// Whole processes, wall time: `npm run bench [-- ROUNDS]`. In each round every command runs once, in changing order; a
// figure is the median over the rounds of its time divided by the time of what it is compared with in the same round.
// Exit status 1 when a budget is not kept.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPrograms } from "../test/programs/install.js";
import { findProgram } from "../test/programs/programs.js";
import { buildIfNeeded } from "../scripts/build-if-needed.js";
import { installDependencies } from "../scripts/dependencies.js";
import { root } from "../scripts/stamp.js";

const scratch = mkdtempSync(join(tmpdir(), "cert-setup-bench-"));
let directories = 0;

function freshDirectory() {
  const path = join(scratch, String(++directories));
  mkdirSync(path);
  return path;
}

/** Nothing of this machine: NODE_EXTRA_CA_CERTS alone costs Node 20 more than all of cert-setup. */
function environment(extra) {
  return { PATH: process.env.PATH, LANG: "C.UTF-8", ...extra };
}

/** Runs a command to its end. @returns milliseconds */
function time([file, ...args], env, cwd) {
  const from = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync(file, args, { env, cwd, stdio: ["ignore", "ignore", "pipe"] });
  const milliseconds = Number(process.hrtime.bigint() - from) / 1e6;
  if (status !== 0) throw new Error(`${[file, ...args].join(" ")}: ${error?.message ?? `status ${status}: ${stderr}`}`);
  return milliseconds;
}

/** @param {Record<string, () => number>} commands one run of each, in milliseconds; the first round does not count */
function measure(commands, rounds) {
  const names = Object.keys(commands);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    const order = names.map((_, index) => names[(index + round + names.length) % names.length]);
    for (const name of order) {
      const milliseconds = commands[name]();
      if (round >= 0) times[name].push(milliseconds);
    }
  }
  return times;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {[what: string, against: string, budget: number][]} budgets */
function print(times, budgets) {
  const row = (...cells) =>
    console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(34) : cell.padStart(12))).join(""));
  row("command", "median ms", "min ms");
  for (const [name, values] of Object.entries(times)) {
    row(name, median(values).toFixed(1), Math.min(...values).toFixed(1));
  }
  console.log("");
  row("command", "ratio", "at most", "", "against");
  for (const [name, against, budget] of budgets) {
    const ratio = median(times[name].map((value, round) => value / times[against][round]));
    row(name, ratio.toFixed(2), budget.toFixed(1), ratio <= budget ? "kept" : "NOT KEPT", `  ${against}`);
    if (ratio > budget) process.exitCode = 1;
  }
  console.log("");
}

function startup(rounds) {
  const program = [process.execPath, join(root, "bin", "cert-setup.js")];
  const mkcert = findProgram("mkcert");
  const authority = freshDirectory();
  const runMkcert = () =>
    time([mkcert, "localhost"], environment({ HOME: scratch, CAROOT: authority }), freshDirectory());
  const commands = {
    "node -e 0": () => time([process.execPath, "-e", "0"], environment({ HOME: scratch })),
    "cert-setup --version": () => time([...program, "--version"], environment({ HOME: scratch })),
    "cert-setup --help": () => time([...program, "--help"], environment({ HOME: scratch })),
    // The directory is named, so that a MinIO which happens to run here keeps its certificate.
    "cert-setup --host localhost": () => {
      const home = freshDirectory();
      const certs = join(home, ".minio", "certs");
      return time([...program, "--host", "localhost", "--certs-dir", certs], environment({ HOME: home }), home);
    },
    ...(mkcert === null ? {} : { "mkcert localhost": runMkcert }),
  };
  const budgets = [
    ["cert-setup --version", "node -e 0", 1.5],
    ["cert-setup --help", "node -e 0", 1.5],
    ["cert-setup --host localhost", "node -e 0", 2.0],
    ...(mkcert === null ? [] : [["cert-setup --host localhost", "mkcert localhost", 0.7]]),
  ];
  print(measure(commands, rounds), budgets);
}

/** npm has nothing in its cache and the machine nothing installed; both packages come as a tarball. */
function coldNpx(rounds) {
  const empty = freshDirectory();
  writeFileSync(
    join(empty, "package.json"),
    JSON.stringify({ name: "empty", version: "1.0.0", bin: { empty: "empty.js" } }),
  );
  writeFileSync(join(empty, "empty.js"), "#!/usr/bin/env node\n");
  const tarballs = freshDirectory();
  const pack = (directory) => {
    const args = ["pack", "--silent", "--ignore-scripts", "--pack-destination", tarballs];
    const { status, stdout } = spawnSync("npm", args, { cwd: directory, encoding: "utf8" });
    if (status !== 0) throw new Error(`npm pack in ${directory}: status ${status}`);
    return join(tarballs, stdout.trim().split("\n").at(-1));
  };
  const npx = (tarball, ...command) => {
    const home = freshDirectory();
    const args = ["npm", "exec", "--yes", "--update-notifier=false", `--cache=${join(home, ".npm")}`];
    return () => time([...args, `--package=${tarball}`, "--", ...command], environment({ HOME: home }), home);
  };
  const ours = pack(root);
  const other = pack(empty);
  const commands = {
    "npx of an empty package": () => npx(other, "empty")(),
    "npx cert-setup --version": () => npx(ours, "cert-setup", "--version")(),
  };
  print(measure(commands, rounds), [["npx cert-setup --version", "npx of an empty package", 1.2]]);
}

try {
  const rounds = Number(process.argv[2] ?? 21);
  installDependencies();
  buildIfNeeded();
  for (const { name, reason } of installPrograms(["mkcert"])) console.log(`not measured: ${name}, because ${reason}`);
  startup(rounds);
  coldNpx(Math.ceil(rounds / 3));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
