import type { StatusRequest, Surroundings } from "../../model/request.ts";
import { readEndpoint, readStateDir, readTarget } from "../readings.ts";
import type { Values } from "../values.ts";
import { everywhere } from "./command.ts";
import type { Command } from "./command.ts";

export const status = {
  summary: "what is installed, until when, and what the server really serves",
  synopsis: "[OPTIONS]",
  examples: [
    { command: "cert-setup status", does: "exit 0 when all is as it was installed, 4 when it is not" },
    { command: "cert-setup status --endpoint 10.0.0.5:9000 --json", does: "for monitoring" },
  ],
  options: ["target", "certs-dir", "endpoint", "state-dir", ...everywhere],
  request(values: Values, around: Surroundings): StatusRequest {
    return {
      command: "status",
      target: readTarget(values, around, null),
      endpoint: readEndpoint(values.value("endpoint")),
      stateDir: readStateDir(values, around),
    };
  },
} as const satisfies Command;
