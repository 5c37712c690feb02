import { CertSetupError } from "../model/errors.ts";
import { readServerCommand } from "./command-line.ts";

export interface StartOptions {
  /** The server that runs now, and has to be started again. `unit` undefined: not looked for. */
  server: { uid: number; command: readonly string[]; cwd?: string | null; unit?: string | null } | null;
  /** The installed systemd unit. */
  unit: { name: string } | null;
  certsDir: string;
  /** The directory that the server would take without being told. */
  isDefaultDir: boolean;
  listenAddress: string | null;
}

/**
 * The command that makes the server come up with the installed pair, ready to paste into sh. Only command lines are
 * shown, never an environment. A server started by hand has to be stopped first: the command is its own command line.
 */
export function startCommand(options: StartOptions, selfUid = process.geteuid?.() ?? 0): string {
  const { server, unit } = options;
  const name = server?.unit ?? (server === null || server.unit === undefined ? unit?.name : undefined);
  if (name !== undefined) return `sudo systemctl restart ${shellQuote(name.replace(/\.service$/, ""))}`;
  if (server !== null && isPlainProgram(server.command)) return again(server, selfUid);
  return [
    "minio server",
    ...(options.isDefaultDir ? [] : ["--certs-dir", shellQuote(options.certsDir)]),
    ...(options.listenAddress === null ? [] : ["--address", shellQuote(options.listenAddress)]),
    "~/minio-data",
  ].join(" ");
}

/** A program name that sudo would take for an option or sh for an assignment is no server's; nor is a hidden character. */
function isPlainProgram(command: readonly string[]): boolean {
  return /^[A-Za-z0-9_./][^=]*$/.test(command[0] ?? "") && command.every(isPrintable);
}

/**
 * A process may call itself what it likes, so its command is never suggested for another user than the one it runs as:
 * pasting it gives nobody more than they had.
 */
function again({ uid, command, cwd = null }: NonNullable<StartOptions["server"]>, selfUid: number): string {
  const line = command.map(shellQuote).join(" ");
  const relative = usesRelativePaths(command) && cwd !== null && cwd !== "/" && isPrintable(cwd);
  if (uid === selfUid) return relative ? `cd ${shellQuote(cwd)} && ${line}` : line;
  const user = uid === 0 ? "sudo --" : `sudo -u '#${uid}' --`;
  return relative ? `${user} sh -c ${shellQuote(`cd ${shellQuote(cwd)} && ${line}`)}` : `${user} ${line}`;
}

function usesRelativePaths(argv: readonly string[]): boolean {
  const parsed = readServerCommand(argv);
  const program = argv[0] ?? "";
  const paths = [parsed?.certsDir, parsed?.configDir, parsed?.config, ...(parsed?.volumes ?? [])];
  const relative = (path: string): boolean => !/^(?:\/|https?:\/\/|$)/.test(path);
  return (program.includes("/") && !program.startsWith("/")) || paths.some((path) => relative(path ?? ""));
}

/** One word for sh, quoted only if it has to be. Control characters, which no terminal shows as they are, are refused. */
export function shellQuote(word: string): string {
  if (!isPrintable(word)) {
    throw new CertSetupError("refused", `not printable, so not fit for a command line: ${JSON.stringify(word)}`);
  }
  // No braces: `{1...4}` is for MinIO, but `{a,b}` would be expanded by bash.
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** No control, format (bidi, zero width), surrogate, private or unassigned characters, no line or paragraph separators. */
function isPrintable(text: string): boolean {
  return !/[\p{C}\u2028\u2029]/u.test(text);
}
