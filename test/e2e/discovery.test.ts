// Which directory is meant when nobody says so. In a PID namespace of its own, where no other MinIO of this machine is to be
// seen, with a user data base that gives root a home of this test.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { credentials, freePort, type Report } from "../helpers/minio.ts";
import { cleanEnvironment, hasProgram, program, withCondition, withPrograms } from "../helpers/programs.ts";
import { root, run, temporaryDirectory } from "../helpers/run.ts";

const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const possible = hasProgram("unshare") && spawnSync(program("unshare"), [...namespaces, "true"]).status === 0;

interface Machine {
  home: string;
  ports: string[];
}

/** An account whose home is empty. */
async function machine(): Promise<Machine> {
  const home = temporaryDirectory(0o755);
  writeFileSync(join(home, "passwd"), `root:x:0:0:root:${home}:/bin/sh\nuser:x:1500:1500::${home}:/bin/sh\n`);
  return { home, ports: [String(await freePort()), String(await freePort())] };
}

/** `start PORT ARGUMENTS…` starts a server in the namespace and waits until it answers in one way or the other. */
const start = `
start() {
  port=$1; shift
  $AS "$MINIO" server --address "127.0.0.1:$port" "$@" "$HOME/data-$port" >"$HOME/log-$port" 2>&1 &
  pid=$!
  for i in $(seq 300); do
    "$CURL" -sk "https://127.0.0.1:$port/" >/dev/null && return
    "$CURL" -s "http://127.0.0.1:$port/minio/health/live" >/dev/null && return
    sleep 0.1
  done
  cat "$HOME/log-$port" >&2; exit 99
}
setup() { "$NODE" "$PROGRAM" "$@" --json; }
`;

/** Runs lines of sh in the namespace; each line that cert-setup prints to stdout is of one report. All processes end with it. */
async function inNamespace({ home, ports }: Machine, script: string): Promise<{ reports: Report[]; stderr: string }> {
  const lines = `mount --bind "$HOME/passwd" /etc/passwd || exit 98\n${start}\n${script}\nexit 0`;
  const finished = await run(program("unshare"), [...namespaces, "/bin/sh", "-c", lines, "sh", ...ports], {
    env: cleanEnvironment({
      ...credentials,
      HOME: home,
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      NODE: process.execPath,
      PROGRAM: join(root, "bin", "cert-setup.js"),
      MINIO: program("minio"),
      CURL: program("curl"),
    }),
    timeout: 50_000,
  });
  expect(finished, finished.stderr).toMatchObject({ status: 0, signal: null });
  const reports = finished.stdout.split(/^(?=\{$)/m).map((text) => JSON.parse(text) as Report);
  return { reports, stderr: finished.stderr };
}

withPrograms(
  "minio",
  "curl",
  "unshare",
)("without --certs-dir", () => {
  withCondition(
    possible,
    "finding servers in a namespace of its own",
    "unshare is not permitted",
  )("", () => {
    test("the directory of the only server that runs", async () => {
      const at = await machine();
      const certs = join(at.home, "given");
      const { reports } = await inNamespace(
        at,
        `start $1 -S "$HOME/given"; first=$pid
         setup --host localhost
         kill $first; wait $first
         start $1 -S "$HOME/given"
         setup --host localhost --force
         setup status`,
      );
      expect(reports.map((report) => report.certsDir)).toEqual([certs, certs, certs]);
      expect(reports.map((report) => report.exitStatus)).toEqual([6, 0, 0]);
      expect(reports[0]).toMatchObject({ start: { reason: "restart" }, endpoint: { state: "plain-http" } });
      expect(reports[1]?.endpoint).toMatchObject({ state: "served", port: Number(at.ports[0]) });
      expect(existsSync(join(at.home, ".minio", "certs"))).toBe(false);
    });

    test("two servers with two directories: neither is taken, and both are named", async () => {
      const at = await machine();
      const { reports } = await inNamespace(
        at,
        `start $1 -S "$HOME/one"; one=$pid
         start $2 -S "$HOME/two"; two=$pid
         setup --host localhost
         setup --host localhost --certs-dir "$HOME/two"
         kill -0 $one && kill -0 $two || exit 97`,
      );
      const [error] = reports[0]?.errors ?? [];
      expect(reports[0]).toMatchObject({ exitStatus: 2, changed: false, errors: [{ code: "certs-dir-ambiguous" }] });
      const hint = error?.hint.join("\n") ?? "";
      for (const name of ["one", "two"]) expect(hint).toContain(`--certs-dir ${join(at.home, name)}`);
      expect(reports[1]).toMatchObject({ exitStatus: 6, certsDir: join(at.home, "two") });
      expect(readdirSync(join(at.home, "one"))).toEqual(["CAs"]);
    });

    test("two servers with one directory: both serve it", async () => {
      const at = await machine();
      const { reports } = await inNamespace(
        at,
        `setup --host localhost --certs-dir "$HOME/both"
         rm -r "$HOME/.local"
         start $1 -S "$HOME/both"
         start $2 -S "$HOME/both"
         setup --host localhost
         for port in $1 $2; do
           "$CURL" -fsS --cacert "$HOME"/.local/state/cert-setup/ca/*/ca.crt "https://localhost:$port/minio/health/live" || exit 97
         done`,
      );
      expect(reports[1]).toMatchObject({
        exitStatus: 0,
        certsDir: join(at.home, "both"),
        endpoint: { state: "served" },
      });
    });

    test("HOME, when it is there or not the home of the account, whatever runs", async () => {
      const at = await machine();
      const { reports } = await inNamespace(
        at,
        `start $1 -S "$HOME/given"
         mkdir "$HOME/other"
         HOME="$HOME/other" setup --host localhost
         mkdir -p "$HOME/.minio/certs"
         setup --host localhost`,
      );
      expect(reports.map((report) => report.exitStatus)).toEqual([0, 0]);
      expect(reports.map((report) => report.certsDir)).toEqual([
        join(at.home, "other", ".minio", "certs"),
        join(at.home, ".minio", "certs"),
      ]);
      expect(readdirSync(join(at.home, "given"))).toEqual(["CAs"]);
    });

    test("root does not follow another user's process to a directory that is not that user's", async () => {
      const at = await machine();
      mkdirSync(join(at.home, "trap", "CAs"), { recursive: true });
      const { reports } = await inNamespace(
        at,
        `cp "$MINIO" "$HOME/minio"; mkdir "$HOME/data-$1"; chown 1500:1500 "$HOME/data-$1"
         AS="setpriv --reuid=1500 --regid=1500 --clear-groups" MINIO="$HOME/minio"
         start $1 -S "$HOME/trap"
         setup --host localhost`,
      );
      expect(reports).toMatchObject([{ exitStatus: 0, certsDir: join(at.home, ".minio", "certs") }]);
      expect(readdirSync(join(at.home, "trap"))).toEqual(["CAs"]);
    });
  });
});
