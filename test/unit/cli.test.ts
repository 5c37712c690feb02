import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandNames, commands } from "../../src/cli/commands/index.ts";
import { nearest } from "../../src/cli/nearest.ts";
import { optionNames, specOf, variableFor } from "../../src/cli/options.ts";
import type { OptionName } from "../../src/cli/options.ts";
import { parse } from "../../src/cli/parse.ts";
import { version } from "../../src/cli/version.ts";
import { CertSetupError } from "../../src/model/errors.ts";
import type { InstallRequest, Invocation } from "../../src/model/request.ts";

type Env = Record<string, string>;

const around = (env: Env = {}) => ({ env: { HOME: "/home/u", ...env }, cwd: "/srv/work" });

/** The words of a line as a shell without quotes would see them; `␠` stands for a space within a word. */
function words(line: string): string[] {
  return line === "" ? [] : line.split(" ").map((word) => word.replaceAll("␠", " "));
}

async function run(line: string, env: Env = {}): Promise<Extract<Invocation, { kind: "run" }>> {
  const invocation = await parse(words(line), around(env));
  if (invocation.kind !== "run") throw new Error(`not a run: ${JSON.stringify(invocation).slice(0, 80)}`);
  return invocation;
}

async function text(line: string, env: Env = {}): Promise<string> {
  const invocation = await parse(words(line), around(env));
  if (invocation.kind !== "text") throw new Error("no text");
  return invocation.text;
}

/** Selected facts of what a line comes to. */
async function facts(line: string, env: Env = {}): Promise<Record<string, unknown>> {
  const { request, manner } = await run(line, env);
  const { command, target, endpoint, stateDir } = request;
  const { source, force, listenAddress } = request as InstallRequest;
  const flat = { command, ...target, endpoint, stateDir, force, listenAddress, ...manner };
  if (source === undefined) return flat;
  const { keyAlgorithm, validitySeconds, issuer } = source;
  return { ...flat, hosts: source.names.map(({ value }) => value).join(), keyAlgorithm, validitySeconds, issuer };
}

const constrained = { kind: "private-ca", constrained: true, another: false };

test("everything that is not asked for has its default", async () => {
  expect(await run("--host a.example")).toEqual({
    kind: "run",
    request: {
      command: "generate",
      source: {
        kind: "generated",
        names: [
          { type: "dNSName", value: "a.example" },
          { type: "dNSName", value: "localhost" },
          { type: "iPAddress", value: "127.0.0.1" },
          { type: "iPAddress", value: "::1" },
        ],
        keyAlgorithm: "P-256",
        validitySeconds: 7_776_000,
        issuer: constrained,
      },
      target: { kind: "minio", certsDir: null, owner: null },
      endpoint: null,
      force: false,
      listenAddress: null,
      stateDir: "/home/u/.local/state/cert-setup",
    },
    manner: { dryRun: false, check: false, json: false, quiet: false, verbose: false, yes: false, color: null },
  });
});

test.each<[string, Record<string, unknown>]>([
  ["generate --host a.example", { command: "generate" }],
  ["--host a.example generate", { command: "generate" }],
  ["--json generate --host a.example", { command: "generate", json: true }],
  ["-host a.example", { hosts: "a.example,localhost,127.0.0.1,::1" }],
  ["--host=a.example --exact", { hosts: "a.example" }],
  ["--host b.example,a.example --host 10.0.0.5 --exact", { hosts: "b.example,a.example,10.0.0.5" }],
  ["--host a --exact=true", { hosts: "a" }],
  ["--host a --exact=0", { hosts: "a,localhost,127.0.0.1,::1" }],
  ["--host a --key-type p-384", { keyAlgorithm: "P-384" }],
  ["--host a --key-type p256", { keyAlgorithm: "P-256" }],
  ["--host a --key-type ecdsa-p256", { keyAlgorithm: "P-256" }],
  ["--host a --key-type ECDSA_P384", { keyAlgorithm: "P-384" }],
  ["--host a --key-type rsa", { keyAlgorithm: "RSA-2048" }],
  ["--host a --key-type RSA3072", { keyAlgorithm: "RSA-3072" }],
  ["--host a --key-type rsa-4096", { keyAlgorithm: "RSA-4096" }],
  ["--host a --key-type ed25519", { keyAlgorithm: "Ed25519" }],
  ["--host a --duration 1h30m", { validitySeconds: 5400 }],
  ["--host a --self-signed", { issuer: { kind: "itself" } }],
  ["--host a --unconstrained-ca --new-ca", { issuer: { kind: "private-ca", constrained: false, another: true } }],
  ["--host a --target minio --certs-dir /etc/minio/certs", { kind: "minio", certsDir: "/etc/minio/certs" }],
  ["--host a -S certs", { certsDir: "/srv/work/certs" }],
  ["--host a -S=../certs/", { certsDir: "/srv/certs" }],
  ["--host a --certs-dir=-odd␠name", { certsDir: "/srv/work/-odd name" }],
  ["--host a --owner minio-user", { owner: { user: "minio-user", group: null } }],
  ["--host a --owner 1000:minio", { owner: { user: "1000", group: "minio" } }],
  ["--host a --endpoint minio.example.net:9000", { endpoint: { host: "minio.example.net", port: 9000 } }],
  ["--host a --endpoint [2001:DB8::1]:443", { endpoint: { host: "2001:db8::1", port: 443 } }],
  ["--host a --address :9000", { listenAddress: ":9000" }],
  ["--host a --address [::]:9000", { listenAddress: "[::]:9000" }],
  ["--host a --force --dry-run --check", { force: true, dryRun: true, check: true }],
  ["--host a --state-dir state", { stateDir: "/srv/work/state" }],
  ["--host a --json --quiet -y --no-color", { json: true, quiet: true, yes: true, color: false }],
  ["--host a --verbose --color", { verbose: true, color: true }],
  ["--host a --color=false", { color: null }],
  ["--host a --json --json", { json: true }],
  [
    "status -S /c --endpoint localhost:9000",
    { command: "status", certsDir: "/c", endpoint: { host: "localhost", port: 9000 } },
  ],
  ["rollback --owner minio --dry-run", { command: "rollback", owner: { user: "minio", group: null }, dryRun: true }],
])("cert-setup %s", async (line, expected) => {
  expect(await facts(line)).toMatchObject(expected);
});

test.each<[Env, string, Record<string, unknown>]>([
  [{ CERT_SETUP_HOST: "a.example,b.example", CERT_SETUP_EXACT: "1" }, "generate", { hosts: "a.example,b.example" }],
  [{ CERT_SETUP_HOST: "a.example" }, "--host b.example --exact", { hosts: "b.example" }],
  [{ CERT_SETUP_JSON: "true" }, "--host a", { json: true }],
  [{ CERT_SETUP_JSON: "TRUE" }, "--host a --json=false", { json: false }],
  [{ CERT_SETUP_JSON: "0" }, "--host a", { json: false }],
  [{ CERT_SETUP_JSON: "" }, "--host a", { json: false }],
  [{ CERT_SETUP_KEY_TYPE: "rsa" }, "--host a", { keyAlgorithm: "RSA-2048" }],
  [{ CERT_SETUP_KEY_TYPE: "rsa" }, "--host a --key-type p384", { keyAlgorithm: "P-384" }],
  [{ CERT_SETUP_QUIET: "1" }, "--host a --verbose", { quiet: false, verbose: true }],
  [{ CERT_SETUP_NEW_CA: "1" }, "--host a --self-signed", { issuer: { kind: "itself" } }],
  [{ CERT_SETUP_SELF_SIGNED: "1" }, "--host a --new-ca", { issuer: { ...constrained, another: true } }],
  [{ CERT_SETUP_COLOR: "1" }, "--host a --no-color", { color: false }],
  [{ CERT_SETUP_CERTS_DIR: "/c", CERT_SETUP_HOST: "not a host" }, "status", { certsDir: "/c" }],
  [{ XDG_STATE_HOME: "/state" }, "--host a", { stateDir: "/state/cert-setup" }],
  [{ XDG_STATE_HOME: "relative" }, "--host a", { stateDir: "/home/u/.local/state/cert-setup" }],
  [{ XDG_STATE_HOME: "/state", CERT_SETUP_STATE_DIR: "/s" }, "--host a", { stateDir: "/s" }],
  [{ HOME: "" }, "--host a --state-dir /s", { stateDir: "/s" }],
])("%j cert-setup %s", async (env, line, expected) => {
  expect(await facts(line, env)).toMatchObject(expected);
});

async function refusal(line: string, env: Env = {}): Promise<CertSetupError> {
  const error: unknown = await parse(words(line), around(env)).catch((reason: unknown) => reason);
  if (!(error instanceof CertSetupError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  return error;
}

// line, code, message, one of the hints
test.each<[string, string, string, string?]>([
  [
    "--json",
    "usage",
    "no --host is given: a certificate needs the names of the server",
    "$ cert-setup --host minio.example.net,10.0.0.5",
  ],
  ["--host", "usage", "--host needs a value"],
  ["--host --json", "usage", "--host needs a value, --json follows"],
  ["--host a --host", "usage", "--host needs a value"],
  ["--host a --host=", "usage", "--host has an empty value"],
  ["--host= --json", "usage", "--host has an empty value"],
  ["--host ␠", "usage", "--host has an empty value"],
  ["--host -- a", "usage", "--host needs a value"],
  ["--certs-dir= --host a", "usage", "--certs-dir has an empty value"],
  ["--host a --certs-dir", "usage", "--certs-dir needs a value"],
  [
    "--host a --duration -1d",
    "usage",
    "--duration needs a value, -1d follows",
    "a value that begins with a hyphen is written --duration=-1d",
  ],
  ["--host a -S x --certs-dir y", "usage", '--certs-dir is given more than once: "x" and "y"', "leave one"],
  ["--host a --owner a --owner a --owner b", "usage", '--owner is given more than once: "a" and "a" and "b"'],
  ["--hots a", "usage", "unknown option --hots", "did you mean --host?"],
  ["--certsDir x", "usage", "unknown option --certsDir", "did you mean --certs-dir?"],
  ["--key a", "usage", "--key does not belong to generate, but to import"],
  ["--keytype a", "usage", "unknown option --keytype", "did you mean --key-type?"],
  ["-x", "usage", "unknown option -x"],
  ["--S x", "usage", "unknown option --S"],
  ["-yS x", "usage", "unknown option -yS"],
  ["-S/etc/minio", "usage", "unknown option -S/etc/minio", "write the value as a word of its own: -S /etc/minio"],
  ["--no-json --host a", "usage", "unknown option --no-json", "use --json=false"],
  ["--__proto__ x", "usage", "unknown option --__proto__", "$ cert-setup --help"],
  ["--constructor=x", "usage", "unknown option --constructor"],
  ["--host.a b", "usage", "unknown option --host.a", "did you mean --host?"],
  ["--json\nquiet", "usage", "unknown option --json\\u{a}quiet"],
  ["--\u202ejson", "usage", "unknown option --\\u{202e}json"],
  ["--host a --json=maybe", "usage", '--json takes no value, but "maybe" is given'],
  ["--host a -y=2", "usage", '--yes takes no value, but "2" is given'],
  ["--help=maybe", "usage", '--help takes no value, but "maybe" is given'],
  ["statsu", "usage", 'unknown command "statsu"', "did you mean cert-setup status?"],
  ["renew", "usage", 'unknown command "renew"', "commands: generate, import, status, rollback"],
  ["minio.example.net", "usage", 'unknown command "minio.example.net"', "$ cert-setup --host minio.example.net"],
  ["*.example.net", "usage", 'unknown command "*.example.net"', "$ cert-setup --host '*.example.net'"],
  ["toString", "usage", 'unknown command "toString"'],
  [
    "--host a b.example",
    "usage",
    'unexpected argument "b.example"',
    "several hosts are one word: --host minio.example.net,10.0.0.5",
  ],
  ["generate --host a b.example", "usage", 'unexpected argument "b.example"'],
  ["--host a -- b.example", "usage", 'unexpected argument "b.example"'],
  ["status status", "usage", 'unexpected argument "status"'],
  ["--host a ---", "usage", "unknown option ---"],
  ["status --host a", "usage", "--host does not belong to status, but to generate", "$ cert-setup status --help"],
  ["status --owner a", "usage", "--owner does not belong to status, but to generate, import and rollback"],
  ["--host a --self-signed --new-ca", "usage", "--self-signed and --new-ca exclude each other"],
  ["--host a --unconstrained-ca --self-signed", "usage", "--self-signed and --unconstrained-ca exclude each other"],
  ["status --quiet --verbose", "usage", "--quiet and --verbose exclude each other"],
  ["status --no-color --color", "usage", "--color and --no-color exclude each other"],
  ["--host a --check", "usage", "--check works only with --dry-run", "add --dry-run"],
  [
    "--host a --key-type dsa",
    "usage",
    '--key-type "dsa" is not a key type',
    "key types: P-256, P-384, RSA-2048, RSA-3072, RSA-4096, Ed25519",
  ],
  ["--host a --key-type p224", "usage", '--key-type "p224" is refused by many TLS clients'],
  ["--host a --target nginx", "usage", '--target "nginx" is not a target', "targets: minio"],
  [
    "--host a_b",
    "host-invalid",
    'host "a_b" holds "_", which a host name cannot (RFC 1123 2.1); Go and browsers refuse it: rename the host',
  ],
  ["--host a --duration 0d", "duration-invalid", '--duration "0d" is not longer than zero'],
  [
    "--host a --duration 826d",
    "duration-invalid",
    "--duration 826d is longer than 825 days, the most that Apple's systems accept, from a private CA too",
  ],
  ["--host a --owner Root", "owner-invalid", '--owner "Root" does not begin with a user name or number'],
  ["--host a --owner a:", "owner-invalid", '--owner "a:" does not end in a group name or number'],
  ["--host a --owner a:b:c", "owner-invalid", '--owner "a:b:c" has more than one colon'],
  ["--host a --owner 4294967295", "owner-invalid", '--owner "4294967295" does not begin with a user name or number'],
  ["--host a --owner $(id)", "owner-invalid", '--owner "$(id)" does not begin with a user name or number'],
  [
    "--host a --endpoint localhost",
    "endpoint-invalid",
    '--endpoint "localhost" is not HOST:PORT',
    "use localhost:9000",
  ],
  [
    "--host a --endpoint https://a.example/",
    "endpoint-invalid",
    '--endpoint "https://a.example/" is a URL, not HOST:PORT',
    "use a.example:9000",
  ],
  ["--host a --endpoint ::1", "endpoint-invalid", '--endpoint "::1" is not HOST:PORT', "use [::1]:9000"],
  ["--host a --endpoint :9000", "endpoint-invalid", '--endpoint ":9000" has no host', "use localhost:9000"],
  ["--host a --endpoint a:0", "endpoint-invalid", '--endpoint "a:0" has port 0; ports are 1 to 65535'],
  ["--host a --endpoint a:65536", "endpoint-invalid", '--endpoint "a:65536" has port 65536; ports are 1 to 65535'],
  [
    "--host a --endpoint *.a.example:9000",
    "endpoint-invalid",
    '--endpoint "*.a.example:9000" holds a wildcard; a connection needs one host',
  ],
  [
    "--host a --endpoint a_b:9000",
    "endpoint-invalid",
    '--endpoint: host "a_b" holds "_", which a host name cannot (RFC 1123 2.1); Go and browsers refuse it: rename the host',
  ],
  ["--host a --address 9000", "endpoint-invalid", '--address "9000" is not [HOST]:PORT', "use :9000"],
  ["--host a --address :9000;id", "endpoint-invalid", '--address ":9000;id" is not [HOST]:PORT'],
  [
    "--host a --certs-dir=~/certs",
    "directory-invalid",
    '--certs-dir "~/certs" begins with "~", which no shell has replaced',
    "use /home/u/certs",
  ],
  ["--host a -S a\0b", "directory-invalid", '--certs-dir "a\\u{0}b" holds a control character'],
  ["--host a -S a\nb", "directory-invalid", '--certs-dir "a\\u{a}b" holds a control character'],
  ["--host a -S a\ufffd", "directory-invalid", '--certs-dir "a\ufffd" is not UTF-8'],
  [
    "--host a -S /" + "é".repeat(2048),
    "directory-invalid",
    `--certs-dir "/${"é".repeat(76)}..." has 4097 bytes; a path has at most 4095`,
  ],
  ["completion zsh", "usage", 'unexpected argument "zsh"'],
])("cert-setup %s: %s", async (line, code, message, hint) => {
  const error = await refusal(line);
  expect(error).toMatchObject({ code, message, exitStatus: 2 });
  expect([undefined, ...error.hint]).toContain(hint);
});

test.each<[Env, string, string]>([
  [{ CERT_SETUP_JSON: "yes" }, "--host a", 'CERT_SETUP_JSON="yes" is neither true nor false'],
  [{ CERT_SETUP_DURATION: "1y" }, "--host a", 'CERT_SETUP_DURATION "1y" is not a duration'],
  [{ CERT_SETUP_CERTS_DIR: "~" }, "status", 'CERT_SETUP_CERTS_DIR "~" begins with "~", which no shell has replaced'],
  [
    { CERT_SETUP_QUIET: "1", CERT_SETUP_VERBOSE: "1" },
    "--host a",
    "CERT_SETUP_QUIET and CERT_SETUP_VERBOSE exclude each other",
  ],
  [{ CERT_SETUP_CHECK: "1" }, "--host a", "CERT_SETUP_CHECK works only with --dry-run"],
  [{ HOME: "" }, "--host a", "HOME is not set, so there is no place for private CAs and records"],
  [{ HOME: "x" }, "status", 'HOME "x" is not absolute, so there is no place for private CAs and records'],
])("%j cert-setup %s: %s", async (env, line, message) => {
  expect((await refusal(line, env)).message).toBe(message);
});

describe("the table of options", () => {
  const taken = (name: OptionName) =>
    commandNames.some((command) => (commands[command].options as readonly OptionName[]).includes(name));

  test.each(optionNames)("--%s: belongs to a command, is in the help, and its relations exist", async (name) => {
    const { kind, placeholder, conflicts = [], needs = name } = specOf(name);
    expect(taken(name)).toBe(true);
    // in the help of the program, or in that of the one command that it is for
    expect(`${await text("--help")}${await text("import --help")}`).toContain(`--${name}`);
    expect(placeholder !== undefined).toBe(kind !== "flag");
    expect(optionNames).toEqual(expect.arrayContaining([...conflicts, needs]));
  });

  const flags = optionNames.filter((name) => specOf(name).kind === "flag" && specOf(name).environment !== false);
  test.each(flags)("--%s does the same as its variable", async (name) => {
    const needed = specOf(name).needs;
    const line = needed === undefined ? "--host a" : `--host a --${needed}`;
    const asFlag = await run(`${line} --${name}`);
    expect(asFlag).toEqual(await run(line, { [variableFor(name)]: "1" }));
    expect(asFlag).not.toEqual(await run(line));
  });

  test("the version is the package's", async () => {
    const { version: packaged } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(version).toBe(packaged);
    expect(await text("--version")).toBe(`${packaged}\n`);
    expect(await text("status -V")).toBe(`${packaged}\n`);
  });
});

describe("usage", () => {
  test.each(["", ...commandNames.map((name) => `${name} --help`)])("cert-setup %s", async (line) => {
    const usage = await text(line);
    expect(usage.split("\n").filter((row) => row.length > 80 || /\s$/.test(row))).toEqual([]);
    expect(usage).toMatchSnapshot();
  });

  test.each(["-h", "--help --json", "--host --help=true".slice(7), "help", "-help"])(
    "cert-setup %s is the help",
    async (line) => {
      expect(await text(line)).toBe(await text(""));
    },
  );

  test.each(["help status", "status -h", "--help status"])("cert-setup %s is the command's", async (line) => {
    expect(await text(line)).toBe(await text("status --help"));
  });

  test.each(commandNames)("the examples of %s are accepted", async (name) => {
    for (const { command } of commands[name].examples) {
      const line = command
        .replace(/^sudo /, "")
        .replace(/^cert-setup ?/, "")
        .replaceAll("'", "");
      expect(await parse(words(line), around())).toMatchObject({ request: { command: name } });
    }
  });
});

describe("completion", () => {
  test("the script is one that bash accepts", async () => {
    const script = await text("completion");
    const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(script).toContain("cert-setup --get-yargs-completions");
  });

  test.each([
    ["cert-setup ", ["generate", "import", "status", "rollback", "completion"]],
    ["cert-setup --key-type ", ["P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096", "Ed25519"]],
    ["cert-setup generate --key-type P-3", ["P-384"]],
    ["cert-setup status --", commands.status.options.map((name) => `--${name}`)],
  ])("%s", async (line, expected) => {
    const offered = (await text(`--get-yargs-completions ${line}`)).split("\n").filter((word) => word !== "");
    expect(offered.toSorted()).toEqual([...expected].toSorted());
  });
});

test("no words whatever end in anything but an invocation or an error of ours", async () => {
  const known = optionNames.flatMap((name) => [`--${name}`, `--${name}=`, `-${name}`]);
  const word = fc.oneof(
    fc.constantFrom(
      ...known,
      ...commandNames,
      "help",
      "--",
      "-",
      "-S",
      "-y",
      "true",
      "false",
      "a.example",
      "-1",
      "--=",
      "---",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({ unit: fc.constantFrom(..."-=.ay[]:\n*"), maxLength: 8 }),
  );
  await expect(
    fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
        if (argv[0] === "completion" || argv[0] === "--get-yargs-completions") return;
        try {
          await parse(argv, around());
        } catch (error) {
          if (!(error instanceof CertSetupError)) throw error;
          // eslint-disable-next-line no-control-regex
          if (/[\0-\x1f\x7f-\x9f\u202e\u200b]/.test(error.message))
            throw new Error("raw text in a message", { cause: error });
        }
      }),
      { numRuns: 10_000 },
    ),
  ).resolves.toBeUndefined();
});

test.each([
  ["hsot", "host"],
  ["dryrun", "dry-run"],
  ["self-sign", "self-signed"],
  ["durations", "duration"],
  ["dry", "dry-run"],
  ["zzzz", null],
  ["x", null],
  ["a".repeat(10_000), null],
])("nearest to %s", (word, expected) => {
  expect(nearest(word, optionNames)).toBe(expected);
});
