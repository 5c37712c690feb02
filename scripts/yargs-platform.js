// What yargs needs of its platform, in place of yargs/lib/platform-shims/esm.mjs, which costs 10 ms more at every start:
// no locale files, no search for a package.json, no caller's file name, no grapheme segmenter for the width of a string
// (cliui and yargs bring two copies of `string-width`). Texts of the help are ASCII and English.

import { basename, dirname, extname, join, normalize, relative, resolve } from "node:path";
import { format, inspect, stripVTControlCharacters } from "node:util";
import { cliui } from "../node_modules/cliui/build/lib/index.js";
import { camelCase, decamelize, looksLikeNumber } from "../node_modules/yargs-parser/build/lib/string-utils.js";
import { YargsParser } from "../node_modules/yargs-parser/build/lib/yargs-parser.js";

const absent = (what) => () => {
  throw new Error(`yargs: ${what} is not in this bundle`);
};

function expect(holds, message) {
  if (!holds) throw new Error(`yargs: ${message}`);
}

const parser = new YargsParser({
  cwd: process.cwd,
  env: () => process.env,
  format,
  normalize,
  resolve,
  require: absent("require"),
});
const Parser = Object.assign((args, options) => parser.parse(args.slice(), options).argv, {
  detailed: (args, options) => parser.parse(args.slice(), options),
  camelCase,
  decamelize,
  looksLikeNumber,
});

const stringWidth = (text) => [...stripVTControlCharacters(text)].length;

/** Words into lines of at most `columns`; a longer word is cut. Lines that are there stay apart. */
function wrap(text, columns) {
  const width = Math.max(columns, 1);
  const lines = [];
  for (const line of text.split("\n")) {
    let current = "";
    for (const word of line.trim().split(" ")) {
      const joined = current === "" ? word : `${current} ${word}`;
      if (stringWidth(joined) <= width) {
        current = joined;
        continue;
      }
      if (current !== "") lines.push(current);
      const pieces = word.match(new RegExp(`.{1,${width}}`, "gu"));
      current = pieces.pop();
      lines.push(...pieces);
    }
    lines.push(current);
  }
  return lines.join("\n");
}

let locale = "en";

// The one text of yargs/locales/en.json that is not its own key.
const reworded = { "Implications failed:": "Missing dependent arguments:" };

export default {
  assert: {
    notStrictEqual: (actual, other, message) => expect(actual !== other, message),
    strictEqual: (actual, expected, message) => expect(actual === expected, message),
  },
  cliui: (options) => cliui(options, { stringWidth, stripAnsi: stripVTControlCharacters, wrap }),
  findUp: absent("pkgConf"),
  getEnv: (name) => process.env[name],
  inspect,
  getProcessArgvBin: () => process.argv[1],
  mainFilename: process.cwd(),
  Parser,
  path: { basename, dirname, extname, relative, resolve, join },
  process: {
    argv: () => process.argv,
    cwd: process.cwd,
    emitWarning: (warning, type) => process.emitWarning(warning, type),
    execPath: () => process.execPath,
    exit: (code) => process.exit(code),
    nextTick: process.nextTick,
    stdColumns: null,
  },
  readFileSync: absent("readFileSync"),
  readdirSync: absent("commandDir"),
  require: absent("require"),
  getCallerFile: absent("commandDir"),
  stringWidth,
  y18n: {
    __: (text, ...values) => format(reworded[text] ?? text, ...values),
    __n: (one, other, count, ...values) => {
      const text = count === 1 ? one : other;
      return text.includes("%d") ? format(text, count, ...values) : format(text, ...values);
    },
    getLocale: () => locale,
    setLocale: (to) => {
      locale = to;
    },
    updateLocale: absent("updateLocale"),
  },
};
