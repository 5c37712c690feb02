// The first screen of the README is what the first command prints, on a machine where nothing is.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanEnvironment } from "../helpers/programs.ts";
import { certSetup, root, temporaryDirectory } from "../helpers/run.ts";

test("the README's first transcript is true", async () => {
  const [, command = "", shown = ""] =
    /```console\n\$ npx cert-setup (.*)\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
  expect(command).toBe("--host minio.example.net,10.0.0.5");
  const { stdout, stderr, status } = await certSetup(command.split(" "), {
    env: cleanEnvironment({ HOME: temporaryDirectory(), npm_command: "exec" }), // as under npx
  });
  expect(status).toBe(0);
  const steady = (text: string) => text.replace(/\b[0-9a-f]{8}\b/g, "<id>").replace(/\d{4}-\d\d-\d\d/g, "<date>");
  expect(steady(shown)).toBe(steady(stderr + stdout));
});
