/**
 * How the pair gets into a certs directory. The layout: `public.crt` and `private.key` are links into `..data`, `..data`
 * is a link to a generation directory, and one rename of `..data` exchanges both files at once.
 */
import { isAbsolute, join, resolve } from "node:path";
import type { CertsTree, Entry, Generation, Observation } from "../model/observation.ts";
import type { Action, Expectation, Note, Owner } from "../model/plan.ts";
import { names } from "../tree/read.ts";

/** `kept`: for files that were in place of our links and made no whole pair. */
export const layout = { ...names, kept: "..kept-" } as const;

export const modes = { key: 0o600, certificate: 0o644, directory: 0o755, generation: 0o700 } as const;

/** Everything that the actions of one plan have in common. */
export interface Ground {
  certsDir: string;
  tree: CertsTree;
  id: string;
  /** Of files; null: whoever makes them is the owner already. */
  fileOwner: Owner | null;
  /** Of directories inside the certs directory. In a directory that is root's, directories stay root's. */
  directoryOwner: Owner | null;
  generationMode: number;
}

export function groundOf(seen: Observation, id: string): Ground {
  const { certsDir, owner, tree } = seen.target;
  const asRoot = seen.self.uid === 0;
  const fileOwner = asRoot ? { uid: owner.uid, gid: owner.gid } : null;
  const theirs = tree.directory === null || tree.directory.uid === owner.uid;
  return {
    certsDir,
    tree,
    id,
    fileOwner,
    directoryOwner: asRoot && theirs ? fileOwner : null,
    generationMode: theirs ? modes.generation : modes.directory,
  };
}

export function makeTree(ground: Ground): Action[] {
  const { certsDir, tree } = ground;
  const make = (path: string, owner: Owner | null, reason: string): Action => ({
    kind: "make-directory",
    tree: "server",
    path,
    mode: modes.directory,
    owner,
    reason,
  });
  const actions = tree.missing.map((path) =>
    make(path, path === certsDir ? ground.directoryOwner : null, "it is not there yet"),
  );
  if (tree.authorities === null) {
    actions.push(make(join(certsDir, layout.authorities), ground.directoryOwner, "MinIO reads CA certificates here"));
  }
  return actions;
}

export function putGeneration(ground: Ground, name: string): Action[] {
  const directory = join(ground.certsDir, name);
  return [
    {
      kind: "make-directory",
      tree: "server",
      path: directory,
      mode: ground.generationMode,
      owner: ground.directoryOwner,
      reason: "one directory for each pair",
    },
    {
      kind: "put-file",
      tree: "server",
      path: join(directory, layout.privateKey),
      artifact: "private-key",
      mode: modes.key,
      owner: ground.fileOwner,
      expects: null,
      reason: "readable by its owner only",
    },
    {
      kind: "put-file",
      tree: "server",
      path: join(directory, layout.publicCrt),
      artifact: "certificate-chain",
      mode: modes.certificate,
      owner: ground.fileOwner,
      expects: null,
      reason: "end entity first, then intermediates",
    },
  ];
}

const wantedLinks = {
  [layout.privateKey]: `${layout.data}/${layout.privateKey}`,
  [layout.publicCrt]: `${layout.data}/${layout.publicCrt}`,
};

/** The two outer links, where they are not there yet; the key's first, so that half a first run is no half a pair. */
export function linkActions(ground: Ground, which: "missing" | "replace"): Action[] {
  return ([layout.privateKey, layout.publicCrt] as const).flatMap((name): Action[] => {
    const entry = entryOf(ground.tree, name);
    const to = wantedLinks[name];
    if (entry.kind === "link" && entry.to === to) return [];
    if ((entry.kind === "missing") !== (which === "missing")) return [];
    return [
      {
        kind: "put-link",
        tree: "server",
        path: join(ground.certsDir, name),
        to,
        expects: expectation(entry),
        reason: which === "missing" ? "one rename of ..data exchanges the pair" : "the file it was is kept",
      },
    ];
  });
}

export function linksAreRight(tree: CertsTree): boolean {
  return ([layout.privateKey, layout.publicCrt] as const).every((name) => {
    const entry = entryOf(tree, name);
    return entry.kind === "link" && entry.to === wantedLinks[name];
  });
}

/**
 * Files (or foreign links) that stand where our links belong, kept in a directory of their own: for a whole pair a
 * generation, to which `rollback` can return.
 */
export function keepForeign(ground: Ground, directoryName: string, whole: boolean): Action[] {
  const directory = join(ground.certsDir, directoryName);
  const current = currentGeneration(ground.tree);
  const actions = ([layout.privateKey, layout.publicCrt] as const).flatMap((name): Action[] => {
    const entry = entryOf(ground.tree, name);
    const path = join(ground.certsDir, name);
    const to = join(directory, name);
    if (entry.kind === "link" && entry.to === wantedLinks[name]) {
      const ours = current === undefined ? undefined : entryOf(current, name);
      if (!whole || current === undefined || ours?.kind !== "file") return [];
      const from = join(ground.certsDir, current.name, name);
      return [{ kind: "keep", tree: "server", path: from, to, expects: expectation(ours), reason: "nothing is lost" }];
    }
    if (entry.kind === "missing") return [];
    if (entry.kind === "file") {
      return [{ kind: "keep", tree: "server", path, to, expects: expectation(entry), reason: "nothing is lost" }];
    }
    if (entry.kind === "link") {
      const target = isAbsolute(entry.to) ? entry.to : resolve(ground.certsDir, entry.to);
      return [{ kind: "put-link", tree: "server", path: to, to: target, expects: null, reason: "nothing is lost" }];
    }
    // A directory, a pipe: it cannot have a second name, so it goes aside itself.
    return [{ kind: "rename", tree: "server", path, to, reason: "nothing is lost" }];
  });
  if (actions.length === 0) return [];
  return [
    {
      kind: "make-directory",
      tree: "server",
      path: directory,
      mode: ground.generationMode,
      owner: ground.directoryOwner,
      reason: "for the pair that was here before",
    },
    ...actions,
  ];
}

/** Points ..data elsewhere: the commit. `..previous` remembers where it pointed. */
export function swapTo(ground: Ground, generation: string, data: string | null, reason: string): Action {
  return {
    kind: "swap",
    tree: "server",
    path: join(ground.certsDir, layout.data),
    to: generation,
    expects: data === null ? null : { kind: "link", to: data },
    reason,
  };
}

export function rememberPrevious(ground: Ground, generation: string): Action[] {
  const { previous } = ground.tree;
  if (previous === generation) return [];
  return [
    {
      kind: "put-link",
      tree: "server",
      path: join(ground.certsDir, layout.previous),
      to: generation,
      expects: previous === null ? null : { kind: "link", to: previous },
      reason: "for rollback",
    },
  ];
}

/** One previous generation is kept; older ones and what a crash left are removed. */
export function prune(ground: Ground, keep: readonly (string | null)[]): Action[] {
  // What this plan makes (`..v-<id>`, `..v-<id>-kept`) is not there yet, and so never in this list.
  const remove = (name: string, reason: string): Action => ({
    kind: "remove",
    tree: "server",
    path: join(ground.certsDir, name),
    reason,
  });
  return [
    ...ground.tree.generations
      .filter((generation) => !keep.includes(generation.name))
      .map((generation) => remove(generation.name, "neither the current nor the previous pair")),
    ...ground.tree.leftOvers.map((name) => remove(name, "left by a run that was interrupted")),
  ];
}

/** Modes and owners of the current generation that are not as they should be. */
export function repairAttributes(ground: Ground): { actions: Action[]; notes: Note[] } {
  const actions: Action[] = [];
  const current = currentGeneration(ground.tree);
  if (current === undefined) return { actions, notes: [] };
  const directory = join(ground.certsDir, current.name);
  const check = (path: string, entry: Entry, mode: number, owner: Owner | null) => {
    if (entry.kind !== "file" && entry.kind !== "directory") return;
    const wrong = attributesWrong(entry, mode, owner);
    if (wrong !== null) actions.push({ kind: "set-attributes", tree: "server", path, mode, owner, reason: wrong });
  };
  check(directory, { kind: "directory", ...attributesOf(current) }, ground.generationMode, ground.directoryOwner);
  check(join(directory, layout.privateKey), current.privateKey, modes.key, ground.fileOwner);
  check(join(directory, layout.publicCrt), current.publicCrt, modes.certificate, ground.fileOwner);
  return {
    actions,
    notes: actions.map((action) => ({
      code: "drift",
      message: `repairing ${"path" in action ? action.path : ""}: ${action.reason}`,
    })),
  };
}

function attributesOf(entry: { mode: number; uid: number; gid: number }): { mode: number; uid: number; gid: number } {
  return { mode: entry.mode, uid: entry.uid, gid: entry.gid };
}

export function attributesWrong(
  entry: { mode: number; uid: number; gid: number },
  mode: number,
  owner: Owner | null,
): string | null {
  const octal = (value: number) => value.toString(8).padStart(4, "0");
  if (entry.mode !== mode) return `mode ${octal(entry.mode)}, not ${octal(mode)}`;
  if (owner !== null && (entry.uid !== owner.uid || entry.gid !== owner.gid)) {
    return `owner ${entry.uid}:${entry.gid}, not ${owner.uid}:${owner.gid}`;
  }
  return null;
}

export function currentGeneration(tree: CertsTree): Generation | undefined {
  return tree.generations.find((generation) => generation.name === tree.data);
}

/** Do the outer files and the current generation hold the same bytes? So it is in the middle of a conversion. */
export function sameAsCurrent(tree: CertsTree): boolean {
  const current = currentGeneration(tree);
  if (current === undefined) return false;
  return ([layout.privateKey, layout.publicCrt] as const).every((name) => {
    const outer = content(entryOf(tree, name));
    return outer !== null && outer === content(entryOf(current, name));
  });
}

function content(entry: Entry): string | null {
  if (entry.kind === "link") return entry.target.kind === "file" ? entry.target.sha256 : null;
  return entry.kind === "file" ? entry.sha256 : null;
}

export function entryOf(tree: Pick<CertsTree, "publicCrt" | "privateKey">, name: "public.crt" | "private.key"): Entry {
  return name === "public.crt" ? tree.publicCrt : tree.privateKey;
}

export function expectation(entry: Entry): Expectation {
  if (entry.kind === "file") return { kind: "file", sha256: entry.sha256 };
  if (entry.kind === "link") return { kind: "link", to: entry.to };
  return null;
}
