/** Looks at everything a plan depends on, and changes nothing. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { readChain } from "../checks/public-crt.ts";
import { findServers, type RawServer } from "../live/processes.ts";
import { findUnit, type Unit } from "../live/units.ts";
import { homeOf, lookUpUser } from "../live/users.ts";
import { CertSetupError } from "../model/errors.ts";
import type { NameConstraints } from "../model/certified-key.ts";
import type { GeneralName } from "../model/names.ts";
import type {
  AuthorityFile,
  CertsTree,
  Identity,
  LiveState,
  Observation,
  PairState,
  ServerState,
} from "../model/observation.ts";
import type { ExistingSource, Request } from "../model/request.ts";
import type { World } from "../model/world.ts";
import type { ExistingPair } from "../sources/existing.ts";
import { readAuthorities } from "../sources/private-ca.ts";
import { chooseCertsDir, chooseOwner, type Neighbourhood } from "../targets/minio.ts";
import { usualStateDir } from "../targets/state-dir.ts";
import { reader, readTree, type Standing, standing } from "../tree/door.ts";
import type { RawPair, RawTree } from "../tree/read.ts";
import { deriveConstraints } from "../x509/name-constraints.ts";
import { loadParentDomain } from "../x509/public-suffix.ts";
import { readRecords, readState, recordOf } from "./observe-state.ts";
import { stateLayout } from "./state.ts";

/** What was seen, and how its certs directory may be entered again. */
export interface Observed {
  seen: Observation;
  standing: Standing;
  /** What is to be imported, with its key. */
  existing: ExistingPair | null;
  raw: { servers: RawServer[]; unit: () => Unit | null; isDefaultDir: boolean; invokedAs: string };
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
  const place = chooseCertsDir(request.target, around, !("source" in request));
  keepApart(request.stateDir, place.certsDir);
  const tree = readPairs(readTree(place.certsDir, reader(place.certsDir, self.uid)));
  const servers = await Promise.all(place.servers.map((server) => look(server, place.certsDir)));
  const inPlace = tree.pair.kind === "whole" ? tree.pair.chain[0]?.sha256 : undefined;
  const serves = servers.flatMap(({ pid, live }) => (live?.kind === "tls" && live.sha256 === inPlace ? [pid] : []));
  const owner = chooseOwner(request.target.owner, place, around, ({ pid }) => serves.includes(pid));
  const at = standing(place.certsDir, owner, self.uid);
  const source = request.command === "generate" ? request.source : null;
  const existing = request.command === "import" ? await readFiles(request.source, world.now()) : null;
  const seen: Observation = {
    at: world.now(),
    nonce: randomBytes(4).toString("hex"),
    self,
    state: readState(request.stateDir, request.stateDir === usualStateDir(world.env, self.uid)),
    constraints: source === null ? null : await constraintsFor(source.names),
    imported:
      existing === null
        ? null
        : { chain: existing.facts, withRoot: existing.trustAnchors.length > 0, notes: existing.notes },
    authorities: readAuthorities(join(request.stateDir, stateLayout.authorities)),
    record: recordOf(source?.names[0] ?? existing?.facts[0]?.subjectAltName[0], place.certsDir, records),
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
  return {
    seen,
    standing: at,
    existing,
    raw: { servers: place.servers, unit: around.unit, isDefaultDir, invokedAs: invokedAs(world) },
  };
}

/** Loaded only here: it reads many forms. */
async function readFiles({ passphraseFile, ...files }: ExistingSource, at: number): Promise<ExistingPair> {
  const { readExisting, readPassphrase } = await import("../sources/existing.ts");
  return readExisting({ ...files, passphrase: passphraseFile === null ? null : readPassphrase(passphraseFile), at });
}

/** As npm says that it was called: what is pasted has to be found. */
function invokedAs({ env }: World): string {
  if (env["npm_command"] === "exec") return "npx cert-setup";
  return env["npm_lifecycle_event"] === "start" ? "npm start --" : "cert-setup";
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
  const { handshake } = await import("../live/handshake.ts");
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
