import { join, resolve } from "node:path";
import { keyAlgorithms } from "../model/certified-key.ts";
import type { KeyAlgorithm } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import type { ErrorCode } from "../model/errors.ts";
import { parseHost } from "../model/names.ts";
import { defaultStateDir } from "../model/places.ts";
import type { Endpoint, Manner, OwnerSpec, Surroundings, TargetSpec } from "../model/request.ts";
import { printable } from "../model/text.ts";
import type { Given, Values } from "./values.ts";

/** How the text of each option becomes a value of the model. Each throws with the option or variable it came from. */

function wrong(code: ErrorCode, { text, from }: Given, problem: string, hint: string[]): CertSetupError {
  return new CertSetupError(code, `${from} "${printable(text, 80)}" ${problem}`, { hint });
}

export function readManner(values: Values): Manner {
  return {
    dryRun: values.flag("dry-run"),
    check: values.flag("check"),
    json: values.flag("json"),
    quiet: values.flag("quiet"),
    verbose: values.flag("verbose"),
    yes: values.flag("yes"),
    color: values.flag("color") ? true : values.flag("no-color") ? false : null,
  };
}

/** From `--key-type`, or Go's flags, which exclude each other: that has been seen to. */
export function readKeyAlgorithm(values: Values): KeyAlgorithm {
  const bits = values.value("rsa-bits");
  const curve = values.value("ecdsa-curve");
  if (bits !== null) return readRsaBits(bits);
  if (curve !== null) return readCurve(curve);
  return values.flag("ed25519") ? "Ed25519" : readKeyType(values.value("key-type"));
}

function readRsaBits(given: Given): KeyAlgorithm {
  const found = keyAlgorithms.find((known) => known === `RSA-${given.text.trim()}`);
  if (found !== undefined) return found;
  const weak = /^\d+$/.test(given.text) && Number(given.text) < 2048;
  const why = weak ? "is refused by TLS clients, which ask for 2048 bits" : "is not offered";
  throw wrong("usage", given, why, ["RSA keys: 2048, 3072, 4096"]);
}

/** As generate_cert.go names them, and as everybody else does. */
function readCurve(given: Given): KeyAlgorithm {
  const asked = bare(given.text);
  if (asked === "p256") return "P-256";
  if (asked === "p384") return "P-384";
  const why: Record<string, string> = {
    p224: "is refused: with a P-224 key MinIO starts, and every TLS handshake fails",
    p521: "is not offered: browsers refuse a P-521 key, and public CAs do not certify one",
  };
  const known = Object.hasOwn(why, asked) ? why[asked] : undefined;
  throw wrong("usage", given, known ?? "is not an elliptic curve that is offered", ["curves: P256, P384"]);
}

/** `P-256`, `p256`, `ecdsa-p256`; `rsa` is RSA-2048. */
function readKeyType(given: Given | null): KeyAlgorithm {
  if (given === null) return "P-256";
  const asked = bare(given.text).replace(/^(?:ecdsa|ec)(?=p\d)/, "");
  const found = keyAlgorithms.find((known) => bare(known) === (asked === "rsa" ? "rsa2048" : asked));
  if (found !== undefined) return found;
  const why = /^p224$|^p521$|^secp256k1$|^rsa1024$/.test(asked)
    ? "is refused by many TLS clients"
    : "is not a key type";
  throw wrong("usage", given, why, [`key types: ${keyAlgorithms.join(", ")}`]);
}

function bare(keyType: string): string {
  return keyType.toLowerCase().replace(/[-_ ]/g, "");
}

export function readTarget(values: Values, around: Surroundings, owner: OwnerSpec | null): TargetSpec {
  const kind = values.value("target");
  if (kind !== null && kind.text !== "minio") throw wrong("usage", kind, "is not a target", ["targets: minio"]);
  const certsDir = values.value("certs-dir");
  return { kind: "minio", certsDir: certsDir === null ? null : readDirectory(certsDir, around), owner };
}

/** Absolute, against the current directory. */
export function readDirectory(given: Given, { cwd, env }: Surroundings): string {
  const { text } = given;
  if (text.trim() === "") throw wrong("directory-invalid", given, "is empty", []);
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f-\x9f]/.test(text)) throw wrong("directory-invalid", given, "holds a control character", []);
  // Node puts U+FFFD for bytes that are not UTF-8: the path would be another one.
  if (text.includes("\ufffd")) throw wrong("directory-invalid", given, "is not UTF-8", []);
  if (/^~(?:\/|$)/.test(text)) {
    const home = env["HOME"];
    const hint = home === undefined ? [] : [`use ${printable(join(home, text.slice(1)))}`];
    throw wrong("directory-invalid", given, 'begins with "~", which no shell has replaced', hint);
  }
  const path = resolve(cwd, text);
  const bytes = Buffer.byteLength(path);
  // PATH_MAX is 4096 with the terminating NUL.
  if (bytes > 4095) throw wrong("directory-invalid", given, `has ${bytes} bytes; a path has at most 4095`, []);
  return path;
}

/** `user[:group]`, names (as shadow-utils accepts them) or numbers. */
export function readOwner(given: Given | null): OwnerSpec | null {
  if (given === null) return null;
  const [user = "", group, ...rest] = given.text.split(":");
  const hint = ["write user or user:group, for example minio-user:minio-user or 1000:1000"];
  if (rest.length > 0) throw wrong("owner-invalid", given, "has more than one colon", hint);
  if (!sound(user)) throw wrong("owner-invalid", given, "does not begin with a user name or number", hint);
  if (group !== undefined && !sound(group))
    throw wrong("owner-invalid", given, "does not end in a group name or number", hint);
  return { user, group: group ?? null };
}

function sound(part: string): boolean {
  return /^[a-z_][a-z0-9_.-]{0,31}\$?$/.test(part) || (/^\d{1,10}$/.test(part) && Number(part) < 2 ** 32 - 1);
}

/** `host:port`, `10.0.0.5:9000`, `[::1]:9000`. */
export function readEndpoint(given: Given | null): Endpoint | null {
  if (given === null) return null;
  const text = given.text.trim();
  const url = /^https?:\/\/([^/?#@]+)\/?$/i.exec(text)?.[1];
  if (url !== undefined) {
    throw wrong("endpoint-invalid", given, "is a URL, not HOST:PORT", [
      `use ${/:\d+$/.test(url) ? url : `${url}:9000`}`,
    ]);
  }
  const parts = /^(\[[^\]]*\]|[^:[\]]*):(\d{1,5})$/.exec(text);
  if (parts === null) {
    const bare = judged(text.includes(":") ? `[${text.replace(/^\[|\]$/g, "")}]` : text);
    throw wrong(
      "endpoint-invalid",
      given,
      "is not HOST:PORT",
      bare === null ? ["for example localhost:9000"] : [`use ${bare}:9000`],
    );
  }
  const [, host = "", port = ""] = parts;
  if (host === "") throw wrong("endpoint-invalid", given, "has no host", [`use localhost:${port}`]);
  if (host.includes("*")) throw wrong("endpoint-invalid", given, "holds a wildcard; a connection needs one host", []);
  return { host: hostOf(host, given), port: portOf(port, given) };
}

/** The host if it is one, else null. */
function judged(host: string): string | null {
  try {
    parseHost(host);
    return host;
  } catch {
    return null;
  }
}

function hostOf(host: string, given: Given): string {
  try {
    return parseHost(host).value;
  } catch (error) {
    if (!(error instanceof CertSetupError)) throw error;
    throw new CertSetupError("endpoint-invalid", `${given.from}: ${error.message}`, { hint: error.hint });
  }
}

function portOf(port: string, given: Given): number {
  const number = Number(port);
  if (number >= 1 && number <= 65_535) return number;
  throw wrong("endpoint-invalid", given, `has port ${port}; ports are 1 to 65535`, []);
}

/** MinIO's `--address`: `:9000`, `10.0.0.5:9000`, `[::]:9000`. */
export function readAddress(given: Given | null): string | null {
  if (given === null) return null;
  const text = given.text.trim();
  const parts = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):(\d{1,5})$/.exec(text);
  if (parts === null) {
    const hint = /^\d{1,5}$/.test(text) ? `use :${text}` : "for example :9000 or 10.0.0.5:9000";
    throw wrong("endpoint-invalid", given, "is not [HOST]:PORT", [hint]);
  }
  portOf(parts[2] ?? "", given);
  return text;
}

export function readStateDir(values: Values, around: Surroundings): string {
  const given = values.value("state-dir");
  if (given !== null) return readDirectory(given, around);
  const { HOME: home } = around.env;
  const usual = defaultStateDir(around.env);
  if (usual !== null) {
    return readDirectory(
      { text: usual, from: usual === defaultStateDir({ HOME: home }) ? "HOME" : "XDG_STATE_HOME" },
      around,
    );
  }
  const what = home === undefined || home === "" ? "HOME is not set" : `HOME "${printable(home, 80)}" is not absolute`;
  throw new CertSetupError("usage", `${what}, so there is no place for private CAs and records`, {
    hint: ["add --state-dir DIR, for example --state-dir /var/lib/cert-setup"],
  });
}
