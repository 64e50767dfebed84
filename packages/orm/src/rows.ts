// Moonstone. Licence: see LICENSE.
//
// Row objects from cells. A function is generated once for every shape of rows, so that all rows of
// the shape have one hidden class and no name is looked up per row.
import {
  type AttachedRows,
  type Exchange,
  NUMBER_TAG,
  type Row,
  type RowContext,
  type Shape,
  TEXT_TAG,
} from "./exchange.js";

/** Makes `count` rows from the cells that come next. */
type Maker = (exchange: Exchange, attached: readonly AttachedRows[], count: number) => Row[];

/** What the application adds to rows: for a model, field by field in the order of the object. */
export type Computed = Record<string, (row: Row) => unknown>;

/** Which of the computed fields a result shows, and what of its related rows. */
export interface Selection {
  /** Undefined: all. */
  readonly fields?: ReadonlySet<string>;
  readonly related: Readonly<Record<string, Selection | undefined>>;
}

function relatedOf(attached: AttachedRows, index: number): unknown {
  const { begins, positions, rows, kind } = attached;
  const begin = begins[index] as number;
  const end = begins[index + 1] as number;
  if (kind !== 1) return begin < end ? rows[positions[begin] as number] : null;
  const related: Row[] = [];
  for (let i = begin; i < end; ++i) related.push(rows[positions[i] as number] as Row);
  return related;
}

/** `"name": value` in an object literal; `__proto__` must be an ordinary property. */
function property(name: string, value: string): string {
  const quoted = JSON.stringify(name);
  return `${name === "__proto__" ? `[${quoted}]` : quoted}: ${value}`;
}

/** Reads the next cell into a variable: numbers and text here, what is rarer by the exchange. */
function cellCode(variable: string): string {
  return `let ${variable};
    tag = tags[at];
    if (tag === ${NUMBER_TAG}) {
      ${variable} = slots[at++];
    } else if (tag === ${TEXT_TAG}) {
      end = textAt + slots[at++];
      ${variable} = text.substring(textAt, end);
      textAt = end;
    } else {
      exchange.at = at;
      exchange.textAt = textAt;
      ${variable} = exchange.read();
      at = exchange.at;
      textAt = exchange.textAt;
    }`;
}

function makeMaker(shape: Shape, attached: readonly AttachedRows[]): Maker {
  const cells = shape.names.map((_, i) => cellCode(`c${i}`));
  const shown = shape.names.flatMap((name, i) =>
    shape.hidden[i] === true ? [] : [property(name, `c${i}`)],
  );
  const related = attached.map(({ name }, i) => property(name, `related(attached[${i}], i)`));
  const body = `return function (exchange, attached, count) {
  const { slots, tags, text } = exchange;
  let { at, textAt } = exchange;
  let tag = 0;
  let end = 0;
  const rows = [];
  for (let i = 0; i < count; ++i) {
    ${cells.join("\n    ")}
    rows.push({ ${[...shown, ...related].join(", ")} });
  }
  exchange.at = at;
  exchange.textAt = textAt;
  return rows;
};`;
  return new Function("related", body)(relatedOf) as Maker;
}

/** Rows with computed fields: these see every column that was read, also those not shown. */
function makeComputedRows(
  shape: Shape,
  computed: Computed,
  fields: ReadonlySet<string> | undefined,
): Maker {
  const columns = makeMaker({ ...shape, hidden: [] }, []);
  const hidden = shape.names.filter((_, i) => shape.hidden[i] === true);
  return (exchange, attached, count) => {
    const rows = columns(exchange, [], count);
    rows.forEach((row, index) => {
      for (const name of Object.keys(computed)) row[name] = computed[name]?.(row);
      for (const name of hidden) delete row[name];
      if (fields !== undefined) {
        for (const name of Object.keys(computed)) if (!fields.has(name)) delete row[name];
      }
      for (const one of attached) row[one.name] = relatedOf(one, index);
    });
    return rows;
  };
}

/** Shapes by their numbers in the addon, which announces each before its first rows. */
const shapes: Shape[] = [];
const makers: Maker[] = [];
const makersWithRelated = new Map<string, Maker>();
const MAKERS_MAX = 4096;

function makerOf(number: number, attached: readonly AttachedRows[]): Maker {
  const shape = shapes[number] as Shape;
  if (attached.length === 0) return (makers[number] ??= makeMaker(shape, attached));
  const key = JSON.stringify([number, ...attached.map(({ name }) => name)]);
  let maker = makersWithRelated.get(key);
  if (maker === undefined) {
    maker = makeMaker(shape, attached);
    if (makersWithRelated.size >= MAKERS_MAX) makersWithRelated.clear();
    makersWithRelated.set(key, maker);
  }
  return maker;
}

/** Rows as the schema has them. */
export const plainRows: RowContext = {
  announce(number, shape) {
    shapes[number] = shape;
  },
  make(exchange, number, attached, count) {
    return makerOf(number, attached)(exchange, attached, count);
  },
  related() {
    return plainRows;
  },
};

/** Rows of a client whose application computes fields. */
export function computedRows(
  computedOf: (model: string) => Computed | undefined,
  selection?: Selection,
): RowContext {
  return {
    announce: plainRows.announce,
    make(exchange, number, attached, count) {
      const shape = shapes[number] as Shape;
      const computed = computedOf(shape.model);
      const fields = selection?.fields;
      // Rows that show no computed field lack the columns that these are made of.
      const isShown = (name: string): boolean => fields === undefined || fields.has(name);
      if (computed === undefined || !Object.keys(computed).some(isShown))
        return plainRows.make(exchange, number, attached, count);
      return makeComputedRows(shape, computed, fields)(exchange, attached, count);
    },
    related(name) {
      return computedRows(computedOf, selection?.related[name]);
    },
  };
}
