// Gets the real programs that tests run: builds the Go ones from their pinned go.mod into a cache outside the tree, and
// installs Debian packages when it may. What cannot be had is said, one line each, and the tests of it do not run.
//
// usage: node test/programs/install.js [PROGRAM…]

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtPath, debianPrograms, findProgram, generateCert, go, goModules, programNames } from "./programs.js";

/** @returns {{ name: string, reason: string }[]} the programs that cannot be had */
export function installPrograms(wanted = programNames()) {
  const missing = wanted.filter((name) => findProgram(name) === null);
  const reasons = new Map();
  installDebian(missing, reasons);
  buildGo(missing, reasons);
  return missing
    .filter((name) => findProgram(name) === null)
    .map((name) => ({ name, reason: reasons.get(name) ?? "it is not installed" }));
}

function installDebian(missing, reasons) {
  const programs = missing.filter((name) => name in debianPrograms);
  if (programs.length === 0) return;
  const because = (names, reason) => {
    for (const name of names) reasons.set(name, `${reason} (Debian package ${debianPrograms[name]})`);
  };
  if (process.getuid?.() !== 0) return because(programs, "it is not installed, and only root can install packages");
  const apt = (...args) =>
    spawnSync("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", 2, 2],
    });
  const packages = [...new Set(programs.map((name) => debianPrograms[name]))];
  say(`installing ${packages.join(" ")}`);
  const update = apt("update");
  if (update.error !== undefined) return because(programs, "it is not installed, and there is no apt-get");
  const install = (names) => apt("install", "-y", "--no-install-recommends", ...names).status === 0;
  if (!install(packages)) for (const one of packages) install([one]);
  because(programs, "apt-get did not install it");
}

function buildGo(missing, reasons) {
  const built = missing.filter((name) => !(name in debianPrograms));
  if (go() === null) {
    for (const name of built) reasons.set(name, "there is no go command to build it");
    return;
  }
  if (built.includes("generate_cert")) {
    build("generate_cert", [join(go().root, generateCert)], null, reasons);
  }
  for (const [directory, { packages }] of Object.entries(goModules)) {
    for (const [name, goPackage] of Object.entries(packages)) {
      if (built.includes(name)) build(name, [goPackage], join(import.meta.dirname, directory), reasons);
    }
  }
}

/** `pins`: the directory with go.mod and go.sum. They are copied, because `go build` completes go.mod in place. */
function build(name, what, pins, reasons) {
  say(`building ${name}`);
  const path = builtPath(name);
  const work = mkdtempSync(join(tmpdir(), "cert-setup-go-"));
  try {
    const args = ["build", "-buildvcs=false", "-o", join(work, name)];
    if (pins !== null) {
      for (const file of ["go.mod", "go.sum"]) copyFileSync(join(pins, file), join(work, file));
      args.push("-mod=mod");
    }
    const env = { ...process.env, GOFLAGS: "", GOWORK: "off" };
    const { status, error } = spawnSync(go().path, [...args, ...what], { cwd: work, env, stdio: ["ignore", 2, 2] });
    if (status !== 0) {
      reasons.set(name, `go build failed: ${error?.message ?? `exit status ${status}`}`);
      return;
    }
    if (pins !== null && !readFileSync(join(work, "go.sum")).equals(readFileSync(join(pins, "go.sum")))) {
      say(`warning: go.sum of ${name} is not complete`);
    }
    mkdirSync(dirname(path), { recursive: true });
    // copied, then renamed: the cache may be on another file system, and others may be building the same
    const staged = `${path}.${process.pid}`;
    copyFileSync(join(work, name), staged);
    chmodSync(staged, 0o755);
    renameSync(staged, path);
  } catch (error) {
    reasons.set(name, `it cannot be kept: ${error.message}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  const missing = installPrograms(names.length > 0 ? names : undefined);
  for (const { name, reason } of missing) say(`cannot be had: ${name}, because ${reason}`);
  process.exitCode = missing.length > 0 ? 1 : 0;
}
