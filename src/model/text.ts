/**
 * Text that came from outside (arguments, files, certificates, a network peer) on its way to a terminal, a JSON line or a
 * shell command.
 */

// Control characters (Cc: C0, DEL, C1), format characters (Cf: bidirectional controls, zero width, U+FEFF, tags), line and
// paragraph separators, lone surrogates, private use, and what is invisible by default (Hangul fillers, variation
// selectors). A terminal acts on the first kind and hides the others: CVE-2021-25743 (kubectl), CVE-2021-42574.
let made: RegExp | null = null;
/** Made when it is first needed: V8 takes milliseconds for such a set. */
const hidden = (): RegExp => (made ??= /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/u);
const plain = /^[ -~]*$/;

const cutMark = "...";

/**
 * The text with every character that a terminal would act on or hide shown as `\u{hex}`, cut to `limit` UTF-16 code units
 * (an ellipsis counts; an escape is never cut in two). Applying it twice changes nothing more.
 */
export function printable(text: string, limit = 300): string {
  if (text.length <= limit && plain.test(text)) return text;
  const pieces: string[] = [];
  let length = 0;
  for (const character of text) {
    const piece = hidden().test(character) ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` : character;
    pieces.push(piece);
    length += piece.length;
    if (length > limit) break;
  }
  if (length <= limit) return pieces.join("");
  while (length > Math.max(0, limit - cutMark.length) && pieces.length > 0) length -= pieces.pop()?.length ?? 0;
  return pieces.join("") + cutMark.slice(0, Math.max(0, limit));
}

/** Does the text hold a character that `printable` would show as an escape? */
export function holdsHidden(text: string): boolean {
  return !plain.test(text) && hidden().test(text); // the first is cheap: V8 compiles property escapes for milliseconds
}

/** JSON that is safe to show: the same characters escaped as `\uXXXX`, so it parses to the same value. */
export function jsonText(value: unknown, indent = 0): string {
  const json = JSON.stringify(value, null, indent) ?? "null";
  // Within strings JSON.stringify has escaped every line feed, so a raw one is indentation.
  return json.replace(new RegExp(hidden(), "gu"), (character) =>
    character === "\n" ? character : utf16Escapes(character),
  );
}

function utf16Escapes(character: string): string {
  let escapes = "";
  for (let i = 0; i < character.length; i++) escapes += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return escapes;
}

/** One word of a POSIX shell command line (POSIX.1-2024 XCU 2.2.2); unchanged when it needs no quotes. */
export function shellQuote(text: string): string {
  // `=` not first: zsh expands a leading one.
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
