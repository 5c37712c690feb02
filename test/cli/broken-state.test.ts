// Refusals that come from what lies on the disk: each names the thing, says what to do, and changes nothing.

import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cleanEnvironment, hasProgram, program, withCondition, withPrograms } from "../helpers/programs.ts";
import { certSetup, root, run, temporaryDirectory } from "../helpers/run.ts";
import { expectRefusal, treeOf } from "./outside.ts";

const host = ["--host", "minio.example.net"];
const asRoot = withCondition(process.getuid?.() === 0, "refusals of other users", "only root can become another user");

let home = "";

beforeAll(async () => {
  home = join(temporaryDirectory(0o755), "home");
  mkdirSync(home);
  expect((await certSetup(host, { home })).status).toBe(0);
  await run("/bin/cp", ["-a", home, `${home}.whole`]);
});

/** A home with the usual installation, then changed by a line of sh(1). `$S`: the state directory. */
async function brokenBy(line: string): Promise<void> {
  const env = cleanEnvironment({ HOME: home, S: join(home, ".local/state/cert-setup") });
  const script = `rm -rf "$HOME" && cp -a "$HOME.whole" "$HOME" && cd "$HOME"; ${line}`;
  const { status, stderr } = await run("/bin/sh", ["-ec", script], { env });
  expect([status, stderr]).toEqual([0, ""]);
}

describe("the private CA", () => {
  it.each<[string, string, RegExp, RegExp?]>([
    [
      "others can read its key",
      "chmod 644 $S/ca/*/ca.key",
      /others can read ca\.key \(mode 0644\)/,
      /^\$ chmod 600 \S+ca\.key$/m,
    ],
    ["the group can read its key", "chmod 640 $S/ca/*/ca.key", /mode 0640/, /^\$ chmod 600/m],
    ["its key is gone", "rm $S/ca/*/ca.key", /ca\.key is missing/],
    ["its key is a directory", "rm $S/ca/*/ca.key; mkdir $S/ca/$(ls $S/ca)/ca.key", /ca\.key/],
    ["its key is a pipe", "rm $S/ca/*/ca.key; mkfifo $S/ca/$(ls $S/ca)/ca.key", /ca\.key/],
    ["its key is a link", "cd $S/ca/*; mv ca.key k; ln -s k ca.key", /ca\.key/],
    ["its key is empty", ": > $(echo $S/ca/*/ca.key)", /cannot sign: ca\.key/],
    ["its key is garbage", "echo garbage > $(echo $S/ca/*/ca.key)", /cannot sign: ca\.key/],
    ["its key is cut", "k=$(echo $S/ca/*/ca.key); head -3 $k > t; cat t > $k; rm t", /cannot sign: ca\.key/],
    ["its certificate is gone", "rm $S/ca/*/ca.crt", /ca\.crt is missing/],
    ["its certificate is empty", ": > $(echo $S/ca/*/ca.crt)", /ca\.crt/],
    ["its certificate is garbage", "echo garbage > $(echo $S/ca/*/ca.crt)", /\/ca\/[0-9a-f]{8} cannot be used/],
    [
      "its certificate is cut",
      "c=$(echo $S/ca/*/ca.crt); head -4 $c > t; cat t > $c; rm t",
      /\/ca\/[0-9a-f]{8} cannot be used/,
    ],
    ["its certificate is the server's", "cp .minio/certs/public.crt $(echo $S/ca/*/ca.crt)", /not a CA/],
  ])("%s", async (_, line, message, hint) => {
    await brokenBy(line);
    const before = treeOf(home);
    expectRefusal(await certSetup([...host, "--force"], { home }), { status: 3, message, ...(hint && { hint }) });
    expect(treeOf(home)).toEqual(before);
  });

  withPrograms("openssl")("with openssl", () => {
    it("its key is another CA's", async () => {
      await brokenBy(
        `${program("openssl")} genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k; cat k > $(echo $S/ca/*/ca.key); rm k`,
      );
      const before = treeOf(home);
      const message = /ca\.key is not the key of ca\.crt/;
      expectRefusal(await certSetup([...host, "--force"], { home }), { status: 3, message });
      expect(treeOf(home)).toEqual(before);
    });
  });
});

describe("the record", () => {
  it.each([
    ["garbage", "echo garbage", host],
    ["empty", ":", ["status"]],
    ["null", "echo null", ["rollback"]],
    ["of no version", "echo {}", ["status"]],
    ["of another version", `echo '{"version":2}'`, host],
    ["without an owner", `echo '{"version":1,"name":"x","target":{"certsDir":"/x"}}'`, ["status"]],
  ])("%s", async (_, line, args) => {
    await brokenBy(`${line} > $S/installations/minio.example.net.json`);
    const before = treeOf(home);
    const message = /installations\/minio\.example\.net\.json/;
    expectRefusal(await certSetup(args, { home }), { status: 3, message, hint: /\$ mv/ });
    expect(treeOf(home)).toEqual(before);
  });

  it("without the source", async () => {
    await brokenBy(
      `echo '{"version":1,"name":"x","target":{"certsDir":"'$HOME'/.minio/certs","owner":{"uid":0,"gid":0}}}' > $S/installations/minio.example.net.json`,
    );
    const message = /installations\/minio\.example\.net\.json/;
    expectRefusal(await certSetup(["status"], { home }), { status: 3, message });
  });
});

describe("the pair", () => {
  it.each<[string, string, RegExp]>([
    ["no key", "rm .minio/certs/private.key", /public\.crt is there, private\.key is not/],
    ["no certificate", "rm .minio/certs/public.crt", /private\.key is there, public\.crt is not/],
    ["a key that leads nowhere", "rm .minio/certs/..data/private.key", /private\.key/],
    ["a certificate that is garbage", "echo x > .minio/certs/..data/public.crt", /public\.crt/],
    [
      "a key with something behind it",
      "cat .minio/certs/public.crt >> .minio/certs/..data/private.key",
      /private\.key/,
    ],
    ["a key that is a pipe", "cd .minio/certs/..data; rm private.key; mkfifo private.key", /private\.key/],
    ["a key that is a directory", "cd .minio/certs; rm private.key; mkdir private.key", /private\.key/],
  ])("%s", async (_, line, message) => {
    await brokenBy(line);
    const before = treeOf(home);
    expectRefusal(await certSetup(host, { home }), { status: 3, message, hint: /--force/ });
    expect(treeOf(home)).toEqual(before);
  });
});

asRoot("as root", () => {
  it.each<[string, number, string, RegExp, RegExp?]>([
    [
      "a directory that others can write to",
      77,
      "mkdir -m 777 open",
      /open: others can write to it \(mode 0777\)/,
      /^\$ chmod go-w/m,
    ],
    [
      "such a directory with a quote",
      77,
      `mkdir -m 777 "open's"; ln -s "open's" open`,
      /others can write/,
      /^\$ chmod go-w/m,
    ],
    ["an owner that is not the directory's", 77, "mkdir open; chown 1501 open", /belongs to uid 1501/, /--owner 1501/],
  ])("%s", async (_, status, line, message, hint) => {
    await brokenBy(line);
    const before = treeOf(home);
    const args = [...host, "--certs-dir", join(home, "open/certs"), "--owner", "1500:1500"];
    expectRefusal(await certSetup(args, { home }), { status, message, ...(hint && { hint }) });
    expect(treeOf(home)).toEqual(before);
  });
});

asRoot("as uid 1500", () => {
  const ids = { uid: 1500, gid: 1500 };

  /** A home of its own below a directory that it can enter. */
  function ownHome(): string {
    const top = temporaryDirectory(0o755);
    const path = join(top, "home");
    mkdirSync(path);
    chownSync(path, 1500, 1500);
    return path;
  }

  it.each<[string, string[], number, RegExp, RegExp?]>([
    [
      "a certs directory of root",
      ["--certs-dir", "../root/certs"],
      73,
      /cannot write to .*\/root\/certs: permission denied/,
      /^\$ ls -ld/m,
    ],
    ["a certs directory that root has closed", ["--certs-dir", "../closed/certs"], 73, /closed.*permission denied/],
    [
      "a state directory of root",
      ["--state-dir", "../root/state"],
      73,
      /root\/state.*permission denied/,
      /^\$ ls -ld/m,
    ],
    ["a state directory that root has closed", ["--state-dir", "../closed/state"], 73, /closed.*permission denied/],
    ["files for root", ["--owner", "0"], 77, /only root can give files to root/, /root/],
    ["files for another group", ["--owner", "1500:0"], 77, /only root can give files/],
  ])("%s", async (_, more, status, message, hint) => {
    const own = ownHome();
    for (const [name, mode] of [
      ["root", 0o755],
      ["closed", 0o700],
    ] as const)
      mkdirSync(join(own, "..", name), { mode });
    writeFileSync(join(own, "..", "root", "file"), "");
    const before = treeOf(join(own, ".."));
    const finished = await certSetup([...host, ...more], { home: own, cwd: own, ...ids });
    expectRefusal(finished, { status, message, ...(hint && { hint }) });
    expect(treeOf(join(own, ".."))).toEqual(before);
  });
});

const canMount =
  hasProgram("unshare") && (await run(program("unshare"), ["-m", "mount", "-t", "tmpfs", "none", "/mnt"])).status === 0;

withCondition(
  canMount,
  "a read-only mount",
  "mounts are not allowed here",
)("on a read-only file system", () => {
  it.each(["--certs-dir", "--state-dir"])("%s", async (option) => {
    const home = temporaryDirectory();
    mkdirSync(join(home, "ro"));
    const script = 'mount -t tmpfs none ro && mount -o remount,ro ro && exec "$0" "$@"';
    const command = [process.execPath, join(root, "bin", "cert-setup.js"), ...host, option, join(home, "ro", "x")];
    const env = cleanEnvironment({ HOME: home });
    const finished = await run(program("unshare"), ["-m", "/bin/sh", "-c", script, ...command], { cwd: home, env });
    const hint = option === "--certs-dir" ? /remount it writable/ : /--state-dir/;
    expectRefusal(finished, { status: 73, message: /\/ro\b.*read-only/, hint });
    expect(existsSync(join(home, ".local"))).toBe(false);
  });
});
