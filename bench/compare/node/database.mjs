// Moonstone. Licence: see LICENSE.
// The tables of bench/app in node:sqlite, with prepared statements, and the functions on them.
// A query names the table that it reads, a mutation those that it writes.
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

const FIRST_BALANCE = 1_000_000_000;
const GROUP_SIZE = 100;

const TABLES = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE items(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, _creationTime REAL NOT NULL,
  "group" TEXT NOT NULL, text TEXT NOT NULL, rank REAL NOT NULL) STRICT;
CREATE INDEX items_by_group ON items("group", rank);
CREATE TABLE counters(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, value REAL NOT NULL) STRICT;
CREATE TABLE accounts(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, number REAL NOT NULL,
  balance REAL NOT NULL) STRICT;
CREATE INDEX accounts_by_number ON accounts(number);
`;
const ITEM = `SELECT _id, _creationTime, "group", text, rank FROM items WHERE "group" = ?`;

/** Throws as a validator would. */
function expect(args, types) {
  for (const [name, type] of Object.entries(types)) {
    if (typeof args[name] !== type) throw new Error(`${name} must be a ${type}`);
  }
}

export function openDatabase(path) {
  const db = new DatabaseSync(path);
  db.exec(TABLES);
  const sql = {
    begin: db.prepare("BEGIN IMMEDIATE"),
    commit: db.prepare("COMMIT"),
    rollback: db.prepare("ROLLBACK"),
    addItem: db.prepare(
      `INSERT INTO items(_id, _creationTime, "group", text, rank) VALUES(?, ?, ?, ?, ?)`,
    ),
    setText: db.prepare("UPDATE items SET text = ? WHERE _id = ?"),
    page: db.prepare(`${ITEM} ORDER BY rank DESC, _row DESC LIMIT ?`),
    between: db.prepare(`${ITEM} AND rank BETWEEN ? AND ? ORDER BY rank, _row`),
    itemAt: db.prepare(`${ITEM} AND rank = ? ORDER BY _row LIMIT 1`),
    counter: db.prepare("SELECT _id, value FROM counters ORDER BY _row LIMIT 1"),
    addCounter: db.prepare("INSERT INTO counters(_id, value) VALUES(?, 1)"),
    setCounter: db.prepare("UPDATE counters SET value = ? WHERE _id = ?"),
    newestAccount: db.prepare("SELECT number FROM accounts ORDER BY number DESC LIMIT 1"),
    addAccount: db.prepare("INSERT INTO accounts(_id, number, balance) VALUES(?, ?, ?)"),
    account: db.prepare("SELECT _id, balance FROM accounts WHERE number = ?"),
    setBalance: db.prepare("UPDATE accounts SET balance = ? WHERE _id = ?"),
  };
  return {
    queries: queriesOf(sql),
    mutations: mutationsOf(sql),
    /** Runs a mutation as one durable transaction. */
    transact(run) {
      sql.begin.run();
      try {
        const result = run();
        sql.commit.run();
        return result;
      } catch (error) {
        sql.rollback.run();
        throw error;
      }
    },
  };
}

function queriesOf(sql) {
  return {
    "items:page": {
      table: "items",
      run(args) {
        expect(args, { group: "string", limit: "number", salt: "string" });
        return sql.page.all(args.group, args.limit);
      },
    },
    "items:between": {
      table: "items",
      run(args) {
        expect(args, { group: "string", from: "number", to: "number" });
        return sql.between.all(args.group, args.from, args.to);
      },
    },
    "counters:value": { table: "counters", run: () => sql.counter.get()?.value ?? 0 },
  };
}

function mutationsOf(sql) {
  const addItem = ({ group, text, rank }) => {
    const id = `items:${randomUUID()}`;
    sql.addItem.run(id, Date.now(), group, text, rank);
    return id;
  };
  const account = (number) => {
    const found = sql.account.get(number);
    if (found === undefined) throw new Error(`There is no account ${number}`);
    return found;
  };
  return {
    "items:add": {
      tables: ["items"],
      run(args) {
        expect(args, { group: "string", text: "string", rank: "number" });
        return addItem(args);
      },
    },
    "items:put": {
      tables: ["items"],
      run(args) {
        expect(args, { group: "string", text: "string", rank: "number" });
        const item = sql.itemAt.get(args.group, args.rank);
        if (item === undefined) addItem(args);
        else sql.setText.run(args.text, item._id);
      },
    },
    "items:fill": {
      tables: ["items"],
      run({ group }) {
        if (sql.page.get(group, 1) !== undefined) return;
        for (let rank = 0; rank < GROUP_SIZE; rank++) {
          addItem({ group, text: `document ${rank} of ${group}`, rank });
        }
      },
    },
    "counters:increment": {
      tables: ["counters"],
      run() {
        const counter = sql.counter.get();
        if (counter === undefined) sql.addCounter.run(`counters:${randomUUID()}`);
        else sql.setCounter.run(counter.value + 1, counter._id);
      },
    },
    "accounts:open": {
      tables: ["accounts"],
      run({ until, atMost }) {
        const opened = (sql.newestAccount.get()?.number ?? -1) + 1;
        const end = Math.max(opened, Math.min(until, opened + atMost));
        for (let number = opened; number < end; number++) {
          sql.addAccount.run(`accounts:${randomUUID()}`, number, FIRST_BALANCE);
        }
        return end;
      },
    },
    "accounts:transfer": {
      tables: ["accounts"],
      run(args) {
        expect(args, { from: "number", to: "number", amount: "number" });
        const from = account(args.from);
        const to = account(args.to);
        if (from.balance < args.amount) throw new Error(`Account ${args.from} has too little`);
        sql.setBalance.run(from.balance - args.amount, from._id);
        sql.setBalance.run(to.balance + args.amount, to._id);
      },
    },
  };
}
