/** When certificates begin and end. Milliseconds since the epoch throughout, but for durations as a request has them. */
import { CertSetupError } from "../model/errors.ts";

/** Both ends belong to it (RFC 5280 4.1.2.5). */
export interface Validity {
  notBefore: number;
  notAfter: number;
  /** When it is issued, where that is not an hour after notBefore. */
  issuedAt?: number;
}

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;
/** Clients whose clocks are behind. */
const backdate = hour;
/** Ten years at most for a root: 3650 days are always less. */
const rootLifetime = 3650 * day;
/** Apple's systems refuse server certificates that are valid for longer, private CAs included (support.apple.com/103769). */
const endEntityMaximum = 825 * day;
/** A machine without a clock battery starts in 1970 or in its firmware's year. */
const earliestYear = 2026;

export function rootValidity(now: number): Validity {
  const notBefore = wholeSeconds(now - backdate);
  return { notBefore, notAfter: notBefore + rootLifetime - second };
}

/** From an hour ago until `seconds` from now, cut to 825 days in all. */
export function endEntityValidity(now: number, seconds: number): Validity {
  const notBefore = wholeSeconds(now - backdate);
  const notAfter = wholeSeconds(now + seconds * second);
  return { notBefore, notAfter: Math.min(notAfter, notBefore + endEntityMaximum) - second };
}

/** Issued now, valid for `seconds` from a moment that was asked for. */
export function validityFrom(notBefore: number, seconds: number, now: number): Validity {
  return { notBefore, notAfter: notBefore + seconds * second - second, issuedAt: now };
}

/** Throws CertSetupError("clock-wrong") for a time at which this program did not exist. */
export function assertClock(validity: Validity): void {
  const { notBefore, notAfter } = validity;
  const now = new Date(issuedAt(validity));
  if (!(now.getUTCFullYear() >= earliestYear)) {
    throw new CertSetupError("clock-wrong", `the clock says ${now.toISOString()}, which is before ${earliestYear}`, {
      hint: ["set the clock, then try again", "$ timedatectl status"],
    });
  }
  if (!(notBefore < notAfter)) throw new RangeError("a validity that ends before it begins");
}

/** A certificate never outlives its issuer, which no verifier checks. Throws CertSetupError "ca-expires" or "clock-wrong". */
export function assertWithin(validity: Validity, issuer: Validity): void {
  if (validity.notAfter > issuer.notAfter) {
    const ends = `the CA ends on ${iso(issuer.notAfter)}, before the certificate would on ${iso(validity.notAfter)}`;
    throw new CertSetupError("ca-expires", ends, { hint: ["use --new-ca for a new CA, or a shorter --duration"] });
  }
  const now = issuedAt(validity);
  if (now < issuer.notBefore) {
    throw new CertSetupError(
      "clock-wrong",
      `the clock says ${iso(now)}, but the CA begins on ${iso(issuer.notBefore)}`,
    );
  }
}

function issuedAt(validity: Validity): number {
  return validity.issuedAt ?? validity.notBefore + backdate;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / second) * second;
}
