import { CertSetupError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { specOf, variableFor } from "./options.ts";
import type { OptionName } from "./options.ts";

/** A value and where it came from: `--certs-dir` or `CERT_SETUP_CERTS_DIR`. */
export interface Given {
  text: string;
  from: string;
}

/** What the command line and the environment say, the command line winning, conflicts settled. */
export interface Values {
  flag(name: OptionName): boolean;
  /** null: not given. */
  value(name: OptionName): Given | null;
  /** Empty: not given. */
  list(name: OptionName): string[];
}

/** As read from the command line: flags are booleans, lists arrays, values strings. */
export type Words = ReadonlyMap<OptionName, boolean | string | string[]>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Joins both sources for the options that belong to the command. An empty variable is as good as none: that is how compose
 * files and unit files pass on what is not set. Throws usage for a flag variable that is neither true nor false, for
 * conflicts, and for a flag that lacks the one it needs. An empty value, where the parser lets it through, is none.
 */
export function gather(words: Words, env: Environment, names: readonly OptionName[]): Values {
  const given = new Map<OptionName, { value: boolean | string | string[]; from: string }>();
  for (const name of names) {
    const word = words.get(name);
    if (word === "") continue;
    if (word !== undefined) given.set(name, { value: word, from: `--${name}` });
    else {
      const from = variableFor(name);
      const text = specOf(name).environment === false ? undefined : env[from];
      if (text !== undefined && text !== "") given.set(name, { value: fromVariable(name, from, text), from });
    }
  }
  const on = (name: OptionName) => given.get(name)?.value === true;
  const says = (name: OptionName) => given.has(name) && given.get(name)?.value !== false;
  for (const name of names) {
    for (const other of (specOf(name).conflicts ?? []) as readonly OptionName[]) {
      if (says(name) && says(other)) settle(name, other);
    }
  }
  for (const name of names) {
    const needed = specOf(name).needs as OptionName | undefined;
    if (needed === undefined || !on(name) || on(needed)) continue;
    const from = given.get(name)?.from ?? "";
    throw new CertSetupError("usage", `${from} works only with --${needed}`, { hint: [`add --${needed}`] });
  }

  /** The command line beats the environment; within one of them nothing wins silently. */
  function settle(name: OptionName, other: OptionName): void {
    const [first, second] = [given.get(name)?.from ?? "", given.get(other)?.from ?? ""];
    const [firstTyped, secondTyped] = [words.has(name), words.has(other)];
    if (firstTyped === secondTyped) {
      const hint = firstTyped ? [`leave out ${first} or ${second}`] : [`unset ${first} or ${second}`];
      throw new CertSetupError("usage", `${first} and ${second} exclude each other`, { hint });
    }
    given.delete(firstTyped ? other : name);
  }

  return {
    flag: on,
    value(name) {
      const entry = given.get(name);
      return typeof entry?.value === "string" ? { text: entry.value, from: entry.from } : null;
    },
    list(name) {
      const entry = given.get(name)?.value;
      return Array.isArray(entry) ? entry : [];
    },
  };
}

function fromVariable(name: OptionName, from: string, text: string): boolean | string | string[] {
  const { kind } = specOf(name);
  if (kind === "list") return [text];
  if (kind === "value") return text;
  const flag = truth(text);
  if (flag !== null) return flag;
  throw new CertSetupError("usage", `${from}="${printable(text, 60)}" is neither true nor false`, {
    hint: [`set ${from} to 1, true, 0 or false, or unset it`],
  });
}

/** null: neither. */
export function truth(text: string): boolean | null {
  return /^(?:1|t|true)$/i.test(text) ? true : /^(?:0|f|false)$/i.test(text) ? false : null;
}
