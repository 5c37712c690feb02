/** Joins the rooms: parse, run, report. Everything a user can cause ends as a message and an exit status, never a stack. */
import type { PatientWatcher } from "./carry-out.ts";
import { isCommand } from "./cli/commands/index.ts";
import { parse } from "./cli/parse.ts";
import { truth } from "./cli/values.ts";
import { CertSetupError, exitStatus, unknownChange } from "./model/errors.ts";
import type { GenerateCertRequest } from "./model/generate-cert.ts";
import type { Invocation, Manner } from "./model/request.ts";
import { printable } from "./model/text.ts";
import type { World } from "./model/world.ts";
import { errorText, warningText } from "./report/errors.ts";
import { paintFor } from "./report/paint.ts";

export async function main(argv: readonly string[], world: World): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = await parse(argv, { env: world.env, cwd: world.cwd });
  } catch (error) {
    const command = argv.find(isCommand) ?? "generate";
    return fail(error, world, { json: asksForJson(argv, world), command, color: null });
  }
  if (invocation.kind === "text") {
    world.stdout.write(invocation.text);
    return exitStatus.done;
  }
  const { request, manner } = invocation;
  try {
    if (invocation.kind === "generate-cert") return await generateCert(invocation.request, manner, world);
    const { carryOut } = await import("./carry-out.ts");
    return await carryOut(invocation.request, manner, world, watcherFor(manner, world));
  } catch (error) {
    return fail(error, world, { ...manner, command: request.command });
  }
}

async function generateCert(request: GenerateCertRequest, manner: Manner, world: World): Promise<number> {
  const { runGenerateCert } = await import("./run-generate-cert.ts");
  const outcome = await runGenerateCert(request, manner, world, watcherFor(manner, world));
  if (manner.json) {
    const { jsonReport } = await import("./report/json.ts");
    world.stdout.write(jsonReport(outcome));
    return outcome.exitStatus;
  }
  const paint = await paintFor(world.stderr, world, manner.color);
  for (const note of outcome.warnings) world.stderr.write(warningText(note, paint));
  if (manner.quiet) return outcome.exitStatus;
  const { planText, wroteLines } = await import("./report/generate-cert.ts");
  if (outcome.kind === "applied") world.stderr.write(wroteLines(outcome, world.now()));
  else world.stdout.write(planText(outcome, request.directory, await paintFor(world.stdout, world, manner.color)));
  return outcome.exitStatus;
}

/** Of a command line that cannot be read: the last word about it, else the variable. */
function asksForJson(argv: readonly string[], world: World): boolean {
  const word = argv.findLast((candidate) => /^--?json(?:=|$)/.test(candidate));
  if (word === undefined) return truth(world.env["CERT_SETUP_JSON"] ?? "") === true;
  return truth(word.replace(/^[^=]*=?/, "")) !== false;
}

/** One line for a wait of over a second: rewritten on a terminal, said once elsewhere. */
function watcherFor(manner: Manner, world: World): PatientWatcher {
  let said = "";
  const rewrites = world.stderr.isTerminal && world.env["TERM"] !== "dumb";
  return {
    interrupted: () => world.interrupted(),
    waiting(what, seconds, bound) {
      if (manner.quiet || manner.json) return;
      if (rewrites)
        world.stderr.write(`\r\u001b[Kwaiting ${seconds} of at most ${bound} s for ${printable(what, 200)}`);
      else if (said !== what) world.stderr.write(`waiting at most ${bound} s for ${printable(what, 200)}\n`);
      said = what;
    },
    done() {
      if (rewrites && said !== "") world.stderr.write("\r\u001b[K");
    },
  };
}

async function fail(
  error: unknown,
  world: World,
  manner: { json: boolean; command: string; color: boolean | null },
): Promise<number> {
  if (!(error instanceof CertSetupError)) {
    if (manner.json) await unexpected(error, world, manner.command);
    throw error;
  }
  const known = error.withHint();
  if (manner.json) {
    const { jsonError } = await import("./report/json.ts");
    world.stdout.write(jsonError(manner.command, known));
  }
  world.stderr.write(errorText(known, await paintFor(world.stderr, world, manner.color)));
  return known.exitStatus;
}

/** A bug, for a program that reads: one object all the same. The stack is on standard error. */
async function unexpected(error: unknown, world: World, command: string): Promise<void> {
  const { jsonError } = await import("./report/json.ts");
  const message = error instanceof Error ? error.message : String(error);
  world.stdout.write(
    jsonError(command, new CertSetupError("unexpected", message, { changed: unknownChange }).withHint()),
  );
}
