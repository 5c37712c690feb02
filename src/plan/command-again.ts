/** The command that made an installation, ready to paste: it repairs as well as it makes. */
import { defaultValiditySeconds } from "../model/duration.ts";
import type { Observation } from "../model/observation.ts";
import type { ExistingSource, GeneratedSource } from "../model/request.ts";
import { shellQuote } from "../model/text.ts";

/** null: there is no record of one. */
export function commandAgain(seen: Observation): string | null {
  const record = seen.record.present?.value;
  if (record === undefined) return null;
  const { source } = record;
  return [
    ...(source.kind === "generated" ? generateWords(source) : importWords(source)),
    `--certs-dir ${shellQuote(record.target.certsDir)}`,
    ...(seen.state.isDefault ? [] : [`--state-dir ${shellQuote(seen.state.path)}`]),
  ].join(" ");
}

function generateWords(source: GeneratedSource): string[] {
  const added = new Set(["localhost", "127.0.0.1", "::1"]);
  const given = source.names.filter((name) => !added.has(name.value)).map((name) => name.value);
  const all = [...added].every((value) => source.names.some((name) => name.value === value));
  const hosts = all ? given : source.names.map((name) => name.value);
  return [
    `cert-setup --host ${shellQuote(hosts.length === 0 ? "localhost" : hosts.join(","))}`,
    ...(all ? [] : ["--exact"]),
    ...(source.keyAlgorithm === "P-256" ? [] : [`--key-type ${source.keyAlgorithm}`]),
    ...(source.issuer.kind === "itself" ? ["--self-signed"] : source.issuer.constrained ? [] : ["--unconstrained-ca"]),
    ...(source.validitySeconds === defaultValiditySeconds ? [] : [`--duration ${source.validitySeconds}s`]),
    ...(source.notBefore === undefined ? [] : [`--start-date ${new Date(source.notBefore).toISOString()}`]),
  ];
}

function importWords(source: ExistingSource): string[] {
  const [certificate, ...chain] = source.certificate;
  const word = (option: string, path: string | null | undefined) =>
    path == null ? [] : [`--${option} ${shellQuote(path)}`];
  return [
    "cert-setup import",
    ...word("cert", certificate),
    ...chain.flatMap((path) => word("chain", path)),
    ...word("key", source.key),
    ...word("pkcs12", source.pkcs12),
    ...word("passphrase-file", source.passphraseFile),
  ];
}
