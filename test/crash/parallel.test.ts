// Many runs at once in the same directories, and one that is killed while it holds them.

import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { certSetup, temporaryDirectory } from "../helpers/run.ts";
import { self } from "../helpers/strace.ts";
import { judge, judgeRest } from "./judge.ts";

const many = 40;
const install = ["--host", "many.example"];

function place(): { home: string; certsDir: string; stateDir: string; env: Record<string, string> } {
  const home = join(temporaryDirectory(), "home");
  mkdirSync(home);
  const [certsDir, stateDir] = [join(home, ".minio/certs"), join(home, ".local/state/cert-setup")];
  return { home, certsDir, stateDir, env: cleanEnvironment({ HOME: home }) };
}

interface Report {
  status: number;
  changed: boolean;
  certificate: { sha256: string } | null;
  errors: { code: string }[];
}

async function atOnce(args: string[], env: Record<string, string>): Promise<Report[]> {
  const runs = Array.from({ length: many }, () => certSetup([...args, "--json"], { env, timeout: 150_000 }));
  return (await Promise.all(runs)).map(({ status, stdout }) => ({
    ...(JSON.parse(stdout) as Report),
    status: status ?? -1,
  }));
}

describe(`${many} runs at once`, { timeout: 300_000 }, () => {
  it.each(process.env["CI"] === "true" ? [1, 2, 3] : [1])("install once, then renew in turn (round %i)", async () => {
    const where = place();
    const first = await atOnce(install, where.env);
    // "busy" is for a machine so slow that some wait for more than a minute. Two that overlapped would meet what they did
    // not expect, and say "changed-meanwhile".
    const odd = (reports: Report[]) =>
      reports.filter(({ status, errors }) => status !== 0 && !(status === 75 && errors[0]?.code === "busy"));
    expect(odd(first)).toEqual([]);
    expect(first.filter(({ changed }) => changed).length).toBe(1);
    expect(judgeRest(where)).toEqual([]);

    const renewed = await atOnce([...install, "--force"], where.env);
    expect(odd(renewed)).toEqual([]);
    const leaves = new Set(renewed.map(({ certificate }) => certificate?.sha256));
    leaves.delete(undefined);
    expect(leaves.size).toBe(renewed.filter(({ status }) => status === 0).length);
    expect(leaves).toContain(judge(where.home, where.certsDir).leaf);
    expect(judgeRest(where)).toEqual([]);
  });

  it("with state directories of their own, in one certs directory: each is the last, or says 75", async () => {
    const where = place();
    const runs = Array.from({ length: 10 }, (_, number) =>
      certSetup([...install, "--self-signed", "--force", "--json", "--state-dir", `${where.stateDir}-${number}`], {
        env: where.env,
        timeout: 150_000,
      }),
    );
    const reports = (await Promise.all(runs)).map(
      ({ status, stdout }) => ({ status, ...(JSON.parse(stdout) as object) }) as Report,
    );
    for (const { status, errors } of reports) {
      expect(["0 ", "75 changed-meanwhile"]).toContain(`${status} ${errors.map(({ code }) => code).join()}`);
    }
    const { leaf, problems } = judge(where.home, where.certsDir);
    expect(problems).toEqual([]);
    expect(reports.filter(({ status }) => status === 0).map(({ certificate }) => certificate?.sha256)).toContain(leaf);
    expect(readdirSync(where.certsDir).filter((name) => /^\.\.(tmp|lock)/.test(name))).toEqual([]);
  });
});

withPrograms("strace")("a holder that is killed", () => {
  const started: ReturnType<typeof spawn>[] = [];
  afterAll(() => started.forEach((child) => child.kill("SIGKILL")));

  it("does not make the next one wait", async () => {
    const where = place();
    expect((await certSetup(install, { env: where.env })).status).toBe(0);
    // stops for ten minutes where it holds both locks
    const slow = ["-f", "-qqq", "-o", "/dev/null", "-e", "trace=fsync", "--inject=fsync:delay_enter=600000000:when=1"];
    const holder = spawn(program("strace"), [...slow, ...self, ...install, "--force"], {
      env: where.env,
      stdio: "ignore",
    });
    started.push(holder);
    const lock = join(where.certsDir, "..lock");
    const pid = await eventually(() => Number(readlinkSync(lock).split(".")[0]));
    const next = certSetup(install, { env: where.env, timeout: 50_000 });
    // it waits while the holder lives
    expect(await Promise.race([next.then(() => "done"), later(1500).then(() => "waits")])).toBe("waits");
    process.kill(pid, "SIGKILL");
    holder.kill("SIGKILL"); // strace 6.1 keeps what it delays from ending
    const began = Date.now();
    expect((await next).status).toBe(0);
    // far below the 60 s that it waits for one that lives
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(judgeRest(where)).toEqual([]);
    expect(readFileSync(join(where.certsDir, "public.crt"), "utf8")).toContain("BEGIN CERTIFICATE");
  });
});

function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function eventually<T>(look: () => T): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return look();
    } catch (error) {
      if (tries > 400) throw error;
      await later(50);
    }
  }
}
