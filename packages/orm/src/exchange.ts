// Moonstone. Licence: see LICENSE.
//
// Values on their way to the addon and back. The grammar stands in bindings/node/exchange.h: a
// buffer of tags and slots, and one string with all text. Never change one side alone.
import type { NativeAddon } from "./native.js";

const enum Tag {
  Undefined,
  Null,
  False,
  True,
  Number,
  Integer,
  Text,
  Bytes,
  Array,
  Object,
  Key,
  NewKey,
  Rows,
  Shape,
}

/** For the code that is generated for rows. */
export const NUMBER_TAG: number = Tag.Number;
export const TEXT_TAG: number = Tag.Text;

/** Slots before the first value. */
export const HEADER_SLOTS = 8;
const TEXT_UNITS_SLOT = 7;
/** Names of members that both sides know by number; data with ever new names must not fill memory. */
const KEYS_MAX = 4096;
const DEPTH_MAX = 64;
const INTEGER_MIN = -(2n ** 63n);
const INTEGER_MAX = 2n ** 63n - 1n;

/** One row, or what else a call answers. */
export type Row = Record<string, unknown>;

/** What rows of one shape have in common. */
export interface Shape {
  readonly names: readonly string[];
  readonly hidden: readonly boolean[];
  /** The name of their model; empty: of none. */
  readonly model: string;
}

/** Rows that belong to others, and which belong to which. */
export interface AttachedRows {
  readonly name: string;
  /** 0: one or null, 1: many, 2: an object of its own for each row. */
  readonly kind: number;
  readonly begins: readonly number[];
  readonly positions: readonly number[];
  readonly rows: readonly Row[];
}

/** What rows become. */
export interface RowContext {
  announce(shape: number, definition: Shape): void;
  /** Makes `count` rows from the cells that come next. */
  make(exchange: Exchange, shape: number, attached: readonly AttachedRows[], count: number): Row[];
  /** For the rows of a relation. */
  related(name: string): RowContext;
}

const isBuffer = typeof Buffer !== "undefined";

/** The path of a value in the arguments, for messages: the last name that is a field. */
function fieldOf(path: readonly string[]): string {
  const field = path.filter((key) => !OPERATORS.has(key)).at(-1);
  return field === undefined ? "" : ` field "${field}"`;
}
const OPERATORS = new Set(
  "AND OR NOT not in notIn gt gte lt lte contains startsWith endsWith has hasEvery hasSome isEmpty".split(
    " ",
  ),
);

/** One side of the buffer that an addon and JavaScript share. */
export class Exchange {
  readonly #native: NativeAddon;
  readonly #keys = new Map<string, number>();
  slots!: Float64Array;
  tags!: Uint8Array;
  #bytes!: Uint8Array;
  #capacity = 0;
  // Where the next value is written or read. Makers of rows (rows.ts) keep them in variables while
  // they read, as a call for every cell would cost more than the cell.
  at: number = HEADER_SLOTS;
  text = "";
  textAt = 0;
  /** Keys that the message being written has numbered: taken back if it is given up. */
  #newKeys: string[] = [];
  readonly #path: string[] = [];

  constructor(native: NativeAddon) {
    this.#native = native;
    this.#use(native.buffer());
  }

  #use(buffer: ArrayBuffer): void {
    this.#capacity = Math.floor(buffer.byteLength / 9);
    this.slots = new Float64Array(buffer, 0, this.#capacity);
    this.tags = new Uint8Array(buffer, this.#capacity * 8, this.#capacity);
    this.#bytes = new Uint8Array(buffer);
  }

  // --- writing ---------------------------------------------------------------------------------

  begin(operation: number, first = 0, second = 0, third = 0): void {
    this.at = HEADER_SLOTS;
    this.text = "";
    if (this.#newKeys.length > 0) this.#newKeys = [];
    this.#path.length = 0;
    const slots = this.slots;
    slots[0] = operation;
    slots[1] = first;
    slots[2] = second;
    slots[3] = third;
    slots[4] = 0;
    slots[5] = 0;
    slots[6] = 0;
  }

  header(slot: number, value: number): void {
    this.slots[slot] = value;
  }

  /** Forgets what the message has taught the other side, as it will not be sent. */
  abandon(): void {
    for (const key of this.#newKeys) this.#keys.delete(key);
    this.#newKeys = [];
  }

  /** The text of the message, after its last value. */
  finish(): string {
    this.slots[TEXT_UNITS_SLOT] = this.text.length;
    return this.text;
  }

  #grow(slots: number): void {
    const oldSlots = this.slots;
    const oldTags = this.tags;
    const used = Math.min(this.at, this.#capacity);
    this.#use(this.#native.buffer(Math.max(slots, this.#capacity * 2)));
    this.slots.set(oldSlots.subarray(0, used));
    this.tags.set(oldTags.subarray(0, used));
  }

  #put(tag: Tag, slot: number): void {
    const at = this.at;
    if (at >= this.#capacity) this.#grow(at + 1);
    this.tags[at] = tag;
    this.slots[at] = slot;
    this.at = at + 1;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.#put(Tag.Number, value);
        return;
      case "string":
        this.#put(Tag.Text, value.length);
        this.text += value;
        return;
      case "boolean":
        this.#put(value ? Tag.True : Tag.False, 0);
        return;
      case "undefined":
        this.#put(Tag.Undefined, 0);
        return;
      case "bigint":
        this.#writeInteger(value);
        return;
      case "object":
        if (value === null) this.#put(Tag.Null, 0);
        else this.#writeObject(value);
        return;
      default:
        this.#refuse(`was given a ${typeof value}`);
    }
  }

  #writeInteger(value: bigint): void {
    if (value < INTEGER_MIN || value > INTEGER_MAX)
      this.#refuse("was given a bigint that 64 bits cannot hold");
    const digits = value.toString();
    this.#put(Tag.Integer, digits.length);
    this.text += digits;
  }

  #refuse(what: string): never {
    const [where = ""] = this.#path;
    const clause = where === "where" ? "where clause" : where === "" ? "the arguments" : where;
    throw new TypeError(`${clause}:${fieldOf(this.#path.slice(1))} ${what}`);
  }

  #writeObject(value: object): void {
    if (Array.isArray(value)) {
      const count = value.length; // a toJSON of an element may change it
      this.#put(Tag.Array, count);
      for (let i = 0; i < count; ++i) this.write(value[i]);
      return;
    }
    if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) this.#refuse("was given a Date that is no time");
      this.write(value.toISOString());
      return;
    }
    if (ArrayBuffer.isView(value)) {
      this.#writeBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      return;
    }
    if (value instanceof ArrayBuffer) {
      this.#writeBytes(new Uint8Array(value));
      return;
    }
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") {
      this.write(toJSON.call(value));
      return;
    }
    this.#writeMembers(value as Row);
  }

  #writeMembers(value: Row): void {
    if (this.#path.length >= DEPTH_MAX) this.#refuse("is nested too deep");
    const keys = Object.keys(value);
    this.#put(Tag.Object, keys.length);
    for (const key of keys) {
      const number = this.#keys.get(key);
      if (number !== undefined) {
        this.#put(Tag.Key, number);
      } else if (this.#keys.size < KEYS_MAX) {
        this.#keys.set(key, this.#keys.size);
        this.#newKeys.push(key);
        this.#put(Tag.NewKey, key.length);
        this.text += key;
      } else {
        this.#put(Tag.Text, key.length);
        this.text += key;
      }
      this.#path.push(key);
      this.write(value[key]);
      this.#path.pop();
    }
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#put(Tag.Bytes, bytes.length);
    const slots = Math.ceil(bytes.length / 8);
    if (this.at + slots > this.#capacity) this.#grow(this.at + slots);
    this.#bytes.set(bytes, this.at * 8);
    this.at += slots;
  }

  // --- reading ---------------------------------------------------------------------------------

  /** Begins to read what the addon has written; `text` came with it. Returns the status. */
  open(text: string | undefined): number {
    if (this.slots[0] === 2) this.#use(this.#native.buffer());
    this.at = HEADER_SLOTS;
    this.text = text ?? "";
    this.textAt = 0;
    return this.slots[0] as number;
  }

  number(): number {
    return this.slots[this.at++] as number;
  }

  /** The next value; rows need a maker. */
  read(): unknown {
    const at = this.at;
    this.at = at + 1;
    const slot = this.slots[at] as number;
    switch (this.tags[at] as Tag) {
      case Tag.Number:
        return slot;
      case Tag.Text: {
        const begin = this.textAt;
        this.textAt = begin + slot;
        return this.text.substring(begin, begin + slot);
      }
      case Tag.Null:
        return null;
      case Tag.True:
        return true;
      case Tag.False:
        return false;
      case Tag.Integer: {
        const begin = this.textAt;
        this.textAt = begin + slot;
        return BigInt(this.text.substring(begin, begin + slot));
      }
      case Tag.Bytes:
        return this.#readBytes(slot);
      case Tag.Array: {
        const values: unknown[] = [];
        for (let i = 0; i < slot; ++i) values.push(this.read());
        return values;
      }
      case Tag.Object:
        return this.#readObject(slot);
      default:
        return undefined;
    }
  }

  #readBytes(count: number): Uint8Array {
    const begin = this.at * 8;
    this.at += Math.ceil(count / 8);
    const bytes = this.#bytes.subarray(begin, begin + count);
    return isBuffer ? Buffer.from(bytes) : bytes.slice();
  }

  #readObject(count: number): Row {
    const object: Row = {};
    for (let i = 0; i < count; ++i) {
      const key = this.read() as string;
      const value = this.read();
      // A member of that name must not become the object's prototype.
      if (key === "__proto__") {
        const own = { value, enumerable: true, configurable: true, writable: true };
        Object.defineProperty(object, key, own);
      } else {
        object[key] = value;
      }
    }
    return object;
  }

  /** The next rows, or null where there are none; those attached to them come first. */
  readRows(context: RowContext): Row[] | null {
    while ((this.tags[this.at] as Tag) === Tag.Shape) {
      context.announce(this.number(), this.#readShape());
    }
    if ((this.tags[this.at] as Tag) !== Tag.Rows) {
      this.read();
      return null;
    }
    const shape = this.number();
    const count = this.number();
    const attachedCount = this.number();
    const attached: AttachedRows[] = [];
    for (let i = 0; i < attachedCount; ++i) attached.push(this.#readAttached(count, context));
    return context.make(this, shape, attached, count);
  }

  #readShape(): Shape {
    const model = this.read() as string;
    const names: string[] = [];
    const hidden: boolean[] = [];
    for (let left = this.number(); left > 0; --left) {
      names.push(this.read() as string);
      hidden.push(this.read() as boolean);
    }
    return { names, hidden, model };
  }

  #readAttached(count: number, context: RowContext): AttachedRows {
    const name = this.read() as string;
    const kind = this.number();
    const begins: number[] = [];
    for (let i = 0; i <= count; ++i) begins.push(this.number());
    const positions: number[] = [];
    const total = begins[count] ?? 0;
    for (let i = 0; i < total; ++i) positions.push(this.number());
    return { name, kind, begins, positions, rows: this.readRows(context.related(name)) ?? [] };
  }
}
