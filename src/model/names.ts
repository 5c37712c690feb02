import { domainToUnicode } from "node:url";
import { CertSetupError } from "./errors.ts";
import { judgeHost } from "./host-rules.ts";
import type { GeneralName } from "./host-rules.ts";
import { printable, shellQuote } from "./text.ts";

export type { GeneralName } from "./host-rules.ts";

/** More make certificates that some clients refuse to parse, and a list that nobody has read. */
export const maxNames = 100;

/** What a server is always called on its own machine: health checks and `mc` there connect so. */
const loopback: readonly GeneralName[] = [
  { type: "dNSName", value: "localhost" },
  { type: "iPAddress", value: "127.0.0.1" },
  { type: "iPAddress", value: "::1" },
];

/** One host: a name, `*.name`, an IPv4 or IPv6 address (`::1` or `[::1]`). Throws host-invalid. */
export function parseHost(text: string): GeneralName {
  const verdict = judgeHost(text);
  if ("name" in verdict) return verdict.name;
  throw new CertSetupError("host-invalid", `host ${quoted(text)} ${verdict.problem}`, {
    hint: verdict.fix ? [`use ${verdict.fix}`] : [],
  });
}

/**
 * Items may be comma lists. In the order given, without duplicates, then the loopback names unless `exact`.
 * Throws host-invalid, once, with every defect.
 */
export function parseHosts(list: readonly string[], { exact }: { exact: boolean }): GeneralName[] {
  const items = list.flatMap((item) => item.split(","));
  const names: GeneralName[] = [];
  const corrected: string[] = [];
  const defects = new Map<string, { problem: string; fix?: string }>();
  for (const item of items) {
    const verdict = judgeHost(item);
    if ("name" in verdict) {
      names.push(verdict.name);
      corrected.push(verdict.name.value);
    } else {
      defects.set(item, verdict);
      if (verdict.fix) corrected.push(verdict.fix);
    }
  }
  if (defects.size > 0) throw invalid(defects, corrected);
  if (names.length === 0) throw new CertSetupError("host-invalid", "no host is given");
  const all = unique(exact ? names : [...names, ...loopback]);
  if (all.length > maxNames) {
    throw new CertSetupError("host-invalid", `${all.length} names for one certificate; at most ${maxNames}`, {
      hint: ["name what clients really connect to, or use a wildcard such as '*.example.net'"],
    });
  }
  return all;
}

function invalid(defects: Map<string, { problem: string; fix?: string }>, corrected: string[]): CertSetupError {
  const shown = [...defects].slice(0, 10).map(([host, { problem }]) => `${quoted(host)} ${problem}`);
  const more = defects.size > shown.length ? `; and ${defects.size - shown.length} more` : "";
  const message =
    defects.size === 1 ? `host ${shown[0]}` : `${defects.size} hosts cannot be used: ${shown.join("; ")}${more}`;
  const fixes = [...defects].filter(([, { fix }]) => fix !== undefined && fix !== "").slice(0, 10);
  // When everything has a fix the whole list can be given as it should have been.
  const whole = [...defects.values()].every(({ fix }) => fix !== undefined) && corrected.length > 0;
  const list = [...new Set(corrected)].join(",");
  const hint = whole
    ? [`use --host ${shellQuote(list)}`]
    : fixes.map(([host, { fix }]) => `for ${quoted(host)} use ${fix}`);
  return new CertSetupError("host-invalid", message, { hint });
}

function quoted(host: string): string {
  return `"${printable(host.trim(), 80)}"`;
}

function unique(names: readonly GeneralName[]): GeneralName[] {
  const seen = new Set<string>();
  return names.filter(({ type, value }) => {
    const key = `${type}:${value}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** The domains that wildcards stand for: `example.net` for `*.example.net`. None may be a public suffix. */
export function wildcards(names: readonly GeneralName[]): string[] {
  return names.filter(({ value }) => value.startsWith("*.")).map(({ value }) => value.slice(2));
}

/** For people: an internationalised name in letters, with the A-labels that are really compared beside it. */
export function displayName(name: GeneralName | string): string {
  const value = typeof name === "string" ? name : name.value;
  if (!/(?:^|\.)xn--/.test(value)) return printable(value);
  const unicode = domainToUnicode(value);
  return unicode === "" || unicode === value ? printable(value) : `${printable(unicode)} (${printable(value)})`;
}

/**
 * A file name for a name, different names having different ones: `minio.example.net`, `_wildcard.example.net`,
 * `10.0.0.5`, `ip6_2001-db8--1`. Matches `^[a-z0-9_][a-z0-9._-]*$`, has no `..` and at most 200 characters.
 */
export function fileNameFor(name: GeneralName): string {
  const { type, value } = name;
  const whole =
    type === "iPAddress" && value.includes(":")
      ? `ip6_${value.replaceAll(":", "-")}`
      : value.replace(/^\*/, "_wildcard");
  if (whole.length <= 200) return whole;
  // Room for an extension within NAME_MAX (255): cut, and told apart by a checksum (64-bit FNV-1a). A host name holds no `_`.
  let sum = 0xcbf29ce484222325n;
  for (let i = 0; i < whole.length; i++) {
    sum = BigInt.asUintN(64, (sum ^ BigInt(whole.charCodeAt(i))) * 0x100000001b3n);
  }
  return `${whole.slice(0, 180)}_${sum.toString(16).padStart(16, "0")}`;
}
