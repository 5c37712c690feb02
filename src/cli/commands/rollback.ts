import type { RollbackRequest, Surroundings } from "../../model/request.ts";
import { readEndpoint, readOwner, readStateDir, readTarget } from "../readings.ts";
import type { Values } from "../values.ts";
import { everywhere } from "./command.ts";
import type { Command } from "./command.ts";

export const rollback = {
  summary: "go back to the certificate that was there before",
  synopsis: "[OPTIONS]",
  examples: [
    { command: "cert-setup rollback", does: "swap back in one step and prove it; once more to undo that" },
    { command: "cert-setup rollback --dry-run", does: "only show it" },
  ],
  options: ["target", "certs-dir", "owner", "endpoint", "state-dir", "check", ...everywhere],
  request(values: Values, around: Surroundings): RollbackRequest {
    return {
      command: "rollback",
      target: readTarget(values, around, readOwner(values.value("owner"))),
      endpoint: readEndpoint(values.value("endpoint")),
      stateDir: readStateDir(values, around),
    };
  },
} as const satisfies Command;
