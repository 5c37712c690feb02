/**
 * PEM as people have it: several kinds of block in one file, text around them, CRLF, a byte order mark, UTF-16 from
 * PowerShell, indented by YAML, one block glued to the next by `cat`, RFC 1421 headers. In linear time; the first
 * malformed block ends it, because nothing says any more what belongs to what.
 */
import { printable } from "../model/text.ts";
import { placeText, refusal, type Place } from "./import-place.ts";

export const maximumBlocks = 64;

export interface ImportBlock {
  place: Place;
  label: string;
  /** RFC 1421 4.6: `DEK-Info` → `AES-256-CBC,00…`. Empty for most blocks. */
  headers: Map<string, string>;
  der: Buffer;
}

const begin = "-----BEGIN ";
const dashes = "-----";
/** More in front of a BEGIN than this is no indentation. */
const deepestIndentation = 64;

/** The text of a file: UTF-8, or UTF-16 with its byte order mark; line ends become LF. */
export function importText(bytes: Buffer): string {
  const text =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? bytes.toString("utf16le")
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? Buffer.from(bytes.subarray(0, bytes.length & ~1))
            .swap16()
            .toString("utf16le")
        : bytes.toString("utf8");
  return text.replace(/\r\n?/g, "\n");
}

/** Throws CertSetupError("import-invalid") with the line. `text` has LF line ends. */
export function readImportBlocks(text: string, file: string): ImportBlock[] {
  const blocks: ImportBlock[] = [];
  let line = 1;
  let lineStart = 0;
  let lineEnd = text.indexOf("\n");
  let behindBlock = -1;
  for (let start = text.indexOf(begin); start !== -1;) {
    while (lineEnd !== -1 && lineEnd < start) {
      line += 1;
      lineStart = lineEnd + 1;
      lineEnd = text.indexOf("\n", lineStart);
    }
    const indented = start - lineStart <= deepestIndentation && /^[\s\uFEFF]*$/.test(text.slice(lineStart, start));
    if (!indented && start !== behindBlock) {
      start = text.indexOf(begin, start + begin.length);
      continue;
    }
    const place = { file, line };
    if (blocks.length === maximumBlocks) throw refusal(place, `more than ${maximumBlocks} blocks are in this file`);
    const { block, end } = readBlock(text, start, place);
    blocks.push(block);
    behindBlock = end;
    start = text.indexOf(begin, end);
  }
  return blocks;
}

function readBlock(text: string, start: number, place: Place): { block: ImportBlock; end: number } {
  const labelAt = start + begin.length;
  const lineEnd = text.indexOf("\n", labelAt);
  const rest = text.slice(labelAt, Math.min(lineEnd === -1 ? text.length : lineEnd, labelAt + 200)).trimEnd();
  if (rest.includes("\\n")) throw refusal(place, 'it has the two characters "\\n" where lines should end');
  if (lineEnd === -1 || !rest.endsWith(dashes)) throw refusal(place, "the BEGIN line is not complete");
  const label = rest.slice(0, -dashes.length);
  if (!/^[A-Z0-9](?:[A-Z0-9 .#-]{0,62}[A-Z0-9])?$/.test(label)) {
    throw refusal(place, `"${printable(label, 64)}" is no kind of PEM block (RFC 7468)`);
  }
  const bodyEnd = text.indexOf(dashes, lineEnd);
  const endLine = `-----END ${label}-----`;
  if (bodyEnd === -1 || !text.startsWith(endLine, bodyEnd)) {
    throw refusal(place, `the block ${label} has no END line of its own; is the file cut off?`);
  }
  const { headers, base64 } = splitBody(text.slice(lineEnd + 1, bodyEnd));
  // Buffer.from skips what it does not understand, slowly: only what encodes back to the same text was base64.
  const der = /^[A-Za-z0-9+/]*=*$/.test(base64) ? Buffer.from(base64, "base64") : Buffer.alloc(0);
  if (der.length === 0 || der.toString("base64") !== base64) throw refusal(place, `the block ${label} is not base64`);
  return { block: { place, label, headers, der }, end: bodyEnd + endLine.length };
}

/** RFC 1421 4.4: headers, an empty line, then the text. A line that begins with a space goes on with the one before. */
function splitBody(body: string): { headers: Map<string, string>; base64: string } {
  const headers = new Map<string, string>();
  const lines = body.split("\n");
  let name = "";
  let at = 0;
  for (; at < lines.length && headers.size <= 8; at += 1) {
    const line = lines[at] ?? "";
    const [, field, value = ""] = /^\s{0,64}([A-Za-z][A-Za-z0-9-]{0,31}):(.{0,300})$/.exec(line) ?? [];
    if (field !== undefined) headers.set((name = field.toLowerCase()), value.trim());
    else if (line.trim() === "") name = "";
    else if (name !== "" && /^[ \t]/.test(line)) headers.set(name, `${headers.get(name) ?? ""}${line.trim()}`);
    else break;
  }
  return {
    headers,
    base64: lines
      .slice(at)
      .join("")
      .replace(/[ \t]+/g, ""),
  };
}

/** What to say of a file that holds no block at all. */
export function noBlock(text: string, file: string): Error {
  const place = { file, line: null };
  if (text.trim() === "") return refusal(place, "the file is empty");
  const mentioned = text.indexOf(begin);
  const more = mentioned === -1 ? "" : `, although "BEGIN" stands in the middle of a line`;
  return refusal(place, `neither PEM nor DER${more}`, [`$ head -c 200 ${placeText(place)} | xxd`]);
}
