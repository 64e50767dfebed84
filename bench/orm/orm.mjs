// Moonstone. Licence: see LICENSE.
//
// The ORM through the addon against prepared statements of node:sqlite, or of bun:sqlite, in one
// process and in turns. Prints the median time of one call of each, the median of their ratios, and
// the ratio of their processor time in all, which is the one to look at while others use the machine.
//
//   node bench/orm/orm.mjs [rounds]       Node 22.5 or newer, or Bun; packages/orm must be built
//
// Raw writes also write the row of a change log, as the engine does. Both databases are files with
// synchronous NORMAL and WAL. Raw reads return objects.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../packages/orm/dist/index.js";

const rounds = Number(process.argv[2] ?? 15);
const PEOPLE = 5_000;
const POSTS = 20_000;
/** Rounds in which code is compiled and caches fill: not counted. */
const WARM_ROUNDS = 4;

const SCHEMA = `
model User {
  id Int @id
  email String @unique
  name String
  age Int
  createdAt DateTime
  posts Post[]
  @@index([createdAt])
}
model Post {
  id Int @id
  title String
  body String
  authorId Int
  author User @relation(fields: [authorId], references: [id])
  @@fts([title])
  @@index([authorId])
}`;

async function openRaw(path) {
  if (process.versions.bun) {
    const { Database } = await import("bun:sqlite");
    const database = new Database(path);
    return { exec: (sql) => database.exec(sql), prepare: (sql) => database.query(sql) };
  }
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  return { exec: (sql) => database.exec(sql), prepare: (sql) => database.prepare(sql) };
}

const time = (i) => new Date(1.7e12 + (i % 977) * 1000).toISOString();
const person = (i) => ({
  email: `p${i}@example.org`,
  name: `Person ${i}`,
  age: i % 90,
  createdAt: time(i),
});
const post = (i) => ({
  title: `Title ${i} about topic${i % 500}`,
  body: "A body of some length, as texts have it. ".repeat(3),
  authorId: (i % PEOPLE) + 1,
});

const folder = mkdtempSync(join(tmpdir(), "moonstone-orm-bench-"));
const db = await createClient({ schema: SCHEMA, db: join(folder, "orm.db") });
const raw = await openRaw(join(folder, "raw.db"));
raw.exec(`PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;
PRAGMA cache_size=-16384;
CREATE TABLE user (id INTEGER NOT NULL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  age INTEGER NOT NULL, createdAt TEXT NOT NULL) STRICT;
CREATE INDEX user_created ON user(createdAt);
CREATE TABLE post (id INTEGER NOT NULL PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL,
  authorId INTEGER NOT NULL REFERENCES user(id)) STRICT;
CREATE INDEX post_author ON post(authorId);
CREATE VIRTUAL TABLE post_fts USING fts5(title, content="post", content_rowid="id");
CREATE TRIGGER post_fts_insert AFTER INSERT ON post BEGIN
  INSERT INTO post_fts(rowid, title) VALUES (NEW.id, NEW.title); END;
CREATE TABLE log (seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, tbl TEXT NOT NULL, key TEXT NOT NULL,
  op INTEGER NOT NULL, old TEXT, new TEXT, time INTEGER NOT NULL) STRICT;`);

const statements = {
  insertUser: raw.prepare("INSERT INTO user(email,name,age,createdAt) VALUES(?,?,?,?) RETURNING *"),
  insertPost: raw.prepare("INSERT INTO post(title,body,authorId) VALUES(?,?,?)"),
  log: raw.prepare("INSERT INTO log(version,tbl,key,op,old,new,time) VALUES(?,?,?,?,?,?,?)"),
  begin: raw.prepare("BEGIN IMMEDIATE"),
  commit: raw.prepare("COMMIT"),
  unique: raw.prepare("SELECT * FROM user WHERE id=?"),
  hundred: raw.prepare("SELECT * FROM user WHERE id>? ORDER BY id LIMIT 100"),
  children: raw.prepare(`SELECT * FROM post WHERE authorId IN (${Array(100).fill("?").join(",")})`),
  update: raw.prepare("UPDATE user SET age=? WHERE id=? RETURNING *"),
  pageById: raw.prepare("SELECT * FROM user WHERE id>? ORDER BY id LIMIT 21"),
  pageByTime: raw.prepare(
    `SELECT * FROM user WHERE createdAt<=? AND (createdAt<? OR (createdAt=? AND id>?))
     ORDER BY createdAt DESC, id LIMIT 21`,
  ),
  search: raw.prepare(
    `SELECT post.*, f.rank AS _rank FROM post_fts f JOIN post ON post.id=f.rowid
     WHERE post_fts MATCH ? ORDER BY f.rank LIMIT 20`,
  ),
  count: raw.prepare("SELECT count(*) AS n FROM user WHERE age>=?"),
};

let version = 0;
function rawWrite(table, key, values, write) {
  statements.begin.run();
  const row = write();
  statements.log.run(++version, table, String(key), 1, null, JSON.stringify(values), Date.now());
  statements.commit.run();
  return row;
}

const batch = (from, count, make) => Array.from({ length: count }, (_, i) => make(from + i));
await db.user.createMany({ data: batch(0, PEOPLE, person) });
await db.post.createMany({ data: batch(0, POSTS, post) });
statements.begin.run();
for (let i = 0; i < PEOPLE; ++i) {
  const { email, name, age, createdAt } = person(i);
  statements.insertUser.get(email, name, age, createdAt);
}
for (let i = 0; i < POSTS; ++i) {
  const { title, body, authorId } = post(i);
  statements.insertPost.run(title, body, authorId);
}
statements.commit.run();

let next = PEOPLE;
let nextRaw = PEOPLE;
const tasks = {
  findUnique: {
    calls: 2000,
    orm: (i) => db.user.findUnique({ where: { id: (i % PEOPLE) + 1 } }),
    raw: (i) => statements.unique.get((i % PEOPLE) + 1),
  },
  "findMany 100": {
    calls: 100,
    orm: (i) =>
      db.user.findMany({ where: { id: { gt: i % 900 } }, orderBy: { id: "asc" }, limit: 100 }),
    raw: (i) => statements.hundred.all(i % 900),
  },
  "findMany 100 + include": {
    calls: 20,
    orm: (i) =>
      db.user.findMany({
        where: { id: { gt: i % 900 } },
        orderBy: { id: "asc" },
        limit: 100,
        include: { posts: true },
      }),
    raw: (i) => {
      const users = statements.hundred.all(i % 900);
      const byUser = new Map(users.map((user) => [user.id, (user.posts = [])]));
      for (const one of statements.children.all(...byUser.keys()))
        byUser.get(one.authorId).push(one);
      return users;
    },
  },
  "cursor page by id": {
    calls: 300,
    orm: (i) => db.user.findManyCursor({ limit: 20, cursor: cursorById(i % 900) }),
    raw: (i) => {
      const items = statements.pageById.all(i % 900);
      return { items: items.slice(0, 20), nextCursor: btoa(JSON.stringify({ id: items[19].id })) };
    },
  },
  "cursor page by time": {
    calls: 300,
    orm: (i) =>
      db.user.findManyCursor({
        limit: 20,
        orderBy: [{ createdAt: "desc" }, { id: "asc" }],
        cursor: cursorByTime(i),
      }),
    raw: (i) => {
      const at = time(400 + (i % 500));
      const items = statements.pageByTime.all(at, at, at, 100);
      const last = items[19];
      return {
        items: items.slice(0, 20),
        nextCursor: btoa(JSON.stringify({ createdAt: last.createdAt, id: last.id })),
      };
    },
  },
  search: {
    calls: 200,
    orm: (i) => db.post.search(`topic${i % 500}`),
    raw: (i) => statements.search.all(`topic${i % 500}`),
  },
  count: {
    calls: 100,
    orm: (i) => db.user.count({ where: { age: { gte: i % 90 } } }),
    raw: (i) => statements.count.get(i % 90),
  },
  create: {
    calls: 200,
    orm: () => db.user.create({ data: person(next++) }),
    raw: () => {
      const one = person(nextRaw++);
      return rawWrite("user", nextRaw, one, () =>
        statements.insertUser.get(one.email, one.name, one.age, one.createdAt),
      );
    },
  },
  update: {
    calls: 200,
    orm: (i) => db.user.update({ where: { id: (i % 900) + 1 }, data: { age: i % 97 } }),
    raw: (i) =>
      rawWrite("user", (i % 900) + 1, { age: i % 97 }, () =>
        statements.update.get(i % 97, (i % 900) + 1),
      ),
  },
  "createMany 10,000": {
    calls: 1,
    rounds: 5,
    orm: () => {
      const data = batch(next, 10_000, person);
      next += 10_000;
      return db.user.createMany({ data });
    },
    raw: () => {
      const data = batch(nextRaw, 10_000, person);
      nextRaw += 10_000;
      statements.begin.run();
      ++version;
      for (const one of data) {
        const { id } = statements.insertUser.get(one.email, one.name, one.age, one.createdAt);
        statements.log.run(version, "user", String(id), 1, null, JSON.stringify(one), 0);
      }
      statements.commit.run();
    },
  },
};

const token = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
function cursorById(id) {
  return token({ id });
}
function cursorByTime(i) {
  return token({ createdAt: time(400 + (i % 500)), id: 100 });
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** The mean of one call in microseconds, and of its processor time. */
async function measure(calls, run) {
  const begin = performance.now();
  const processor = process.cpuUsage();
  for (let i = 0; i < calls; ++i) await run(i);
  const { user, system } = process.cpuUsage(processor);
  return [((performance.now() - begin) * 1000) / calls, (user + system) / calls];
}

const column = (value, width) =>
  (typeof value === "number" ? value.toFixed(2) : value).padStart(width);
console.log(
  `${"task".padEnd(24)}${column("raw µs", 11)}${column("orm µs", 11)}${column("ratio", 7)}` +
    column("processor", 10),
);
const only = process.argv[3];
for (const [name, task] of Object.entries(tasks)) {
  if (only !== undefined && !name.includes(only)) continue;
  const times = { raw: [], orm: [], ratio: [] };
  const processor = { raw: 0, orm: 0 };
  for (let round = -WARM_ROUNDS; round < (task.rounds ?? rounds); ++round) {
    const [raws, rawProcessor] = await measure(task.calls, task.raw);
    const [orms, ormProcessor] = await measure(task.calls, task.orm);
    if (round < 0) continue; // the first ones compile
    times.raw.push(raws);
    times.orm.push(orms);
    times.ratio.push(orms / raws);
    processor.raw += rawProcessor;
    processor.orm += ormProcessor;
  }
  const [rawTime, ormTime, ratio] = Object.values(times).map(median);
  console.log(
    name.padEnd(24) +
      column(rawTime, 11) +
      column(ormTime, 11) +
      column(ratio, 7) +
      column(processor.orm / processor.raw, 10),
  );
}
db.$close();
rmSync(folder, { recursive: true, force: true });
