import { CertSetupError } from "../../model/errors.ts";
import type { ExistingSource, ImportRequest, Surroundings } from "../../model/request.ts";
import { readAddress, readDirectory, readEndpoint, readOwner, readStateDir, readTarget } from "../readings.ts";
import type { Given, Values } from "../values.ts";
import { everywhere } from "./command.ts";
import type { Command } from "./command.ts";

export const importCommand = {
  summary: "install a certificate and key that you have, prove that the server serves it",
  synopsis: "--cert FILE --key FILE | --pkcs12 FILE [OPTIONS]",
  examples: [
    {
      command: "cert-setup import --cert fullchain.pem --key privkey.pem",
      does: "check, put in order, install, prove",
    },
    { command: "cert-setup import --cert all.pem", does: "certificate, chain and key in one file" },
    {
      command: "cert-setup import --pkcs12 minio.p12 --passphrase-file pass.txt",
      does: "what Windows and Java export",
    },
  ],
  options: [
    "cert",
    "key",
    "chain",
    "pkcs12",
    "passphrase-file",
    "target",
    "certs-dir",
    "owner",
    "endpoint",
    "address",
    "state-dir",
    "force",
    "check",
    ...everywhere,
  ],
  request(values: Values, around: Surroundings): ImportRequest {
    return {
      command: "import",
      source: readSource(values, around),
      target: readTarget(values, around, readOwner(values.value("owner"))),
      endpoint: readEndpoint(values.value("endpoint")),
      force: values.flag("force"),
      listenAddress: readAddress(values.value("address")),
      stateDir: readStateDir(values, around),
    };
  },
} as const satisfies Command;

function readSource(values: Values, around: Surroundings): ExistingSource {
  const path = (given: Given | null): string | null => (given === null ? null : readDirectory(given, around));
  const list = (name: "cert" | "chain"): string[] =>
    values.list(name).map((text) => readDirectory({ text, from: `--${name}` }, around));
  const certificate = [...list("cert"), ...list("chain")];
  const pkcs12 = path(values.value("pkcs12"));
  if (certificate.length === 0 && pkcs12 === null) {
    throw new CertSetupError("usage", "no certificate is given", {
      hint: ["$ cert-setup import --cert fullchain.pem --key privkey.pem", "$ cert-setup import --pkcs12 minio.p12"],
    });
  }
  return {
    kind: "existing",
    certificate,
    key: path(values.value("key")),
    pkcs12,
    passphraseFile: path(values.value("passphrase-file")),
  };
}
