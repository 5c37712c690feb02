/**
 * flock(2) on the directory itself: no lock file to leave behind, free at once after kill -9. flock(1) of util-linux or
 * busybox locks the open file description that we hand it, and the lock stays ours after it has gone.
 */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { CertSetupError } from "../model/errors.ts";

export interface Lock {
  release(): void;
}

/** How long a second run waits for the first, in seconds. */
const patience = 30;

/** Throws "busy" when another run holds it for longer than that. Where there is no flock(1), nothing is locked. */
export function lockDirectory(directory: string): Lock {
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const result = spawnSync("flock", ["-x", "-w", String(patience), "3"], {
    stdio: ["ignore", "ignore", "ignore", descriptor],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    timeout: (patience + 5) * 1000,
    killSignal: "SIGKILL",
  });
  const absent = (result.error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  if (result.status === 0 || absent) {
    return { release: () => closeSync(descriptor) };
  }
  closeSync(descriptor);
  throw new CertSetupError("busy", `another cert-setup works in ${directory}, and has not finished in ${patience} s`, {
    hint: ["try again when it has finished", `$ fuser -v ${directory}`],
  });
}
