// `cert-setup generate --out .` in place of `go run generate_cert.go`: both run with the same words, side by side.

import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { root, run, temporaryDirectory, type Finished } from "../helpers/run.ts";
import { modes, resultIn } from "./go-certificate.ts";

/** The words of a line; `␠` stands for a space within a word, `∅` for an empty word. */
function words(line: string): string[] {
  return line === "" ? [] : line.split(" ").map((word) => word.replaceAll("␠", " ").replaceAll("∅", ""));
}

interface Side {
  finished: Finished;
  directory: string;
  began: number;
}

interface Setting {
  umask?: string;
  /** Prepares the directory of each of both. */
  before?: (directory: string) => void;
  env?: Record<string, string>;
}

async function side(command: string[], { umask = "022", before, env = {} }: Setting): Promise<Side> {
  const directory = temporaryDirectory();
  before?.(directory);
  const began = Date.now();
  const finished = await run("sh", ["-c", 'umask "$0"; exec "$@"', umask, ...command], {
    cwd: directory,
    env: cleanEnvironment(env),
  });
  return { finished, directory, began };
}

async function both(line: string, setting: Setting = {}): Promise<{ go: Side; ours: Side }> {
  const bin = join(root, "bin", "cert-setup.js");
  const [go, ours] = await Promise.all([
    side([program("generate_cert"), ...words(line)], setting),
    side([process.execPath, bin, "generate", "--out", ".", ...words(line)], setting),
  ]);
  return { go, ours };
}

const result = ({ directory, began }: Side, line: string) =>
  resultIn(directory, /-start-date(?:=| )[^∅]/.test(line), began);

/** Go's log lines without the times, which are now; ours without notes. */
function logged({ finished, began }: Side): string[] {
  const lines = finished.stderr.split("\n").filter((row) => row !== "" && !row.startsWith("note: "));
  return lines.map((row) => {
    const [, time = "", text = ""] = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d) (.*)$/.exec(row) ?? [];
    const at = Date.parse(`${time.replaceAll("/", "-").replace(" ", "T")}Z`);
    if (!(at >= began - 1000 && at <= Date.now())) throw new Error(`not a line of now: ${row}`);
    return text;
  });
}

const date = "-start-date Jan␠2␠15:04:05␠2026";

const accepted = [
  "-host a.example",
  "--host a.example",
  "-host=a.example",
  "--host=a.example -ca",
  "-host a.example -rsa-bits 1024",
  "-host a.example -rsa-bits=1025",
  "-host a.example -rsa-bits 3072 -ca",
  "-host a.example -rsa-bits 0x400",
  "-host a.example -rsa-bits 0b10000000000",
  "-host a.example -rsa-bits 0o2000",
  "-host a.example -rsa-bits 02000",
  "-host a.example -rsa-bits +1_024",
  "-host a.example -ecdsa-curve P224",
  "-host a.example -ecdsa-curve P256",
  "-host a.example -ecdsa-curve=P384",
  "-host a.example --ecdsa-curve P521",
  "-host a.example -ecdsa-curve P224 -ca",
  "-host a.example -ecdsa-curve P256 --ca",
  "-host a.example -ecdsa-curve P384 -ca=true",
  "-host a.example -ecdsa-curve P521 -ca=1",
  "-host a.example -ecdsa-curve P256 -ca=t",
  "-host a.example -ecdsa-curve P256 -ca=F",
  "-host a.example -ecdsa-curve P256 -ca=false",
  "-host a.example -ecdsa-curve P256 -ca -ca=0",
  "-host a.example -ecdsa-curve P256 -ca=0 -ca",
  "-host a.example -ed25519",
  "-host a.example -ed25519 -ca",
  "-host a.example -ed25519=TRUE",
  "-host a.example -ed25519=false -rsa-bits 1024",
  "-host a.example -ecdsa-curve ∅ -ed25519",
  "-host a.example -ecdsa-curve P256 -start-date ∅",
  "-host a.example -ecdsa-curve P256 -ecdsa-curve P384",
  "-host a.example -host b.example,c.example -ed25519",
  "-ed25519 -duration 1h -duration 2h -host a.example",
  "-host 10.0.0.5,minio.example.net,::1,localhost,127.0.0.1,b.example -ed25519",
  "-host 127.0.0.1 -ed25519",
  "-host ::1,2001:db8::1,2001:DB8:0:0:0:0:0:2,fe80::1 -ed25519",
  "-host ::ffff:10.0.0.5,::10.0.0.6,64:ff9b::1.2.3.4 -ed25519",
  "-host 0.0.0.0,:: -ed25519",
  "-host a.example,a.example,10.0.0.1,10.0.0.1 -ed25519",
  "-host MinIO.Example.NET -ed25519",
  "-host *.example.net,example.net -ed25519",
  "-host xn--bcher-kva.example -ed25519",
  "-host a -ed25519",
  `-host ${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.example -ed25519`,
  `-host ${Array.from({ length: 120 }, (_, i) => `h${i}.example.net`).join(",")} -ed25519`,
  `-host a.example -ed25519 ${date}`,
  `-host a.example -ed25519 ${date} -duration 8760h0m0s`,
  "-host a.example -ed25519 -start-date jAN␠02␠5:04:05␠2026",
  "-host a.example -ed25519 -start-date Feb␠␠␠29␠␠00:00:00␠␠2028",
  "-host a.example -ed25519 -start-date Jan␠2␠15:04:05.999␠2026 -duration 1.5s",
  "-host a.example -ed25519 -start-date Jan␠2␠15:04:05,25␠2026 -duration 1750ms",
  "-host a.example -ed25519 -start-date Dec␠31␠23:59:59␠2049 -duration 1s",
  "-host a.example -ed25519 -start-date Jan␠1␠00:00:00␠2050",
  "-host a.example -ed25519 -start-date Jan␠1␠00:00:00␠1950 -duration -1s",
  "-host a.example -ed25519 -start-date Jan␠2␠15:04:05␠1970 -duration -999999h",
  "-host a.example -ed25519 -start-date Feb␠29␠15:04:05␠0000",
  "-host a.example -ed25519 -start-date Jan␠2␠15:04:05␠0099",
  "-host a.example -ed25519 -start-date Jan␠1␠00:00:00␠9999 -duration 8759h59m59s",
  "-host a.example -ed25519 -duration 1h",
  "-host a.example -ed25519 -duration 1h30m15s",
  "-host a.example -ed25519 -duration=-1h",
  "-host a.example -ed25519 -duration -1h",
  "-host a.example -ed25519 -duration 0",
  "-host a.example -ed25519 -duration +.5h",
  "-host a.example -ed25519 -duration 1.h",
  "-host a.example -ed25519 -duration 2562047h47m16s",
  `-host a.example -ed25519 ${date} -duration 1ns`,
  `-host a.example -ed25519 ${date} -duration 90000000us`,
  `-host a.example -ed25519 ${date} -duration 1h1µs`,
  "-host a.example -ed25519 --",
];

/** With Go's exit status, and so with ours. */
const refused = [
  ["", 1],
  ["-host ∅", 1],
  ["-host=", 1],
  ["-host ∅ -duration 1d", 2],
  ["-host ∅ -ecdsa-curve P999", 1],
  ["-rsa-bits 2048", 1],
  ["-host", 2],
  ["-host a -nope", 2],
  ["-host a -out-of-range=3", 2],
  ["---host a", 2],
  ["-host a -ecdsa-curve p256", 1],
  ["-host a -ecdsa-curve P-256", 1],
  ["-host a -ecdsa-curve P192", 1],
  ["-host a -ecdsa-curve ␠", 1],
  ["-host a -ecdsa-curve constructor", 1],
  ["-host a -rsa-bits 1023", 1],
  ["-host a -rsa-bits 0", 1],
  ["-host a -rsa-bits -5", 1],
  ["-host a -rsa-bits 2048.5", 2],
  ["-host a -rsa-bits 2k", 2],
  ["-host a -rsa-bits 08", 2],
  ["-host a -rsa-bits 1__024", 2],
  ["-host a -rsa-bits 9223372036854775808", 2],
  ["-host a -rsa-bits ∅", 2],
  ["-host a -start-date today", 1],
  ["-host a -start-date 2026-01-02T15:04:05Z", 1],
  ["-host a -start-date Jan␠1␠15:04:05", 1],
  ["-host a -start-date January␠2␠15:04:05␠2026", 1],
  ["-host a -start-date Feb␠29␠15:04:05␠2026", 1],
  ["-host a -start-date Jan␠2␠24:00:00␠2026", 1],
  ["-host a -start-date Jan␠2␠15:4:05␠2026", 1],
  ["-host a -start-date Jan␠2␠15:04:60␠2026", 1],
  ["-host a -start-date Jan␠2␠15:04:05␠2026␠UTC", 1],
  ["-host a -start-date ␠Jan␠2␠15:04:05␠2026", 1],
  ["-host a -ed25519 -start-date Dec␠31␠23:59:59␠9999 -duration 1s", 1],
  ["-host a -ed25519 -start-date Jan␠1␠00:00:00␠0000 -duration -1s", 1],
  ["-host a -duration 1d", 2],
  ["-host a -duration 90", 2],
  ["-host a -duration h", 2],
  ["-host a -duration 1h␠2m", 2],
  ["-host a -duration 2562048h", 2],
  ["-host a -duration --1h", 2],
  ["-host a -duration ∅", 2],
  ["-host a -ed25519=maybe", 2],
  ["-host a -ca=", 2],
  ["-host bücher.example", 1],
] as [string, number][];

withPrograms("generate_cert")("word for word", () => {
  it.each(accepted)("%s", async (line) => {
    const { go, ours } = await both(line);
    expect(go.finished.status, go.finished.stderr).toBe(0);
    expect({ status: ours.finished.status, stderr: ours.finished.stderr }).toMatchObject({ status: 0 });
    expect(ours.finished.stdout).toBe(go.finished.stdout);
    expect(logged(ours)).toEqual(logged(go));
    expect(result(ours, line)).toEqual(result(go, line));
  });

  it.each(refused)("%s: refused, status %i", async (line, status) => {
    const { go, ours } = await both(line);
    expect(go.finished.status).toBe(status);
    expect(ours.finished).toMatchObject({ status, stdout: "" });
    expect(ours.finished.stderr).toMatch(/^error: .+\n(?:hint: .+\n)+nothing was changed\n$/);
    expect([modes(go.directory), modes(ours.directory)]).toEqual([{}, {}]);
  });

  it.each(["-h", "--help", "-help"])("%s: help, status 0", async (line) => {
    const { go, ours } = await both(line);
    expect([go.finished.status, ours.finished.status]).toEqual([0, 0]);
    for (const flag of go.finished.stderr.match(/^ {2}-[a-z0-9-]+/gm) ?? []) {
      expect(ours.finished.stdout).toContain(`-${flag.trim()}`);
    }
  });

  it.each(["000", "022", "027", "077", "177"])("umask %s: the modes are the same", async (umask) => {
    const { go, ours } = await both("-host a -ed25519", { umask });
    expect(modes(ours.directory)).toEqual(modes(go.directory));
    expect(ours.finished.stderr.split("\n")).toHaveLength(3);
  });

  it("the times are local ones", async () => {
    const { go, ours } = await both("-host a -ed25519", { env: { TZ: "Asia/Kathmandu" } });
    const time = ({ finished }: Side) =>
      Date.parse(`${finished.stderr.slice(0, 19).replaceAll("/", "-").replace(" ", "T")}Z`);
    expect(Math.abs(time(go) - time(ours))).toBeLessThan(60_000);
    expect(time(ours) - Date.now()).toBeGreaterThan(5 * 3_600_000);
  });

  it("a certificate that is there is replaced, and keeps its mode", async () => {
    const before = (directory: string) => {
      writeFileSync(join(directory, "cert.pem"), randomBytes(100_000));
      chmodSync(join(directory, "cert.pem"), 0o640);
    };
    const { go, ours } = await both("-host a -ed25519", { before });
    expect(modes(go.directory)).toEqual({ "cert.pem": "640", "key.pem": "600" });
    expect(result(ours, "")).toEqual(result(go, ""));
  });
});

// Where both differ, and why: docs/generate-cert.md, "What is different".
withPrograms("generate_cert")("not as in Go", () => {
  // line, what Go puts into the certificate, what cert-setup does
  it.each([
    ["-host a.example,␠127.0.0.1 -ed25519", ["DNS:a.example", "DNS: 127.0.0.1"], "DNS:a.example, IP Address:127.0.0.1"],
    ["-host a.example,,b.example, -ed25519", ["DNS:a.example", "DNS:"], "DNS:a.example, DNS:b.example"],
    ["-host ␠a.example␠ -ed25519", ["DNS: a.example "], "DNS:a.example"],
    ["-host [::1] -ed25519", ["DNS:[::1]"], "IP Address:0:0:0:0:0:0:0:1"],
  ] as [string, string[], string][])("%s: blanks and empty items are no names", async (line, broken, right) => {
    const { go, ours } = await both(line);
    const names = async ({ directory }: Side) =>
      (await run("openssl", ["x509", "-in", join(directory, "cert.pem"), "-noout", "-ext", "subjectAltName"])).stdout;
    for (const name of broken) expect(await names(go)).toContain(name);
    expect((await names(ours)).split("\n")[1]?.trim()).toBe(right);
    expect(ours.finished.status).toBe(0);
    expect(/^note: --host: .+\n/.test(ours.finished.stderr)).toBe(!line.includes("["));
  });

  // line, Go's status, ours, what is said
  it.each([
    ["-host ,", 0, 1, "no --host is given"],
    ["-host a␠b", 0, 2, 'host "a b" holds a space'],
    ["-host https://a.example", 0, 2, 'host "https://a.example" is a URL'],
    ["-host a.example:9000", 0, 2, "has a port"],
    ["-host 010.0.0.1", 0, 2, "is not an IPv4 address"],
    ["-host fe80::1%eth0", 0, 2, "has an IPv6 zone"],
    ["-host a.example.", 0, 2, "ends in a dot"],
    ["-host -a", 0, 2, "with a hyphen at its edge"],
    ["-host a -ecdsa-curve P256 -ed25519", 0, 2, "--ecdsa-curve and --ed25519 exclude each other"],
    ["-host a -ecdsa-curve P256 -rsa-bits 2048", 0, 2, "--rsa-bits and --ecdsa-curve exclude each other"],
    ["-host a -ed25519 -rsa-bits 2048", 0, 2, "--rsa-bits and --ed25519 exclude each other"],
    ["-host a -ed25519 -ca false", 0, 2, 'unexpected argument "false"'],
    ["-host a -ed25519 more -ca", 0, 2, 'unexpected argument "more"'],
  ] as [string, number, number, string][])("%s: %i there, %i here", async (line, theirs, status, message) => {
    const { go, ours } = await both(line);
    expect(go.finished.status).toBe(theirs);
    expect(ours.finished).toMatchObject({ status, stdout: "" });
    expect(ours.finished.stderr).toContain(message);
    expect(modes(ours.directory)).toEqual({});
  });

  it("a key that is there does not keep a loose mode, nor its inode", async () => {
    const inodes: number[] = [];
    const before = (directory: string) => {
      writeFileSync(join(directory, "key.pem"), "old", { mode: 0o644 });
      inodes.push(statSync(join(directory, "key.pem")).ino);
    };
    const { go, ours } = await both("-host a -ed25519", { before });
    expect([modes(go.directory)["key.pem"], modes(ours.directory)["key.pem"]]).toEqual(["644", "600"]);
    expect(statSync(join(go.directory, "key.pem")).ino).toBe(inodes[0]);
    expect(statSync(join(ours.directory, "key.pem")).ino).not.toBe(inodes[1]);
  });

  it("a symbolic link is replaced, not followed", async () => {
    const before = (directory: string) => {
      mkdirSync(join(directory, "elsewhere"));
      for (const name of ["cert.pem", "key.pem"]) symlinkSync(join("elsewhere", name), join(directory, name));
    };
    const { go, ours } = await both("-host a -ed25519", { before });
    expect(readdirSync(join(go.directory, "elsewhere"))).toEqual(["cert.pem", "key.pem"]);
    expect(readdirSync(join(ours.directory, "elsewhere"))).toEqual([]);
    expect(ours.finished.stderr).toContain("was a symbolic link");
    expect(readFileSync(join(ours.directory, "key.pem"), "latin1")).toContain("-----BEGIN PRIVATE KEY-----");
  });
});

it("more than sixty argument lists are compared", () => {
  expect(new Set([...accepted, ...refused.map(([line]) => line)]).size).toBeGreaterThanOrEqual(60);
});
