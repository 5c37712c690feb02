import { CertSetupError } from "./errors.ts";
import { printable } from "./text.ts";

const minute = 60;
const day = 86_400;

/** Seconds in one unit: Go's (`time.ParseDuration`, as in generate_cert.go's `--duration 8760h0m0s`) and the day. */
const units: Readonly<Record<string, number>> = {
  "d": day,
  "h": 3600,
  "m": minute,
  "s": 1,
  "ms": 1e-3,
  "us": 1e-6,
  "\u00b5s": 1e-6,
  "\u03bcs": 1e-6,
  "ns": 1e-9,
};

/** Validity that is meant when none is given. Seconds. */
export const defaultValiditySeconds = 90 * day;
/** Beyond this comes a warning: the longest that public CAs may give since 2026-03-15 (CA/Browser Forum, SC-081v3). */
export const longValiditySeconds = 200 * day;
/** Apple's limit, which holds for private CAs too (https://support.apple.com/103769). */
export const maxValiditySeconds = 825 * day;
export const minValiditySeconds = 5 * minute;

/**
 * `90d`, `2160h`, `8760h0m0s`, `1h30m`, `1.5h`: whole seconds, rounded down.
 * Throws duration-invalid for anything else, and for what is not longer than zero. `from` is where the text stood.
 */
export function parseDuration(text: string, from = "--duration"): number {
  const shown = `${from} "${printable(text, 60)}"`;
  const hint = ["write a number with its unit, for example 90d, 2160h or 1h30m"];
  const sign = text.startsWith("-") ? -1 : 1;
  const body = text.replace(/^[+-]/, "");
  if (body.length > 100 || !/^(?:\d+(?:\.\d*)?(?:d|h|ms|m|s|us|\u00b5s|\u03bcs|ns))+$/.test(body)) {
    const years = /^(\d{1,3})\s*(y|w)/i.exec(body);
    const days = years && `${Number(years[1]) * (years[2]?.toLowerCase() === "y" ? 365 : 7)}d`;
    if (days) throw new CertSetupError("duration-invalid", `${shown} is not a duration`, { hint: [`use ${days}`] });
    if (/^\d{1,5}$/.test(body) && Number(body) > 0) {
      throw new CertSetupError("duration-invalid", `${shown} has no unit`, { hint: [`for days use ${body}d`] });
    }
    throw new CertSetupError("duration-invalid", `${shown} is not a duration`, { hint });
  }
  let seconds = 0;
  for (const [, number = "0", unit = "s"] of body.matchAll(/([\d.]+)([a-z\u00b5\u03bc]+)/g)) {
    seconds += Number(number) * (units[unit] ?? 0);
  }
  // Fractions such as 1.15h are not exact in binary: to the microsecond first, then down.
  const whole = sign * Math.floor(Math.round(seconds * 1e6) / 1e6);
  if (whole <= 0) throw new CertSetupError("duration-invalid", `${shown} is not longer than zero`, { hint });
  return whole;
}

/** A certificate's validity in seconds, within what clients accept. Throws duration-invalid with the limit's reason. */
export function parseValidity(text: string, from = "--duration"): number {
  const seconds = parseDuration(text, from);
  const shown = `${from} ${printable(text, 60)}`;
  if (seconds > maxValiditySeconds) {
    throw new CertSetupError(
      "duration-invalid",
      `${shown} is longer than 825 days, the most that Apple's systems accept, from a private CA too`,
      { hint: ["use 825d or less; 90d is the default, and a second run renews"] },
    );
  }
  if (seconds < minValiditySeconds) {
    throw new CertSetupError("duration-invalid", `${shown} is shorter than 5 minutes`, { hint: ["use 5m or more"] });
  }
  return seconds;
}
