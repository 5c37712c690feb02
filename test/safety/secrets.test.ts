// No key leaves its file: not by the terminal, not by a command line that everybody can read, not by another file.

import { createPrivateKey } from "node:crypto";
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cleanEnvironment, withCondition, withPrograms } from "../helpers/programs.ts";
import { temporaryDirectory } from "../helpers/run.ts";
import { filesBelow } from "../helpers/snapshot.ts";
import { trace, type Traced } from "../helpers/strace.ts";

const loud = ["--verbose", "--json"];
const install = ["--host", "secrets.example", ...loud];

/** A key in every form in which it could get out, by the file that holds it. */
function needlesIn(top: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of filesBelow(top)) {
    const pem = readFileSync(path, "latin1");
    if (!pem.includes("PRIVATE KEY-----")) continue;
    const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
    const scalar = Buffer.from(d, "base64url");
    const hex = scalar.toString("hex");
    const lines = pem.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));
    const forms = [d, scalar.toString("base64").slice(0, -4), hex, hex.toUpperCase(), hex.replace(/..\B/g, "$&:")];
    // The first line of a PKCS #8 block begins with what all of them begin with.
    found.set(path, [...forms, ...lines.map((line) => line.slice(-40))]);
  }
  return found;
}

/** What a run says and starts; with `-v` and long strings, so that nothing is cut. */
function spoken({ stdout, stderr, calls }: Traced): string {
  return [stdout, stderr, ...calls.map(({ args }) => args)].join("\n");
}

async function expectNoLeak(top: string, env: Record<string, string>, runs: [string[], number, string?][]) {
  const needles = new Map<string, string[]>();
  const said: string[] = [];
  for (const [args, status, inject] of runs) {
    const names = ["execve", ...(inject === undefined ? [] : [inject.split(":")[0] ?? ""])];
    const traced = await trace(args, {
      env,
      strings: 200_000,
      trace: names,
      ...(inject === undefined ? {} : { inject }),
    });
    expect([args, traced.status, traced.stderr]).toEqual([args, status, traced.stderr]);
    said.push(spoken(traced));
    for (const [path, forms] of needlesIn(top)) needles.set(path, [...(needles.get(path) ?? []), ...forms]);
  }
  expect(needles.size).toBeGreaterThan(2);
  const all = [...needles.values()].flat();
  const leaks = said.flatMap((text, index) =>
    all.filter((form) => text.includes(form)).map((form) => `run ${index}: ${form}`),
  );
  for (const path of filesBelow(top)) {
    const text = readFileSync(path, "latin1");
    for (const [owner, forms] of needles) {
      // A generation that is kept for rollback is the same file; its own name is the one it has.
      if (owner !== path) leaks.push(...forms.filter((form) => text.includes(form)).map((form) => `${path}: ${form}`));
    }
  }
  expect(leaks).toEqual([]);
}

withPrograms("strace")("no key is seen outside of its file", () => {
  it("in one's own directory", async () => {
    const home = temporaryDirectory();
    await expectNoLeak(home, cleanEnvironment({ HOME: home }), [
      [install, 0],
      [[...install, "--force"], 0],
      [["rollback", ...loud], 0],
      [["status", ...loud], 0],
      [[...install, "--force"], 73, "fsync:error=EIO:when=2"],
      [[...install, "--force"], 73, "symlink:error=ENOSPC:when=3"],
      [["--host", "elsewhere.example", ...loud], 3],
    ]);
    writeFileSync(join(home, ".minio/certs/..data/public.crt"), "garbage\n");
    await expectNoLeak(home, cleanEnvironment({ HOME: home }), [
      [install, 3],
      [[...install, "--force"], 0],
    ]);
  });

  withCondition(
    process.getuid?.() === 0,
    "keys in another user's directory",
    "this does not run as root",
  )("as root", () => {
    it("in another user's directory, through the child", async () => {
      const top = temporaryDirectory(0o755);
      const [home, theirs] = [join(top, "root"), join(top, "theirs")];
      for (const path of [home, theirs]) mkdirSync(path);
      chownSync(theirs, 1500, 1500);
      const there = ["--certs-dir", join(theirs, ".minio/certs")];
      await expectNoLeak(top, cleanEnvironment({ HOME: home }), [
        [[...install, ...there], 0],
        [[...install, ...there, "--force"], 0],
        [["rollback", ...loud, ...there], 0],
        [[...install, ...there, "--force"], 73, "fsync:error=EIO:when=2"],
      ]);
    });
  });

  it("the search finds one that is shown", () => {
    const home = temporaryDirectory();
    const pem =
      "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\nOF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n";
    writeFileSync(join(home, "private.key"), pem);
    const forms = needlesIn(home).get(join(home, "private.key")) ?? [];
    expect(forms.filter((form) => pem.includes(form)).length).toBe(3);
    expect(forms.some((form) => "7af6732f581d005afcf216f6385ff63710 29".startsWith(form.slice(0, 34)))).toBe(true);
  });
});
