/** `generate --out DIR`: flag for flag Go's crypto/tls/generate_cert.go. Loaded only for it. */
import { CertSetupError } from "../../model/errors.ts";
import type { GenerateCertRequest } from "../../model/generate-cert.ts";
import type { Surroundings } from "../../model/request.ts";
import { readGoDuration, readGoHosts, readGoInteger, readGoKeyAlgorithm, readGoStartDate } from "../go-values.ts";
import type { OptionName } from "../options.ts";
import { readDirectory } from "../readings.ts";
import type { Values } from "../values.ts";
import { everywhere } from "./command.ts";

export const generateCertOptions: readonly OptionName[] = [
  "out",
  "host",
  "start-date",
  "duration",
  "ca",
  "rsa-bits",
  "ecdsa-curve",
  "ed25519",
  "force",
  "check",
  ...everywhere,
];

/** `overridden`: options of which only the last value counts, as in Go. */
export function generateCertRequest(
  values: Values,
  around: Surroundings,
  overridden: readonly OptionName[],
): GenerateCertRequest {
  // In Go's order: first every flag, then what they mean.
  const validitySeconds = readGoDuration(values.value("duration"));
  const rsaBits = readGoInteger(values.value("rsa-bits"));
  const { names, notes } = readGoHosts(values.list("host"));
  const keyAlgorithm = readGoKeyAlgorithm(values, rsaBits);
  const notBefore = readGoStartDate(values.value("start-date"));
  const directory = values.value("out");
  if (directory === null) throw new CertSetupError("usage", "--out needs a value");
  return {
    command: "generate",
    directory: readDirectory(directory, around),
    source: { kind: "generate-cert", names, keyAlgorithm, notBefore, validitySeconds, ca: values.flag("ca") },
    notes: [
      ...overridden.map((option) => ({
        code: "option-repeated",
        message: `--${option} is given more than once: the last value counts, as in Go`,
      })),
      ...notes,
    ],
  };
}

/** An option of the other job of `generate`. */
export function notWithOut(option: OptionName): CertSetupError {
  return new CertSetupError("usage", `--${option} does not go with --out, which writes two files for no server`, {
    hint: [`leave out --${option}, or --out`],
  });
}
