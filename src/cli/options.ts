/** Every option as data: the parser, the checks, the usage text and the completion read the same table. */

export interface OptionSpec {
  /** `flag`: true or false. `value`: given once. `list`: may be repeated. */
  kind: "flag" | "value" | "list";
  group: Group;
  /** One letter, for one dash. */
  short?: string;
  /** What stands for the value in the usage text. */
  placeholder?: string;
  summary: string;
  /** For completion. */
  choices?: readonly string[];
  /** Cannot be true together with these. */
  conflicts?: readonly string[];
  /** Makes sense only with this flag. */
  needs?: string;
  /** false: the environment variable CERT_SETUP_<NAME> is not read. */
  environment?: false;
}

export const groups = ["Certificate", "Files", "Server", "As Go's generate_cert.go", "Run", "Output"] as const;
export type Group = (typeof groups)[number];

export const options = {
  "host": {
    kind: "list",
    group: "Certificate",
    placeholder: "NAMES",
    summary: "names and addresses of the server, separated by commas; localhost, 127.0.0.1 and ::1 are added",
  },
  "exact": { kind: "flag", group: "Certificate", summary: "exactly these names: add no loopback names" },
  "key-type": {
    kind: "value",
    group: "Certificate",
    placeholder: "TYPE",
    summary: "P-256 (default), P-384, RSA-2048, RSA-3072, RSA-4096, Ed25519",
    choices: ["P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096", "Ed25519"],
    conflicts: ["rsa-bits", "ecdsa-curve", "ed25519"],
  },
  "duration": {
    kind: "value",
    group: "Certificate",
    placeholder: "TIME",
    summary: "how long it is valid: 90d (default), 2160h, 1h30m; at most 825d",
  },
  "self-signed": {
    kind: "flag",
    group: "Certificate",
    summary: "no private CA: the certificate is its own trust anchor",
    conflicts: ["unconstrained-ca", "new-ca"],
  },
  "unconstrained-ca": {
    kind: "flag",
    group: "Certificate",
    summary: "a private CA that may sign any name, not only names near these",
  },
  "new-ca": {
    kind: "flag",
    group: "Certificate",
    summary: "make one more private CA beside those that exist",
  },
  "cert": {
    kind: "list",
    group: "Files",
    placeholder: "FILE",
    summary: "certificates, PEM or DER, in any order; the key may be in the same file",
    environment: false,
  },
  "key": {
    kind: "value",
    group: "Files",
    placeholder: "FILE",
    summary: "the private key, PEM or DER, encrypted or not",
    environment: false,
  },
  "chain": {
    kind: "list",
    group: "Files",
    placeholder: "FILE",
    summary: "more certificates: intermediates, and the root if clients are to be shown it",
    environment: false,
  },
  "pkcs12": {
    kind: "value",
    group: "Files",
    placeholder: "FILE",
    summary: "certificate, key and chain in one .p12 or .pfx file",
    conflicts: ["cert", "key", "chain"],
    environment: false,
  },
  "passphrase-file": {
    kind: "value",
    group: "Files",
    placeholder: "FILE",
    summary: "the passphrase of the key or the .p12, in a file that only you can read",
    environment: false,
  },
  "target": {
    kind: "value",
    group: "Server",
    placeholder: "KIND",
    summary: "the server that reads the files: minio (default)",
    choices: ["minio"],
  },
  "certs-dir": {
    kind: "value",
    short: "S",
    group: "Server",
    placeholder: "DIR",
    summary: "MinIO's certs directory; default: where the server looks",
  },
  "owner": {
    kind: "value",
    group: "Server",
    placeholder: "USER[:GROUP]",
    summary: "who the files belong to; default: the user the server runs as",
  },
  "endpoint": {
    kind: "value",
    group: "Server",
    placeholder: "HOST:PORT",
    summary: "where to prove it; default: where the running server listens",
  },
  "address": {
    kind: "value",
    group: "Server",
    placeholder: "[HOST]:PORT",
    summary: "MinIO's --address, for the start command that is printed",
  },
  "out": {
    kind: "value",
    group: "As Go's generate_cert.go",
    placeholder: "DIR",
    summary:
      "only write cert.pem and key.pem there, self-signed, as that program does: RSA-2048 and 8760h unless asked",
    environment: false,
  },
  "start-date": {
    kind: "value",
    group: "As Go's generate_cert.go",
    placeholder: "TIME",
    summary: 'valid from then on, not from now: "Nov 24 13:00:00 2026" (UTC), or as in RFC 3339 without --out',
  },
  "ca": {
    kind: "flag",
    group: "As Go's generate_cert.go",
    summary: "its own certificate authority; only with --out",
    environment: false,
  },
  "rsa-bits": {
    kind: "value",
    group: "As Go's generate_cert.go",
    placeholder: "BITS",
    summary: "an RSA key: 2048 (default with --out), 3072, 4096; others with --out",
    conflicts: ["ecdsa-curve", "ed25519"],
  },
  "ecdsa-curve": {
    kind: "value",
    group: "As Go's generate_cert.go",
    placeholder: "CURVE",
    summary: "an ECDSA key: P256, P384; P224, P521 with --out",
    conflicts: ["ed25519"],
  },
  "ed25519": { kind: "flag", group: "As Go's generate_cert.go", summary: "an Ed25519 key" },
  "state-dir": {
    kind: "value",
    group: "Run",
    placeholder: "DIR",
    summary: "where private CAs and records are kept; default: $XDG_STATE_HOME/cert-setup or ~/.local/state/cert-setup",
  },
  "force": {
    kind: "flag",
    group: "Run",
    summary: "issue and install even if what is there would do",
  },
  "dry-run": { kind: "flag", group: "Run", summary: "show what would be done, change nothing" },
  "check": {
    kind: "flag",
    group: "Run",
    summary: "with --dry-run: exit with 10 if something would change",
    needs: "dry-run",
  },
  "yes": { kind: "flag", short: "y", group: "Run", summary: "ask nothing" },
  "json": { kind: "flag", group: "Output", summary: "one JSON object on standard output" },
  "quiet": { kind: "flag", group: "Output", summary: "notes and errors only", conflicts: ["verbose"] },
  "verbose": { kind: "flag", group: "Output", summary: "every step with its time" },
  "color": {
    kind: "flag",
    group: "Output",
    summary: "colours even if the output is not a terminal",
    conflicts: ["no-color"],
  },
  "no-color": { kind: "flag", group: "Output", summary: "no colours (NO_COLOR does the same)" },
  "help": { kind: "flag", short: "h", group: "Output", summary: "this text", environment: false },
  "version": { kind: "flag", short: "V", group: "Output", summary: "the version", environment: false },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof options;

export const optionNames = Object.keys(options) as OptionName[];

export function specOf(name: OptionName): OptionSpec {
  return options[name];
}

/** `CERT_SETUP_KEY_TYPE` for `key-type`. */
export function variableFor(name: OptionName): string {
  return `CERT_SETUP_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** The option that a word such as `--certs-dir`, `-certs-dir` (as Go's flag package takes it) or `-S` names. */
export function optionFor(dashes: string, name: string): OptionName | undefined {
  if (dashes === "-" && name.length === 1) return optionNames.find((option) => specOf(option).short === name);
  return Object.hasOwn(options, name) ? (name as OptionName) : undefined;
}
