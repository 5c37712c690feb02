import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { expandCommand, readEnvironmentFile, readServiceSection, splitWords } from "../../src/live/unit-file.ts";
import { findUnit } from "../../src/live/units.ts";
import { temporaryDirectory } from "../helpers/run.ts";

function tree(files: Record<string, string>): string {
  const root = temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const etc = "etc/systemd/system/minio.service";
const passwd = { "etc/passwd": "minio-user:x:991:991::/home/minio-user:/bin/false\nroot:x:0:0::/root:/bin/sh\n" };
/** As github.com/minio/minio-service has it. */
const official = `[Unit]
Description=MinIO
After=network-online.target

[Service]
Type=notify
WorkingDirectory=/usr/local
User=minio-user
Group=minio-user
ProtectProc=invisible
EnvironmentFile=-/etc/default/minio
ExecStart=/usr/local/bin/minio server $MINIO_OPTS $MINIO_VOLUMES
Restart=always

[Install]
WantedBy=multi-user.target
`;

describe("findUnit", () => {
  test("the official unit with its environment file", () => {
    const options =
      '# options\nMINIO_VOLUMES="/mnt/d{1...4}"\nMINIO_OPTS="--certs-dir /etc/minio/certs --address :443"\n';
    const root = tree({ [etc]: official, "etc/default/minio": options, ...passwd });
    expect(findUnit(root)).toEqual({
      name: "minio.service",
      user: "minio-user",
      group: "minio-user",
      certsDir: "/etc/minio/certs",
      certsDirGiven: true,
      address: ":443",
      environmentFiles: ["/etc/default/minio"],
      unreadable: [],
      path: join(root, etc),
      execStart: [
        "/usr/local/bin/minio",
        "server",
        "--certs-dir",
        "/etc/minio/certs",
        "--address",
        ":443",
        "/mnt/d{1...4}",
      ],
    });
  });

  test.each<[string, Record<string, string>, object | null]>([
    ["nothing installed", {}, null],
    [
      "the default below the home of its user",
      { [etc]: official },
      { certsDir: "/home/minio-user/.minio/certs", certsDirGiven: false },
    ],
    [
      "without User= it is root",
      { [etc]: official.replace("User=minio-user", "") },
      { user: null, certsDir: "/root/.minio/certs" },
    ],
    [
      "a user that is not there",
      { [etc]: official.replace("User=minio-user", "User=gone") },
      { user: "gone", certsDir: null },
    ],
    ["in ExecStart", { [etc]: official.replace("server", "server -S=/opt/c") }, { certsDir: "/opt/c" }],
    [
      "relative to WorkingDirectory",
      { [etc]: official.replace("server", "server -S c") },
      { certsDir: "/usr/local/c" },
    ],
    [
      "${NAME}",
      { [etc]: official.replace("server", "server -S ${C}"), "etc/default/minio": "C=/o p\n" },
      { certsDir: "/o p" },
    ],
    [
      "a drop-in",
      {
        [etc]: official,
        [`${etc}.d/x.conf`]: "[Service]\nUser=other\nExecStart=\nExecStart=/bin/minio server -S /x /d",
      },
      { user: "other", certsDir: "/x" },
    ],
    [
      "drop-ins in the order of their names",
      { [etc]: official, [`${etc}.d/2.conf`]: "[Service]\nUser=two", [`${etc}.d/1.conf`]: "[Service]\nUser=one" },
      { user: "two" },
    ],
    [
      "a drop-in below /usr/lib, hidden by one in /etc",
      {
        [etc]: official,
        [`${etc}.d/1.conf`]: "[Service]\nUser=etc",
        "usr/lib/systemd/system/minio.service.d/1.conf": "[Service]\nUser=lib",
      },
      { user: "etc" },
    ],
    [
      "/etc before /usr/lib",
      { "usr/lib/systemd/system/minio.service": official, [etc]: official.replace("User=minio-user", "User=etc") },
      { user: "etc" },
    ],
    ["only in /usr/lib", { "usr/lib/systemd/system/minio.service": official }, { user: "minio-user" }],
    ["Environment=", { [etc]: `${official}[Service]\nEnvironment="MINIO_OPTS=-S '/e f'" B=2` }, { certsDir: "/e f" }],
    [
      "EnvironmentFile= wins over Environment=",
      { [etc]: `${official}[Service]\nEnvironment="MINIO_OPTS=-S /e"`, "etc/default/minio": "MINIO_OPTS=-S /f" },
      { certsDir: "/f" },
    ],
    [
      "MINIO_CONFIG",
      {
        [etc]: official,
        "etc/default/minio": "MINIO_CONFIG=/etc/m.yaml",
        "etc/m.yaml": "certs-dir: /y\naddress: :1\n",
      },
      { certsDir: "/y", address: ":1" },
    ],
    ["another program", { [etc]: official.replace("server", "gateway") }, null],
    ["silo", { "etc/systemd/system/silo.service": official }, { name: "silo.service" }],
    [
      "a directory instead of an environment file",
      { [etc]: official, "etc/default/minio/x": "" },
      { certsDir: null, unreadable: ["/etc/default/minio"] },
    ],
  ])("%s", (_, files, expected) => {
    expect({ unit: findUnit(tree({ ...passwd, ...files })) }).toMatchObject({ unit: expected });
  });

  test("a masked unit hides the installed one", () => {
    const root = tree({ ...passwd, "usr/lib/systemd/system/minio.service": official, "etc/systemd/system/x": "" });
    expect(findUnit(root)).not.toBeNull();
    symlinkSync("/dev/null", join(root, etc));
    expect(findUnit(root)).toBeNull();
  });
});

describe("environment files, as systemd reads them", () => {
  test.each<[string, Record<string, string>]>([
    ["A=b", { A: "b" }],
    ["A=b c  ", { A: "b c" }],
    ["  A = b", { A: "b" }],
    ['A="b c"', { A: "b c" }],
    ["A='b c'  ", { A: "b c" }],
    ["A='b'\"c\"", { A: "bc" }],
    ["A=b'c'", { A: "b'c'" }],
    ['A="b\\"c\\$d\\e"', { A: 'b"c$d\\e' }],
    ["A='b\\c'", { A: "b\\c" }],
    ["A=b\\c", { A: "bc" }],
    ["A=b\\\nc\nB=d", { A: "bc", B: "d" }],
    ['A="b\nc"\nB=d', { A: "b\nc", B: "d" }],
    ["# A=b\n;B=c\n\nC=d # e", { C: "d # e" }],
    ["A=\nB=c", { A: "", B: "c" }],
    ["A=1\nA=2", { A: "2" }],
    ["no assignment\nA=b", { A: "b" }],
    ["__proto__=x", Object.fromEntries([["__proto__", "x"]])],
  ])("%j", (text, expected) => expect({ ...readEnvironmentFile(text) }).toEqual(expected));
});

test.each<[string, string[]]>([
  ["a  b\tc", ["a", "b", "c"]],
  [`a "b c" 'd e'`, ["a", "b c", "d e"]],
  [`--x="b c"`, ["--x=b c"]],
  ["a\\ b", ["a b"]],
  [`"" ''`, ["", ""]],
  ["", []],
])("splitWords(%j)", (text, words) => expect(splitWords(text)).toEqual(words));

test.each<[string, string[]]>([
  ["/m server $A /d", ["/m", "server", "1", "2 3", "/d"]],
  ["/m x$A", ["/m", "x$A"]],
  ["/m ${A}", ["/m", `1 "2 3"`]],
  ["/m $NO ${NO}x $$A", ["/m", "x", "$A"]],
  ["-+/m $A", ["/m", "1", "2 3"]],
  ["@/m minio server", ["/m", "server"]],
  [":/m $A", ["/m", "$A"]],
])("expandCommand(%j)", (line, words) => expect(expandCommand(line, { A: `1 "2 3"` })).toEqual(words));

test("continued lines, comments and other sections", () => {
  const text = "[Unit]\nUser=a\n[Service]\nExecStart=/m \\\n# no\n  server\\\n /d\n; no\nUser = b\n[Install]\nUser=c\n";
  expect(readServiceSection(text)).toEqual([
    ["ExecStart", "/m  server /d"],
    ["User", "b"],
  ]);
});
