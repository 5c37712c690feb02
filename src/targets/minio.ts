/** Which directory a MinIO reads its certificates from, and whose it is: MinIO's own rules first, then what runs. */
import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { CertSetupError } from "../model/errors.ts";
import type { Identity, InstallationRecord } from "../model/observation.ts";
import type { Owner } from "../model/plan.ts";
import type { OwnerSpec, TargetSpec } from "../model/request.ts";
import type { RawServer } from "../live/processes.ts";
import type { Unit } from "../live/units.ts";
import { lookUpGroup, lookUpUser } from "../live/users.ts";
import { ownerOfPath } from "../tree/door.ts";

export interface Place {
  certsDir: string;
  reason: string;
  /** The running servers that read this directory. */
  servers: RawServer[];
}

export interface Neighbourhood {
  self: Identity;
  /** Home directory of the user data base: where HOME says otherwise, somebody said so on purpose. */
  accountHome: string | null;
  servers: readonly RawServer[];
  unit: () => Unit | null;
  /** What cert-setup has installed before, from the state directory. */
  records: readonly InstallationRecord[];
}

/** `recordedOnly`: the command is about what is installed (status, rollback), so a sole record settles it. */
export function chooseCertsDir(target: TargetSpec, around: Neighbourhood, recordedOnly: boolean): Place {
  const { self, servers } = around;
  const at = (certsDir: string, reason: string): Place => ({
    certsDir,
    reason,
    servers: servers.filter((server) => reads(server, certsDir)),
  });
  if (target.certsDir !== null) return at(target.certsDir, "--certs-dir");
  if (recordedOnly) {
    const known = around.records.map((record) => record.target.certsDir);
    const [only] = known;
    if (only !== undefined && known.length === 1) return at(only, "the only installation there is");
  }

  const ofHome = self.home === null ? null : join(self.home, ".minio", "certs");
  if (ofHome !== null && (self.home !== around.accountHome || exists(ofHome))) return at(ofHome, "HOME");

  const ours = servers.filter(
    (server) => server.certsDir !== null && server.sameFiles !== false && believed(self, server),
  );
  const directories = new Map(ours.map((server) => [real(server.certsDir as string), server] as const));
  if (directories.size > 1) {
    throw new CertSetupError(
      "certs-dir-ambiguous",
      `${directories.size} servers run here, with different certs directories`,
      { hint: [...directories.values()].map((server) => `for pid ${server.pid}: --certs-dir ${server.certsDir}`) },
    );
  }
  for (const server of directories.values()) {
    return at(server.certsDir as string, `${server.certsDirReason}, of the running server (pid ${server.pid})`);
  }

  const unit = self.uid === 0 ? around.unit() : null;
  if (unit?.certsDir != null) return at(unit.certsDir, `the unit ${unit.name}`);
  if (ofHome !== null) return at(ofHome, "HOME");
  throw new CertSetupError("directory-invalid", "HOME is not set, so there is no certs directory to find", {
    hint: ["name it: --certs-dir /etc/minio/certs"],
  });
}

export interface FoundOwner extends Owner {
  name: string;
  reason: string;
}

/**
 * Whose the files will be. Root gives files away only where `standing` (tree) allows it, and to the user of a running
 * server only if systemd started it or if it `holdsKey`: it serves the pair in place, so it can read that key already.
 */
export function chooseOwner(
  spec: OwnerSpec | null,
  place: Place,
  around: Neighbourhood,
  holdsKey: (server: RawServer) => boolean,
): FoundOwner {
  const { self } = around;
  if (spec !== null) {
    const owner = resolveOwner(spec);
    if (self.uid !== 0 && (owner.uid !== self.uid || (spec.group !== null && owner.gid !== self.gid))) {
      throw new CertSetupError(
        "not-permitted",
        `only root can give files to ${owner.name} (uid ${owner.uid}, gid ${owner.gid}): this runs as uid ${self.uid}, gid ${self.gid}`,
        { hint: ["run it as root", `or as that user: $ sudo -u ${owner.name} cert-setup …`] },
      );
    }
    return { ...owner, reason: "--owner" };
  }
  if (self.uid !== 0) return { uid: self.uid, gid: self.gid, name: self.userName, reason: "the user who runs this" };

  const foreign = ownerOfPath(place.certsDir);
  if (foreign !== null) return { ...named(foreign), reason: "the owner of the directory" };
  const server = place.servers.find((one) => one.uid === 0 || one.unit !== null || holdsKey(one));
  if (server !== undefined) return { ...named(server), reason: `the running server (pid ${server.pid})` };
  const record = around.records.find(({ target }) => target.certsDir === place.certsDir);
  if (record !== undefined) return { ...named(record.target.owner), reason: "the installation before" };
  const unit = around.unit();
  if (unit?.user != null && unit.certsDir === place.certsDir) {
    return { ...resolveOwner({ user: unit.user, group: unit.group }), reason: `the unit ${unit.name}` };
  }
  const stat = statSync(place.certsDir, { throwIfNoEntry: false });
  if (stat !== undefined) return { ...named(stat), reason: "the owner of the directory" };
  return { uid: self.uid, gid: self.gid, name: self.userName, reason: "the user who runs this" };
}

function resolveOwner(spec: OwnerSpec): Owner & { name: string } {
  const user = lookUpUser(spec.user);
  const gid = spec.group === null ? user.gid : lookUpGroup(spec.group).gid;
  if (gid === null) {
    throw new CertSetupError("owner-invalid", `uid ${user.uid} has no entry that names its group`, {
      hint: [`name the group as well: --owner ${user.uid}:${user.uid}`],
    });
  }
  return { uid: user.uid, gid, name: user.name };
}

function named({ uid, gid }: Owner): Owner & { name: string } {
  return { uid, gid, name: lookUpUser(uid).name };
}

/**
 * Anybody can run a process called `minio` with any `--certs-dir`. Root follows one to a directory only if it is root's,
 * if systemd started it, or if the directory is that very user's own, where root never goes but as that user.
 */
function believed(self: Identity, server: RawServer): boolean {
  if (self.uid !== 0) return self.uid === server.uid;
  return server.uid === 0 || server.unit !== null || ownerOfPath(server.certsDir ?? "/")?.uid === server.uid;
}

function reads(server: RawServer, certsDir: string): boolean {
  if (server.certsDir === null || server.sameFiles === false) return false;
  return server.certsDir === certsDir || real(server.certsDir) === real(certsDir);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
