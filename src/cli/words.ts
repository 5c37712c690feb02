import parser from "yargs-parser/browser";
import { CertSetupError } from "../model/errors.ts";
import { printable, shellQuote } from "../model/text.ts";
import { optionFor, optionNames, specOf } from "./options.ts";
import type { OptionName, OptionSpec } from "./options.ts";
import { truth } from "./values.ts";
import type { Words } from "./values.ts";

// yargs with its help, locales and command machinery costs more start-up time than everything else that this program
// does; its parser alone costs almost none. So the parser splits the words, and the strictness is here.

/** As yargs-parser has it: a word like this is a value, not an option. */
const negativeNumber = /^-([0-9]+(\.[0-9]+)?|\.[0-9]+)$/;

interface WordsRead {
  words: Words;
  positional: string[];
  /** With `--out`: options that are given more than once, of which the last value counts, as in Go's flag package. */
  overridden: OptionName[];
}

/** Throws usage for an unknown option, a missing, empty or repeated value, a flag with a value that is no truth value. */
export async function readWords(argv: readonly string[]): Promise<WordsRead> {
  const aliases: Record<string, string[]> = {};
  for (const name of optionNames) {
    const { short } = specOf(name);
    if (short !== undefined) aliases[name] = [short];
  }
  const asGo = argv.some((word, i) => /^--?out(?:=|$)/.test(word) && !argv.slice(0, i).includes("--"));
  const overridden: OptionName[] = [];
  const { argv: parsed } = parser.detailed(await checked(argv, asGo ? overridden : null), {
    array: ofKind("list"),
    boolean: ofKind("flag"),
    string: [...ofKind("list"), ...ofKind("value"), "_"],
    alias: aliases,
    configuration: {
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "greedy-arrays": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "short-option-groups": false,
      "strip-aliased": true,
    },
  });
  const words = new Map<OptionName, boolean | string | string[]>();
  for (const name of optionNames) {
    const value: unknown = parsed[name];
    if (value === undefined) continue;
    if (Array.isArray(value) && specOf(name).kind === "value") throw repeated(name, value.map(String));
    words.set(name, value as boolean | string | string[]);
  }
  return { words, positional: parsed._.map(String), overridden };
}

function ofKind(kind: OptionSpec["kind"]): OptionName[] {
  return optionNames.filter((name) => specOf(name).kind === kind);
}

/**
 * The same words with flag values in the one spelling that the parser understands. `overridden`: not null with `--out`, where
 * a value may be empty or begin with a hyphen, and the last of several counts; filled with the options that it concerns.
 */
async function checked(argv: readonly string[], overridden: OptionName[] | null): Promise<string[]> {
  const words: string[] = [];
  const last = new Map<OptionName, number>();
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  let taken = -1;
  for (const [i, word] of argv.entries()) {
    if (i === taken) continue;
    const parts = i < end && !negativeNumber.test(word) ? /^(--?)([^=]+)(?:=([\s\S]*))?$/.exec(word) : null;
    if (parts === null) {
      words.push(word);
      continue;
    }
    const [, dashes = "", name = "", joined] = parts;
    const option = optionFor(dashes, name);
    if (option === undefined) throw await unknown(dashes, name);
    if (specOf(option).kind === "flag") {
      const flag = joined === undefined ? true : truth(joined);
      if (flag === null) {
        throw new CertSetupError("usage", `--${option} takes no value, but "${printable(joined ?? "", 60)}" is given`, {
          hint: [`use --${option}, or --${option}=false to switch it off`],
        });
      }
      // `--ca false`: with Go, false is no value of it
      words.push(joined === undefined && overridden === null ? word : `--${option}=${flag}`);
      continue;
    }
    const value = joined ?? (i + 1 < end ? argv[i + 1] : undefined);
    if (overridden !== null && option !== "out" && value !== undefined && (joined !== undefined || !isOption(value))) {
      if (value === "" && !emptyInGo.includes(option)) throw empty(option);
      const before = last.get(option);
      if (before !== undefined) {
        words.splice(before, 1, "");
        if (!overridden.includes(option)) overridden.push(option);
      }
      last.set(option, words.push(`--${option}=${value}`) - 1);
      if (joined === undefined) taken = i + 1;
      continue;
    }
    if (value === undefined || (joined === undefined && value.startsWith("-") && !negativeNumber.test(value))) {
      throw missing(option, value);
    }
    if (value.trim() === "") {
      throw empty(option);
    }
    words.push(word);
  }
  return overridden === null ? words : words.filter((word) => word !== "");
}

/** Where generate_cert.go takes an empty text for none. */
const emptyInGo: readonly OptionName[] = ["host", "start-date", "ecdsa-curve"];

function empty(option: OptionName): CertSetupError {
  return new CertSetupError("usage", `--${option} has an empty value`, { hint: [example(option)] });
}

function isOption(word: string): boolean {
  const [, dashes = "", name = ""] = /^(--?)([^=]+)/.exec(word) ?? [];
  return optionFor(dashes, name) !== undefined;
}

async function unknown(dashes: string, name: string): Promise<CertSetupError> {
  const shown = printable(name, 60);
  return new CertSetupError("usage", `unknown option ${dashes}${shown}`, { hint: [await meant(dashes, name)] });
}

async function meant(dashes: string, name: string): Promise<string> {
  const negated = /^no-(.+)$/.exec(name)?.[1];
  const flag = negated === undefined ? undefined : optionFor("--", negated);
  if (flag !== undefined && specOf(flag).kind === "flag") return `use --${flag}=false`;
  const { nearest } = await import("./nearest.ts");
  const near = nearest(name.toLowerCase(), optionNames);
  if (near !== null) return `did you mean --${near}?`;
  // -S/dir
  const letter = name.slice(0, 1);
  const joined = dashes === "-" ? optionFor("-", letter) : undefined;
  if (joined === undefined || specOf(joined).kind === "flag") return "$ cert-setup --help";
  return `write the value as a word of its own: -${letter} ${printable(shellQuote(name.slice(1)), 60)}`;
}

function missing(option: OptionName, next: string | undefined): CertSetupError {
  const hint = [example(option)];
  if (next !== undefined && optionFor("--", next.replace(/^-+|=.*$/gs, "")) === undefined) {
    hint.push(`a value that begins with a hyphen is written --${option}=${printable(next, 60)}`);
  }
  const why = next === undefined ? "" : `, ${printable(next, 60)} follows`;
  return new CertSetupError("usage", `--${option} needs a value${why}`, { hint });
}

function repeated(option: OptionName, values: string[]): CertSetupError {
  const shown = values.map((value) => `"${printable(value, 60)}"`).join(" and ");
  return new CertSetupError("usage", `--${option} is given more than once: ${shown}`, { hint: ["leave one"] });
}

function example(option: OptionName): string {
  const { placeholder = "VALUE", summary } = specOf(option);
  return `--${option} ${placeholder}: ${summary}`;
}
