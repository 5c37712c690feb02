// Mutated files: 0 crashes, 0 hangs; and whatever is accepted is loaded by Go, too. A longer run:
//   IMPORT_FUZZ=1000000 npx vitest run test/interop/import-fuzz.test.ts

import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { cleanEnvironment, program, withPrograms } from "../helpers/programs.ts";
import { run, root } from "../helpers/run.ts";
import { directory, file, issue, makeKey, makePki, openssl, path, text } from "./import-pki.ts";

const count = Number(process.env["IMPORT_FUZZ"] ?? 20_000);
const seed = Number(process.env["IMPORT_FUZZ_SEED"] ?? 20261124);
const minutes = 60_000;

withPrograms("openssl", "go")("mutated files", { timeout: 5 * minutes + count * 20 }, () => {
  beforeAll(async () => {
    await makePki(["p256", "rsa", "ed25519"]);
    mkdirSync(path("seeds"));
    const put = (from: string, to: string): void => copyFileSync(path(from), path(`seeds/${to}`));
    put("p256.key", "plain.key");
    put("p256.crt", "leaf.crt");
    file("seeds/chain.crt", text("p256.crt") + text("int.crt") + text("root.crt"));
    for (const kind of ["rsa", "ed25519"])
      file(`seeds/both-${kind}.pem`, text(`${kind}.crt`) + text(`${kind}.key`) + text("int.crt"));
    await openssl("x509", "-in", "p256.crt", "-outform", "DER", "-out", "seeds/leaf.der");
    await openssl("ec", "-in", "p256.key", "-out", "seeds/sec1.key");
    await openssl(
      "pkcs8",
      "-topk8",
      "-v2",
      "aes256",
      "-in",
      "p256.key",
      "-out",
      "seeds/pbes2.key",
      "-passout",
      "pass:right",
    );
    await openssl(
      "pkcs8",
      "-topk8",
      "-scrypt",
      "-in",
      "p256.key",
      "-out",
      "seeds/scrypt.key",
      "-passout",
      "pass:right",
    );
    await openssl(
      "pkey",
      "-traditional",
      "-aes256",
      "-in",
      "p256.key",
      "-out",
      "seeds/dek.key",
      "-passout",
      "pass:right",
    );
    await makeKey("rsa", "self.key");
    await issue({ name: "self", key: "self.key" });
    file("seeds/both-self.pem", text("self.crt") + text("self.key"));
    for (const [name, options] of Object.entries({
      modern: [],
      legacy: ["-legacy"],
      clear: ["-certpbe", "NONE", "-keypbe", "NONE", "-nomac"],
    })) {
      await openssl(
        "pkcs12",
        "-export",
        "-in",
        "p256.crt",
        "-inkey",
        "p256.key",
        "-out",
        `seeds/${name}.p12`,
        "-passout",
        "pass:right",
        "-iter",
        "1",
        "-nomaciter",
        ...options,
      );
    }
  }, 2 * minutes);

  it(`${count} of them, seed ${seed}`, async () => {
    const entry = join(root, "test/interop/import-fuzz-main.ts");
    const outfile = path("fuzz.cjs");
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      logLevel: "error",
      define: { "import.meta.dirname": "__dirname" },
    });
    const args = [outfile, path("seeds"), String(seed), String(count), String(Date.now() + 60_000)];
    const { status, stdout, stderr } = await run(process.execPath, args, { timeout: 3 * minutes + count * 20 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { tally, slowest } = JSON.parse(stdout) as { tally: Record<string, number>; slowest: number };
    expect(slowest).toBeLessThan(15_000);
    expect(Object.keys(tally).sort()).toEqual(["accepted", "import-invalid", "passphrase-wrong"]);
    // Neither do all of them fail at the first octet, nor are they harmless.
    expect(tally["accepted"]).toBeGreaterThan(count / 200);
    expect(tally["import-invalid"]).toBeGreaterThan(count / 4);
    expect(tally["passphrase-wrong"]).toBeGreaterThan(count / 200);

    const pairs = readdirSync(path("seeds/accepted")).filter((name) => name.endsWith(".crt"));
    const lines = pairs.map(
      (name) => `${path(`seeds/accepted/${name}`)}\t${path(`seeds/accepted/${name.replace(/crt$/, "key")}`)}\n`,
    );
    const env = cleanEnvironment({ HOME: homedir(), GOFLAGS: "", GOPROXY: "off" });
    const loader = join(root, "test/interop/import-load.go");
    const go = await run(program("go"), ["run", loader], {
      env,
      input: lines.join(""),
      timeout: 3 * minutes,
      cwd: directory,
    });
    const answers = go.stdout.trimEnd().split("\n");
    expect(answers.length, go.stderr).toBe(pairs.length);
    expect(answers.map((answer, at) => `${pairs[at]}: ${answer}`).filter((answer) => !answer.endsWith(": ok"))).toEqual(
      [],
    );
  });
});
