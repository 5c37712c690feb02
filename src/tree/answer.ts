/**
 * What the child answers. Its owner can be anybody, and can make it say anything: the shape is checked before a word of it
 * is used. What the words say is then only ever acted on as that owner.
 */
import { CertSetupError } from "../model/errors.ts";
import type { AgentAnswer, AgentRequest } from "./agent.ts";

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const number: Check = (value) => Number.isSafeInteger(value);
const truth: Check = (value) => typeof value === "boolean";
const optional =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shape =
  (fields: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(fields).every(([name, check]) => check((value as Record<string, unknown>)[name]));
const kinds =
  (shapes: Record<string, Check>): Check =>
  (value) => {
    const kind = (value as { kind?: unknown } | null)?.kind;
    return typeof kind === "string" && Object.hasOwn(shapes, kind) && shapes[kind]?.(value) === true;
  };

const attributes = { mode: number, uid: number, gid: number };
const file = shape({ sha256: text, ...attributes });
const anything = shape({});
const target = kinds({ file, missing: anything, directory: shape(attributes), other: anything });
const entry = kinds({
  file,
  missing: anything,
  directory: shape(attributes),
  other: anything,
  link: shape({ to: text, uid: number, gid: number, target }),
});
const key = kinds({ readable: shape({ spkiSha256: text }), unreadable: shape({ problem: text }) });
const pair = shape({ certificates: optional(text), key: optional(key) });

const tree = shape({
  missing: list(text),
  directory: optional(shape({ ...attributes, device: text, inode: text })),
  linkInPath: truth,
  publicCrt: entry,
  privateKey: entry,
  pair,
  data: optional(text),
  previous: optional(text),
  generations: list(shape({ name: text, ...attributes, publicCrt: entry, privateKey: entry, pair })),
  leftOvers: list(text),
  authorities: optional(shape({ ...attributes, files: list(shape({ name: text, entry, text })) })),
});
const failure = shape({ code: text, path: text, message: text, committed: truth, lasting: truth, left: list(text) });
const written = shape({
  files: list(shape({ path: text, sha256: text, mode: text })),
  failure: optional(failure),
});

const answers = {
  read: kinds({ tree: shape({ tree }), error: shape({ code: text, message: text, path: text }) }),
  write: kinds({ written: shape({ written }), error: shape({ code: text, message: text, path: text }) }),
} satisfies Record<AgentRequest["task"], Check>;

export function parseAnswer(json: string, task: AgentRequest["task"]): AgentAnswer {
  let answer: unknown;
  try {
    answer = JSON.parse(json);
  } catch {
    // said below
  }
  if (answers[task](answer)) return answer as AgentAnswer;
  throw new CertSetupError("refused", "the process that works as the owner of the directory gave no proper answer", {
    hint: ["can other programs of that user have interfered with it?"],
    changed: "see `cert-setup status`",
  });
}
