/** What a MinIO command line says about certificates and addresses. Values as written, null where it says nothing. */
export interface ServerCommand {
  certsDir: string | null;
  /** `--config-dir`, `-C`: deprecated, but honoured. */
  configDir: string | null;
  /** YAML file, which beats the flags. */
  config: string | null;
  address: string | null;
  consoleAddress: string | null;
  volumes: string[];
}

/** The only flags without a value (minio cmd/main.go, cmd/server-main.go); `--flag=value` works for all. */
const switches = new Set([
  "quiet",
  "anonymous",
  "json",
  "compat",
  "no-compat",
  "log-compress",
  "help",
  "h",
  "version",
  "v",
]);

const spellings: Record<string, keyof Omit<ServerCommand, "volumes"> | undefined> = {
  "certs-dir": "certsDir",
  "S": "certsDir",
  "config-dir": "configDir",
  "C": "configDir",
  "config": "config",
  "address": "address",
  "console-address": "consoleAddress",
};

/**
 * Reads `minio [flags] server [flags and volumes in any order]`; null when there is no `server` command. As in Go's flag
 * package one dash is as good as two, the last of equals wins; a flag after `server` beats the same before it.
 */
export function readServerCommand(argv: readonly string[]): ServerCommand | null {
  const global = readFlags(argv.slice(1), true);
  if (global.rest[0] !== "server") return null;
  const local = readFlags(global.rest.slice(1), false);
  return {
    certsDir: local.values.certsDir ?? global.values.certsDir ?? null,
    configDir: local.values.configDir ?? global.values.configDir ?? null,
    config: local.values.config ?? null,
    address: local.values.address ?? null,
    consoleAddress: local.values.consoleAddress ?? null,
    volumes: local.rest,
  };
}

type Values = Partial<Record<keyof Omit<ServerCommand, "volumes">, string>>;

/** Global flags end at the first word that is none; after the command flags may stand between the volumes. */
function readFlags(words: readonly string[], stopAtWord: boolean): { values: Values; rest: string[] } {
  const values: Values = {};
  const rest: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") return { values, rest: [...rest, ...words.slice(index + 1)] };
    if (word === "-" || !word.startsWith("-")) {
      if (stopAtWord) return { values, rest: words.slice(index) };
      rest.push(word);
      continue;
    }
    const text = word.replace(/^--?/, "");
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals);
    const value = equals !== -1 ? text.slice(equals + 1) : switches.has(name) ? undefined : words[++index];
    const key = Object.hasOwn(spellings, name) ? spellings[name] : undefined;
    if (key !== undefined && value !== undefined) values[key] = value;
  }
  return { values, rest };
}

/**
 * The two keys of a MinIO YAML configuration (minio internal/config/server.go) that matter here. Reads scalars of the
 * top level in block style, plain or quoted; whatever else is in the file is skipped.
 */
export function readConfigFile(text: string): { certsDir: string | null; address: string | null } {
  const value = (key: string): string | null => {
    const line = new RegExp(`^(?:${key}|"${key}"|'${key}')[ \\t]*:[ \\t]+(.*)$`, "m").exec(text)?.[1]?.trim();
    if (line === undefined) return null;
    const quoted = /^"([^"\\]*)"|^'([^']*)'/.exec(line);
    const scalar = quoted ? (quoted[1] ?? quoted[2] ?? "") : line.replace(/(^|[ \t]+)#.*$/, "");
    return scalar === "" || scalar === "~" || scalar === "null" ? null : scalar;
  };
  return { certsDir: value("certs-dir"), address: value("address") };
}

/** The port of a listen address such as `:9000`, `10.0.0.5:443` or `[::1]:9000`; null for a named or missing port. */
export function portOf(address: string): number | null {
  const port = Number(/:(\d{1,5})$/.exec(address)?.[1] ?? "0");
  return port > 0 && port < 65_536 ? port : null;
}
