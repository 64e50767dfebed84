// What writes come to by litestone.md 5, 9, 15, 25 and 32.1, in the simplest way: maps of rows, and
// a copy of all of them that a failure brings back.
import {
  COLOURS,
  type FieldSpec,
  listName,
  linkName,
  type ModelSpec,
  type SchemaSpec,
} from "./schema.js";

export type Row = Record<string, unknown>;

/** A write that fails. Where SQLite does not say which of two errors comes first, both are right. */
export class Failure extends Error {
  readonly codes: readonly string[];
  constructor(...codes: string[]) {
    super(codes.join(" or "));
    this.codes = codes;
  }
}

const FOREIGN_KEY = "SQLITE_CONSTRAINT_FOREIGNKEY";
const NOT_NULL = "SQLITE_CONSTRAINT_NOTNULL";
const TAKEN = ["SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"];
/** Stands for the time of a removal until the database has told it. */
export const STAMP = "(the time of this step)";

interface State {
  readonly tables: Map<string, Map<number, Row>>;
  readonly counters: Map<string, number>;
  /** "left right" for every link. */
  links: Set<string>;
}

export class Oracle {
  readonly schema: SchemaSpec;
  #state: State;

  constructor(schema: SchemaSpec) {
    this.schema = schema;
    this.#state = {
      tables: new Map(schema.models.map((model) => [model.name, new Map<number, Row>()])),
      counters: new Map(),
      links: new Set(),
    };
  }

  /** The result of the write, or how it fails; then nothing of it stays. */
  attempt<T>(write: () => T): { readonly value: T } | { readonly failure: Failure } {
    const before = structuredClone(this.#state);
    try {
      return { value: write() };
    } catch (error) {
      this.#state = before;
      if (error instanceof Failure) return { failure: error };
      throw error;
    }
  }

  rows(model: ModelSpec): Row[] {
    return [...this.#table(model).values()].sort(
      (one, other) => Number(one["id"]) - Number(other["id"]),
    );
  }
  liveRows(model: ModelSpec): Row[] {
    return this.rows(model).filter((row) => !model.isSoft || row["deletedAt"] === null);
  }
  counters(): Map<string, number> {
    return this.#state.counters;
  }
  links(): string[] {
    return [...this.#state.links].sort();
  }

  /** Rows that were stamped in this step take the time that the database gave them. */
  adoptStamps(timeOf: (model: ModelSpec, id: number) => unknown): void {
    for (const model of this.schema.models)
      for (const [id, row] of this.#table(model))
        if (row["deletedAt"] === STAMP) row["deletedAt"] = timeOf(model, id);
  }

  #table(model: ModelSpec): Map<number, Row> {
    return this.#state.tables.get(model.name) as Map<number, Row>;
  }

  // Single rows.

  create(model: ModelSpec, data: Row): Row {
    const scalars = this.#belongsTo(model, data);
    this.#validate(model, scalars);
    const row = this.#insert(model, scalars);
    this.#lists(model, row, data);
    return row;
  }

  /** Rows that match are changed; the first is the result. */
  update(model: ModelSpec, where: Row, data: Row): Row | null {
    const found = this.#matching(where, this.liveRows(model));
    const scalars = this.#belongsTo(model, data);
    this.#validate(model, scalars);
    if (found.length === 0) return null;
    this.#assign(model, found, scalars);
    this.#lists(model, found[0] as Row, data);
    return found[0] as Row;
  }

  upsert(model: ModelSpec, where: Row, create: Row, update: Row): Row | null {
    if (this.#matching(where, this.liveRows(model)).length > 0)
      return this.update(model, where, update);
    const outcome = this.attempt(() => this.create(model, create));
    if ("value" in outcome) return outcome.value;
    if (!outcome.failure.codes.some((code) => TAKEN.includes(code))) throw outcome.failure;
    // Somebody has the values: the update is tried. If it finds nobody either, the first error holds.
    const updated = this.update(model, where, update);
    if (updated === null) throw outcome.failure;
    return updated;
  }

  // Many rows.

  createMany(model: ModelSpec, rows: readonly Row[]): { count: number } {
    for (const data of rows) this.#validate(model, data);
    for (const data of rows) this.#insert(model, data);
    return { count: rows.length };
  }

  updateMany(model: ModelSpec, where: Row, data: Row): { count: number } {
    this.#validate(model, data);
    if (Object.keys(data).length === 0) return { count: 0 };
    const found = this.#matching(where, this.liveRows(model));
    this.#assign(model, found, data);
    return { count: found.length };
  }

  upsertMany(
    model: ModelSpec,
    rows: readonly Row[],
    target: string,
    update?: readonly string[],
  ): { count: number } {
    for (const data of rows) this.#validate(model, data);
    for (const data of rows) {
      const row = this.#completed(model, data);
      // SQLite looks for NULL before it looks for a row that is there already.
      this.#checkRequired(model, row);
      const there = this.rows(model).find(
        (one) => row[target] !== null && one[target] === row[target],
      );
      if (there === undefined) {
        this.#insert(model, data);
        continue;
      }
      const names = Object.keys(data).filter(
        (name) => name !== target && (update?.includes(name) ?? true),
      );
      this.#assign(model, [there], Object.fromEntries(names.map((name) => [name, data[name]])));
    }
    return { count: rows.length };
  }

  // Removal.

  remove(model: ModelSpec, where: Row): Row | null {
    const found = this.#matching(where, this.liveRows(model));
    const first = found[0];
    if (first === undefined) return null;
    if (!model.isSoft) return (this.#deleteRows(model, found), first);
    this.#stamp(model, found);
    return first;
  }

  removeMany(model: ModelSpec, where: Row): { count: number } {
    const found = this.#matching(where, this.liveRows(model));
    if (model.isSoft) this.#stamp(model, found);
    else this.#deleteRows(model, found);
    return { count: found.length };
  }

  delete(model: ModelSpec, where: Row): Row | null {
    const found = this.#matching(where, this.rows(model));
    this.#deleteRows(model, found);
    return found[0] ?? null;
  }

  deleteMany(model: ModelSpec, where: Row): { count: number } {
    const found = this.#matching(where, this.rows(model));
    this.#deleteRows(model, found);
    return { count: found.length };
  }

  /** Brings back what went with a row: the soft rows below it that have its time. */
  restore(model: ModelSpec, where: Row): Row[] {
    const deleted = this.rows(model).filter((row) => row["deletedAt"] !== null);
    const found = this.#matching(where, deleted);
    for (const row of found) this.#revive(model, row, row["deletedAt"], model.cascades);
    return found;
  }

  #revive(model: ModelSpec, row: Row, time: unknown, goesOn: boolean): void {
    row["deletedAt"] = null;
    if (!goesOn) return;
    for (const child of model.children) {
      if (!child.isSoft) continue;
      for (const one of this.#childrenOf(child, row))
        if (one["deletedAt"] === time) this.#revive(child, one, time, true);
    }
  }

  #stamp(model: ModelSpec, rows: readonly Row[], goesOn: boolean = model.cascades): void {
    for (const row of rows) row["deletedAt"] = STAMP;
    if (!goesOn) return;
    for (const child of model.children) {
      const below = rows.flatMap((row) => this.#childrenOf(child, row));
      if (child.parent?.isHard) this.#deleteRows(child, below);
      else if (child.isSoft)
        this.#stamp(
          child,
          below.filter((row) => row["deletedAt"] === null),
          true,
        );
    }
  }

  #childrenOf(child: ModelSpec, row: Row): Row[] {
    return this.rows(child).filter((one) => one["parentId"] === row["id"]);
  }

  /** Really deletes, with what foreign keys say about it. */
  #deleteRows(model: ModelSpec, rows: readonly Row[]): void {
    const codes = new Set<string>();
    this.#deleteAll(model, rows, codes);
    if (codes.size > 0) throw new Failure(...codes);
  }

  #deleteAll(model: ModelSpec, rows: readonly Row[], codes: Set<string>): void {
    for (const row of rows) this.#table(model).delete(row["id"] as number);
    this.#state.links = new Set(
      [...this.#state.links].filter(
        (link) => !rows.some((row) => this.#isLinkOf(model, row, link)),
      ),
    );
    for (const child of model.children) {
      const below = rows.flatMap((row) => this.#childrenOf(child, row));
      if (below.length === 0) continue;
      const action = child.parent?.onDelete;
      if (action === "Cascade") this.#deleteAll(child, below, codes);
      else if (action !== "SetNull") codes.add(FOREIGN_KEY);
      else if (!child.parent?.isOptional) codes.add(NOT_NULL);
      else for (const row of below) row["parentId"] = null;
    }
  }

  // Rows and their columns.

  #matching(where: Row, rows: readonly Row[]): Row[] {
    return rows.filter((row) =>
      Object.entries(where).every(([name, value]) => row[name] === value),
    );
  }

  #validate(model: ModelSpec, data: Row): void {
    for (const field of model.fields) {
      if (!(field.name in data)) continue;
      const value = data[field.name];
      const isLong =
        field.maximumLength !== undefined &&
        typeof value === "string" &&
        value.length > field.maximumLength;
      const isNoColour =
        field.type === "Colour" &&
        (value === null ? !field.isOptional : !COLOURS.includes(value as never));
      if (isLong || isNoColour) throw new Failure("ValidationError");
    }
  }

  /** A row as it would stand in the table; what is missing is undefined. */
  #completed(model: ModelSpec, data: Row): Row {
    const row: Row = { id: data["id"] ?? undefined };
    for (const field of model.fields) row[field.name] = valueOf(field, data);
    if (model.hasSequence) {
      row["team"] = data["team"] ?? null;
      row["number"] = data["number"] ?? null;
    }
    if (model.parent !== undefined) row["parentId"] = data["parentId"] ?? null;
    if (model.isSoft) row["deletedAt"] = null;
    return row;
  }

  #insert(model: ModelSpec, data: Row): Row {
    const row = this.#completed(model, data);
    if (model.hasSequence) row["number"] = this.#numbered(model, row);
    if (row["id"] === undefined) row["id"] = 1 + Math.max(0, ...this.#table(model).keys());
    this.#checkRequired(model, row);
    if (this.#table(model).has(row["id"] as number))
      throw new Failure("SQLITE_CONSTRAINT_PRIMARYKEY");
    this.#table(model).set(row["id"] as number, row);
    this.#checkKeys(model);
    return row;
  }

  #assign(model: ModelSpec, rows: readonly Row[], data: Row): void {
    for (const row of rows) Object.assign(row, data);
    for (const row of rows) this.#checkRequired(model, row);
    this.#checkKeys(model);
  }

  #checkRequired(model: ModelSpec, row: Row): void {
    const isMissing = model.fields.some(
      (field) => !field.isOptional && (row[field.name] ?? null) === null,
    );
    const hasNoParent =
      model.parent !== undefined && !model.parent.isOptional && row["parentId"] === null;
    if (isMissing || hasNoParent) throw new Failure(NOT_NULL);
  }

  #checkKeys(model: ModelSpec): void {
    const rows = this.rows(model);
    for (const field of model.fields) {
      if (!field.isUnique) continue;
      const values = rows.map((row) => row[field.name]).filter((value) => value !== null);
      if (new Set(values).size < values.length) throw new Failure("SQLITE_CONSTRAINT_UNIQUE");
    }
    if (model.parent === undefined) return;
    const parents = this.#table(model.parent.model);
    if (rows.some((row) => row["parentId"] !== null && !parents.has(row["parentId"] as number)))
      throw new Failure(FOREIGN_KEY);
  }

  #numbered(model: ModelSpec, row: Row): unknown {
    const { team, number } = row;
    if (team === null) return number;
    const key = `${model.name}.number.${String(team)}`;
    const last = this.#state.counters.get(key) ?? 0;
    const given = number === null ? last + 1 : (number as number);
    this.#state.counters.set(key, Math.max(last, given));
    return given;
  }

  // Nested writes.

  /** The scalars of the data, with the foreign key that an operation on the parent gives. */
  #belongsTo(model: ModelSpec, data: Row): Row {
    const relations = new Set([
      "parent",
      ...model.children.map(listName),
      ...this.schema.models.map(linkName),
    ]);
    const scalars = Object.fromEntries(
      Object.entries(data).filter(([name]) => !relations.has(name)),
    );
    const operation = data["parent"] as Row | undefined;
    const parent = model.parent?.model;
    if (operation === undefined || parent === undefined) return scalars;
    if ("connect" in operation) {
      const [found] = this.#matching(operation["connect"] as Row, this.liveRows(parent));
      if (found === undefined) throw new Failure("Nested connect");
      return { ...scalars, parentId: found["id"] };
    }
    return { ...scalars, parentId: this.create(parent, operation["create"] as Row)["id"] };
  }

  #lists(model: ModelSpec, row: Row, data: Row): void {
    for (const child of model.children) {
      const operation = data[listName(child)] as Record<string, Row[]> | undefined;
      if (operation === undefined) continue;
      for (const one of operation["create"] ?? [])
        this.create(child, { ...one, parentId: row["id"] });
      for (const one of operation["connect"] ?? [])
        this.update(child, one, { parentId: row["id"] });
      for (const one of operation["disconnect"] ?? []) this.update(child, one, { parentId: null });
      for (const one of operation["delete"] ?? []) this.delete(child, one);
      for (const one of operation["update"] ?? [])
        this.update(child, one["where"] as Row, one["data"] as Row);
    }
    const other = this.schema.linked?.includes(model)
      ? this.schema.linked.find((one) => one !== model)
      : undefined;
    const operation =
      other === undefined
        ? undefined
        : (data[linkName(other)] as Record<string, Row[]> | undefined);
    if (other !== undefined && operation !== undefined) this.#link(model, row, other, operation);
  }

  #link(model: ModelSpec, row: Row, other: ModelSpec, operation: Record<string, Row[]>): void {
    const { links } = this.#state;
    const target = (where: Row): Row => {
      const [found] = this.#matching(where, this.liveRows(other));
      if (found === undefined) throw new Failure("m2m");
      return found;
    };
    for (const one of operation["create"] ?? [])
      links.add(this.#linkOf(model, row, this.create(other, one)));
    for (const one of operation["connect"] ?? []) links.add(this.#linkOf(model, row, target(one)));
    for (const one of operation["disconnect"] ?? [])
      for (const found of this.#matching(one, this.liveRows(other)))
        links.delete(this.#linkOf(model, row, found));
    if (operation["set"] === undefined) return;
    const wanted = operation["set"].map((one) => this.#linkOf(model, row, target(one)));
    for (const link of [...links]) if (this.#isLinkOf(model, row, link)) links.delete(link);
    for (const link of wanted) links.add(link);
  }

  #linkOf(model: ModelSpec, row: Row, target: Row): string {
    const isFirst = this.schema.linked?.[0] === model;
    return isFirst
      ? `${String(row["id"])} ${String(target["id"])}`
      : `${String(target["id"])} ${String(row["id"])}`;
  }

  #isLinkOf(model: ModelSpec, row: Row, link: string): boolean {
    const side = this.schema.linked?.indexOf(model) ?? -1;
    return side >= 0 && link.split(" ")[side] === String(row["id"]);
  }
}

function valueOf(field: FieldSpec, data: Row): unknown {
  if (field.name in data) return data[field.name];
  return field.default ?? null;
}
