import { domainToASCII, domainToUnicode } from "node:url";
import { holdsHidden, printable } from "./text.ts";

/**
 * A subjectAltName entry (RFC 5280 4.2.1.6) in normal form: a dNSName in lower case and A-labels, an IPv4 address in dotted
 * decimals, an IPv6 address as in RFC 5952.
 */
export type GeneralName = { type: "dNSName" | "iPAddress"; value: string };

/** `problem` is a predicate ("is a URL ..."); `fix` is a host that would do, "" for leaving this one out. */
export type Verdict = { name: GeneralName } | { problem: string; fix?: string };

const longest = 253;
const ipv4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/**
 * May this text stand in a certificate as the name of a server? Takes what every verifier takes (Go is the strictest, and
 * it is what MinIO and mc use), refuses the rest, and knows what people usually meant.
 */
export function judgeHost(text: string): Verdict {
  if (text.length > 4096) return { problem: `has ${text.length} characters; a host name has at most ${longest}` };
  const host = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  if (host === "") return { problem: "is empty", fix: "" };
  if (holdsHidden(host)) return { problem: "holds an invisible or control character" };
  if (/\s/.test(host)) return refuse("holds a space", host.split(/\s+/).join(","));
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(host)) return refuse("is a URL, not a host name", hostOfUrl(host));
  if (/\{[^{}]*\.\.\.[^{}]*\}/.test(host) && !host.includes("/")) {
    return refuse('holds "{...}"; a certificate names every server', expandEllipsis(host));
  }
  if (host.includes("@")) return refuse('holds "@"', host.slice(host.lastIndexOf("@") + 1));
  if (host.includes("/")) return judgeSlash(host);
  if (/[[\]]/.test(host)) return judgeBrackets(host);
  if (/^[0-9a-f:.]*:[0-9a-f:.]*%/i.test(host)) {
    return refuse("has an IPv6 zone, which means nothing on another machine (RFC 4007)", host.replace(/%.*/, ""));
  }
  if (host.includes(":")) return judgeColon(host);
  if (ipv4.test(host)) return judgeIpv4(host);
  return judgeName(host);
}

/** With the fix only if every host in it is good, or has a fix itself. */
function refuse(problem: string, fix: string | null): Verdict {
  if (fix === null || fix === "") return { problem };
  const good: string[] = [];
  for (const host of fix.split(",")) {
    const verdict = judgeHost(host);
    const better = "name" in verdict ? host : verdict.fix;
    if (better === undefined || better === "") return { problem };
    good.push(better);
  }
  return { problem, fix: good.join(",") };
}

function hostOfUrl(text: string): string | null {
  const host = /^https?:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^:/?#[\]]*)/i.exec(text)?.[1];
  return host === undefined ? null : host.replace(/^\[(.*)\]$/, "$1");
}

/** MinIO's `minio{1...4}.example.net`, with leading zeros as MinIO keeps them; null when there is no or too long a range. */
function expandEllipsis(host: string): string | null {
  const [, before = "", from = "", to = "", after = ""] =
    /^([^{}]*)\{(\d{1,5})\.\.\.(\d{1,5})\}([^{}]*)$/.exec(host) ?? [];
  const count = Number(to) - Number(from) + 1;
  if (to === "" || count < 1 || count > 100) return null;
  const number = (i: number) => String(Number(from) + i).padStart(from.startsWith("0") ? from.length : 0, "0");
  return Array.from({ length: count }, (_, i) => `${before}${number(i)}${after}`).join(",");
}

function judgeSlash(host: string): Verdict {
  const [before = "", after = ""] = host.split("/", 2);
  const address = judgeHost(before);
  if ("name" in address && address.name.type === "iPAddress" && /^\d+$/.test(after)) {
    return { problem: "is a network; a certificate names single addresses", fix: before };
  }
  return refuse('holds "/"', before);
}

function judgeBrackets(host: string): Verdict {
  const inner = /^\[([^[\]]*)\](?::\d*)?$/.exec(host)?.[1];
  if (inner === undefined) return { problem: "holds a square bracket that does not enclose an IPv6 address" };
  if (!inner.includes(":")) return refuse("is in square brackets, which belong around IPv6 addresses only", inner);
  return host.endsWith("]") ? judgeHost(inner) : refuse("has a port; a certificate names hosts only", inner);
}

function judgeColon(host: string): Verdict {
  const first = host.indexOf(":");
  if (first === host.lastIndexOf(":")) {
    if (/^\d*$/.test(host.slice(first + 1))) {
      return refuse("has a port; a certificate names hosts only", host.slice(0, first));
    }
    return { problem: 'holds ":"' };
  }
  const normal = normalIpv6(host);
  if (normal === null) return { problem: "is not an IPv6 address" };
  if (normal === "::")
    return { problem: "is the unspecified address: servers listen on it, clients cannot connect to it" };
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(normal);
  if (mapped) {
    const [high, low] = [parseInt(mapped[1] ?? "", 16), parseInt(mapped[2] ?? "", 16)];
    const dotted = [high >> 8, high & 255, low >> 8, low & 255].join(".");
    return refuse("is an IPv4 address written as IPv6; clients compare it as IPv4", dotted);
  }
  return { name: { type: "iPAddress", value: normal } };
}

/** RFC 5952, or null. The URL parser (WHATWG) knows exactly the forms of RFC 4291 2.2 and compresses as RFC 5952 4.2. */
function normalIpv6(host: string): string | null {
  if (!/^[0-9a-f:.]{2,45}$/i.test(host) || !URL.canParse(`http://[${host}]/`)) return null;
  return new URL(`http://[${host}]/`).hostname.slice(1, -1);
}

function judgeIpv4(host: string): Verdict {
  if (host === "0.0.0.0") {
    return { problem: "is the unspecified address: servers listen on it, clients cannot connect to it" };
  }
  return { name: { type: "iPAddress", value: host } };
}

function judgeName(host: string): Verdict {
  if (host.endsWith(".")) return refuse("ends in a dot", host.replace(/\.+$/, ""));
  const wildcard = host.startsWith("*.");
  const base = wildcard ? host.slice(2) : host;
  if (base.includes("*")) {
    const parent = base.slice(base.indexOf(".") + 1);
    const problem = 'holds a "*" that is not the whole first label; TLS clients match no other wildcard (RFC 9525 6.3)';
    return refuse(problem, wildcard || !base.includes(".") ? null : `*.${parent}`);
  }
  const internationalised = /[^ -~]/.test(base);
  const name = internationalised ? aLabels(base) : base.toLowerCase();
  if (typeof name !== "string") return name;
  if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name))
    return refuse("ends in a number but is not an IPv4 address", meantIpv4(name));
  if (/^\.|\.\./.test(name)) return refuse("has an empty label", host.replace(/^\.+/, "").replace(/\.{2,}/g, "."));
  const labels = name.split(".");
  for (const label of labels) {
    const problem = labelProblem(label);
    if (problem !== null) return { problem };
  }
  const value = wildcard ? `*.${name}` : name;
  if (value.length > longest) return { problem: `has ${value.length} characters; at most ${longest} (RFC 1035 2.3.4)` };
  if (wildcard && labels.length < 2) {
    return {
      problem: "is a wildcard directly under a top-level name; OpenSSL, and with it curl and Python, never match it",
    };
  }
  return { name: { type: "dNSName", value } };
}

/** The A-labels (RFC 5890) of a name that is not ASCII; refused where another spelling is what would be looked up. */
function aLabels(base: string): string | Verdict {
  const composed = base.normalize("NFC");
  const ascii = domainToASCII(composed);
  if (ascii === "") return { problem: "is not a valid internationalised name (UTS #46)" };
  // What UTS #46 maps away (full width letters, ligatures, ideographic dots) is not what the reader sees.
  if (domainToUnicode(ascii) !== composed.toLowerCase()) return refuse(`would be looked up as "${ascii}"`, ascii);
  for (const label of composed.toLowerCase().split(".")) {
    const problem = /^[^ -~]+$/.test(label) ? null : labelProblem(label.replace(/[^ -~]+/g, "x"));
    if (problem !== null) return { problem };
  }
  return ascii;
}

/** `127.1`, `0x7f.1`: what inet_aton makes of it. Not with a leading zero: some read octal, some decimal. */
function meantIpv4(name: string): string | null {
  if (/(?:^|\.)0\d/.test(name) || !URL.canParse(`http://${name}/`)) return null;
  return new URL(`http://${name}/`).hostname;
}

/** RFC 1123 2.1 (letters, digits, hyphens), RFC 5890 2.3.1 (hyphens in the third and fourth place). */
function labelProblem(label: string): string | null {
  const shown = `label "${printable(label, 70)}"`;
  if (label.length > 63) return `has a label of ${label.length} characters; at most 63 (RFC 1035 2.3.4)`;
  if (label.includes("_"))
    return 'holds "_", which a host name cannot (RFC 1123 2.1); Go and browsers refuse it: rename the host';
  const foreign = /[^a-z0-9-]/.exec(label)?.[0];
  if (foreign !== undefined) return `holds "${printable(foreign)}"`;
  if (label.startsWith("-") || label.endsWith("-")) return `has a ${shown} with a hyphen at its edge`;
  if (label.startsWith("xn--")) {
    const real = domainToASCII(domainToUnicode(label)) === label && domainToUnicode(label) !== label;
    return real ? null : `has a ${shown} that is not an A-label (RFC 5890)`;
  }
  return label.slice(2, 4) === "--"
    ? `has a ${shown} with hyphens in the third and fourth place (RFC 5890 2.3.1)`
    : null;
}
