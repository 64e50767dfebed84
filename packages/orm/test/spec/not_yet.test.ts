// litestone.md 16, 22 - 24, 25a, 25b, 27, 30, 33: what is not there yet loads, and says so by name.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import "../addon.js";
import { failure, open, openWith } from "./support.js";

const warn = vi.spyOn(process, "emitWarning");
beforeEach(() => void warn.mockReset().mockImplementation(() => undefined));
afterEach(() => void warn.mockReset());

describe("schemas load, and their ordinary parts work", () => {
  test.each([
    ["16", "secret String? @omit  more String? @guarded"],
    ["22", "@@allow('read', n == auth().id) @@deny('delete', true)"],
    ["23", "salary Float? @allow('read', auth().role == 'admin')"],
    [
      "24",
      "ssn String? @encrypted  mail String? @encrypted(searchable: true)  key String? @secret",
    ],
    ["25a", "@@hasTemplates"],
    ["25b", "@@auth"],
    ["30.1", '@@gate("2.5.5.6")'],
    ["33", "avatar File?  photos File[] @keepVersions"],
  ])("%s: %s", async (_, text) => {
    const db = await open(`model M { id Int @id  n Int  ${text} }`);
    await db.m.create({ data: { n: 5 } });
    expect(await db.m.findMany({ where: { n: 5 }, select: { n: true } })).toEqual([{ n: 5 }]);
  });

  test("27: loggers and lines", async () => {
    const db = await openWith({
      databases: ":memory:",
      schema: `
        database main { path "./app.db" }
        database audit { path "./audit/" driver logger }
        database logs { path "./logs/" driver jsonl }
        model M { id Int @id  n Int @log(audit)  @@log(audit) }
        model Line { n Int  @@db(logs) }`,
    });
    await db.m.create({ data: { n: 5 } });
    expect(await db.m.count()).toBe(1);
    expect((await failure(db.line.findMany())).message).toMatch(/jsonl/);
    expect((await failure(db.line.create({ data: { n: 1 } }))).message).toMatch(/jsonl/);
    expect(
      (await failure(Promise.resolve().then(() => db["auditLogs"]?.["findMany"]?.()))).message,
    ).toMatch(/logger|auditLogs/);
  });

  test("25b: an external table is nobody's business but its owner's", async () => {
    const db = await open("model Legacy { id Int @id  n Int  @@external }  model M { id Int @id }");
    expect((await failure(db.legacy.count())).message).toMatch(/no such table: legacy/);
    db.$db.exec("CREATE TABLE legacy(id INTEGER PRIMARY KEY, n INTEGER)");
    db.$db.run("INSERT INTO legacy(n) VALUES (4)");
    expect(await db.legacy.findMany()).toEqual([{ id: 1, n: 4 }]);
  });
});

describe("calls say that they are not there", () => {
  test("plugins", async () => {
    const error = await failure(open("model M { id Int @id }", { plugins: [{}] }));
    expect(error.message).toMatch(/plugins/);
    await open("model M { id Int @id }", { plugins: [] });
  });

  test("$rotateKey", async () => {
    const db = await open("model M { id Int @id }");
    expect(
      (await failure(Promise.resolve().then(() => db.$rotateKey("f".repeat(64))))).message,
    ).toMatch(/rotateKey|encrypt/);
  });
});

describe("what is declared and not enforced is a warning", () => {
  test.each([
    ["@@allow('read', true)", /allow|polic|rule/i],
    ["s String @encrypted", /encrypt/i],
    ["s String @guarded", /guarded|hidden|field/i],
    ['@@gate("4")', /gate/i],
  ])("%s", async (text, message) => {
    await open(`model M { id Int @id  ${text} }`);
    expect(warn.mock.calls.map((call) => String(call[0])).join("\n")).toMatch(message);
  });
});
