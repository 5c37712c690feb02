import { commandNames, commands } from "./commands/index.ts";
import type { CommandName } from "./commands/index.ts";
import type { Command } from "./commands/command.ts";
import { groups, optionNames, specOf } from "./options.ts";
import type { OptionName } from "./options.ts";

const width = 80;
const column = 24;

/** The usage text of a command, or of the whole program: examples first, at most 80 columns, with a final line feed. */
export function usage(command: CommandName | null): string {
  const shown: Command = commands[command ?? "generate"];
  const title =
    command === null
      ? "cert-setup gives a MinIO server verified TLS: a private CA, a certificate, both\ninstalled where the server reads them, and the proof that it serves them."
      : `cert-setup ${command}: ${shown.summary}`;
  const lines = [...wrapTitle(title), "", "Examples:", ...shown.examples.flatMap(exampleLines), "", "Usage:"];
  if (command === null) {
    for (const name of commandNames) {
      const call = name === "generate" ? "[generate]" : name;
      lines.push(`  cert-setup ${call} ${commands[name].synopsis}`);
    }
    lines.push("", "Commands:", ...commandNames.flatMap((name) => row(name, commands[name].summary)));
    lines.push(...row("completion", "print the completion script for bash or zsh"));
  } else {
    lines.push(`  cert-setup ${command === "generate" ? "[generate]" : command} ${shown.synopsis}`);
  }
  for (const group of groups) {
    const names = optionNames.filter((name) => shown.options.includes(name) && specOf(name).group === group);
    if (names.length > 0)
      lines.push("", `${group}:`, ...names.flatMap((name) => row(label(name), specOf(name).summary)));
  }
  lines.push("", ...footer(command));
  return `${lines.join("\n")}\n`;
}

function footer(command: CommandName | null): string[] {
  const variables =
    "Every option is also a variable: CERT_SETUP_HOST, CERT_SETUP_CERTS_DIR, ...; the command line wins.";
  if (command !== null) return wrap(variables, width);
  const statuses =
    "Exit status: 0 done, or nothing to do; 2 usage; 3 invalid input; 4 verification failed; 6 installed, not served yet; 10 changes pending (--dry-run --check); 69 network; 73 cannot write; 75 try again; 77 refused for safety.";
  return [...wrap(variables, width), "", ...wrap(statuses, width)];
}

function wrapTitle(title: string): string[] {
  return title.split("\n").flatMap((line) => wrap(line, width));
}

function exampleLines({ command, does }: { command: string; does: string }): string[] {
  return [`  $ ${command}`, ...wrap(does, width - 6).map((line) => `      ${line}`)];
}

function label(name: OptionName): string {
  const { short, placeholder } = specOf(name);
  const long = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

/** A term and its explanation; the explanation begins on a line of its own when the term is too long. */
function row(term: string, text: string): string[] {
  const lines = wrap(text, width - column).map((line) => " ".repeat(column) + line);
  const head = `  ${term}`;
  if (head.length > column - 2) return [head, ...lines];
  return [head.padEnd(column) + (lines[0] ?? "").trimStart(), ...lines.slice(1)];
}

function wrap(text: string, limit: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > limit) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
