// Moonstone. Licence: see LICENSE.
// Live queries as they are usually built by hand: after a write every query of the table runs again,
// once for all who ask the same, and whoever shows another result is told.

export class LiveQueries {
  #queries;
  #entries = new Map(); // by function and arguments
  #byTable = new Map();

  constructor(queries) {
    this.#queries = queries;
  }

  /** `tell(json)` is called with each new result. Returns what ends it and the first result. */
  subscribe(name, args, tell) {
    const query = this.#queries[name];
    if (query === undefined) throw new Error(`There is no query ${name}`);
    const key = `${name} ${JSON.stringify(args)}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { query, args, json: JSON.stringify(query.run(args)), listeners: new Set() };
      this.#entries.set(key, entry);
      this.#ofTable(query.table).add(entry);
    }
    entry.listeners.add(tell);
    const end = () => {
      entry.listeners.delete(tell);
      if (entry.listeners.size > 0) return;
      this.#entries.delete(key);
      this.#ofTable(query.table).delete(entry);
    };
    return { json: entry.json, end };
  }

  written(table) {
    for (const entry of this.#ofTable(table)) {
      const json = JSON.stringify(entry.query.run(entry.args));
      if (json === entry.json) continue;
      entry.json = json;
      for (const tell of entry.listeners) tell(json);
    }
  }

  #ofTable(table) {
    let entries = this.#byTable.get(table);
    if (entries === undefined) this.#byTable.set(table, (entries = new Set()));
    return entries;
  }
}
