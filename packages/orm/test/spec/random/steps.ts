// Random writes: what is asked of a client, and the same of the oracle.
import type { Oracle, Row } from "./oracle.js";
import type { Random } from "./random.js";
import {
  COLOURS,
  type FieldSpec,
  linkName,
  listName,
  type ModelSpec,
  type SchemaSpec,
} from "./schema.js";

export interface Step {
  readonly model: ModelSpec;
  readonly method: string;
  readonly args: Row;
  /** The same, of the oracle. */
  readonly expected: (oracle: Oracle) => unknown;
}

/** Makes steps for the present state of an oracle. */
export class Steps {
  readonly #random: Random;
  readonly #schema: SchemaSpec;
  readonly #oracle: Oracle;

  constructor(random: Random, schema: SchemaSpec, oracle: Oracle) {
    this.#random = random;
    this.#schema = schema;
    this.#oracle = oracle;
  }

  next(): Step {
    const model = this.#random.pick(this.#schema.models);
    const kinds = [
      this.#create,
      this.#create,
      this.#create,
      this.#create,
      this.#update,
      this.#update,
      this.#update,
      this.#upsert,
      this.#createMany,
      this.#updateMany,
      this.#remove,
      this.#removeMany,
      this.#delete,
      this.#deleteMany,
    ];
    if (model.isSoft) kinds.push(this.#restore, this.#restore);
    if (!model.hasSequence) kinds.push(this.#upsertMany);
    return this.#random.pick(kinds).call(this, model);
  }

  #create(model: ModelSpec): Step {
    const data = { ...this.#row(model), ...this.#nested(model, undefined) };
    return {
      model,
      method: "create",
      args: { data },
      expected: (oracle) => oracle.create(model, data),
    };
  }

  #update(model: ModelSpec): Step {
    const row = this.#random.chance(0.8) ? this.#existing(model) : undefined;
    const where = row === undefined ? this.#where(model, true) : { id: row["id"] };
    const data = {
      ...this.#changes(model),
      ...(row === undefined ? {} : this.#nested(model, row)),
    };
    const args = { where, data };
    return {
      model,
      method: "update",
      args,
      expected: (oracle) => oracle.update(model, where, data),
    };
  }

  #upsert(model: ModelSpec): Step {
    const where = this.#where(model, true);
    const create = this.#row(model);
    const update = this.#changes(model);
    const args = { where, create, update };
    return {
      model,
      method: "upsert",
      args,
      expected: (oracle) => oracle.upsert(model, where, create, update),
    };
  }

  #createMany(model: ModelSpec): Step {
    const data = Array.from({ length: this.#random.int(0, 4) }, () => this.#row(model));
    return {
      model,
      method: "createMany",
      args: { data },
      expected: (oracle) => oracle.createMany(model, data),
    };
  }

  #updateMany(model: ModelSpec): Step {
    const where = this.#where(model, false);
    const data = this.#changes(model);
    return {
      model,
      method: "updateMany",
      args: { where, data },
      expected: (oracle) => oracle.updateMany(model, where, data),
    };
  }

  /** Rows collide with their target only: of two collisions at once, SQLite tells one or the other. */
  #upsertMany(model: ModelSpec): Step {
    const unique = model.fields.filter((field) => field.isUnique).map((field) => field.name);
    const target = this.#random.pick(["id", ...unique]);
    const data = Array.from({ length: this.#random.int(1, 3) }, () => {
      const row = { ...this.#row(model), id: this.#random.int(1, 12) };
      return Object.fromEntries(
        Object.entries(row).filter(
          ([name]) => name === target || (name !== "id" && !unique.includes(name)),
        ),
      );
    });
    const update = this.#random.chance(0.3)
      ? this.#random.atMost(
          model.fields.map((field) => field.name),
          2,
        )
      : undefined;
    const args = { data, conflictTarget: target, ...(update === undefined ? {} : { update }) };
    return {
      model,
      method: "upsertMany",
      args,
      expected: (oracle) => oracle.upsertMany(model, data, target, update),
    };
  }

  #remove(model: ModelSpec): Step {
    const where = this.#where(model, true);
    return {
      model,
      method: "remove",
      args: { where },
      expected: (oracle) => oracle.remove(model, where),
    };
  }
  #removeMany(model: ModelSpec): Step {
    const where = this.#where(model, false);
    return {
      model,
      method: "removeMany",
      args: { where },
      expected: (oracle) => oracle.removeMany(model, where),
    };
  }
  #delete(model: ModelSpec): Step {
    const where = this.#where(model, true);
    return {
      model,
      method: "delete",
      args: { where },
      expected: (oracle) => oracle.delete(model, where),
    };
  }
  #deleteMany(model: ModelSpec): Step {
    const where = this.#where(model, true);
    return {
      model,
      method: "deleteMany",
      args: { where },
      expected: (oracle) => oracle.deleteMany(model, where),
    };
  }
  #restore(model: ModelSpec): Step {
    const where = this.#where(model, false);
    return {
      model,
      method: "restore",
      args: { where },
      expected: (oracle) => oracle.restore(model, where),
    };
  }

  // Values. They come from few, so that they collide.

  #value(field: FieldSpec): unknown {
    const random = this.#random;
    if (random.chance(field.isOptional ? 0.15 : 0.03)) return null;
    switch (field.type) {
      case "String":
        return random.pick(["", "a", "bb", "ß€", random.chance(0.2) ? "too long" : "ccc"]);
      case "Int":
        return field.isUnique ? random.int(0, 15) : random.int(-3, 3);
      case "Float":
        return random.pick([0, 0.5, -2.25, 3]);
      case "Boolean":
        return random.chance(0.5);
      case "DateTime":
        return random.pick(["2026-01-01", "2026-02-03T04:05:06.789Z"]);
      case "Colour":
        return random.chance(0.04) ? "pink" : random.pick(COLOURS);
    }
  }

  /** A new row; now and then something required is missing. */
  #row(model: ModelSpec): Row {
    const random = this.#random;
    const row: Row = {};
    if (random.chance(0.15)) row["id"] = random.int(1, 12);
    for (const field of model.fields) {
      const isNeeded = !field.isOptional && field.default === undefined;
      if (random.chance(isNeeded ? 0.97 : 0.5)) row[field.name] = this.#value(field);
    }
    if (model.hasSequence) {
      if (random.chance(0.8)) row["team"] = random.int(1, 2);
      if (random.chance(0.2)) row["number"] = random.int(1, 9);
    }
    const { parent } = model;
    if (parent !== undefined && random.chance(parent.isOptional ? 0.6 : 0.97))
      row["parentId"] = this.#parentId(parent.model);
    return row;
  }

  #changes(model: ModelSpec): Row {
    const random = this.#random;
    const changed: Row = {};
    for (const field of random.atMost(model.fields, random.int(0, 2)))
      changed[field.name] = this.#value(field);
    if (model.parent !== undefined && random.chance(0.2))
      changed["parentId"] = this.#parentId(model.parent.model);
    return changed;
  }

  /** Now and then there is no such row. */
  #parentId(parent: ModelSpec): unknown {
    if (this.#random.chance(0.05)) return 99;
    const rows = this.#oracle.rows(parent);
    return rows.length === 0 ? null : this.#random.pick(rows)["id"];
  }

  #existing(model: ModelSpec): Row | undefined {
    const rows = this.#oracle.liveRows(model);
    return rows.length === 0 ? undefined : this.#random.pick(rows);
  }

  /** A condition; of single rows it is not empty. */
  #where(model: ModelSpec, isNeeded: boolean): Row {
    const random = this.#random;
    if (!isNeeded && random.chance(0.3)) return {};
    if (random.chance(0.6)) {
      const rows = this.#oracle.rows(model);
      return {
        id: rows.length === 0 ? 1 : random.pick([random.pick(rows)["id"], random.int(1, 12)]),
      };
    }
    const field = random.pick(model.fields);
    const value = this.#value(field);
    return { [field.name]: value };
  }

  // Nested writes: one operation on one relation.

  #nested(model: ModelSpec, row: Row | undefined): Row {
    const random = this.#random;
    if (!random.chance(0.45)) return {};
    const choices: (() => Row)[] = [];
    if (model.parent !== undefined)
      choices.push(() => this.#nestedParent(model.parent?.model as ModelSpec));
    for (const child of model.children)
      choices.push(() => ({ [listName(child)]: this.#nestedList(child, row) }));
    const other = this.#schema.linked?.includes(model)
      ? this.#schema.linked.find((one) => one !== model)
      : undefined;
    if (other !== undefined)
      choices.push(() => ({ [linkName(other)]: this.#nestedLink(other, row) }));
    return choices.length === 0 ? {} : random.pick(choices)();
  }

  #nestedParent(parent: ModelSpec): Row {
    const row = this.#existing(parent);
    if (row === undefined || this.#random.chance(0.4))
      return { parent: { create: this.#row(parent) } };
    return { parent: { connect: { id: this.#random.chance(0.1) ? 99 : row["id"] } } };
  }

  #nestedList(child: ModelSpec, row: Row | undefined): Row {
    const random = this.#random;
    const live = this.#oracle.liveRows(child);
    const own = row === undefined ? [] : live.filter((one) => one["parentId"] === row["id"]);
    const ids = (rows: readonly Row[]) => random.atMost(rows, 2).map((one) => ({ id: one["id"] }));
    const choices: (() => Row)[] = [
      () => ({
        create: Array.from({ length: random.int(1, 2) }, () => ({
          ...withoutParent(this.#row(child)),
          ...(random.chance(0.3) ? withoutLinks(this.#nested(child, undefined)) : {}),
        })),
      }),
    ];
    if (live.length > 0) choices.push(() => ({ connect: ids(live) }));
    if (own.length > 0) {
      choices.push(
        () => ({ disconnect: ids(own) }),
        () => ({ delete: ids(own) }),
        () => ({ update: ids(own).map((where) => ({ where, data: this.#changes(child) })) }),
      );
    }
    return random.pick(choices)();
  }

  #nestedLink(other: ModelSpec, row: Row | undefined): Row {
    const random = this.#random;
    const ids = random.atMost(this.#oracle.liveRows(other), 2).map((one) => ({ id: one["id"] }));
    const missing = random.chance(0.08) ? [{ id: 99 }] : [];
    const choices: (() => Row)[] = [
      () => ({ create: [this.#row(other)] }),
      () => ({ connect: [...ids, ...missing] }),
    ];
    if (row !== undefined)
      choices.push(
        () => ({ disconnect: [...ids, ...missing] }),
        () => ({ set: [...ids, ...missing] }),
      );
    return random.pick(choices)();
  }
}

/** A child's parent is the one that it is nested in. */
function withoutParent(row: Row): Row {
  const { parentId, ...rest } = row;
  return rest;
}
function withoutLinks(nested: Row): Row {
  const { parent, ...rest } = nested;
  return rest;
}
