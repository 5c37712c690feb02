// `npm test [-- ARGUMENTS OF VITEST]`: dependencies, build, the real programs, then the tests. The last line counts them.
// A program that cannot be had is said at the end; with CI=true that fails, because there every test has to run.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installPrograms } from "../test/programs/install.js";
import { buildIfNeeded } from "./build-if-needed.js";
import { installDependencies } from "./dependencies.js";
import { root } from "./stamp.js";

/** Runs vitest with its output as it comes. `report`: where its JSON goes. */
function runVitest(report, notRun, args) {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...reporters, ...args], {
    cwd: root,
    env: { ...process.env, CERT_SETUP_NOT_RUN: notRun },
    stdio: "inherit",
  });
  return new Promise((resolve) => child.on("close", (status) => resolve(status ?? 1)));
}

/** A test file that fails before its first test counts as one failure. */
function count(report) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((it) => it.status !== "failed"),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length, skipped: numPendingTests + numTodoTests };
}

function readNotRun(list) {
  const lines = readFileSync(list, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

async function main(args) {
  installDependencies();
  buildIfNeeded();
  const missing = installPrograms();

  const scratch = mkdtempSync(join(tmpdir(), "cert-setup-test-run-"));
  const report = join(scratch, "report.json");
  const notRun = join(scratch, "not-run");
  writeFileSync(notRun, "");
  try {
    const status = await runVitest(report, notRun, args);
    const reasons = new Map();
    for (const { name, reason } of [...readNotRun(notRun), ...missing]) reasons.set(name, reason);
    for (const [name, reason] of reasons) console.log(`not run here: ${name}, because ${reason}`);
    const incomplete = process.env.CI === "true" && reasons.size > 0;
    let counted = { passed: 0, failed: 1, skipped: 0 };
    try {
      counted = count(report);
    } catch {
      // vitest did not come to its end
    }
    const { passed, failed, skipped } = counted;
    if (status !== 0 || failed > 0 || incomplete) process.exitCode = 1;
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
