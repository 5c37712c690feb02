import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where the program of the child is: beside the bundle that asks, or in dist/ when this runs from its sources. */
export function agentProgram(): string {
  const beside = join(import.meta.dirname, "agent-main.cjs");
  return existsSync(beside) ? beside : join(import.meta.dirname, "../../dist/agent-main.cjs");
}
