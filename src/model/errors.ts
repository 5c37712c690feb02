/**
 * The one error type for everything a user can cause or meet. A message is lower case, names the thing, and shows both
 * values when two things disagree; each hint is something to do, most of them a command to paste.
 */
import { shellQuote } from "./text.ts";

/** Exit statuses: an API for timers and CI jobs (README, "Exit status"). */
export const exitStatus = {
  done: 0,
  unexpected: 1,
  usage: 2,
  invalidInput: 3,
  verificationFailed: 4,
  pending: 6,
  changesPending: 10,
  unavailable: 69,
  cannotWrite: 73,
  tryLater: 75,
  refused: 77,
  interrupted: 130,
  terminated: 143,
} as const;

/** Stable codes, and the exit status that each one ends the program with. */
export const errorCodes = {
  "usage": exitStatus.usage,
  "host-invalid": exitStatus.usage,
  "owner-invalid": exitStatus.usage,
  "duration-invalid": exitStatus.usage,
  "start-date-invalid": exitStatus.usage,
  "endpoint-invalid": exitStatus.usage,
  "directory-invalid": exitStatus.usage,
  "certs-dir-ambiguous": exitStatus.usage,
  "name-not-permitted": exitStatus.invalidInput,
  "pair-broken": exitStatus.invalidInput,
  "ca-broken": exitStatus.invalidInput,
  "ca-expires": exitStatus.invalidInput,
  "certificate-invalid": exitStatus.invalidInput,
  "import-invalid": exitStatus.invalidInput,
  "passphrase-needed": exitStatus.invalidInput,
  "passphrase-wrong": exitStatus.invalidInput,
  "record-broken": exitStatus.invalidInput,
  "nothing-to-roll-back": exitStatus.invalidInput,
  "clock-wrong": exitStatus.invalidInput,
  "endpoint-unreachable": exitStatus.unavailable,
  "proof-failed": exitStatus.verificationFailed,
  "drift": exitStatus.verificationFailed,
  "not-served": exitStatus.pending,
  "clean-up-failed": exitStatus.pending,
  "cannot-read": exitStatus.cannotWrite,
  "cannot-write": exitStatus.cannotWrite,
  "busy": exitStatus.tryLater,
  "changed-meanwhile": exitStatus.tryLater,
  "refused": exitStatus.refused,
  "not-permitted": exitStatus.refused,
  "unsafe-path": exitStatus.refused,
  "interrupted": exitStatus.interrupted,
  "terminated": exitStatus.terminated,
  /** `generate --out`: what Go's generate_cert.go ends with status 1 for. */
  "generate-cert-refused": exitStatus.unexpected,
  "unexpected": exitStatus.unexpected,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** The next step when the place that met the error knows none. */
const usualHints: Partial<Record<ErrorCode, string>> = {
  "usage": "$ cert-setup --help",
  "host-invalid": "for example --host minio.example.net,10.0.0.5",
  "owner-invalid": "for example --owner minio-user:minio-user or --owner 1000:1000",
  "duration-invalid": "for example --duration 90d",
  "start-date-invalid": "for example --start-date 2026-11-24T00:00:00Z",
  "endpoint-invalid": "for example --endpoint localhost:9000",
  "directory-invalid": "for example --certs-dir /etc/minio/certs",
  "import-invalid": "$ cert-setup import --cert F --key F",
  "passphrase-needed": "give it in a file that only you can read: --passphrase-file F",
  "passphrase-wrong": "give it in a file that only you can read: --passphrase-file F",
  "unsafe-path": "name another place, every part of which is root's: --certs-dir DIR or --state-dir DIR",
};

export interface ErrorDetails {
  /** What to do, most useful first; a line that is a command starts with `$ `. */
  hint?: readonly string[];
  /** What changed on disk before the error; by default "nothing was changed". */
  changed?: string;
  cause?: unknown;
}

export class CertSetupError extends Error {
  readonly code: ErrorCode;
  readonly hint: readonly string[];
  readonly changed: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "CertSetupError";
    this.code = code;
    this.hint = details.hint ?? [];
    this.changed = details.changed ?? "nothing was changed";
  }

  get exitStatus(): number {
    return errorCodes[this.code];
  }

  /** The same error with the usual hint for its code, if it has none of its own. */
  withHint(): CertSetupError {
    if (this.hint.length > 0) return this;
    const hint = [usualHints[this.code] ?? "$ cert-setup status"];
    return new CertSetupError(this.code, this.message, { hint, changed: this.changed, cause: this.cause ?? this });
  }

  /** The same error after something was written: says what the disk holds now. */
  after(changed: string): CertSetupError {
    return new CertSetupError(this.code, this.message, { hint: this.hint, changed, cause: this.cause ?? this });
  }
}

/** A system call that failed where nobody found words for it, in words; any other error (a bug) as it is. */
export function inWords(error: unknown, changed: string): unknown {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof CertSetupError || typeof code !== "string" || typeof syscall !== "string") return error;
  const where = path === undefined ? "" : ` ${path}`;
  return new CertSetupError("cannot-read", `${syscall}${where}: ${systemReason(error)}`, {
    hint: path === undefined ? [] : [`$ ls -ld ${shellQuote(path)}`],
    changed,
    cause: error,
  });
}

/** What an error says that came in the middle of the work. */
export const unknownChange = "it is not known whether anything was changed: $ cert-setup status";

/** The error of a failed system call, in words: `permission denied (EACCES)`. */
export function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const words: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "operation not permitted",
    ENOENT: "no such file or directory",
    ENOTDIR: "a part of the path is not a directory",
    EISDIR: "is a directory",
    EEXIST: "exists already",
    ENOSPC: "no space left on the device",
    EDQUOT: "disk quota exceeded",
    EROFS: "the file system is read-only",
    EIO: "input/output error",
    EMFILE: "too many open files",
    ELOOP: "too many symbolic links, or a link where none is allowed",
    ENAMETOOLONG: "the name is too long",
    ETIMEDOUT: "timed out",
    ECONNREFUSED: "connection refused",
    ECONNRESET: "connection reset",
    EHOSTUNREACH: "no route to the host",
    ENETUNREACH: "the network is unreachable",
    ENOTFOUND: "the name does not resolve",
  };
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  const known = words[code];
  return known === undefined ? code : `${known} (${code})`;
}
