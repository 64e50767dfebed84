// Moonstone. Licence: see LICENSE.
//
// The tree that `$schema` gives: the one of the text, and models that nobody has declared but that
// the client has accessors for (litestone.md 3.7).
import type { Attribute, FieldDeclaration, ModelDeclaration, SchemaTree } from "./schema.js";

/** From what is shown to what it was made of: the rest of the package works with that. */
const sources = new WeakMap<SchemaTree, SchemaTree>();

function field(
  name: string,
  type: string,
  isOptional = false,
  attributes: Attribute[] = [],
): FieldDeclaration {
  const kind = { kind: "scalar", name: type, array: false, optional: isOptional };
  return { name, type: kind, attributes, comments: [] };
}

/** What stands in a log (27.1). */
function logModel(database: string): ModelDeclaration {
  const now = { kind: "default", value: { kind: "call", fn: "now" } };
  return {
    name: `${database}Logs`,
    comments: [],
    fields: [
      field("operation", "String"),
      field("model", "String"),
      field("field", "String", true),
      field("records", "Json"),
      field("before", "Json", true),
      field("after", "Json", true),
      field("actorId", "Int", true),
      field("actorType", "String", true),
      field("meta", "Json", true),
      field("createdAt", "DateTime", false, [now]),
    ],
    attributes: [
      { kind: "index", fields: ["actorId"] },
      { kind: "index", fields: ["model"] },
      { kind: "db", name: database },
    ],
  };
}

function viewModels(tree: SchemaTree): ModelDeclaration[] {
  return tree.views.map(({ name, comments, fields, db }) => ({
    name,
    comments,
    fields: fields.map((one) => ({ ...one, attributes: one.attributes ?? [] })),
    attributes: db === null ? [] : [{ kind: "db", name: db }],
  }));
}

/** The tree with a model for every log without one, and for every view. */
export function shownSchema(tree: SchemaTree): SchemaTree {
  const logs = tree.databases
    .filter((database) => database.driver === "logger" && database.logModel === null)
    .map((database) => logModel(database.name));
  const more = [...logs, ...viewModels(tree)];
  if (more.length === 0) return tree;
  const shown = { ...tree, models: [...tree.models, ...more] };
  sources.set(shown, tree);
  return shown;
}

/** The tree of the text, also of one that is shown. */
export function sourceOf(tree: SchemaTree): SchemaTree {
  return sources.get(tree) ?? tree;
}
