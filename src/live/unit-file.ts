/** The parts of systemd's syntax that a unit of MinIO uses: systemd.syntax(7), systemd.service(5), systemd.exec(5). */

/** The assignments of the section [Service], in order; a line that ends in a backslash goes on in the next. */
export function readServiceSection(text: string): [key: string, value: string][] {
  const assignments: [string, string][] = [];
  let section = "";
  let pending = "";
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line.startsWith("#") || line.startsWith(";")) continue;
    if (line.endsWith("\\")) {
      pending += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = (pending + line).trim();
    pending = "";
    if (whole.startsWith("[")) section = whole;
    const equals = whole.indexOf("=");
    if (section !== "[Service]" || equals === -1) continue;
    assignments.push([whole.slice(0, equals).trim(), whole.slice(equals + 1).trim()]);
  }
  return assignments;
}

/**
 * An EnvironmentFile. Quoting is neither that of a shell nor that of MinIO's own environment files: a value is quoted only
 * if it begins with a quote, quoted parts join, an unquoted value loses its blanks at the end.
 */
export function readEnvironmentFile(text: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null) as Record<string, string>;
  let at = 0;
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end === -1 ? text.length : end);
    const key = /^[ \t\r]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/.exec(line);
    if (key?.[1] === undefined) {
      at = end === -1 ? text.length : end + 1;
      continue;
    }
    const value = readValue(text, at + key[0].length);
    found[key[1]] = value.value;
    at = value.next;
  }
  return found;
}

/** The state machine of systemd's env-file.c from PRE_VALUE on; stops behind the end of the (possibly continued) line. */
function readValue(text: string, start: number): { value: string; next: number } {
  let value = "";
  let bare = "";
  let state: "before" | "bare" | "'" | '"' = "before";
  let at = start;
  for (; at < text.length; at++) {
    const character = text[at] ?? "";
    if (state === "'" || state === '"') {
      if (character === state) state = "before";
      else if (state === '"' && character === "\\") {
        const next = text[++at] ?? "";
        value += next === "\n" ? "" : '"\\`$'.includes(next) ? next : `\\${next}`;
      } else value += character;
      continue;
    }
    if (character === "\n") break;
    if (state === "before" && (character === "'" || character === '"')) state = character;
    else if (character === "\\") {
      const next = text[++at] ?? "";
      bare += next === "\n" ? "" : next;
      state = "bare";
    } else if (state === "bare" || !/\s/.test(character)) {
      bare += character;
      state = "bare";
    }
  }
  return { value: value + bare.trimEnd(), next: at + 1 };
}

/** Splits at blanks; quotes and backslashes as in unit files. An open quote ends with the text. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\" && quote !== "'") word = (word ?? "") + (text[++at] ?? "");
    else if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  return word === null ? words : [...words, word];
}

/** The argument vector of an ExecStart: `$NAME` as a whole word is split at blanks, `${NAME}` is one piece, `$$` is `$`. */
export function expandCommand(execStart: string, environment: Readonly<Record<string, string>>): string[] {
  const [path = "", ...rest] = splitWords(execStart);
  const prefix = /^[@:+!|-]*/.exec(path)?.[0] ?? "";
  // With `@` the second word is argv[0].
  const words = [path.slice(prefix.length), ...(prefix.includes("@") ? rest.slice(1) : rest)];
  if (prefix.includes(":")) return words;
  return words.flatMap((word) => {
    const whole = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word)?.[1];
    if (whole !== undefined) return splitWords(environment[whole] ?? "");
    return [
      word.replace(/\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name?: string) =>
        name ? (environment[name] ?? "") : "$",
      ),
    ];
  });
}
