// The lines that are printed for clients, run exactly as printed: after them each client trusts the server, before them none.

import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { credentials, environmentFor, freePort, ready, startMinio, stopServers } from "../helpers/minio.ts";
import { withPrograms } from "../helpers/programs.ts";
import { certSetup, type Finished, run, temporaryDirectory } from "../helpers/run.ts";

afterEach(stopServers);

const { MINIO_ROOT_USER: user, MINIO_ROOT_PASSWORD: password } = credentials;

interface Clients {
  /** The printed lines. */
  lines: { curl: string; aws: string; mc: string };
  /** Runs them as a person would. */
  sh(command: string): Promise<Finished>;
  url: string;
}

/** A server with what cert-setup has installed, and what it printed for clients. */
async function clients(options: string[]): Promise<Clients> {
  const home = temporaryDirectory();
  const port = await freePort();
  const place = ["--host", "localhost", "--address", `127.0.0.1:${port}`];
  const { status, stdout } = await certSetup([...place, ...options], { home, cwd: home });
  expect(status).toBe(0);
  const given = options.includes("--certs-dir") ? { certsDir: join(home, options.at(-1) ?? "") } : {};
  await startMinio({ home, port, ...given });
  await ready(port);

  const line = (pattern: RegExp): string => stdout.split("\n").find((text) => pattern.test(text)) ?? "false";
  const env = { ...environmentFor(home), MC_HOST_here: `https://${user}:${password}@localhost:${port}` };
  return {
    lines: { curl: line(/^ +curl /), aws: line(/\baws /), mc: line(/\.mc\/certs/) },
    sh: (command) => run("/bin/sh", ["-c", command], { env, cwd: home, timeout: 60_000 }),
    url: `https://localhost:${port}`,
  };
}

/** What went wrong; empty when all went well. */
function problems(finished: Finished[]): string[] {
  return finished.flatMap(({ status, stdout, stderr }) => (status === 0 ? [] : [`${status} ${stdout}${stderr}`]));
}

withPrograms(
  "minio",
  "mc",
  "aws",
  "curl",
)("curl, aws and mc", () => {
  test.each([
    ["a private CA", []],
    ["a self-signed certificate", ["--self-signed"]],
    ["a CA below a path that sh would split", ["--state-dir", "$HOME 'of' \"them\"", "--certs-dir", "certs; of them"]],
  ])("trust %s by the printed lines", { timeout: 120_000 }, async (_, options) => {
    const { lines, sh } = await clients(options);
    expect(problems(await Promise.all([sh(lines.curl), sh(lines.aws), sh(lines.mc)]))).toEqual([]);
    expect(problems([await sh("mc ls here")])).toEqual([]);
  });

  test("refuse the server before, and store and fetch objects after", { timeout: 180_000 }, async () => {
    const { lines, sh, url } = await clients([]);
    const [curl, aws, mc] = await Promise.all([
      sh(`curl -sS ${url}/minio/health/live`),
      sh(`aws --endpoint-url ${url} s3 ls`),
      sh("mc ls here"),
    ]);
    expect([curl.status, aws.status, mc.status]).not.toContain(0);
    expect(curl.stderr).toContain("SSL certificate problem");
    expect(aws.stderr).toMatch(/SSL validation failed|CERTIFICATE_VERIFY_FAILED/);
    expect(mc.stderr).toContain("x509: certificate signed by unknown authority");

    expect(problems([await sh(`${lines.curl} -fsS`), await sh(lines.mc)])).toEqual([]);
    const copy = (paths: string): Promise<Finished> => sh(lines.aws.replace(/ls$/, `cp ${paths}`));
    expect(
      problems([await sh("printf content > object && mc mb here/bucket && mc cp object here/bucket/by-mc")]),
    ).toEqual([]);
    expect(problems(await Promise.all([copy("object s3://bucket/by-aws"), copy("s3://bucket/by-mc got")]))).toEqual([]);
    expect(await sh("cat got; mc cat here/bucket/by-aws")).toMatchObject({ status: 0, stdout: "contentcontent" });
    // what a person does with mc: the URL of the server once, then a short name for it
    expect(problems([await sh(`mc alias set again ${url} ${user} ${password} && mc admin info again`)])).toEqual([]);
  });
});
