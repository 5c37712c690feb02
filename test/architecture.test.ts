// The drawing in src/README.md, held against the import lines: an arrow points down, a dependency has one door.

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./helpers/run.ts";

/** A room is a directory of src/, or a file beside them. It may import rooms of lower floors only. */
const floors = [
  ["model"],
  ["x509", "tree", "live", "acme", "templates", "encryption"],
  ["sources", "targets", "trust", "checks"],
  ["plan"],
  ["apply"],
  ["run", "run-generate-cert"],
  ["carry-out"],
  ["main"],
];

/** These speak with people: they see the nouns and nothing else. Only main, and what it leaves to carry-out, opens them. */
const facades = ["cli", "wizard", "report"];

/** Dependency: the only room that may import it, and what of it. */
const doors: Record<string, { room: string; only?: RegExp }> = {
  "node-forge": { room: "x509", only: /^node-forge\/lib\/(?:asn1|forge|pkcs12|sha512)\.js$/ },
  "tldts": { room: "x509" },
  "acme-client": { room: "acme" },
  "yargs": { room: "cli" },
  "yargs-parser": { room: "cli" },
  "inquirer": { room: "wizard" },
  "chalk": { room: "report" },
};

/** Node's sockets; their types are free for all. Not even isIP(): its first call compiles expressions for 13 ms. */
const socketModules = ["node:net", "node:tls", "node:http", "node:https", "node:dgram"];
const socketRooms = ["live", "acme"];

const mostLines = 350;

interface Import {
  from: string;
  /** Only types: nothing of it at run time. */
  type: boolean;
}

/** Every import, export-from and import() of a source text. */
function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const imports: Import[] = [];
  const statement = /(?:^|;)\s*(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?["']([^"']+)["']/gm;
  for (const [, type, from] of code.matchAll(statement)) {
    imports.push({ from: from ?? "", type: type !== undefined });
  }
  for (const [, from] of code.matchAll(/\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g)) {
    imports.push({ from: from ?? "", type: false });
  }
  return imports;
}

function roomOf(file: string): string {
  return file.split("/")[0]?.replace(/\.ts$/, "") ?? file;
}

function mayImport(room: string, other: string): boolean {
  if (room === other || room === "main") return true;
  if (room === "carry-out" && other === "report") return true;
  if (facades.includes(room)) return other === "model";
  const floor = (name: string) => floors.findIndex((rooms) => rooms.includes(name));
  return floor(other) >= 0 && floor(other) < floor(room);
}

/** What is wrong with a set of files (path below src/: text), one line each. */
function violations(files: Record<string, string>): string[] {
  const found: string[] = [];
  const arrows = new Map<string, string[]>();
  for (const [file, source] of Object.entries(files)) {
    const room = roomOf(file);
    if (!floors.flat().includes(room) && !facades.includes(room)) found.push(`${file}: ${room} is on no floor`);
    arrows.set(file, []);
    for (const { from, type } of importsOf(source)) {
      if (from.startsWith(".")) {
        const target = posix.join(posix.dirname(file), from);
        if (!(target in files)) found.push(`${file}: ${from} is no file of src/`);
        else if (!mayImport(room, roomOf(target))) found.push(`${file}: ${room} must not see ${target}`);
        arrows.get(file)?.push(target);
      } else if (from.startsWith("node:")) {
        const sockets = socketModules.includes(from) && !type;
        if (sockets && !socketRooms.includes(room)) found.push(`${file}: ${from} is for ${socketRooms.join(" and ")}`);
      } else {
        const name = /^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from;
        const door = doors[name.startsWith("@inquirer/") ? "inquirer" : name];
        if (door === undefined) found.push(`${file}: ${name} has no door`);
        else if (door.room !== room) found.push(`${file}: the door to ${name} is ${door.room}`);
        else if (door.only?.test(from) === false) found.push(`${file}: not ${from}, but ${door.only.source}`);
      }
    }
    found.push(...textViolations(file, source));
  }
  const ring = findCycle(arrows);
  if (ring !== null) found.push(`a ring of imports: ${ring.join(" -> ")}`);
  return found;
}

function textViolations(file: string, source: string): string[] {
  const found: string[] = [];
  const lines = source.split("\n");
  if (lines.length - 1 > mostLines) found.push(`${file}: ${lines.length - 1} lines, at most ${mostLines}`);
  for (const [index, line] of lines.entries()) {
    const at = `${file}:${index + 1}`;
    if (/\bconsole\./.test(line)) found.push(`${at}: output goes through the World`);
    if (/\brequire\(/.test(line)) found.push(`${at}: require()`);
    // `mode: 0o600`, `chmodSync(path, 0o600)`, `umask(0o077)`: a decimal there is a bug
    const mode = /(?:\bmode:\s*|\b(?:f|l)?chmod(?:Sync)?\([^()]*,\s*|\bumask\()(\d\w*)/.exec(line)?.[1];
    if (mode !== undefined && !/^0(?:o[0-7]+)?$/.test(mode)) found.push(`${at}: mode ${mode} is not octal`);
  }
  return found;
}

function findCycle(arrows: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const next of arrows.get(file) ?? []) {
      const ring = walk(next, [...path, file]);
      if (ring !== null) return ring;
    }
    done.add(file);
    return null;
  };
  for (const file of arrows.keys()) {
    const ring = walk(file, []);
    if (ring !== null) return ring;
  }
  return null;
}

describe("the rules see a breach", () => {
  const model = { "model/a.ts": "", "model/b.ts": "" };
  it.each([
    ["an upward arrow", { ...model, "x509/c.ts": "", "model/a.ts": 'import { c } from "../x509/c.ts";' }],
    ["an upward arrow of types", { "x509/c.ts": "", "model/a.ts": 'import type { C } from "../x509/c.ts";' }],
    ["an upward arrow inside of a type", { "plan/c.ts": "", "tree/a.ts": 'type T = import("../plan/c.ts").T;' }],
    ["an upward arrow by export", { "plan/c.ts": "", "tree/a.ts": 'export * from "../plan/c.ts";' }],
    ["an upward arrow, lazily", { "run.ts": "", "plan/a.ts": 'const { r } = await import("../run.ts");' }],
    ["an arrow over several lines", { "run.ts": "", "plan/a.ts": 'import {\n  a,\n  b,\n} from "../run.ts";' }],
    ["a sideways arrow", { "x509/c.ts": "", "tree/a.ts": 'import "../x509/c.ts";' }],
    ["a front that sees the machinery", { "plan/c.ts": "", "report/a.ts": 'import { c } from "../plan/c.ts";' }],
    ["a front that is seen", { "cli/c.ts": "", "run.ts": 'import { c } from "./cli/c.ts";' }],
    ["a room on no floor", { "utils/a.ts": "" }],
    ["a missing file", { "model/a.ts": 'import "./c.ts";' }],
    ["a second door", { "plan/a.ts": 'import asn1 from "node-forge/lib/asn1.js";' }],
    ["a package root instead of the part", { "x509/a.ts": 'import forge from "node-forge";' }],
    ["a dependency without a door", { "cli/a.ts": 'import pad from "left-pad";' }],
    ["a dependency without a door, scoped and lazy", { "cli/a.ts": 'await import("@left/pad/x.js");' }],
    ["sockets", { "checks/a.ts": 'import { connect } from "node:tls";' }],
    ["sockets, lazily", { "checks/a.ts": 'const { isIP } = await import("node:net");' }],
    ["a ring", { "model/a.ts": 'import "./b.ts";', "model/b.ts": 'import type { A } from "./a.ts";' }],
    ["console", { "plan/a.ts": 'console.log("x");' }],
    ["a decimal mode", { "tree/a.ts": "chmodSync(path, 600);" }],
    ["a decimal mode in an action", { "plan/a.ts": "({ mode: 384 })" }],
    ["a long file", { "plan/a.ts": "\n".repeat(351) }],
  ] as [string, Record<string, string>][])("%s", (_, files) => {
    expect(violations(files)).toHaveLength(1);
  });

  it("and leaves the rest in peace", () => {
    const files = {
      "model/a.ts": "",
      "x509/a.ts": 'import asn1 from "node-forge/lib/asn1.js";\nimport type { A } from "../model/a.ts";',
      "live/a.ts": 'const { connect } = await import("node:tls");',
      "checks/a.ts": 'import type { Socket } from "node:net";\nimport "../x509/a.ts";',
      "apply/a.ts": 'put({ mode: 0o600 }); // a file -> import { x } from somewhere\n/* import "../run.ts" */',
      "main.ts": 'import "./apply/a.ts";\nconst cli = await import("./cli/parse.ts");',
      "cli/parse.ts": 'import yargs from "yargs";\nimport { a } from "../model/a.ts";',
    };
    expect(violations(files)).toEqual([]);
  });
});

it("src/ keeps them", () => {
  const src = join(root, "src");
  const names = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => /(?<!\.d)\.ts$/.test(name));
  expect(names.length).toBeGreaterThan(0);
  expect(violations(Object.fromEntries(names.map((name) => [name, readFileSync(join(src, name), "utf8")])))).toEqual(
    [],
  );
});
