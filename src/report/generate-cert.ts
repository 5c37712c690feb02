/** What `generate --out` says: Go's own lines on standard error, nothing on standard output; a plan with --dry-run. */
import { basename } from "node:path";
import type { Outcome } from "../model/outcome.ts";
import { printable } from "../model/text.ts";
import type { Paint } from "./paint.ts";
import { planLines } from "./plan.ts";

/** `2026/11/24 13:00:00 wrote cert.pem`, in local time, as Go's log package prints it. `at`: milliseconds. */
export function wroteLines({ files }: Outcome, at: number): string {
  return files.map(({ path }) => `${logTime(new Date(at))} wrote ${printable(basename(path))}\n`).join("");
}

export function planText({ plan }: Outcome, directory: string, paint: Paint): string {
  if (plan === null) return "";
  const lines = planLines(plan, (path) => printable(path, 4096), paint);
  return [`This would happen in ${printable(directory, 4096)}:`, "", ...lines, "", "Nothing was changed.", ""].join(
    "\n",
  );
}

function logTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = [String(date.getFullYear()), two(date.getMonth() + 1), two(date.getDate())].join("/");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}
