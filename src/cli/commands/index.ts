import type { Command } from "./command.ts";
import { generate } from "./generate.ts";
import { importCommand } from "./import.ts";
import { rollback } from "./rollback.ts";
import { status } from "./status.ts";

/** `generate` is also what an option without a command means. */
export const commands = { generate, import: importCommand, status, rollback } as const satisfies Record<
  string,
  Command
>;

export type CommandName = keyof typeof commands;

export const commandNames = Object.keys(commands) as CommandName[];

export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(commands, word);
}
