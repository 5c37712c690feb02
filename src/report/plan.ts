/** A plan, line by line: what `--dry-run` prints and what the wizard will preview. */
import { type Action, changes, newAuthority, type Plan } from "../model/plan.ts";
import { printable } from "../model/text.ts";
import type { Paint } from "./paint.ts";

/** Empty when the plan would change nothing. */
export function planLines(plan: Plan, shorten: (path: string) => string, paint: Paint): string[] {
  if (!plan.actions.some(changes)) return [];
  return plan.actions.map((action) => {
    const [verb, object] = words(action, shorten);
    return `  ${verb.padEnd(9)}  ${object}  ${paint.faint(`(${printable(action.reason, 200)})`)}`;
  });
}

function words(action: Action, path: (path: string) => string): [verb: string, object: string] {
  switch (action.kind) {
    case "issue-ca":
      return ["make", `a private CA (P-384), ${action.constraints === null ? "for any name" : "for these names only"}`];
    case "issue": {
      const { source } = action;
      const by =
        action.ca === null
          ? "itself"
          : action.ca === newAuthority
            ? "the new private CA"
            : `the private CA ${action.ca}`;
      return [
        "issue",
        `a ${source.keyAlgorithm} key and certificate, for ${Math.round(source.validitySeconds / 86_400)} days, by ${by}`,
      ];
    }
    case "issue-like-go": {
      const { keyAlgorithm, validitySeconds, ca } = action.source;
      const what = `${/^[RE]/.test(keyAlgorithm) ? "an" : "a"} ${keyAlgorithm} key and ${ca ? "CA certificate" : "certificate"}`;
      return ["issue", `${what}, for ${Math.floor(validitySeconds / 3600)} hours, by itself`];
    }
    case "import":
      return ["import", `the pair with the SHA-256 ${action.sha256.slice(0, 16)}`];
    case "verify":
      return ["verify", "key, chain, names and dates, before anything is installed"];
    case "make-directory":
      return ["mkdir", `${path(action.path)}  ${octal(action.mode)}`];
    case "put-file":
      return [
        "write",
        `${path(action.path)}  ${octal(action.mode)}${action.owner === null ? "" : ` ${action.owner.uid}:${action.owner.gid}`}`,
      ];
    case "put-link":
      return ["link", `${path(action.path)} -> ${printable(action.to)}`];
    case "swap":
      return ["commit", `${path(action.path)} -> ${printable(action.to)}`];
    case "keep":
      return ["keep", `${path(action.path)} as ${path(action.to)}`];
    case "rename":
      return ["rename", `${path(action.path)} to ${path(action.to)}`];
    case "set-attributes":
      return [
        "repair",
        `${path(action.path)}  ${octal(action.mode)}${action.owner === null ? "" : ` ${action.owner.uid}:${action.owner.gid}`}`,
      ];
    case "remove":
      return ["remove", path(action.path)];
    case "bring-into-service":
      return [action.how === "signal" ? "signal" : "wait for", `the server with pid ${action.pid}`];
    case "prove":
      return ["prove", `${printable(action.endpoint.host)}:${action.endpoint.port} for ${printable(action.identity)}`];
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
