import yargs from "yargs";
import type { Options } from "yargs";
import { CertSetupError } from "../model/errors.ts";
import { printable } from "../model/text.ts";
import { commandNames, commands } from "./commands/index.ts";
import { specOf } from "./options.ts";
import type { OptionName } from "./options.ts";

/**
 * `completion`: yargs's completion script for the shell that $SHELL names. `--get-yargs-completions WORD...`: what that
 * script asks at every Tab, one answer a line. The only use of the whole of yargs, so only this loads it.
 */
export async function completion(argv: readonly string[]): Promise<string> {
  if (argv[0] === "completion" && argv[1] !== undefined) {
    throw new CertSetupError("usage", `unexpected argument "${printable(argv[1], 60)}"`, {
      hint: ["$ cert-setup completion >> ~/.bashrc", "$ SHELL=zsh cert-setup completion >> ~/.zshrc"],
    });
  }
  const program = yargs()
    .scriptName("cert-setup")
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({ "boolean-negation": false, "camel-case-expansion": false })
    .options(declared(commands.generate.options));
  for (const name of commandNames) {
    const { summary, options } = commands[name];
    program.command(name, summary, (command) => command.options(declared(options)));
  }
  program.completion("completion", "print the completion script");
  let text = "";
  await program.parse(argv, {}, (_error, _argv, output) => {
    text = output;
  });
  return text === "" ? "" : `${text}\n`;
}

/** Ours as yargs wants them. Not global, so that one command does not offer what belongs to another. */
function declared(names: readonly OptionName[]): Record<string, Options> {
  return Object.fromEntries(
    names.map((name) => {
      const { kind, summary, choices } = specOf(name);
      const type = kind === "flag" ? "boolean" : kind === "list" ? "array" : "string";
      return [name, { type, description: summary, global: false, ...(choices && { choices }) }];
    }),
  );
}
