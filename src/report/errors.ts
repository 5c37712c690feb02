/** An error as a person reads it: the message, what to do, what changed. */
import type { CertSetupError } from "../model/errors.ts";
import type { Note } from "../model/plan.ts";
import { printable } from "../model/text.ts";
import type { Paint } from "./paint.ts";

export function errorText(error: CertSetupError, paint: Paint): string {
  const lines = [`${paint.bad("error:")} ${lineByLine(error.message)}`];
  for (const hint of error.hint) lines.push(`${paint.strong("hint:")} ${printable(hint, 2000)}`);
  lines.push(printable(error.changed, 1000));
  return `${lines.join("\n")}\n`;
}

export function warningText(note: Note, paint: Paint): string {
  return `${paint.strong("note:")} ${printable(note.message, 1000)}\n`;
}

/** The line ends of a message are ours (one line for each bad host); whatever else it holds may not be. */
function lineByLine(message: string): string {
  return message
    .split("\n")
    .map((line) => printable(line, 1000))
    .join("\n");
}
