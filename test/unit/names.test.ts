import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { CertSetupError } from "../../src/model/errors.ts";
import { judgeHost } from "../../src/model/host-rules.ts";
import { displayName, fileNameFor, maxNames, parseHost, parseHosts, wildcards } from "../../src/model/names.ts";

const label63 = "a".repeat(63);

test.each([
  ["localhost", "dNSName", "localhost"],
  ["minio1", "dNSName", "minio1"],
  ["MinIO.Example.NET", "dNSName", "minio.example.net"],
  ["  minio.example.net\n", "dNSName", "minio.example.net"],
  ["*.example.net", "dNSName", "*.example.net"],
  ["*.a.b.c.example", "dNSName", "*.a.b.c.example"],
  ["1a.2b.example", "dNSName", "1a.2b.example"],
  ["123.example", "dNSName", "123.example"],
  ["a-b.c--d.example", "dNSName", "a-b.c--d.example"],
  [
    `${label63}.${label63}.${label63}.${"b".repeat(61)}`,
    "dNSName",
    `${label63}.${label63}.${label63}.${"b".repeat(61)}`,
  ],
  ["xn--bcher-kva.example", "dNSName", "xn--bcher-kva.example"],
  ["bücher.example", "dNSName", "xn--bcher-kva.example"],
  ["BÜCHER.example", "dNSName", "xn--bcher-kva.example"],
  ["bu\u0308cher.example", "dNSName", "xn--bcher-kva.example"],
  ["*.bücher.example", "dNSName", "*.xn--bcher-kva.example"],
  ["straße.example", "dNSName", "xn--strae-oqa.example"],
  ["例え.テスト", "dNSName", "xn--r8jz45g.xn--zckzah"],
  ["10.0.0.5", "iPAddress", "10.0.0.5"],
  ["255.255.255.255", "iPAddress", "255.255.255.255"],
  ["::1", "iPAddress", "::1"],
  ["[::1]", "iPAddress", "::1"],
  ["2001:DB8:0:0:0:0:0:1", "iPAddress", "2001:db8::1"],
  ["2001:db8:0:1:1:1:1:1", "iPAddress", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8:0:0:1:0:0:1", "iPAddress", "2001:db8::1:0:0:1"],
  ["2001:0db8::0001", "iPAddress", "2001:db8::1"],
  ["64:ff9b::192.0.2.33", "iPAddress", "64:ff9b::c000:221"],
])("%j is a %s", (text, type, value) => {
  expect(parseHost(text)).toEqual({ type, value });
  expect(parseHost(value)).toEqual({ type, value });
});

// host, what the message says, the fix
const hostile: [string, RegExp, string?][] = [
  ["", /is empty/, ""],
  [" \t ", /is empty/, ""],
  ["https://minio.example.net", /URL/, "minio.example.net"],
  ["https://minio.example.net:9000/bucket?x#y", /URL/, "minio.example.net"],
  ["http://[2001:db8::1]:9000/", /URL/, "2001:db8::1"],
  ["ftp://minio.example.net", /URL/],
  ["minio.example.net/bucket", /holds "\/"/, "minio.example.net"],
  ["../../etc/passwd", /holds "\/"/],
  ["10.0.0.0/8", /network/, "10.0.0.0"],
  ["minio.example.net:9000", /port/, "minio.example.net"],
  ["10.0.0.5:9000", /port/, "10.0.0.5"],
  ["[::1]:9000", /port/, "::1"],
  ["[minio.example.net]", /square brackets/, "minio.example.net"],
  ["[::1", /square bracket/],
  ["a:b", /holds ":"/],
  [":::", /not an IPv6 address/],
  ["1:2:3:4:5:6:7:8:9", /not an IPv6 address/],
  ["12345::", /not an IPv6 address/],
  ["fe80::1%eth0", /zone/, "fe80::1"],
  ["::", /unspecified/],
  ["0.0.0.0", /unspecified/],
  ["::ffff:10.0.0.5", /IPv4/, "10.0.0.5"],
  ["root@minio.example.net", /"@"/, "minio.example.net"],
  ["minio_1.example.net", /"_"/],
  ["minio-*.example.net", /not the whole first label/, "*.example.net"],
  ["*", /not the whole first label/],
  ["*.*.example.net", /not the whole first label/],
  ["a.*.example.net", /not the whole first label/],
  ["**.example.net", /not the whole first label/, "*.example.net"],
  ["*.com", /directly under a top-level name/],
  ["*.", /ends in a dot/],
  ["*.10.0.0.5", /ends in a number/, "10.0.0.5"],
  ["minio.example.net.", /ends in a dot/, "minio.example.net"],
  [".example.net", /empty label/, "example.net"],
  ["minio..example.net", /empty label/, "minio.example.net"],
  ["127.1", /ends in a number/, "127.0.0.1"],
  ["0x7f.1", /ends in a number/, "127.0.0.1"],
  ["2130706433", /ends in a number/, "127.0.0.1"],
  ["010.0.0.1", /ends in a number/],
  ["1.2.3.256", /ends in a number/],
  ["1.2.3.4.5", /ends in a number/],
  ["minio.123", /ends in a number/],
  ["１２７.1", /looked up as/, "127.0.0.1"],
  [`${label63}a.example`, /64 characters; at most 63/],
  [`${label63}.${label63}.${label63}.${"b".repeat(62)}`, /254 characters; at most 253/],
  [`*.${label63}.${label63}.${label63}.${"b".repeat(60)}`, /254 characters; at most 253/],
  ["a".repeat(5000), /5000 characters/],
  ["-minio.example.net", /hyphen at its edge/],
  ["minio-.example.net", /hyphen at its edge/],
  ["ab--c.example.net", /third and fourth/],
  ["xn--a.example.net", /not an A-label/],
  ["xn--a-.example.net", /hyphen at its edge/],
  ["xn--zzzzzzz999.example", /not an A-label/],
  ["mi nio", /space/, "mi,nio"],
  ["mi\u00a0nio", /space/, "mi,nio"],
  ["minio\0.example.net", /invisible or control/],
  ["minio\x1b[31m.example.net", /invisible or control/],
  ["minio\u202e.example.net", /invisible or control/],
  ["mi\u200bnio.example.net", /invisible or control/],
  ["\ufeffminio.example.net", /invisible or control/],
  ["\ud800.example.net", /invisible or control/],
  ["minio.example.net;id", /holds ";"/],
  ["$(id).example.net", /holds "\$"/],
  ["minio'.example.net", /holds "'"/],
  ["minio\\x.example.net", /holds "\\"/],
  ["minio%00.example.net", /holds "%"/],
  ["minio?.example.net", /holds "\?"/],
  ["minio{1...3}.example.net", /every server/, "minio1.example.net,minio2.example.net,minio3.example.net"],
  ["minio{09...10}.example.net:9000", /every server/, "minio09.example.net,minio10.example.net"],
  ["https://minio{1...2}.example.net:9000/data{1...4}", /URL/, "minio1.example.net,minio2.example.net"],
  ["minio{1...101}.example.net", /every server/],
  ["minio{4...1}.example.net", /every server/],
  ["minio{a...c}.example.net", /every server/],
  ["https://127.1:9000/", /URL/, "127.0.0.1"],
  ["ex。ample", /looked up as/, "ex.ample"],
  ["ﬁ.example", /looked up as/, "fi.example"],
  ["ａdmin.example", /looked up as/, "admin.example"],
  ["_é.example", /holds "_"/],
  ["-é.example", /hyphen at its edge/],
  ["é..example", /empty label/, "é.example"],
  ["é;.example", /internationalised|holds ";"/],
];

test.each(hostile)("%j is refused", (text, problem, fix) => {
  const verdict = judgeHost(text);
  expect(verdict).toHaveProperty("problem", expect.stringMatching(problem));
  expect("fix" in verdict ? verdict.fix : undefined).toBe(fix);
  expect(() => parseHost(text)).toThrow(expect.objectContaining({ code: "host-invalid", exitStatus: 2 }));
});

const grammar = /^(?:\*\.(?=[^.]+\.))?(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/;
const fileName = /^[a-z0-9_][a-z0-9._-]*$/;
const hostLike = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(..."aAz09-_.*:[]/@%é例 ßx\u202e\0"), maxLength: 24 }),
  fc
    .array(fc.constantFrom("a", "xn--", "xn--bcher-kva", "*", "127", "0x1", "-", "--", "é", "", label63), {
      maxLength: 6,
    })
    .map((parts) => parts.join(".")),
);

test("whatever is accepted is a name in normal form, and safe as a file name", () => {
  expect(() =>
    fc.assert(
      fc.property(hostLike, (text) => {
        const verdict = judgeHost(text);
        if ("problem" in verdict) {
          if (verdict.fix)
            if (verdict.fix.split(",").some((host) => "problem" in judgeHost(host)))
              throw new Error(`bad fix ${verdict.fix}`);
          return;
        }
        const { type, value } = verdict.name;
        const sound =
          type === "iPAddress" ? isIP(value) > 0 : grammar.test(value) && value.length <= 253 && isIP(value) === 0;
        if (!sound) throw new Error(`accepted ${JSON.stringify(text)} as ${value}`);
        const again = judgeHost(value);
        if (!("name" in again) || again.name.value !== value) throw new Error(`not stable: ${value}`);
        const file = fileNameFor(verdict.name);
        if (!fileName.test(file) || file.includes("..") || file.length > 200) throw new Error(`file name ${file}`);
      }),
      { numRuns: 100_000 },
    ),
  ).not.toThrow();
}, 120_000);

test("addresses are what Node's own parser says they are", () => {
  const text = fc.oneof(
    fc.ipV6(),
    fc.ipV4(),
    fc.ipV4Extended(),
    fc.string({ unit: fc.constantFrom(..."0127f:."), maxLength: 16 }),
  );
  expect(() =>
    fc.assert(
      fc.property(text, (address) => {
        const verdict = judgeHost(address);
        const family = isIP(address);
        if ("problem" in verdict) return family === 0 || /unspecified|IPv4/.test(verdict.problem);
        if (family === 0) return verdict.name.type === "dNSName";
        const list = new BlockList();
        list.addAddress(address, family === 6 ? "ipv6" : "ipv4");
        return verdict.name.type === "iPAddress" && list.check(verdict.name.value, family === 6 ? "ipv6" : "ipv4");
      }),
      { numRuns: 20_000 },
    ),
  ).not.toThrow();
});

const values = (list: string[], exact = false) => parseHosts(list, { exact }).map(({ value }) => value);

test.each([
  [["a.example,10.0.0.5"], false, ["a.example", "10.0.0.5", "localhost", "127.0.0.1", "::1"]],
  [["b.example", " a.example , B.EXAMPLE"], true, ["b.example", "a.example"]],
  [["127.0.0.1", "a.example", "[::1]"], false, ["127.0.0.1", "a.example", "::1", "localhost"]],
  [["localhost"], true, ["localhost"]],
])("hosts %j, exact %j", (list, exact, expected) => {
  expect(values(list, exact)).toEqual(expected);
});

function refusal(list: string[]): CertSetupError {
  try {
    parseHosts(list, { exact: false });
  } catch (error) {
    return error as CertSetupError;
  }
  throw new Error("accepted");
}

test.each<[string[], string, string[]]>([
  [
    ["https://minio.example.net:9000/"],
    'host "https://minio.example.net:9000/" is a URL, not a host name',
    ["use --host minio.example.net"],
  ],
  [
    ["A.example,minio-*.example.net,,127.1"],
    '3 hosts cannot be used: "minio-*.example.net" holds a "*" that is not the whole first label; TLS clients match no other wildcard (RFC 9525 6.3); "" is empty; "127.1" ends in a number but is not an IPv4 address',
    ["use --host 'a.example,*.example.net,127.0.0.1'"],
  ],
  [
    ["a;b,b.example."],
    '2 hosts cannot be used: "a;b" holds ";"; "b.example." ends in a dot',
    ['for "b.example." use b.example'],
  ],
  [["a\u202eb"], 'host "a\\u{202e}b" holds an invisible or control character', []],
  [[","], 'host "" is empty', []],
  [[], "no host is given", []],
])("%j: every defect is said", (list, message, hint) => {
  expect(refusal(list)).toMatchObject({ code: "host-invalid", message, hint });
});

test("at most 100 names, and a long list of defects stays readable", () => {
  const many = Array.from({ length: maxNames - 3 }, (_, i) => `h${i}.example`);
  expect(values(many)).toHaveLength(maxNames);
  expect(refusal([...many, "one-more.example"]).message).toBe("101 names for one certificate; at most 100");
  expect(refusal([many.map((name) => `${name}_`).join(",")]).message).toMatch(
    /^97 hosts cannot be used: .*; and 87 more$/,
  );
});

test("wildcards are told by the domain that they stand for", () => {
  expect(wildcards(parseHosts(["*.example.net,a.example.net,*.s3.example.net,10.0.0.5"], { exact: true }))).toEqual([
    "example.net",
    "s3.example.net",
  ]);
});

test.each([
  ["xn--bcher-kva.example", "bücher.example (xn--bcher-kva.example)"],
  ["*.xn--bcher-kva.example", "*.bücher.example (*.xn--bcher-kva.example)"],
  ["xn--80ak6aa92e.com", "аррӏе.com (xn--80ak6aa92e.com)"],
  ["minio.example.net", "minio.example.net"],
  ["::1", "::1"],
])("%s is shown as %s", (value, shown) => {
  expect(displayName(value)).toBe(shown);
  expect(displayName({ type: "dNSName", value })).toBe(shown);
});

test.each([
  ["minio.example.net", "minio.example.net"],
  ["*.example.net", "_wildcard.example.net"],
  ["10.0.0.5", "10.0.0.5"],
  ["2001:db8::1", "ip6_2001-db8--1"],
  ["::1", "ip6_--1"],
])("the file for %s is %s", (host, file) => {
  expect(fileNameFor(parseHost(host))).toBe(file);
});

test("long names that differ at the end have different files", () => {
  const long = (end: string) => fileNameFor(parseHost(`*.${label63}.${label63}.${label63}.${end}.example`));
  expect(long("a")).toHaveLength(197);
  expect(long("a")).not.toBe(long("b"));
});
