import { CertSetupError } from "./errors.ts";
import { printable } from "./text.ts";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * `Jan 2 15:04:05 2006` as Go's time.Parse reads it with exactly this layout, in UTC: milliseconds since the epoch (a
 * fraction of a second is allowed there), or null. generate_cert.go's own usage text shows another order that it refuses.
 */
export function parseGoDate(text: string): number | null {
  const match = /^([a-z]{3}) +(\d{1,2}) +(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))? +(\d{4})$/i.exec(text);
  if (match === null) return null;
  const [, month = "", day, hour, minute, second, fraction = "", year] = match;
  const at = utc([year, months.indexOf(month.toLowerCase()), day, hour, minute, second].map(Number));
  return at === null ? null : at + Number(`0.${fraction.slice(0, 9) || "0"}`) * 1000;
}

/** RFC 3339 (an offset, and `Z`), or as above: whole seconds, in milliseconds since the epoch. */
export function parseStartDate(text: string, from = "--start-date"): number {
  const at = parseGoDate(text) ?? parseRfc3339(text);
  if (at !== null) return Math.floor(at / 1000) * 1000;
  const date = /^\d{4}-\d\d-\d\d$/.test(text) && parseRfc3339(`${text}T00:00:00Z`) !== null;
  throw new CertSetupError("start-date-invalid", `${from} "${printable(text, 60)}" is not a date that exists`, {
    hint: date
      ? [`use ${text}T00:00:00Z`]
      : ['write it as 2026-11-24T13:00:00Z (RFC 3339) or as "Nov 24 13:00:00 2026" (UTC)'],
  });
}

function parseRfc3339(text: string): number | null {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, ...rest] = match.slice(1, 7).map(Number);
  const at = utc([year, month - 1, ...rest]);
  const offset = (Number(match[8] ?? 0) * 60 + Number(match[9] ?? 0)) * (match[7] === "-" ? -1 : 1);
  return at === null ? null : at - offset * 60_000;
}

/** null for a moment that is not in the calendar: Feb 30, 24:00:00, a leap second. */
function utc([year = 0, month = -1, day = 0, hour = 0, minute = 0, second = 0]: readonly number[]): number | null {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day); // Date.UTC takes the years 0 to 99 for 1900 to 1999
  date.setUTCHours(hour, minute, second);
  const same =
    date.getUTCMonth() === month &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return same ? date.getTime() : null;
}
