/** The only door to chalk, loaded only where there is colour. Colour never says anything that the words do not. */
import type { Sink, World } from "../model/world.ts";

export interface Paint {
  strong(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

const plain: Paint = { strong: same, good: same, bad: same, faint: same };

/** `wanted`: --color or --no-color; null: a terminal, and no NO_COLOR (no-color.org). */
export async function paintFor(sink: Sink, world: World, wanted: boolean | null): Promise<Paint> {
  const colourful = wanted ?? (sink.isTerminal && !world.env["NO_COLOR"] && world.env["TERM"] !== "dumb");
  if (!colourful) return plain;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return { strong: chalk.bold, good: chalk.green, bad: chalk.red, faint: chalk.dim };
}

function same(text: string): string {
  return text;
}
