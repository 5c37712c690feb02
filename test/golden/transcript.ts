// A scenario is a text file: lines that begin with `$ ` are run by sh(1) in a fresh home directory, and what follows is
// what they print. `# ` lines are for the reader. Output on standard error has `2> ` before it; `[exit N]` ends a step.
// `% minio` starts a real one with this home directory, `% minio plain` one that has no certificate yet; `% stop` ends it.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, hasProgram, program } from "../helpers/programs.ts";
import { freePort, type Minio, startMinio } from "../helpers/minio.ts";
import { root, run, temporaryDirectory } from "../helpers/run.ts";

/** The same scenario with what its commands really print, everything that differs from run to run replaced. */
export async function replay(scenario: string): Promise<string> {
  const top = temporaryDirectory(0o755);
  const home = join(top, "home");
  const bin = join(top, "bin");
  const path = `${bin}:${cleanEnvironment()["PATH"] ?? ""}`;
  const sh = async (line: string) =>
    run("/bin/sh", ["-c", line], { cwd: home, env: cleanEnvironment({ HOME: home, PATH: path, SHELL: "/bin/sh" }) });
  await run("/bin/mkdir", ["-m", "755", home, bin]);
  const program = join(bin, "cert-setup");
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${join(root, "bin", "cert-setup.js")} "$@"\n`);
  chmodSync(program, 0o755);

  const port = await freePort();
  const scrub = scrubber(home, port);
  let server: Minio | null = null;
  const lines: string[] = [];
  for (const line of scenario.split("\n")) {
    if (line.startsWith("#")) {
      if (lines.length > 0 && !lines.at(-1)?.startsWith("#")) lines.push("");
      lines.push(line);
    }
    if (line.startsWith("% ")) {
      if (line === "% stop") await server?.stop();
      else server = await startMinio({ home, port, plain: line === "% minio plain" });
      lines.push(...(lines.at(-1)?.startsWith("#") ? [] : [""]), line);
    }
    if (!line.startsWith("$ ")) continue;
    const { status, stdout, stderr } = await sh(line.slice(2));
    if (!/^[#%]/.test(lines.at(-1) ?? "")) lines.push("");
    lines.push(line, ...output(scrub(stderr), "2> "), ...output(scrub(stdout), ""), `[exit ${status}]`);
  }
  return `${lines.join("\n").trim()}\n`;
}

function output(text: string, mark: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const whole = lines.at(-1) === "";
  return (whole ? lines.slice(0, -1) : [...lines.slice(0, -1), `${lines.at(-1)}(no line feed)`]).map(
    (line) => mark + line,
  );
}

/** Replaces, numbering what matters: the same name stands for the same value all through a scenario. */
function scrubber(home: string, port: number): (text: string) => string {
  const seen = new Map<string, string>();
  const counts = new Map<string, number>();
  const named = (kind: string) => (value: string) => {
    let name = seen.get(value);
    if (name === undefined) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      name = `<${kind} ${counts.get(kind)}>`;
      seen.set(value, name);
    }
    return name;
  };
  return (text) =>
    text
      .replaceAll(home, "<home>")
      .replaceAll(String(port), "<port>")
      .replaceAll(hasProgram("minio") ? program("minio") : "/minio", "minio")
      .replace(/\bpid \d+/g, "pid <pid>")
      .replace(/\b\d{8}T\d{6}Z-[0-9a-f]{8}\b/g, named("plan"))
      .replace(/\b[0-9a-f]{64}\b/g, named("sha256"))
      .replace(/(?<="serial": ")[0-9a-f]+/g, named("serial"))
      .replace(/\b[0-9a-f]{8}\b/g, named("ca"))
      .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
      .replace(/\b\d{4}-\d\d-\d\d\b/g, "<date>")
      .replace(/ *\b\d+\.\d ms\b/g, " <time> ms")
      .replace(/\b(?:\d+ ms|\d+\.\d s|less than 1 ms) after/g, "<time> after")
      .replace(/\b[0-9a-f]{16}\u2026/g, "<sha256>\u2026")
      .replaceAll("\u001b", "\u241b")
      .replaceAll("\r", "\u240d");
}
