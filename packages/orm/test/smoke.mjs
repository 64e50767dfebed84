import { createClient, parse, sql, RawDatabase } from "../dist/index.js";
const p = parse(`model User { id Int @id  email String @unique  age Int?  meta Json? }`);
console.log(p.valid, p.errors, JSON.stringify(p.schema).slice(0, 200));
try { parse("model A { id Int @id ~ }"); } catch (e) { console.log(e.name, e.message); }
const raw = new RawDatabase(":memory:");
raw.exec("create table t(a,b,c)");
console.log(raw.run("insert into t values (?,?,?)", 1, "héllo €😀", new Uint8Array([1,2,3])), raw.all("select *, 9007199254740993 as big from t"));
const db = await createClient({ schema: `model User { id Int @id  email String @unique  age Int?  meta Json? }`, db: ":memory:" });
console.log(Object.keys(db).slice(0, 5));
console.log(await db.user.create({ data: { email: "a@b.c", age: 3, meta: { x: [1, "ü"] } } }));
console.log(await db.user.findMany({ where: { age: 3 } }));
