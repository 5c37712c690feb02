/** Verifiers that are not ours, each asked about all pairs at once. */
import { checkServerIdentity, connect, createServer, type PeerCertificate } from "node:tls";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { cleanEnvironment, program } from "../helpers/programs.ts";
import { run } from "../helpers/run.ts";
import type { Pair } from "./certificates.ts";

/** For each `id → host`: "ok", or why not. */
export type Verdicts = Record<string, string>;
export type Judge = (pairs: readonly Pair[]) => Promise<Verdicts>;

const judges = join(import.meta.dirname, "judges");
const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

/** A program that reads lines `id root chain key host` and answers `id host verdict`, parted by tabs. */
function linewise(file: () => string, args: string[], env: Record<string, string> = {}): Judge {
  return async (pairs) => {
    const lines = pairs.flatMap(({ id, root, chain, key, hosts }) =>
      hosts.map((host) => [id, root, chain, key, host].join("\t")),
    );
    const input = `${lines.join("\n")}\n`;
    const { stdout, stderr } = await run(file(), args, { input, timeout: 240_000, env: cleanEnvironment(env) });
    const answers = stdout.split("\n").filter((line) => line !== "");
    if (answers.length !== lines.length) throw new Error(`${answers.length} answers to ${lines.length}: ${stderr}`);
    return Object.fromEntries(
      answers.map((line) => line.split("\t")).map(([id, host, text = ""]) => [`${id} → ${host}`, text]),
    );
  };
}

/** A program that is started once for each host; its exit status is the verdict. */
function oneByOne(name: string, args: (pair: Pair, host: string) => string[]): Judge {
  return async (pairs) => {
    const verdicts: Verdicts = {};
    for (const pair of pairs) {
      for (const host of pair.hosts) {
        const { status, stdout, stderr } = await run(program(name), args(pair, host));
        verdicts[`${pair.id} → ${host}`] = status === 0 ? "ok" : `${stdout} ${stderr}`.trim();
      }
    }
    return verdicts;
  };
}

export const allJudges = {
  "openssl -x509_strict": {
    program: "openssl",
    judge: oneByOne("openssl", ({ root, chain }, host) =>
      ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root, "-no-CApath", "-no-CAstore"].concat(
        isAddress(host) ? "-verify_ip" : "-verify_hostname",
        host,
        chain,
      ),
    ),
  },
  "GnuTLS": {
    program: "certtool",
    judge: oneByOne("certtool", ({ root, chain }, host) =>
      ["--verify", "--load-ca-certificate", root, "--infile", chain].concat(
        ["--verify-hostname", host],
        ["--verify-purpose", "1.3.6.1.5.5.7.3.1"],
      ),
    ),
  },
  "Go": {
    program: "go",
    judge: linewise(() => program("go"), ["run", join(judges, "judge.go")], {
      HOME: homedir(),
      GOFLAGS: "",
      GOPROXY: "off",
      ...(process.env["GOCACHE"] === undefined ? {} : { GOCACHE: process.env["GOCACHE"] }),
    }),
  },
  "Java PKIX": {
    program: "java",
    judge: linewise(() => program("java"), [join(judges, "Judge.java")]),
  },
  "Python strict": {
    program: "python3",
    judge: linewise(() => program("python3"), [join(judges, "judge.py")]),
  },
  "Node": { program: "node", judge: nodeTls },
} satisfies Record<string, { program: string; judge: Judge }>;

export type JudgeName = keyof typeof allJudges;

async function nodeTls(pairs: readonly Pair[]): Promise<Verdicts> {
  const verdicts: Verdicts = {};
  for (const { id, root, chain, key, hosts } of pairs) {
    const server = createServer({ cert: readFileSync(chain), key: readFileSync(key) });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    for (const host of hosts) {
      verdicts[`${id} → ${host}`] = await new Promise<string>((resolve) => {
        // A server name cannot be an address (RFC 6066 3); the certificate is checked against `host` all the same.
        const servername = isAddress(host) ? {} : { servername: host };
        const check = (_name: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate);
        const ca = readFileSync(root);
        const socket = connect({ host: "127.0.0.1", port, ca, ...servername, checkServerIdentity: check });
        socket.on("secureConnect", () => resolve("ok")).on("error", (error) => resolve(error.message));
        socket.on("secureConnect", () => socket.destroy());
      });
    }
    server.close();
  }
  return verdicts;
}
