import { runUpdate } from "./local_store.js";
import type { LocalStore } from "./local_store.js";
import type { QueryKey } from "./query_key.js";
import { keepIdentity } from "./stable.js";

/** What one mutation shows before the server's results show it. */
export interface Layer {
  readonly update: (store: LocalStore) => void;
  /**
   * `queued`: runs again when what it touched changes. `sent`: the server's results may contain
   * its effect or not, so it stays as it is. `answered`: the effect is in the server's results,
   * except in those of `late`.
   */
  phase: "queued" | "sent" | "answered";
  values: Map<QueryKey, unknown>;
  touched: Set<QueryKey>;
  late: Set<QueryKey>;
}

type Read = (key: QueryKey) => unknown;

/**
 * The layers of the mutations that are under way, in their order, over a base of server results.
 *
 * 1. Once its mutation is sent, a layer does not run again: nobody can tell whether a newer base
 *    contains the effect. What it shows stays, over whatever base, until the answer.
 * 2. At the answer the base contains the effect, except in late results: there, what answered
 *    layers show stays until the result is there. So an effect is neither shown twice nor hidden.
 * 3. The view is what the queued layers make of the base and of the layers before them.
 */
export class OptimisticLayers {
  #layers: Layer[] = [];
  #view = new Map<QueryKey, unknown>();

  has(key: QueryKey): boolean {
    return this.#view.has(key);
  }

  get(key: QueryKey): unknown {
    return this.#view.get(key);
  }

  keys(): Iterable<QueryKey> {
    return this.#view.keys();
  }

  /** Puts a layer on top; `rebase` shows it. Errors: what `update` throws. */
  add(update: (store: LocalStore) => void, base: Read): Layer {
    const layer: Layer = {
      update,
      phase: "queued",
      values: new Map(),
      touched: new Set(),
      late: new Set(),
    };
    run(layer, (key) => (this.#view.has(key) ? this.#view.get(key) : base(key)));
    this.#layers.push(layer);
    return layer;
  }

  /** Takes a layer away, whatever waits for it. */
  remove(layer: Layer): void {
    this.#layers = this.#layers.filter((other) => other !== layer);
  }

  /** Its mutation is done: drops what it shows, except at late keys; adds to `changed`. */
  answer(layer: Layer, isLate: (key: QueryKey) => boolean, changed: Set<QueryKey>): void {
    layer.phase = "answered";
    for (const key of [...layer.values.keys()]) {
      if (isLate(key)) layer.late.add(key);
      else if (!this.#layers.some(({ late }) => late.has(key))) this.#dropAnswered(key, changed);
    }
    if (layer.values.size === 0) this.remove(layer);
  }

  /**
   * The result that answered layers wait for at this key is there, or will never come; adds to
   * `changed`.
   */
  arrived(key: QueryKey, changed: Set<QueryKey>): void {
    for (const { late } of this.#layers) late.delete(key);
    this.#dropAnswered(key, changed);
  }

  #dropAnswered(key: QueryKey, changed: Set<QueryKey>): void {
    for (const layer of [...this.#layers]) {
      if (layer.phase !== "answered" || !layer.values.delete(key)) continue;
      changed.add(key);
      if (layer.values.size === 0) this.remove(layer);
    }
  }

  /**
   * Makes the view anew after `changed` changed below the layers; adds to `changed` what the
   * layers changed in turn. `shown` is what was shown until now: it keeps its identity.
   */
  rebase(changed: Set<QueryKey>, base: Read, shown: Read): void {
    const owners = new Map<QueryKey, Layer>();
    const view = new Map<QueryKey, unknown>();
    const read: Read = (key) => (view.has(key) ? view.get(key) : base(key));
    for (const layer of [...this.#layers]) {
      if (layer.phase === "queued" && hasAny(layer.touched, changed))
        this.#rerun(layer, changed, read);
      for (const [key, value] of layer.values) {
        view.set(key, value);
        owners.set(key, layer);
      }
    }
    for (const [key, layer] of owners) {
      const value = keepIdentity(shown(key), view.get(key));
      view.set(key, value);
      layer.values.set(key, value); // so that the next comparison is short
    }
    this.#view = view;
  }

  #rerun(layer: Layer, changed: Set<QueryKey>, read: Read): void {
    for (const key of layer.values.keys()) changed.add(key);
    try {
      run(layer, read);
    } catch (error) {
      console.error("Moonstone: an optimisticUpdate threw when it ran again", error);
      layer.values = new Map();
      this.remove(layer);
    }
    for (const key of layer.values.keys()) changed.add(key);
  }
}

function run(layer: Layer, below: Read): void {
  const values = new Map<QueryKey, unknown>();
  const touched = new Set<QueryKey>();
  const get: Read = (key) => {
    touched.add(key);
    return values.has(key) ? values.get(key) : below(key);
  };
  runUpdate(layer.update, get, (key, value) => {
    touched.add(key);
    values.set(key, value);
  });
  layer.values = values;
  layer.touched = touched;
}

function hasAny(keys: Set<QueryKey>, wanted: Set<QueryKey>): boolean {
  for (const key of keys) if (wanted.has(key)) return true;
  return false;
}
