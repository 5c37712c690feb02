import { describe, expect, it } from "vitest";
import { CertSetupError } from "../../src/model/errors.ts";
import { importText, readImportBlocks } from "../../src/x509/import-pem.ts";
import { readItems } from "../../src/x509/import-items.ts";

const block = (label: string, body = "AAEC"): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

/** `LABEL@line` of each block. */
const found = (text: string): string[] =>
  readImportBlocks(importText(Buffer.from(text)), "f").map(({ label, place }) => `${label}@${place.line}`);

const problem = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof CertSetupError) return error.message;
    throw error;
  }
  return "no error";
};

describe("blocks and their lines", () => {
  it.each([
    ["one", block("A"), ["A@1"]],
    ["two", block("A") + block("B C"), ["A@1", "B C@4"]],
    ["behind text", `x\ny\n${block("A")}`, ["A@3"]],
    ["CRLF", `x\r\n${block("A").replaceAll("\n", "\r\n")}y\r\n${block("B")}`, ["A@2", "B@6"]],
    ["CR", `x\r${block("A").replaceAll("\n", "\r")}`, ["A@2"]],
    ["byte order mark", `\uFEFF${block("A")}`, ["A@1"]],
    ["byte order mark within", `${block("A")}\uFEFF${block("B")}`, ["A@1", "B@4"]],
    ["glued", block("A").trimEnd() + block("B"), ["A@1", "B@3"]],
    ["indented", block("A").replace(/^/gm, "\t  "), ["A@1"]],
    ["in the middle of a line", `x ${block("A")}`, []],
    ["none", "hello", []],
  ])("%s", (_, text, blocks) => expect(found(text)).toEqual(blocks));
});

describe("headers (RFC 1421 4.6)", () => {
  it.each([
    ["none", "AAEC", {}],
    [
      "DEK-Info",
      "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAEC",
      { "proc-type": "4,ENCRYPTED", "dek-info": "AES-256-CBC,00" },
    ],
    ["no empty line", "DEK-Info: X,00\nAAEC", { "dek-info": "X,00" }],
    ["a folded one", "DEK-Info: X,\n 00\n\nAAEC", { "dek-info": "X,00" }],
    ["named like a prototype", "constructor: x\n\nAAEC", { constructor: "x" }],
  ])("%s", (_, body, headers) => {
    const [only] = readImportBlocks(block("A", body), "f");
    expect(Object.fromEntries(only?.headers ?? [])).toEqual(headers);
    expect([...(only?.der ?? [])]).toEqual([0, 1, 2]);
  });
});

describe("refused, with the line", () => {
  it.each([
    ["x\n-----BEGIN A", /^f line 2: the BEGIN line is not complete$/],
    ["-----BEGIN A\nAAEC\n", /not complete/],
    ["-----BEGIN a-----\nAAEC\n-----END a-----\n", /"a" is no kind of PEM block/],
    ["-----BEGIN A-----\nAAEC\n", /no END line/],
    [block("A").replace("END A", "END B"), /no END line/],
    [block("A", "AAE"), /not base64/],
    [block("A", "AAEC!"), /not base64/],
    [block("A", ""), /not base64/],
    [`${block("A")}\n\n${block("B", "?")}`, /^f line 6: the block B is not base64$/],
    [block("A").repeat(65), /^f line 193: more than 64 blocks/],
  ])("%j", (text, message) => expect(problem(() => found(text))).toMatch(message));

  it("DER cut off, and what is neither", () => {
    expect(problem(() => readItems(Buffer.from("3082ffff00", "hex"), "f"))).toMatch(/^f: neither PEM nor valid DER/);
    expect(problem(() => readItems(Buffer.from("3003020100", "hex"), "f"))).toMatch(/^f: DER, but neither/);
    expect(problem(() => readItems(Buffer.from([]), "f"))).toBe("f: the file is empty");
  });
});
