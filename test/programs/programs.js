// The real programs that tests run, and where each is found. install.js gets what is missing; test/helpers/programs.ts asks
// here too, so that a single test file run by hand finds the same ones.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Built from a pinned go.mod in the directory of that name. `packages`: what to build, each gives one program. */
export const goModules = {
  certgen: { packages: { certgen: "github.com/minio/certgen" } },
  mkcert: { packages: { mkcert: "filippo.io/mkcert" } },
  pebble: {
    packages: {
      "pebble": "github.com/letsencrypt/pebble/v2/cmd/pebble",
      "pebble-challtestsrv": "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv",
    },
  },
  kes: { packages: { kes: "github.com/minio/kes/cmd/kes" } },
  mc: { packages: { mc: "github.com/minio/mc" } },
  minio: { packages: { minio: "github.com/minio/minio" } },
};

/** Comes with Go itself. */
export const generateCert = "src/crypto/tls/generate_cert.go";

/** Program: the Debian package that has it. Found in the system's directories only: PATH may have others before. */
export const debianPrograms = {
  "openssl": "openssl",
  "curl": "curl",
  "certtool": "gnutls-bin",
  "gnutls-cli": "gnutls-bin",
  "aws": "awscli",
  "strace": "strace",
  "faketime": "faketime",
  "java": "default-jdk-headless",
  "javac": "default-jdk-headless",
  "keytool": "default-jdk-headless",
  "python3": "python3",
  "ps": "procps",
  "flock": "util-linux",
  "setpriv": "util-linux",
  "unshare": "util-linux",
  "script": "bsdutils",
  "shellcheck": "shellcheck",
};

const systemDirectories = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];

const programsDirectory = import.meta.dirname;

/** @returns {string | null} the absolute path of a program, or null when it has to be installed first */
export function findProgram(name) {
  if (name === "node") return process.execPath;
  if (name === "go") return go()?.path ?? null;
  const built = builtPath(name);
  if (built !== null) return executable(built) ? built : null;
  if (!(name in debianPrograms)) throw new Error(`${name} is not in the table of test/programs/programs.js`);
  return systemDirectories.map((directory) => join(directory, name)).find(executable) ?? null;
}

/** Every program that tests may ask for. */
export function programNames() {
  const built = Object.values(goModules).flatMap(({ packages }) => Object.keys(packages));
  return ["go", "generate_cert", ...built, ...Object.keys(debianPrograms)];
}

/** @returns {string | null} where a Go program is kept, whether it is there or not; null for other programs or without Go */
export function builtPath(name) {
  if (name === "generate_cert") return go() === null ? null : join(cacheDirectory([go().version]), name);
  const module = Object.entries(goModules).find(([, { packages }]) => name in packages);
  if (module === undefined || go() === null) return null;
  const pins = ["go.mod", "go.sum"].map((file) => readFileSync(join(programsDirectory, module[0], file)));
  return join(cacheDirectory([go().version, module[1].packages[name], ...pins]), name);
}

/** One directory for each set of pins and Go version: what is in it never changes. */
function cacheDirectory(parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  const { CERT_SETUP_TEST_CACHE, XDG_CACHE_HOME } = process.env;
  const base = CERT_SETUP_TEST_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "cert-setup-test");
  return join(base, hash.digest("hex").slice(0, 16));
}

let knownGo;

/** @returns {{ path: string, version: string, root: string } | null} */
export function go() {
  if (knownGo !== undefined) return knownGo;
  knownGo = null;
  for (const path of [...(process.env.PATH ?? "").split(":").map((part) => join(part, "go")), "/usr/local/go/bin/go"]) {
    if (!executable(path)) continue;
    const output = execFileSync(path, ["env", "GOVERSION", "GOROOT"], { encoding: "utf8" });
    const [version, root] = output.trim().split("\n");
    knownGo = { path, version, root };
    break;
  }
  return knownGo;
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
