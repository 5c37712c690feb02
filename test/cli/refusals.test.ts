// Bad input from the command line and the environment, against an installation that has to stay as it is.

import { beforeAll, describe, expect, it } from "vitest";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment } from "../helpers/programs.ts";
import { certSetup, temporaryDirectory } from "../helpers/run.ts";
import { expectRefusal, treeOf } from "./outside.ts";

let home = "";
let before: Record<string, string> = {};

beforeAll(async () => {
  home = temporaryDirectory();
  expect((await certSetup(["--host", "minio.example.net"], { home })).status).toBe(0);
  writeFileSync(join(home, "file"), "");
  mkdirSync(join(home, "it's here"));
  writeFileSync(join(home, "it's here", "x\u202ey"), "");
  symlinkSync("loop", join(home, "loop"));
  symlinkSync("nowhere", join(home, "dangling"));
  before = treeOf(home);
});

type Case = [line: string | string[], message: RegExp, hint?: RegExp | undefined, status?: number];

/** A line is split at spaces, `~` is the home directory. */
function words(line: string | string[]): string[] {
  return (typeof line === "string" ? line.split(" ") : line).map((word) => word.replace(/^~/, home));
}

async function refused(args: string[], [, message, hint, status = 2]: Case, env: Record<string, string> = {}) {
  const finished = await certSetup(args, { cwd: home, env: { ...cleanEnvironment({ HOME: home }), ...env } });
  expectRefusal(finished, { status, message, ...(hint === undefined ? {} : { hint }) });
  expect(treeOf(home)).toEqual(before);
}

const hosts: Case[] = [
  ["", /host is empty|no --host|empty value/],
  [" ", /empty/],
  [",", /empty/],
  ["a..b", /"a\.\.b" has an empty label/, /--host a\.b/],
  ["-a.example.net", /--host needs a value, -a\.example\.net follows/],
  ["a,-a.example.net", /"-a\.example\.net"/],
  ["a_b.example.net", /"a_b\.example\.net"/],
  ["https://minio.example.net:9000/x", /is a URL/, /--host minio\.example\.net/],
  ["minio.example.net:9000", /has a port/, /--host minio\.example\.net/],
  ["10.0.0.0/24", /is a network/, /10\.0\.0\.0/],
  ["10.0.0.256", /"10\.0\.0\.256"/],
  ["127.1", /"127\.1"/],
  ["0x7f.1", /"0x7f\.1"/],
  ["0.0.0.0", /unspecified/],
  ["::", /unspecified/],
  ["fe80::1%eth0", /zone/, /fe80::1/],
  ["::ffff:10.0.0.1", /IPv4 address written as IPv6/, /10\.0\.0\.1/],
  ["*", /"\*"/],
  ["*.com", /com/, undefined],
  ["a.*.example.net", /wildcard|\*/],
  ["user@example.net", /"@"/, /example\.net/],
  [`${"a".repeat(64)}.example.net`, /63|label/],
  [`${"a.".repeat(130)}net`, /253/],
  ["minio{1...4}.example.net", /\{/, /minio1\.example\.net,minio2/],
  ["a b", /space/, /a,b/],
  ["ab--cd.example.net", /--/],
  ["xn--zzzzzz999999.example.net", /xn--/],
  ["minio.example.net\u001b[31m", /\\u\{1b\}/],
  ["minio\u009b31m.example.net", /\\u\{9b\}/],
  ["minio\u202etxt.example.net", /\\u\{202e\}/],
  ["minio\u200b.example.net", /\\u\{200b\}/],
  ["minio.example.net\nevil", /\\u\{a\}|space/],
  ["minio.\u2028example.net", /\\u\{2028\}|space/],
  ["good.example.net,b@d@x,also bad", /b@d@x[\s\S]*also bad/],
  ["$(id).example.net", /\$\(id\)/],
  ["a'b.example.net", /a'b/],
  [Array.from({ length: 101 }, (_, i) => `h${i}.example.net`).join(","), /10[0-9]/],
];

describe("hosts", () => {
  it.each(hosts)("%j", (host, ...rest) => refused(["--host", String(host)], [host, ...rest]));
});

const options: Case[] = [
  ["--hots a.example.net", /unknown option --hots/, /did you mean --host\?/],
  ["--no-such", /unknown option --no-such/, /\$ cert-setup --help/],
  ["stauts", /unknown command "stauts"/, /cert-setup status/],
  ["minio.example.net", /unknown command "minio\.example\.net"/, /\$ cert-setup --host minio\.example\.net/],
  ["--host a b.example.net", /b\.example\.net/, /--host minio\.example\.net,10\.0\.0\.5/],
  ["--host", /--host needs a value/],
  ["generate", /no --host/],
  ["--host a --key-type rsa-1024", /rsa-1024/, /P-256, P-384/],
  ["--host a --key-type P-256 --key-type P-384", /more than once/],
  ["--host a --target nginx", /nginx/, /targets: minio/],
  ["--host a --check", /--check works only with --dry-run/, /--dry-run/],
  ["--host a --quiet --verbose", /--quiet and --verbose exclude each other/],
  ["--host a --color --no-color", /--color and --no-color/],
  ["--host a --self-signed --new-ca", /--self-signed and --new-ca/],
  ["--host a --self-signed --unconstrained-ca", /--self-signed and --unconstrained-ca/],
  ["--host a --force=maybe", /--force takes no value, but "maybe"/],
  ["status --host a", /--host does not belong to status/, /\$ cert-setup status --help/],
  ["status --force", /--force does not belong to status/],
  ["rollback --duration 5d", /--duration does not belong to rollback/],
  ["status extra", /unexpected argument "extra"/],
  ["--host a --duration 90", /"90" has no unit/, /90d/],
  ["--host a --duration 1y", /"1y" is not a duration/, /365d/],
  ["--host a --duration 0d", /not longer than zero/],
  ["--host a --duration=-5d", /not longer than zero/],
  ["--host a --duration 1m", /shorter than 5 minutes/, /5m/],
  ["--host a --duration 900d", /longer than 825 days/, /825d/],
  ["--host a --duration soon", /"soon"/],
  [["--host", "a", "--duration", "9\u001b[0m"], /\\u\{1b\}/],
  ["--host a --endpoint localhost", /"localhost" is not HOST:PORT/, /localhost:9000/],
  ["--host a --endpoint https://localhost:9000", /is a URL/, /localhost:9000/],
  ["--host a --endpoint localhost:0", /port 0/],
  ["--host a --endpoint localhost:65536", /65536/],
  ["--host a --endpoint :9000", /no host/, /localhost:9000/],
  ["--host a --endpoint *.example.net:9000", /wildcard/],
  ["--host a --endpoint ::1:9000", /::1:9000/],
  [["--host", "a", "--endpoint", "a\u202eb:9000"], /\\u\{202e\}/],
  ["--host a --address 9000", /"9000" is not \[HOST\]:PORT/, /:9000/],
  ["--host a --owner root:root:root", /more than one colon/],
  ["--host a --owner no-such-user-here", /no such user: no-such-user-here/, /getent passwd/],
  ["--host a --owner root:no-such-group-here", /no such group: no-such-group-here/],
  ["--host a --owner -x", /--owner/],
  ["--host a --owner Root!", /"Root!"/],
  ["--host a --owner 4294967295", /4294967295/],
  [["--host", "a", "--owner", "a\u001b[1m"], /\\u\{1b\}/],
];

describe("options", () => {
  it.each(options)("%j", (line, ...rest) => refused(words(line), [line, ...rest]));
});

const directories: Case[] = [
  ["--host minio.example.net --certs-dir ~/file", /\/file/, /\$ ls/, 73],
  ["--host minio.example.net --certs-dir ~/file/certs", /\/file/, undefined, 73],
  ["--host minio.example.net --certs-dir ~/loop", /\/loop/, undefined, 77],
  ["--host minio.example.net --certs-dir ~/loop/certs", /\/loop/, undefined, 77],
  ["--host minio.example.net --certs-dir ~/dangling", /\/dangling/, undefined, 73],
  ["--host minio.example.net --certs-dir /proc/no/certs", /\/proc\/no/, undefined, 73],
  ["--host minio.example.net --certs-dir /dev/null", /\/dev\/null/, /^(?!\$ chmod)/, 73],
  ["--host minio.example.net --certs-dir /sys/certs", /\/sys\/certs/, undefined, 73],
  [["--host", "minio.example.net", "--certs-dir", ""], /--certs-dir has an empty value/],
  [["--host", "minio.example.net", "--certs-dir", "a\u001b[2Jb"], /control character/],
  [["--host", "minio.example.net", "--certs-dir", "a\nb"], /control character/],
  [["--host", "minio.example.net", "--certs-dir", "a\u009bb"], /control character/],
  [["--host", "minio.example.net", "--certs-dir", `/${"d/".repeat(2500)}`], /at most 4095/],
  [["--host", "minio.example.net", "--certs-dir", `/tmp/${"d".repeat(256)}`], /name is too long/, undefined, 73],
  ["status --certs-dir ~/file", /\/file/, /\$ ls/, 73],
  ["status --certs-dir ~/loop", /\/loop/, undefined, 77],
  ["--host minio.example.net --state-dir ~/file", /\/file/, /\$ ls/, 73],
  ["--host minio.example.net --state-dir ~/file/state", /\/file/, /\$ ls -ld/, 73],
  ["--host minio.example.net --state-dir ~/loop", /\/loop/, /--state-dir/, 77],
  ["--host minio.example.net --state-dir ~/dangling", /\/dangling/, undefined, 73],
  ["--host minio.example.net --state-dir /proc/state", /\/proc\/state/, undefined, 73],
  [["--host", "minio.example.net", "--state-dir", "~/it's here/x\u202ey/z"], /\\u\{202e\}/, undefined, 73],
];

describe("directories", () => {
  it.each(directories)("%j", (line, ...rest) => refused(words(line), [line, ...rest]));
});

describe("environment", () => {
  it.each<[Record<string, string>, string, RegExp, RegExp?]>([
    [{ CERT_SETUP_HOST: "a..b" }, "generate", /a\.\.b/],
    [{ CERT_SETUP_JSON: "yes" }, "status", /CERT_SETUP_JSON="yes" is neither true nor false/, /unset it/],
    [{ CERT_SETUP_DURATION: "1y" }, "--host a", /CERT_SETUP_DURATION "1y"/, /365d/],
    [{ CERT_SETUP_KEY_TYPE: "dsa" }, "--host a", /CERT_SETUP_KEY_TYPE "dsa"/],
    [{ CERT_SETUP_ENDPOINT: "x" }, "status", /CERT_SETUP_ENDPOINT "x"/],
    [{ CERT_SETUP_OWNER: "a:b:c" }, "--host a", /CERT_SETUP_OWNER "a:b:c"/],
    [{ CERT_SETUP_CERTS_DIR: "a\u001b[0m" }, "status", /CERT_SETUP_CERTS_DIR ".*\\u\{1b\}/],
    [{ CERT_SETUP_QUIET: "1", CERT_SETUP_VERBOSE: "1" }, "status", /CERT_SETUP_QUIET and CERT_SETUP_VERBOSE/, /unset/],
    [{ CERT_SETUP_CHECK: "1" }, "--host a", /CERT_SETUP_CHECK works only with --dry-run/],
    [{ XDG_STATE_HOME: "/x\u0085y" }, "status", /XDG_STATE_HOME/],
    [{ HOME: "" }, "--host a", /HOME is not set/, /--state-dir/],
    [{ HOME: "relative" }, "--host a", /HOME "relative" is not absolute/, /--state-dir/],
  ])("%j cert-setup %s", (env, line, message, hint) => refused(words(line), [line, message, hint], env));

  it("HOME is not set at all", async () => {
    const { HOME: _, ...env } = cleanEnvironment();
    expectRefusal(await certSetup(["--host", "a"], { env }), {
      status: 2,
      message: /HOME is not set/,
      hint: /--state-dir/,
    });
  });
});
