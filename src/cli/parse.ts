import { CertSetupError } from "../model/errors.ts";
import type { Invocation, Surroundings } from "../model/request.ts";
import { printable, shellQuote } from "../model/text.ts";
import { commandNames, commands, isCommand } from "./commands/index.ts";
import type { Command } from "./commands/command.ts";
import type { CommandName } from "./commands/index.ts";
import type { OptionName } from "./options.ts";
import { readManner } from "./readings.ts";
import { gather } from "./values.ts";
import { readWords } from "./words.ts";

/**
 * The command line (without node and script) and the environment as one complete request, or a text to print.
 * Looks at nothing else. Throws usage, host-invalid, duration-invalid, owner-invalid, endpoint-invalid, directory-invalid.
 */
export async function parse(argv: readonly string[], around: Surroundings): Promise<Invocation> {
  if (argv.length === 0) return help(null);
  if (argv[0] === "completion" || argv[0] === "--get-yargs-completions") {
    const { completion } = await import("./completion.ts");
    return { kind: "text", text: await completion(argv) };
  }
  const { words, positional, overridden } = await readWords(argv);
  const [first, ...rest] = positional;
  if (first === "help") return help(rest[0] === undefined ? null : await commandFor(rest[0]));
  const name = first === undefined ? null : await commandFor(first, words.has("host"));
  if (words.get("help") === true) return help(name);
  if (words.get("version") === true) {
    const { version } = await import("./version.ts");
    return { kind: "text", text: `${version}\n` };
  }
  if (rest[0] !== undefined) throw superfluous(rest[0], words.has("host"));
  if (words.has("out") && (name ?? "generate") === "generate") {
    const { generateCertOptions, generateCertRequest, notWithOut } = await import("./commands/generate-cert.ts");
    for (const option of words.keys()) if (!generateCertOptions.includes(option)) throw notWithOut(option);
    const values = gather(words, around.env, generateCertOptions);
    const request = generateCertRequest(values, around, overridden);
    return { kind: "generate-cert", request, manner: readManner(values) };
  }
  const command: Command = commands[name ?? "generate"];
  for (const option of words.keys()) {
    if (!command.options.includes(option)) throw foreign(option, name ?? "generate");
  }
  const values = gather(words, around.env, command.options);
  return { kind: "run", request: command.request(values, around), manner: readManner(values) };
}

async function help(command: CommandName | null): Promise<Invocation> {
  const { usage } = await import("./usage.ts");
  return { kind: "text", text: usage(command) };
}

async function commandFor(word: string, afterHost = false): Promise<CommandName> {
  if (isCommand(word)) return word;
  const { nearest } = await import("./nearest.ts");
  const meant = nearest(word.toLowerCase(), [...commandNames, "completion"]);
  // `--host a b`: the second host, not a command
  if (meant === null && afterHost) throw superfluous(word, afterHost);
  const hint = meant === null ? hostHint(word) : [`did you mean cert-setup ${meant}?`];
  throw new CertSetupError("usage", `unknown command "${printable(word, 60)}"`, {
    hint: [...hint, `commands: ${commandNames.join(", ")}`],
  });
}

/** `cert-setup minio.example.net`, as with mkcert. */
function hostHint(word: string): string[] {
  const host = /^[\w*[][\w.:*\]-]*[.:][\w.:*\]-]*$|^localhost$/.test(word);
  return host ? [`$ cert-setup --host ${shellQuote(word)}`] : [];
}

function superfluous(word: string, afterHost: boolean): CertSetupError {
  const hint = afterHost ? ["several hosts are one word: --host minio.example.net,10.0.0.5"] : ["$ cert-setup --help"];
  return new CertSetupError("usage", `unexpected argument "${printable(word, 60)}"`, { hint });
}

function foreign(option: OptionName, command: CommandName): CertSetupError {
  const takers = commandNames.filter((name) => (commands[name].options as readonly OptionName[]).includes(option));
  return new CertSetupError("usage", `--${option} does not belong to ${command}, but to ${inWords(takers)}`, {
    hint: [`$ cert-setup ${command} --help`],
  });
}

/** `a`, `a and b`, `a, b and c`. */
function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
