import type { Request, Surroundings } from "../../model/request.ts";
import type { OptionName } from "../options.ts";
import type { Values } from "../values.ts";

export interface Command {
  summary: string;
  /** After the command's name in the usage line. */
  synopsis: string;
  examples: readonly { command: string; does: string }[];
  options: readonly OptionName[];
  request(values: Values, around: Surroundings): Request;
}

/** What every command takes. */
export const everywhere = [
  "dry-run",
  "yes",
  "json",
  "quiet",
  "verbose",
  "color",
  "no-color",
  "help",
  "version",
] as const satisfies OptionName[];
