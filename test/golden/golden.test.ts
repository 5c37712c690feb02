// Every *.txt here is a scenario and, at the same time, what has to come of it (transcript.ts says how to read one).
// After a wanted change: npx vitest run test/golden -u, and read the difference.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withCondition, withPrograms } from "../helpers/programs.ts";
import { replay } from "./transcript.ts";

const directory = import.meta.dirname;
const scenarios = readdirSync(directory).filter((name) => name.endsWith(".txt"));

/** Programs other than the POSIX ones that a scenario uses, by the words of its `$ ` lines. */
const programs = ["openssl", "faketime", "script", "minio"];

const asRoot = withCondition(process.getuid?.() === 0, "golden scenarios", "they show the owners that root sees");

asRoot("scenario", () => {
  it("there are some", () => expect(scenarios.length).toBeGreaterThan(0));

  for (const name of scenarios) {
    const text = readFileSync(join(directory, name), "utf8");
    const needed = programs.filter((word) => new RegExp(`^\\$ (?:.* )?${word} |^% ${word}`, "m").test(text));
    withPrograms(...needed)(name, () => {
      it.concurrent("prints this", async ({ expect }) => {
        await expect(await replay(text)).toMatchFileSnapshot(join(directory, name));
      });
    });
  }
});
