// A check of a value against docs/output.schema.json: only the keywords that the schema uses, any other is an error. In
// one thing it is stricter than JSON Schema: a property that the schema does not describe is an error, because the schema
// is open for readers (additive changes), but has to describe all that this version prints.

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  description?: string;
  [other: string]: unknown;
}

const known = new Set(
  "$schema $id $defs title description $ref type const enum properties required items minItems anyOf oneOf pattern format minimum maximum".split(
    " ",
  ),
);

/** What is wrong with the value, one line each with its JSON pointer. `seen` collects the pointers into the schema. */
export function problems(root: Schema, value: unknown, seen: Set<string> = new Set()): string[] {
  return check(root, root, "#", value, "", seen);
}

function check(root: Schema, schema: Schema, at: string, value: unknown, where: string, seen: Set<string>): string[] {
  if (schema.$ref !== undefined) {
    const target = schema.$ref
      .split("/")
      .slice(1)
      .reduce<unknown>((node, key) => (node as Schema)[key], root);
    if (target === undefined) return [`${at}: ${schema.$ref} leads nowhere`];
    return check(root, target as Schema, schema.$ref, value, where, seen);
  }
  seen.add(at);
  const found: string[] = [];
  const wrong = (what: string) => found.push(`${where || "/"}: ${what}`);
  const strange = Object.keys(schema).filter((key) => !known.has(key));
  if (strange.length > 0) wrong(`unknown keyword ${strange.join()} at ${at}`);

  const types = schema.type === undefined ? null : [schema.type].flat();
  if (types !== null && !types.some((type) => isOf(type, value))) wrong(`is ${JSON.stringify(value)}, not ${types}`);
  if ("const" in schema && value !== schema.const) wrong(`is ${JSON.stringify(value)}, not ${String(schema.const)}`);
  if (schema.enum !== undefined && !schema.enum.includes(value))
    wrong(`${JSON.stringify(value)} is none of the values`);
  if (typeof value === "string") {
    if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value))
      wrong(`"${value}" has no such form`);
    if (schema.format === "date-time" && new Date(value).toISOString() !== value) wrong(`"${value}" is no time`);
  }
  if (typeof value === "number") {
    if (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)) wrong(`${value} is out of range`);
  }
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) wrong("has too few items");
    const items = schema.items;
    if (items === undefined) wrong("is not described");
    else value.forEach((item, i) => found.push(...check(root, items, `${at}/items`, item, `${where}/${i}`, seen)));
  } else if (value !== null && typeof value === "object" && schema.properties !== undefined) {
    const { properties, required = [] } = schema;
    for (const key of required) if (!Object.hasOwn(value, key)) wrong(`has no ${key}`);
    for (const [key, item] of Object.entries(value)) {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (property === undefined) wrong(`${key} is not described`);
      else found.push(...check(root, property, `${at}/properties/${key}`, item, `${where}/${key}`, seen));
    }
  }
  found.push(...alternatives(root, schema, at, value, where, seen));
  return found;
}

function alternatives(
  root: Schema,
  schema: Schema,
  at: string,
  value: unknown,
  where: string,
  seen: Set<string>,
): string[] {
  const found: string[] = [];
  for (const keyword of ["anyOf", "oneOf"] as const) {
    const choices = schema[keyword];
    if (choices === undefined) continue;
    const results = choices.map((choice, i) => {
      const visited = new Set<string>();
      return { wrong: check(root, choice, `${at}/${keyword}/${i}`, value, where, visited), visited };
    });
    const fit = results.filter(({ wrong }) => wrong.length === 0);
    for (const { visited } of fit) for (const pointer of visited) seen.add(pointer);
    if (fit.length === 0) {
      const nearest = results.toSorted((a, b) => a.wrong.length - b.wrong.length)[0]?.wrong ?? [];
      found.push(`${where}: fits none of ${keyword} at ${at}; nearest: ${nearest.join("; ")}`);
    } else if (keyword === "oneOf" && fit.length > 1) found.push(`${where}: fits ${fit.length} of oneOf at ${at}`);
  }
  return found;
}

function isOf(type: string, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return value !== null && typeof value === "object" && !Array.isArray(value);
  return type === "integer" ? Number.isInteger(value) : typeof value === type;
}

/** Every place where the schema says what a value is, by its pointer; `$ref`s are left out. */
export function places(schema: Schema, at = "#"): [string, Schema][] {
  if (schema.$ref !== undefined) return [];
  const below: [string, Schema][] = [
    ...entries("properties", schema.properties),
    ...entries("$defs", schema["$defs"] as Record<string, Schema> | undefined),
    ...entries("anyOf", schema.anyOf),
    ...entries("oneOf", schema.oneOf),
    ...(schema.items === undefined ? [] : ([["items", schema.items]] as [string, Schema][])),
  ];
  return [[at, schema], ...below.flatMap(([key, child]) => places(child, `${at}/${key}`))];
}

function entries(keyword: string, children: Record<string, Schema> | Schema[] | undefined): [string, Schema][] {
  return Object.entries(children ?? {}).map(([key, child]) => [`${keyword}/${key}`, child]);
}
