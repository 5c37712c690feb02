import { CertSetupError } from "../model/errors.ts";
import { readBounded } from "./proc.ts";

export interface User {
  name: string;
  uid: number;
  /** Primary group; null for a number without an entry. */
  gid: number | null;
  home: string | null;
}

export interface Group {
  name: string;
  gid: number;
}

/** As useradd(8) has it, plus the dot and capital-free Samba machine accounts. Nothing here can be an option or a path. */
const nameForm = /^[a-z_][a-z0-9_.-]{0,31}\$?$/;
/** 2^32 - 1 means "leave as it is" to chown(2). */
const largestId = 4_294_967_294;

/** A user by name or number, from /etc/passwd, then from getent(1). `root`: where to find etc/passwd, without getent. */
export function lookUpUser(nameOrUid: string | number, root = "/"): User {
  const wanted = String(nameOrUid);
  const number = asId("user", wanted);
  const fields = entry("passwd", wanted, number, root);
  if (fields !== null) {
    const home = fields[5] || null;
    return { name: fields[0] ?? "", uid: Number(fields[2]), gid: Number(fields[3]), home };
  }
  if (number !== null) return { name: wanted, uid: number, gid: null, home: null };
  throw unknown("user", wanted, "$ getent passwd");
}

/** A group by name or number, from /etc/group, then from getent(1). */
export function lookUpGroup(nameOrGid: string | number, root = "/"): Group {
  const wanted = String(nameOrGid);
  const number = asId("group", wanted);
  const fields = entry("group", wanted, number, root);
  if (fields !== null) return { name: fields[0] ?? "", gid: Number(fields[2]) };
  if (number !== null) return { name: wanted, gid: number };
  throw unknown("group", wanted, "$ getent group");
}

/** The home directory that the user data base gives; null without one. */
export function homeOf(uid: number): string | null {
  return lookUpUser(uid).home;
}

function asId(kind: "user" | "group", text: string): number | null {
  if (/^[0-9]+$/.test(text)) {
    const id = Number(text);
    if (text.length <= 10 && id <= largestId) return id;
    throw new CertSetupError("owner-invalid", `${kind} number ${text} is larger than ${largestId}`);
  }
  if (nameForm.test(text)) return null;
  throw new CertSetupError("owner-invalid", `not a ${kind} name: ${JSON.stringify(text)}`, {
    hint: ["a name is up to 32 of a-z, 0-9, _, . and -, a number is decimal; together USER or USER:GROUP"],
  });
}

function unknown(kind: "user" | "group", name: string, command: string): CertSetupError {
  const hint = [command, `numbers work too, with or without an entry: --owner 1000:1000`];
  return new CertSetupError("owner-invalid", `no such ${kind}: ${name}`, { hint });
}

/** The fields of the first line whose name, or whose number, is the wanted one. */
function entry(base: "passwd" | "group", name: string, id: number | null, root: string): string[] | null {
  const find = (text: string): string[] | null => {
    for (const line of text.split("\n")) {
      const fields = line.split(":");
      if (!/^[0-9]+$/.test(fields[2] ?? "")) continue;
      if (id === null ? fields[0] === name : Number(fields[2]) === id) return fields;
    }
    return null;
  };
  const inFile = find(readBounded(`${root}/etc/${base}`, 1 << 20)?.toString("utf8") ?? "");
  if (inFile !== null || root !== "/") return inFile;

  // LDAP, sssd, systemd-userdb: whatever nsswitch.conf names. Loaded only now, because it is rarely needed.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const result = spawnSync("getent", [base, "--", name], {
    encoding: "utf8",
    timeout: 5000,
    killSignal: "SIGKILL",
    maxBuffer: 1 << 16,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  });
  return result.status === 0 ? find(result.stdout) : null;
}
