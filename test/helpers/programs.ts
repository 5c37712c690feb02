// The real programs that tests run. A test file says which ones it needs:
//
//   withPrograms("minio", "openssl")("minio serves the new pair", () => {
//     … run(program("openssl"), ["verify", …]) …
//   });
//
// What is missing makes those tests skip, and `npm test` says so in a line of its own; with CI=true it fails.

import { appendFileSync } from "node:fs";
import { describe } from "vitest";
import { findProgram } from "../programs/programs.js";
import { trustVariables } from "./environment.ts";

const found = new Map<string, string | null>();

function find(name: string): string | null {
  let path = found.get(name);
  if (path === undefined) {
    path = findProgram(name);
    found.set(name, path);
  }
  return path;
}

/** Is it there? For choosing between ways; a test that needs it uses `withPrograms`. */
export function hasProgram(name: string): boolean {
  return find(name) !== null;
}

/** Absolute path. Throws for a program that is not there: ask for it inside of `withPrograms`. */
export function program(name: string): string {
  const path = find(name);
  if (path === null) throw new Error(`${name} is not installed: node test/programs/install.js ${name}`);
  return path;
}

/** `describe`, skipped when one of the programs is not there. */
export function withPrograms(...names: string[]): typeof describe | ReturnType<typeof describe.skipIf> {
  const missing = names.filter((name) => !hasProgram(name));
  for (const name of missing) recordNotRun(name, "it is not installed");
  return missing.length > 0 ? describe.skip : describe;
}

/** `describe`, skipped when a condition of the machine does not hold (root, a network namespace, …). */
export function withCondition(holds: boolean, name: string, reason: string): ReturnType<typeof withPrograms> {
  if (!holds) recordNotRun(name, reason);
  return holds ? describe : describe.skip;
}

/** The runner prints these at the end; without it (vitest started by hand) they are printed where they are met. */
function recordNotRun(name: string, reason: string): void {
  const list = process.env["CERT_SETUP_NOT_RUN"];
  if (list === undefined) process.stderr.write(`not run here: ${name}, because ${reason}\n`);
  else appendFileSync(list, `${JSON.stringify({ name, reason })}\n`);
}

/** A small environment for a child process: PATH, a home, a plain locale, what is given, and no preset trust. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  for (const name of trustVariables) delete process.env[name];
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: "/nonexistent", LANG: "C.UTF-8", TZ: "UTC", ...extra };
}
