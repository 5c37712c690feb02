/** The lines that make clients trust the CA, each ready to be pasted. */
import type { Outcome } from "../model/outcome.ts";
import { shellQuote } from "../model/text.ts";

export interface NextStep {
  client: string;
  command: string;
}

/** `port`: where the server listens, as far as it is known. `home`: what `~` stands for in the shell; null: another's. */
export function nextSteps(outcome: Outcome, port: number, home: string | null): NextStep[] {
  const anchor = outcome.trustAnchor;
  const name = outcome.certificate?.subjectAltName.find((candidate) => !candidate.value.startsWith("*."));
  if (anchor === null || name === undefined) return [];
  const host = name.type === "iPAddress" && name.value.includes(":") ? `[${name.value}]` : name.value;
  const url = `https://${host}${port === 443 ? "" : `:${port}`}`;
  const file = homeward(anchor.path, home);
  return [
    { client: "curl", command: `curl --cacert ${file} ${url}/minio/health/live` },
    { client: "aws", command: `AWS_CA_BUNDLE=${file} aws --endpoint-url ${url} s3 ls` },
    { client: "mc", command: `mkdir -p ~/.mc/certs/CAs && cp ${file} ~/.mc/certs/CAs/${mcName(outcome)}` },
  ];
}

/** A name of its own for each anchor, so that one does not overwrite another. */
function mcName(outcome: Outcome): string {
  const id = /\/(?:ca\/|CAs\/cert-setup-)([0-9a-f]{8})(?:\/ca)?\.crt$/.exec(outcome.trustAnchor?.path ?? "")?.[1];
  return `cert-setup-${id ?? outcome.certificate?.sha256.slice(0, 8) ?? "anchor"}.crt`;
}

/** `~/` is expanded by every shell, also behind `NAME=` (POSIX.1-2024 XCU 2.6.1). */
function homeward(path: string, home: string | null): string {
  if (home === null || home === "/" || !path.startsWith(`${home}/`)) return shellQuote(path);
  return `~/${shellQuote(path.slice(home.length + 1))}`;
}
