/** Values as Go's flag package and generate_cert.go read them, for `generate --out`; elsewhere the rules are our own. */
import type { AnyKeyAlgorithm } from "../model/certified-key.ts";
import { CertSetupError } from "../model/errors.ts";
import { judgeHost } from "../model/host-rules.ts";
import { parseHosts, type GeneralName } from "../model/names.ts";
import { parseGoDate } from "../model/start-date.ts";
import { printable, shellQuote } from "../model/text.ts";
import type { Given, Values } from "./values.ts";

/** What generate_cert.go ends with status 1 for. */
function refused(message: string, hint: string[]): CertSetupError {
  return new CertSetupError("generate-cert-refused", message, { hint });
}

function shown({ text, from }: Given): string {
  return `${from} "${printable(text, 80)}"`;
}

const nanoseconds: Readonly<Record<string, bigint>> = {
  "ns": 1n,
  "us": 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  "ms": 1_000_000n,
  "s": 1_000_000_000n,
  "m": 60_000_000_000n,
  "h": 3_600_000_000_000n,
};

/** time.ParseDuration: seconds, with their fraction; may be zero or negative. Throws duration-invalid. */
export function readGoDuration(given: Given | null): number {
  if (given === null) return 365 * 86_400;
  const { text } = given;
  const wrong = (problem: string, hint: string): CertSetupError =>
    new CertSetupError("duration-invalid", `${shown(given)} ${problem}`, { hint: [hint] });
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return 0;
  const days = /^(\d{1,5})d$/.exec(body)?.[1];
  if (days !== undefined) throw wrong("has days, which Go's durations do not know", `use ${Number(days) * 24}h`);
  if (body.length > 200 || !/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(body)) {
    throw wrong("is not a duration", "for example 8760h, 1h30m or 90s");
  }
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = "s"] of body.matchAll(/(\d*)(?:\.(\d*))?([a-z\u00b5\u03bc]+)/g)) {
    const one = nanoseconds[unit] ?? 0n;
    total += BigInt(whole || "0") * one + (BigInt(fraction || "0") * one) / 10n ** BigInt(fraction.length);
  }
  const limit = text.startsWith("-") ? 2n ** 63n : 2n ** 63n - 1n;
  if (total > limit) throw wrong("is longer than Go's durations can be", "use 2562047h or less");
  return (text.startsWith("-") ? -1 : 1) * (Number(total) / 1e9);
}

/** flag.Int: decimal, 0x, 0o, 0b, a leading 0 for octal, underscores between digits. Throws usage. */
export function readGoInteger(given: Given | null): number | null {
  if (given === null) return null;
  const [, sign, digits = ""] = /^([+-]?)(.*)$/s.exec(given.text) ?? [];
  const plain = digits.replace(/(?<=^0[xob]|[0-9a-f])_(?=[0-9a-f])/gi, "").toLowerCase();
  const known = /^(?:0x[0-9a-f]+|0b[01]+|0o?[0-7]+|0|[1-9]\d*)$/.test(plain);
  const value = BigInt(known ? plain.replace(/^0(?=[0-7])/, "0o") : "0") * (sign === "-" ? -1n : 1n);
  if (known && BigInt.asIntN(64, value) === value) return Number(value);
  throw new CertSetupError("usage", `${shown(given)} is not a whole number`, { hint: ["for example 2048"] });
}

const goCurves: Readonly<Record<string, AnyKeyAlgorithm>> = {
  P224: "P-224",
  P256: "P-256",
  P384: "P-384",
  P521: "P-521",
};

/** The key flags exclude each other: that has been seen to. */
export function readGoKeyAlgorithm(values: Values, rsaBits: number | null): AnyKeyAlgorithm {
  const curve = values.value("ecdsa-curve");
  if (curve !== null) {
    const algorithm = Object.hasOwn(goCurves, curve.text) ? goCurves[curve.text] : undefined;
    if (algorithm !== undefined) return algorithm;
    const near = curve.text.toUpperCase().replace(/[-_ ]/g, "");
    throw refused(`${shown(curve)} is not an elliptic curve that is known`, [
      Object.hasOwn(goCurves, near) ? `use ${near}` : `curves: ${Object.keys(goCurves).join(", ")}`,
    ]);
  }
  if (values.flag("ed25519")) return "Ed25519";
  const bits = rsaBits ?? 2048;
  if (bits < 1024) throw refused(`an RSA key of ${bits} bits is insecure; at least 1024`, ["use --rsa-bits 2048"]);
  // OPENSSL_RSA_MAX_MODULUS_BITS
  if (bits > 16_384) throw refused(`an RSA key of ${bits} bits: at most 16384`, ["use --rsa-bits 4096"]);
  return `RSA-${bits}`;
}

/** null: from now on. */
export function readGoStartDate(given: Given | null): number | null {
  if (given === null) return null;
  const at = parseGoDate(given.text);
  if (at !== null) return at;
  throw refused(`${shown(given)} is not a date as in "Jan 2 15:04:05 2006"`, ['for example "Nov 24 13:00:00 2026"']);
}

export interface GoHosts {
  names: GeneralName[];
  notes: { code: string; message: string }[];
}

/**
 * Every item in the order given, repeated ones too: what Go reads as an address is one, other names stand as they are
 * written. Not as in Go: blanks around an item and empty items go, with a note, and what could only be a broken dNSName is
 * refused (host-invalid). Throws generate-cert-refused when nothing is left, and for a name that is not ASCII.
 */
export function readGoHosts(list: readonly string[]): GoHosts {
  const written = list.flatMap((text) => text.split(","));
  const items = written.map((item) => item.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "")).filter((item) => item !== "");
  if (items.length === 0) {
    throw refused("no --host is given: a certificate needs the names of the server", [
      "$ cert-setup generate --out . --host minio.example.net,10.0.0.5",
    ]);
  }
  const names = items.map((item): GeneralName | null => {
    const address = goAddress(item);
    if (address !== null) return { type: "iPAddress", value: address };
    const verdict = judgeHost(item);
    if (!("name" in verdict)) return null;
    if (/[^ -~]/.test(item)) throw notAscii(item, verdict.name.value);
    return verdict.name.type === "dNSName" ? { type: "dNSName", value: item } : verdict.name;
  });
  const good = names.filter((name) => name !== null);
  if (good.length < names.length) {
    parseHosts(
      items.filter((item) => goAddress(item) === null),
      { exact: true },
    ); // throws, with every defect
  }
  return { names: good, notes: notesFor(written, items) };
}

function notAscii(item: string, aLabels: string): CertSetupError {
  return refused(`host "${printable(item, 80)}" is not ASCII, and cannot be encoded as an IA5String`, [
    `use ${aLabels}`,
  ]);
}

function notesFor(written: readonly string[], items: readonly string[]): GoHosts["notes"] {
  const empty = written.filter((item) => item.trim() === "").length;
  const padded = written.some((item) => item.trim() !== "" && item !== item.trim());
  const what = [
    ...(padded ? ["blanks around a host are no part of it"] : []),
    ...(empty > 0 ? [`${empty} empty ${empty === 1 ? "item is" : "items are"} left out`] : []),
  ];
  if (what.length === 0) return [];
  return [{ code: "host-corrected", message: `--host: ${what.join(", and ")}: ${shellQuote(items.join(","))}` }];
}

const ipv4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** net.ParseIP, unspecified and IPv4-mapped addresses too: those are encoded as IPv4. Normal form, or null. */
function goAddress(item: string): string | null {
  if (ipv4.test(item)) return item;
  if (!/^[0-9a-f:.]{2,45}$/i.test(item) || !item.includes(":") || !URL.canParse(`http://[${item}]/`)) return null;
  const normal = new URL(`http://[${item}]/`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal) ?? [];
  if (high === undefined || low === undefined) return normal;
  const [first, last] = [parseInt(high, 16), parseInt(low, 16)];
  return [first >> 8, first & 255, last >> 8, last & 255].join(".");
}
