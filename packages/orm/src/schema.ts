// Moonstone. Licence: see LICENSE.
//
// Schemas: their text, their tree, and what is generated from them.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Operation, operate } from "./native.js";
import { sourceOf } from "./shown_schema.js";

/** The tree of a schema (litestone.md 3.7). */
export interface SchemaTree {
  imports: unknown[];
  databases: DatabaseDeclaration[];
  models: ModelDeclaration[];
  views: ViewDeclaration[];
  enums: EnumDeclaration[];
  functions: unknown[];
  traits: unknown[];
  types: unknown[];
}
export interface DatabaseDeclaration {
  name: string;
  path: { kind: "literal"; value: string } | { kind: "env"; var: string; default: string | null };
  driver: "sqlite" | "jsonl" | "logger";
  logModel: string | null;
}
export interface Attribute {
  kind: string;
  [property: string]: unknown;
}
export interface FieldDeclaration {
  name: string;
  type: { kind: string; name: string; array: boolean; optional: boolean };
  attributes: Attribute[];
  comments: string[];
}
export interface ModelDeclaration {
  name: string;
  comments: string[];
  fields: FieldDeclaration[];
  attributes: Attribute[];
}
export interface ViewDeclaration {
  name: string;
  fields: FieldDeclaration[];
  db: string | null;
  comments: string[];
}
export interface EnumDeclaration {
  name: string;
  values: { name: string }[];
}

export interface ParseResult {
  /** Null if the text could not be understood. */
  schema: SchemaTree | null;
  valid: boolean;
  errors: string[];
  warnings: string[];
}

export interface ParseOptions {
  readonly dialect?: "1.0.3" | "1.0.6" | "any" | undefined;
}

function parseSource(source: string, isFile: boolean, options: ParseOptions): ParseResult {
  return operate(
    (exchange) => {
      exchange.begin(Operation.Parse, isFile ? 1 : 0);
      exchange.write(source);
      exchange.write(options.dialect);
    },
    (exchange) => exchange.read() as ParseResult,
  );
}

/** Parses the text of a schema. Throws ParseError at a character that begins nothing. */
export function parse(text: string, options: ParseOptions = {}): ParseResult {
  return parseSource(text, false, options);
}

/** Parses a file and what it imports. */
export function parseFile(path: string, options: ParseOptions = {}): ParseResult {
  return parseSource(path, true, options);
}

/** Where the schema of a client comes from. */
export interface SchemaSource {
  readonly parsed?: ParseResult | undefined;
  readonly schema?: string | undefined;
  readonly path?: string | undefined;
  readonly dialect?: ParseOptions["dialect"];
}

/** The schema of a client, and the file it came from. Throws if it has errors. */
export function readSchema(source: SchemaSource): { tree: SchemaTree; file: string | null } {
  const { parsed, schema, dialect } = source;
  let { path } = source;
  let result: ParseResult;
  if (parsed !== undefined) {
    result = parsed;
  } else if (schema !== undefined && !(schema.endsWith(".lite") && !schema.includes("\n"))) {
    result = parse(schema, { dialect });
    path = undefined;
  } else if (schema !== undefined || path !== undefined) {
    path = schema ?? path;
    if (typeof path !== "string") throw new TypeError("createClient: the path must be a string");
    result = parseFile(path, { dialect });
  } else {
    throw new Error(
      'createClient: give the schema as { path: "./schema.lite" }, { schema: "model …" } or ' +
        "{ parsed: parse(…) }",
    );
  }
  if (!result.valid || result.schema === null)
    throw new Error(`schema.lite has errors:\n${result.errors.join("\n")}`);
  const file = parsed === undefined && path !== undefined ? resolve(path) : null;
  return { tree: sourceOf(result.schema), file: file !== null && existsSync(file) ? file : null };
}

export function attributeOf(
  declaration: { attributes: Attribute[] },
  kind: string,
): Attribute | undefined {
  return declaration.attributes.find((attribute) => attribute.kind === kind);
}

/** Which database a model is in. */
export function databaseOf(model: ModelDeclaration): string {
  const found = attributeOf(model, "db");
  return found === undefined ? "main" : String(found["name"]);
}

function treeOf(given: SchemaTree | ParseResult): SchemaTree {
  const tree = "models" in given ? given : given.schema;
  if (tree === null) throw new Error("the schema has errors");
  return sourceOf(tree);
}

export interface TypeScriptOptions {
  readonly audience?: "client" | "system";
  readonly includeComments?: boolean;
  /** Only these models, by name or accessor. */
  readonly only?: readonly string[];
}

/** TypeScript declarations for the rows, arguments and the client of a schema. */
export function generateTypeScript(
  schema: SchemaTree | ParseResult,
  options: TypeScriptOptions = {},
): string {
  return operate(
    (exchange) => {
      exchange.begin(Operation.TypeScript);
      exchange.write(treeOf(schema));
      exchange.write(options);
    },
    (exchange) => exchange.read() as string,
  );
}

export interface JsonSchemaOptions {
  readonly format?: "definitions" | "flat";
  readonly mode?: "create" | "update" | "full";
  readonly audience?: "client" | "system";
  readonly includeTimestamps?: boolean;
  readonly includeDeletedAt?: boolean;
  readonly includeComputed?: boolean;
  readonly inlineEnums?: boolean;
  readonly title?: string;
}

/** The JSON Schema of a schema's models. */
export function generateJsonSchema(
  schema: SchemaTree | ParseResult,
  options: JsonSchemaOptions = {},
): Record<string, unknown> {
  return operate(
    (exchange) => {
      exchange.begin(Operation.JsonSchema);
      exchange.write(treeOf(schema));
      exchange.write(options);
    },
    (exchange) => exchange.read() as Record<string, unknown>,
  );
}
