import { check } from "./check.js";
import { ValidationError } from "./errors.js";
import type { Id } from "./id.js";
import type { ValidatorJSON } from "./json.js";

/** What `safeParse` answers. */
export type ParseResult<T> = { ok: true; value: T } | { ok: false; error: ValidationError };

/**
 * Describes the values of type `T` for the compiler and, as `json`, for the server.
 *
 * `_type` and `isOptional` exist for the compiler only.
 */
export interface Validator<T, IsOptional extends boolean = boolean> {
  readonly _type: T;
  /** Whether a field with this validator may be left out. */
  readonly isOptional?: IsOptional;
  readonly kind: ValidatorJSON["type"];
  readonly json: ValidatorJSON;
  /** Returns the value itself if it fits. Errors: ValidationError at the first misfit. */
  parse(value: unknown): T;
  /** Like parse, but hands the error back. */
  safeParse(value: unknown): ParseResult<T>;
}

export type AnyValidator = Validator<any, boolean>;

/** Named validators: the fields of an object or a table, or the arguments of a function. */
export type ValidatorMap = Record<string, AnyValidator>;

/** The TypeScript type that a validator describes. */
export type Infer<V extends { readonly _type: unknown }> = V["_type"];

type OptionalKeys<Fields extends ValidatorMap> = {
  [K in keyof Fields]: Fields[K] extends { readonly isOptional?: true } ? K : never;
}[keyof Fields];

/** Shows a computed type as the plain object that it is. */
export type Flatten<T> = { [K in keyof T]: T[K] } & {};

/** The object type of named validators; optional ones become optional members. */
export type InferFields<Fields extends ValidatorMap> = Flatten<
  { [K in Exclude<keyof Fields, OptionalKeys<Fields>>]: Infer<Fields[K]> } & {
    [K in OptionalKeys<Fields>]?: Infer<Fields[K]>;
  }
>;

class ValidatorValue<T, IsOptional extends boolean> implements Validator<T, IsOptional> {
  declare readonly isOptional?: IsOptional;
  readonly _type: T = undefined as T;
  readonly kind: ValidatorJSON["type"];
  readonly json: ValidatorJSON;

  constructor(json: ValidatorJSON) {
    this.kind = json.type;
    this.json = json;
  }

  parse(value: unknown): T {
    check(this.json, value);
    return value as T;
  }

  safeParse(value: unknown): ParseResult<T> {
    try {
      return { ok: true, value: this.parse(value) };
    } catch (error) {
      if (error instanceof ValidationError) return { ok: false, error };
      throw error;
    }
  }
}

function make<T, IsOptional extends boolean = false>(
  json: ValidatorJSON,
): Validator<T, IsOptional> {
  return new ValidatorValue<T, IsOptional>(json);
}

/** The JSON of `value`, or an error that names the place if it is no validator. */
export function jsonOf(value: unknown, place: string): ValidatorJSON {
  const json = (value as AnyValidator | null | undefined)?.json;
  if (typeof json === "object" && json !== null && typeof json.type === "string") return json;
  const hint = typeof value === "function" ? "; are its parentheses missing?" : "";
  throw new Error(`${place} is not a validator (got ${typeof value})${hint}`);
}

/** The JSON of named validators, in the order of writing. */
export function fieldsToJSON(fields: ValidatorMap, place: string): Record<string, ValidatorJSON> {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new Error(`${place} must be an object of validators, e.g. { title: v.string() }`);
  }
  const json: Record<string, ValidatorJSON> = {};
  for (const [name, validator] of Object.entries(fields)) {
    json[name] = jsonOf(validator, `${place}, field "${name}",`);
  }
  return json;
}

/**
 * The makers of validators. `TableName` narrows `v.id`: the `v` of `_generated/server` knows the
 * tables of the schema.
 */
export interface Validators<TableName extends string = string> {
  /** A text. */
  string(): Validator<string, false>;
  /** Any number, NaN and the infinities included. */
  number(): Validator<number, false>;
  /** The same values as number, under the name of its storage type. */
  float64(): Validator<number, false>;
  /** A 64-bit integer: handlers read a number up to 2^53 − 1 and a bigint beyond. */
  int64(): Validator<number | bigint, false>;
  boolean(): Validator<boolean, false>;
  null(): Validator<null, false>;
  /** Anything at all; nothing is checked. */
  any(): Validator<any, false>;
  /** The id of a document of `table`. */
  id<T extends TableName>(table: T): Validator<Id<T>, false>;
  /** Exactly `value`. */
  literal<const T extends string | number | boolean>(value: T): Validator<T, false>;
  /** An object with these fields and no others. */
  object<Fields extends ValidatorMap>(fields: Fields): Validator<InferFields<Fields>, false>;
  array<T>(element: Validator<T>): Validator<T[], false>;
  /** May be left out. An explicit null is accepted only if the inner validator accepts it. */
  optional<T>(validator: Validator<T>): Validator<T | undefined, true>;
  /** A value that one of the members accepts, tried in order. */
  union<Members extends AnyValidator[]>(
    ...members: Members
  ): Validator<Infer<Members[number]>, false>;
  /** An object used as a map. */
  record<K extends string, T>(
    keys: Validator<K>,
    values: Validator<T>,
  ): Validator<Record<K, T>, false>;
  /** Bytes; also accepted as a base64 text, which is how they travel in JSON. */
  bytes(): Validator<ArrayBuffer, false>;
}

/** The makers of validators. */
export const v: Validators = {
  string: () => make({ type: "string" }),
  number: () => make({ type: "number" }),
  float64: () => make({ type: "float64" }),
  int64: () => make({ type: "int64" }),
  boolean: () => make({ type: "boolean" }),
  null: () => make({ type: "null" }),
  any: () => make({ type: "any" }),
  bytes: () => make({ type: "bytes" }),
  id: (table) => {
    if (typeof table !== "string" || table === "") {
      throw new Error('v.id needs the name of a table, e.g. v.id("messages")');
    }
    return make({ type: "id", tableName: table });
  },
  literal: (value) => {
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new Error(`v.literal needs a string, a number or a boolean (got ${typeof value})`);
    }
    return make({ type: "literal", value });
  },
  object: (fields) => make({ type: "object", value: fieldsToJSON(fields, "v.object") }),
  array: (element) => make({ type: "array", value: jsonOf(element, "the element of v.array") }),
  optional: <T>(validator: Validator<T>) =>
    make<T | undefined, true>({
      type: "optional",
      value: jsonOf(validator, "the argument of v.optional"),
    }),
  union: (...members) =>
    make({
      type: "union",
      value: members.map((member, index) => jsonOf(member, `member ${index + 1} of v.union`)),
    }),
  record: (keys, values) =>
    make({
      type: "record",
      keys: jsonOf(keys, "the key validator of v.record"),
      values: jsonOf(values, "the value validator of v.record"),
    }),
};
