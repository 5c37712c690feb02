/** Where in the given files something stands, for messages; and what is said when it cannot be used. */
import { CertSetupError, type ErrorCode } from "../model/errors.ts";
import { printable } from "../model/text.ts";

export interface Place {
  file: string;
  /** Of the BEGIN line, from 1; null when the file is not PEM. */
  line: number | null;
}

/** `chain.pem line 12`. A name that would fill the screen is cut. */
export function placeText({ file, line }: Place): string {
  const shown = printable(file, 200);
  return line === null ? shown : `${shown} line ${line}`;
}

export function refusal(place: Place, what: string, hint: readonly string[] = []): CertSetupError {
  return refusalOf("import-invalid", place, what, hint);
}

export function refusalOf(code: ErrorCode, place: Place, what: string, hint: readonly string[]): CertSetupError {
  return new CertSetupError(code, `${placeText(place)}: ${what}`, { hint });
}
