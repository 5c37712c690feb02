/**
 * One run at a time in a directory. The lock is a symbolic link, made in one system call, that names its holder: a
 * process by pid, start time, pid namespace and boot. A holder that was killed is recognised as gone, and its lock taken
 * over; that alone could go wrong between two who both see it gone, so it is done under flock(2), which the kernel frees
 * by itself. Taking flock every time would do as well, but costs a process each run: Node has no call for it.
 */
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { CertSetupError } from "../model/errors.ts";

export interface Lock {
  release(): void;
}

/** Two dots: MinIO skips it. */
export const lockName = "..lock";

/** Two waits for a server, and one for a lock, are not yet five minutes. In milliseconds. */
const longestRun = 15 * 60_000;

/** How long a second run waits for the first, in milliseconds. */
export const patience = 60_000;

/** The lock; or the name of the holder, "" when it has just gone. System errors as they are. */
export function tryLock(directory: string): Lock | string {
  const path = join(directory, lockName);
  const own = ownName();
  if (!tryLink(own, path)) {
    const holder = holderOf(path);
    if (holder !== null && isGone(holder, path)) takeAway(directory, path, holder);
    return holder ?? "";
  }
  return {
    release: () => {
      try {
        if (holderOf(path) === own) unlinkSync(path);
      } catch {
        // It says who we were: the next run sees that we are gone. An error here would hide what came of the run.
      }
    },
  };
}

/** A lock that its holder will not release any more. */
export function isAbandoned(path: string): boolean {
  const holder = holderOf(path);
  return holder !== null && isGone(holder, path);
}

/** Waits without letting anything else happen; throws "busy" when that takes too long. */
export function lockDirectory(directory: string): Lock {
  const deadline = Date.now() + patience;
  for (;;) {
    const lock = tryLock(directory);
    if (typeof lock !== "string") return lock;
    if (Date.now() > deadline) throw busy(directory, lock);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 + Math.random() * 20);
  }
}

function tryLink(own: string, path: string): boolean {
  try {
    symlinkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function ownName(): string {
  return [process.pid, startTime(process.pid) ?? "?", pidNamespace(), boot()].join(".");
}

/**
 * Only what is certain. A holder on another machine, or in another container, cannot be seen from here: it is gone when
 * its lock is older than any run can be.
 */
function isGone(holder: string, path: string): boolean {
  const [pid = "", started, namespace, bootId] = holder.split(".");
  if (!/^[1-9]\d{0,9}$/.test(pid)) return false;
  if (bootId !== boot()) return machineOf(bootId) === machineOf(boot()) || isOld(path);
  if (namespace !== pidNamespace()) return isOld(path);
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  // With hidepid (proc(5)) others' processes are there and cannot be seen: nothing is certain then.
  const now = startTime(Number(pid));
  return now === "ended" || (now !== null && started !== "?" && now !== started);
}

function isOld(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > longestRun;
}

/** Clock ticks since boot (proc(5), field 22); "ended" for a process whose parent has not noticed yet. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "ended" : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "");
  } catch {
    return "";
  }
}

/** `<machine>:<boot>`: after a power cut the machine is the same and the boot is another. */
function boot(): string {
  return `${firstLine("/etc/machine-id")}:${firstLine("/proc/sys/kernel/random/boot_id").replaceAll("-", "")}`;
}

function machineOf(bootId: string | undefined): string {
  return bootId?.split(":")[0] ?? "";
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, "latin1").trim().slice(0, 64);
  } catch {
    return "";
  }
}

/** flock(1) of util-linux or busybox locks the open file description that it is handed; the lock is ours until we close. */
function takeAway(directory: string, path: string, gone: string): void {
  // Loaded only where it is needed: it costs some milliseconds.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { status, error } = spawnSync("flock", ["-x", "-w", "10", "3"], {
      stdio: ["ignore", "ignore", "ignore", descriptor],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      timeout: 15_000,
      killSignal: "SIGKILL",
    });
    const absent = (error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
    if (status !== 0 && !absent) return; // somebody else is at it
    if (holderOf(path) === gone) unlinkSync(path);
  } finally {
    closeSync(descriptor);
  }
}

export function busy(directory: string, holder: string): CertSetupError {
  const pid = holderPid(holder);
  return new CertSetupError(
    "busy",
    `another cert-setup (pid ${pid}) works in ${directory}, and has not finished in ${patience / 1000} s`,
    { hint: [`$ ps -fp ${pid}`, `when it runs no more, on no machine: $ rm ${join(directory, lockName)}`] },
  );
}

export function holderPid(holder: string): string {
  return /^\d{1,10}/.exec(holder)?.[0] ?? "?";
}
