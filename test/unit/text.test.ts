import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdsHidden, jsonText, printable, shellQuote } from "../../src/model/text.ts";

/** Written out here, so that the program's Unicode classes are checked against plain numbers. */
const dangerous: [string, number, number][] = [
  ["C0", 0x00, 0x1f],
  ["DEL and C1", 0x7f, 0x9f],
  ["soft hyphen", 0xad, 0xad],
  ["Arabic letter mark", 0x61c, 0x61c],
  ["Mongolian vowel separator", 0x180e, 0x180e],
  ["zero width, marks", 0x200b, 0x200f],
  ["line and paragraph separators, embeddings, overrides", 0x2028, 0x202e],
  ["word joiner, invisible operators", 0x2060, 0x2064],
  ["isolates", 0x2066, 0x2069],
  ["variation selectors", 0xfe00, 0xfe0f],
  ["byte order mark", 0xfeff, 0xfeff],
  ["interlinear annotation", 0xfff9, 0xfffb],
  ["lone surrogates", 0xd800, 0xdfff],
  ["tags", 0xe0000, 0xe007f],
  ["more variation selectors", 0xe0100, 0xe01ef],
];

test.each(dangerous)("%s is shown as escapes", (_what, from, to) => {
  for (let code = from; code <= to; code++) {
    const text = code < 0x10000 ? String.fromCharCode(code) : String.fromCodePoint(code);
    expect(printable(`a${text}b`)).toBe(`a\\u{${code.toString(16)}}b`);
    expect(holdsHidden(text)).toBe(true);
    const json = jsonText({ [text]: text });
    expect(/^[ -~]*$/.test(json)).toBe(true);
    expect(JSON.parse(json)).toEqual({ [text]: text });
  }
});

test.each([
  ["", 300, ""],
  ["minio.example.net", 300, "minio.example.net"],
  ["bücher 例 💩 é", 300, "bücher 例 💩 é"],
  ["\x1b[31mred", 300, "\\u{1b}[31mred"],
  ["abcdef", 6, "abcdef"],
  ["abcdefg", 6, "abc..."],
  ["ab\x1b\x1b", 9, "ab..."],
  ["💩💩💩💩", 6, "💩..."],
  ["abc", 2, ".."],
])("printable(%j, %d)", (text, limit, shown) => {
  expect(printable(text, limit)).toBe(shown);
});

const anything = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
);
const raw = (text: string) =>
  Array.from(text).some((c) =>
    dangerous.some(([, from, to]) => (c.codePointAt(0) ?? 0) >= from && (c.codePointAt(0) ?? 0) <= to),
  );

describe("properties", () => {
  test("nothing dangerous passes, the limit holds, twice is once", () => {
    expect(() =>
      fc.assert(
        fc.property(anything, fc.integer({ min: 3, max: 80 }), (text, limit) => {
          const shown = printable(text, limit);
          return !raw(shown) && shown.length <= limit && printable(shown, limit) === shown;
        }),
        { numRuns: 50_000 },
      ),
    ).not.toThrow();
  });

  test("jsonText parses to the same value and holds nothing dangerous but its own line feeds", () => {
    expect(() =>
      fc.assert(
        fc.property(fc.jsonValue(), anything, fc.constantFrom(0, 2), (value, text, indent) => {
          const json = jsonText([value, text], indent);
          expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify([value, text])));
          return !raw(json.replaceAll("\n", ""));
        }),
        { numRuns: 5_000 },
      ),
    ).not.toThrow();
  });
});

test.each([
  ["minio", "minio"],
  ["--certs-dir=/etc/minio/certs", "--certs-dir=/etc/minio/certs"],
  ["", "''"],
  ["a b", "'a b'"],
  ["'a'", "''\\''a'\\'''"],
  ["it's", "'it'\\''s'"],
  ["*.example.net", "'*.example.net'"],
  ["=ls", "'=ls'"],
  ["~/x", "'~/x'"],
])("shellQuote(%j)", (text, quoted) => {
  expect(shellQuote(text)).toBe(quoted);
});

/** Code units that a shell acts on. */
const shellSpecial = Array.from("'\"\\$`!*?~ \n\t#;&|<>(){}", (character) => character.charCodeAt(0));

test.each(["sh", "bash"])("%s reads back every quoted word", (shell) => {
  const words = fc.sample(
    fc
      .array(fc.oneof(fc.integer({ min: 1, max: 0x2fff }), fc.constantFrom(...shellSpecial)), { maxLength: 30 })
      .map((units) => String.fromCharCode(...units)),
    200,
  );
  const script = `printf '%s\\0' ${words.map(shellQuote).join(" ")}`;
  const { stdout, stderr, status } = spawnSync(shell, [], { input: script, env: { PATH: process.env["PATH"] } });
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
  expect(stdout.toString().split("\0").slice(0, -1)).toEqual(words);
});
