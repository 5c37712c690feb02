// What somebody outside sees of a run, and what must hold of every refusal.

import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Finished } from "../helpers/run.ts";

/** Every entry below a directory with type, mode, owner and content; nothing about times. */
export function treeOf(directory: string): Record<string, string> {
  const entries: Record<string, string> = {};
  const visit = (path: string, name: string) => {
    const stat = lstatSync(path);
    const about = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;
    if (stat.isSymbolicLink()) entries[name] = `${about} -> ${readlinkSync(path)}`;
    else if (stat.isDirectory()) {
      entries[name] = about;
      for (const child of readdirSync(path).sort()) visit(join(path, child), join(name, child));
    } else entries[name] = `${about} ${stat.isFile() ? readFileSync(path, "latin1") : "no file"}`;
  };
  visit(directory, ".");
  return entries;
}

// C0 without line feed, DEL, C1, bidirectional and other format characters, line separators (CVE-2021-25743, CVE-2021-42574)
// eslint-disable-next-line no-control-regex
const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/u;

/** On any output: no control byte, no stack trace, no key. */
export function expectClean({ stdout, stderr }: Pick<Finished, "stdout" | "stderr">): void {
  for (const text of [stdout, stderr]) {
    expect(raw.exec(text), text).toBeNull();
    expect(text).not.toMatch(/^\s+at .*:\d+|\bnode:internal|unexpected error/m);
    expect(text).not.toContain("PRIVATE KEY-----");
  }
}

export interface Refusal {
  status: number;
  message: RegExp;
  /** One of the hints; any unless given. */
  hint?: RegExp;
  /** The last line. */
  changed?: RegExp;
}

/** A refusal is one error, at least one hint, and what changed, all on standard error. */
export function expectRefusal(finished: Finished, { status, message, hint, changed }: Refusal): void {
  const { stdout, stderr } = finished;
  expect([finished.status, finished.signal], stderr).toEqual([status, null]);
  expect(stdout).toBe("");
  expectClean(finished);
  const lines = stderr.split("\n");
  expect(lines.pop()).toBe("");
  const last = lines.pop() ?? "";
  const hints = lines.filter((line) => line.startsWith("hint: ")).map((line) => line.slice("hint: ".length));
  const error = lines.filter((line) => !line.startsWith("hint: ")).join("\n");
  expect(error).toMatch(/^error: /);
  expect(error).not.toMatch(/^error: [A-Z][a-z]|\.$/);
  expect(error).toMatch(message);
  expect(hints, stderr).not.toEqual([]);
  expect(new Set(hints).size).toBe(hints.length);
  if (hint !== undefined) expect(hints.join("\n")).toMatch(hint);
  for (const command of hints.filter((line) => line.startsWith("$ "))) expectShellTakes(command.slice(2));
  expect(last).toMatch(changed ?? /^nothing was changed$/);
}

/** A hint that is a command can be pasted: a shell can read it. */
function expectShellTakes(command: string): void {
  const { status, stderr } = spawnSync("/bin/sh", ["-n", "-c", command], { encoding: "utf8" });
  expect([command, status, stderr]).toEqual([command, 0, ""]);
}
