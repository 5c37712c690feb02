/** PEM (RFC 7468): written in one form, read in the forms that are met, in linear time and within bounds. */
import { CertSetupError } from "../model/errors.ts";
import type { Pem } from "../model/certified-key.ts";

const maximumCharacters = 1024 * 1024;
const maximumBlocks = 64;

/** "CERTIFICATE", "PRIVATE KEY", … : what stands between BEGIN and the dashes. */
export type PemLabel = string;

export interface PemBlock {
  label: PemLabel;
  der: Buffer;
  /** Offsets in the text, of the first dash and behind the last one: what lies between blocks is the caller's to judge. */
  start: number;
  end: number;
}

/** LF line ends, 64 columns, one final newline. */
export function encodePem(label: PemLabel, der: Uint8Array): Pem {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString("base64");
  let text = `-----BEGIN ${label}-----\n`;
  for (let at = 0; at < base64.length; at += 64) text += `${base64.slice(at, at + 64)}\n`;
  return `${text}-----END ${label}-----\n`;
}

const begin = "-----BEGIN ";
const dashes = "-----";

/**
 * All blocks, in order; text outside them is skipped, CRLF is tolerated. The first malformed block ends the reading with
 * CertSetupError("certificate-invalid"): after it, nothing says any more what belongs to what.
 */
export function readPemBlocks(text: string): PemBlock[] {
  if (text.length > maximumCharacters) {
    throw invalid(`it has ${text.length} characters, more than ${maximumCharacters}`);
  }
  const blocks: PemBlock[] = [];
  for (let start = text.indexOf(begin); start !== -1; start = text.indexOf(begin, start)) {
    if (start > 0 && text[start - 1] !== "\n" && text[start - 1] !== "\uFEFF") {
      start += begin.length;
      continue;
    }
    if (blocks.length === maximumBlocks) throw invalid(`it has more than ${maximumBlocks} blocks`);
    const block = readBlock(text, start, blocks.length + 1);
    blocks.push(block);
    start = block.end;
  }
  return blocks;
}

function readBlock(text: string, start: number, number: number): PemBlock {
  const labelAt = start + begin.length;
  const lineEnd = text.indexOf("\n", labelAt);
  const firstLine = text.slice(labelAt, lineEnd === -1 ? undefined : lineEnd).trimEnd();
  if (lineEnd === -1 || !firstLine.endsWith(dashes)) throw invalid(`the BEGIN line of block ${number} is not complete`);
  const label = firstLine.slice(0, -dashes.length);
  if (!/^[A-Z0-9](?:[A-Z0-9 .#-]{0,62}[A-Z0-9])?$/.test(label)) throw invalid(`block ${number} has no proper label`);
  const endLine = `-----END ${label}-----`;
  const bodyEnd = text.indexOf(dashes, lineEnd);
  if (bodyEnd === -1 || !text.startsWith(endLine, bodyEnd)) throw invalid(`block ${number} (${label}) has no END line`);
  const body = text.slice(lineEnd, bodyEnd);
  if (body.includes(":")) {
    throw invalid(`block ${number} (${label}) has RFC 1421 headers, as keys have that are encrypted in the old way`);
  }
  const base64 = body.replace(/[\r\n\t ]+/g, "");
  const der = Buffer.from(base64, "base64");
  // Buffer.from skips what it does not understand: only what encodes back to the same text was base64.
  if (der.length === 0 || der.toString("base64") !== base64) throw invalid(`block ${number} (${label}) is not base64`);
  return { label, der, start, end: bodyEnd + endLine.length };
}

function invalid(why: string): CertSetupError {
  return new CertSetupError("certificate-invalid", `not a valid PEM file: ${why}`);
}
