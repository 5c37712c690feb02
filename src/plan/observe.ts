/** Looks at everything a plan depends on, and changes nothing. */
import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readChain } from "../checks/public-crt.ts";
import { handshake } from "../live/handshake.ts";
import { findServers, type RawServer } from "../live/processes.ts";
import { findUnit, type Unit } from "../live/units.ts";
import { homeOf, lookUpUser } from "../live/users.ts";
import { CertSetupError } from "../model/errors.ts";
import type { NameConstraints } from "../model/certified-key.ts";
import { fileNameFor, type GeneralName } from "../model/names.ts";
import type {
  AuthorityFile,
  CertsTree,
  Identity,
  InstallationRecord,
  LiveState,
  Observation,
  PairState,
  ServerState,
} from "../model/observation.ts";
import type { Request } from "../model/request.ts";
import { shellQuote } from "../model/text.ts";
import type { World } from "../model/world.ts";
import { readAuthorities } from "../sources/private-ca.ts";
import { chooseCertsDir, chooseOwner, type Neighbourhood } from "../targets/minio.ts";
import { usualStateDir } from "../targets/state-dir.ts";
import { reader, readTree, type Standing, standing } from "../tree/door.ts";
import { readRegular } from "../tree/files.ts";
import { missingDirectories, type RawPair, type RawTree } from "../tree/read.ts";
import { deriveConstraints } from "../x509/name-constraints.ts";
import { loadParentDomain } from "../x509/public-suffix.ts";
import { stateLayout } from "./state.ts";

/** What was seen, and how its certs directory may be entered again. */
export interface Observed {
  seen: Observation;
  standing: Standing;
  raw: { servers: RawServer[]; unit: () => Unit | null; isDefaultDir: boolean };
}

export async function observe(request: Request, world: World): Promise<Observed> {
  const self = identity(world);
  const accountHome = homeOf(self.uid);
  const records = readRecords(request.stateDir);
  const around: Neighbourhood = {
    self,
    accountHome,
    servers: findServers(),
    unit: once(() => findUnit()),
    records: records.map(({ value }) => value),
  };
  const place = chooseCertsDir(request.target, around, request.command !== "generate");
  keepApart(request.stateDir, place.certsDir);
  const tree = readPairs(readTree(place.certsDir, reader(place.certsDir, self.uid)));
  const servers = await Promise.all(place.servers.map((server) => look(server, place.certsDir)));
  const inPlace = tree.pair.kind === "whole" ? tree.pair.chain[0]?.sha256 : undefined;
  const serves = servers.flatMap(({ pid, live }) => (live?.kind === "tls" && live.sha256 === inPlace ? [pid] : []));
  const owner = chooseOwner(request.target.owner, place, around, ({ pid }) => serves.includes(pid));
  const at = standing(place.certsDir, owner, self.uid);
  const source = request.command === "generate" ? request.source : null;
  const seen: Observation = {
    at: world.now(),
    nonce: randomBytes(4).toString("hex"),
    self,
    state: readState(request.stateDir, request.stateDir === usualStateDir(world.env, self.uid)),
    constraints: source === null ? null : await constraintsFor(source.names),
    authorities: readAuthorities(join(request.stateDir, stateLayout.authorities)),
    record: recordOf(request, place.certsDir, records),
    target: {
      kind: "minio",
      certsDir: place.certsDir,
      certsDirReason: place.reason,
      owner: { uid: owner.uid, gid: owner.gid, name: owner.name },
      ownerReason: owner.reason,
      tree,
    },
    servers,
  };
  const isDefaultDir = self.home !== null && place.certsDir === join(self.home, ".minio", "certs");
  return { seen, standing: at, raw: { servers: place.servers, unit: around.unit, isDefaultDir } };
}

/** The key of the CA has no place in a directory that a server reads. */
function keepApart(stateDir: string, certsDir: string): void {
  if (stateDir !== certsDir && !stateDir.startsWith(`${certsDir}/`)) return;
  throw new CertSetupError(
    "refused",
    `the state directory ${stateDir} lies in the certs directory ${certsDir}: the key of the CA does not belong there`,
    {
      hint: ["name another place: --state-dir DIR"],
    },
  );
}

/** Also where a wildcard directly below a public suffix is refused, whoever signs. */
async function constraintsFor(names: readonly GeneralName[]): Promise<NameConstraints> {
  return deriveConstraints(names, await loadParentDomain(names));
}

function identity(world: World): Identity {
  const uid = process.geteuid?.() ?? -1;
  const gid = process.getegid?.() ?? -1;
  const home = world.env["HOME"];
  return {
    uid,
    gid,
    userName: uid < 0 ? "you" : lookUpUser(uid).name,
    home: home === undefined || home === "" ? homeOf(uid) : home,
  };
}

function readState(path: string, isDefault: boolean): Observation["state"] {
  const missing = missingDirectories(path);
  const list = (room: string): string[] | null => {
    try {
      return readdirSync(room).sort();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT") return null;
      throw new CertSetupError("cannot-read", `cannot read ${room}: ${code ?? String(error)}`, {
        hint: [`$ ls -ld ${shellQuote(room)}`, "or give another place: --state-dir DIR"],
      });
    }
  };
  const top = missing.length > 0 ? [] : (list(path) ?? []);
  const authorities = missing.length > 0 ? null : list(join(path, stateLayout.authorities));
  const staged = (room: string, names: string[]) =>
    names.filter((name) => name.startsWith(stateLayout.temporary)).map((name) => join(room, name));
  return {
    path,
    isDefault,
    missing,
    hasAuthorities: authorities !== null,
    hasInstallations: top.includes(stateLayout.installations),
    leftOvers: [...staged(path, top), ...staged(join(path, stateLayout.authorities), authorities ?? [])],
  };
}

interface RecordFile {
  value: InstallationRecord;
  sha256: string;
}

function readRecords(stateDir: string): RecordFile[] {
  const room = join(stateDir, stateLayout.installations);
  let files: string[];
  try {
    files = readdirSync(room).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
  return files.sort().flatMap((file): RecordFile[] => {
    const path = join(room, file);
    const read = readRegular(path);
    if (read === null || read === "other") return [];
    return [{ value: parseRecord(read.bytes.toString("utf8"), path), sha256: read.entry.sha256 }];
  });
}

function recordOf(request: Request, certsDir: string, records: readonly RecordFile[]): Observation["record"] {
  const present = records.find(({ value }) => value.target.certsDir === certsDir);
  if (present !== undefined) return { name: present.value.name, present };
  const first = request.command === "generate" ? request.source.names[0] : undefined;
  const wanted = first === undefined ? "minio" : fileNameFor(first);
  const taken = new Set(records.map(({ value }) => value.name));
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`;
  return { name, present: null };
}

function parseRecord(text: string, path: string): InstallationRecord {
  let value: Partial<InstallationRecord> | null = null;
  try {
    value = JSON.parse(text) as Partial<InstallationRecord> | null;
  } catch {
    // said below
  }
  if (
    value?.version !== 1 ||
    typeof value.name !== "string" ||
    !/^[a-z0-9_][a-z0-9._-]*$/.test(value.name) ||
    typeof value.target?.certsDir !== "string" ||
    !Number.isInteger(value.target.owner?.uid) ||
    !Number.isInteger(value.target.owner?.gid)
  ) {
    throw new CertSetupError("record-broken", `the record ${path} cannot be read`, {
      hint: [`move it away; the next run writes it anew: $ mv ${shellQuote(path)} ${shellQuote(`${path}.old`)}`],
    });
  }
  return value as InstallationRecord;
}

function readPairs(raw: RawTree): CertsTree {
  const inside = raw.authorities;
  return {
    ...raw,
    pair: pairState(raw.pair, raw.publicCrt.kind === "missing", raw.privateKey.kind === "missing", dangling(raw)),
    generations: raw.generations.map((generation) => ({
      ...generation,
      pair: pairState(
        generation.pair,
        generation.publicCrt.kind === "missing",
        generation.privateKey.kind === "missing",
        false,
      ),
    })),
    authorities:
      inside === null
        ? null
        : {
            ...inside,
            files: inside.files.map(({ name, entry, text }): AuthorityFile => {
              const chain = readChain(text);
              return { name, entry, certificates: chain.kind === "readable" ? chain.chain.map((c) => c.sha256) : [] };
            }),
          },
  };
}

/** Both links are ours and lead nowhere yet: a first installation that was interrupted. Nothing is there. */
function dangling(raw: RawTree): boolean {
  return [raw.publicCrt, raw.privateKey].every(
    (entry) =>
      entry.kind === "missing" ||
      (entry.kind === "link" && entry.to.startsWith("..data/") && entry.target.kind === "missing"),
  );
}

function pairState(raw: RawPair, noCertificate: boolean, noKey: boolean, nothing: boolean): PairState {
  if (nothing || (noCertificate && noKey)) return { kind: "none" };
  const broken = (problem: string): PairState => ({ kind: "broken", problem });
  if (noCertificate) return broken("private.key is there, public.crt is not");
  if (noKey) return broken("public.crt is there, private.key is not");
  if (raw.certificates === null) return broken("public.crt cannot be read: it leads nowhere, or is no regular file");
  if (raw.key === null) return broken("private.key cannot be read: it leads nowhere, or is no regular file");
  const chain = readChain(raw.certificates);
  if (chain.kind === "unreadable") return broken(chain.problem);
  if (raw.key.kind === "unreadable") return broken(`private.key: ${raw.key.problem}`);
  if (chain.chain[0]?.spkiSha256 !== raw.key.spkiSha256) {
    return broken("private.key is not the key of the first certificate in public.crt");
  }
  return { kind: "whole", chain: chain.chain, chainPem: chain.chainPem };
}

async function look(server: RawServer, certsDir: string): Promise<ServerState> {
  const { pid, startedAt, uid, gid, command, ports, maySignal, endpoint } = server;
  const base = { pid, startedAt, uid, gid, command, certsDir, ports, maySignal };
  const reload = server.watchesCertsDir === false ? "unknown" : server.reload;
  if (endpoint === null) return { ...base, reload, live: null };
  const answer = await handshake({ ...endpoint, serverName: null, trust: null, timeoutMilliseconds: 3000 });
  const live: LiveState =
    answer.kind === "tls"
      ? {
          kind: "tls",
          endpoint,
          sha256: answer.sha256,
          notAfter: answer.notAfter,
          subjectAltName: answer.subjectAltName,
        }
      : answer.kind === "plain"
        ? { kind: "plain", endpoint }
        : { kind: "unreachable", endpoint, problem: answer.problem };
  return { ...base, reload, live };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
