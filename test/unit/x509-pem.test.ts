import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePem, readPemBlocks } from "../../src/x509/pem.ts";
import { bytes, problem } from "./x509-problem.ts";

describe("PEM", () => {
  it("is written with 64 columns, LF, one final newline, and read back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (octets) => {
        const text = encodePem("CERTIFICATE", octets);
        expect(text).toMatch(
          /^-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n$/,
        );
        const crlf = text.replaceAll("\n", "\r\n");
        for (const [form, length] of [text, crlf].map((form) => [form, form.trimEnd().length] as const)) {
          expect(readPemBlocks(form)).toEqual([
            { label: "CERTIFICATE", der: Buffer.from(octets), start: 0, end: length },
          ]);
        }
      }),
    );
  });

  const block = encodePem("CERTIFICATE", bytes("3000"));
  it.each([
    ["no block", "hello\n", []],
    ["text around and between", `Bag Attributes\n${block}between\n${block}after`, ["CERTIFICATE", "CERTIFICATE"]],
    [
      "parameters first",
      `${encodePem("EC PARAMETERS", bytes("0500"))}${encodePem("EC PRIVATE KEY", bytes("3000"))}`,
      ["EC PARAMETERS", "EC PRIVATE KEY"],
    ],
    ["a BEGIN within a line", `# -----BEGIN CERTIFICATE-----\n${block}`, ["CERTIFICATE"]],
    ["a byte order mark", `\uFEFF${block}`, ["CERTIFICATE"]],
    ["no final newline", block.trimEnd(), ["CERTIFICATE"]],
  ])("reads %s", (_case, text, labels) => {
    expect(readPemBlocks(text).map(({ label }) => label)).toEqual(labels);
  });

  it.each([
    ["a block that never ends", "-----BEGIN CERTIFICATE-----\nMAA=\n", "has no END line"],
    ["another END", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END X-----\n", "has no END line"],
    ["a second block cut off", `${block}-----BEGIN CERTIFICATE-----`, "BEGIN line of block 2"],
    ["no dashes", "-----BEGIN CERTIFICATE\nMAA=\n-----END CERTIFICATE-----\n", "BEGIN line of block 1"],
    ["an empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "is not base64"],
    ["missing padding", "-----BEGIN CERTIFICATE-----\nMAA\n-----END CERTIFICATE-----\n", "is not base64"],
    ["a foreign character", "-----BEGIN CERTIFICATE-----\nM_A=\n-----END CERTIFICATE-----\n", "is not base64"],
    ["bits beyond the end", "-----BEGIN CERTIFICATE-----\nMAB=\n-----END CERTIFICATE-----\n", "is not base64"],
    [
      "RFC 1421 headers",
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END RSA PRIVATE KEY-----\n",
      "headers",
    ],
    ["a hostile label", "-----BEGIN \u001b[31m-----\nMAA=\n-----END \u001b[31m-----\n", "no proper label"],
    ["65 blocks", block.repeat(65), "more than 64 blocks"],
    ["a mebibyte and one", " ".repeat(1024 * 1024 + 1), "more than 1048576"],
  ])("refuses %s", (_case, text, message) => {
    expect(problem(() => readPemBlocks(text))).toContain(message);
  });

  it.each([
    ["begins within lines", " -----BEGIN "],
    ["newlines", "\n"],
    ["dashes", "-----"],
  ])("takes linear time: %s", (_case, part) => {
    const text = part.repeat(Math.floor((1024 * 1024) / part.length));
    const start = performance.now();
    expect(readPemBlocks(text)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(500);
  });
});
