// litestone.md 3.5, 3.6: files and their imports, and what is made of declarations.
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse, parseFile } from "../../src/index.js";
import { folderOfTest, thrown, tree } from "./support.js";

/** The answer of parseFile, or what it throws, as one text. */
function messageOf(path: string): string {
  try {
    return parseFile(path).errors.join("\n");
  } catch (error) {
    return (error as Error).message;
  }
}

const names = (list: { name: string }[] | undefined) => (list ?? []).map((one) => one.name);

describe("3.5 files", () => {
  test("imports are relative to their file, and come first", () => {
    const folder = folderOfTest();
    const inner = folderOfTest();
    writeFileSync(folder.file("schema.lite"), `import "./a.lite"\nmodel Last { id Int @id }`);
    writeFileSync(
      folder.file("a.lite"),
      `import "${inner.file("b.lite")}"\nmodel Middle { id Int @id }`,
    );
    writeFileSync(inner.file("b.lite"), `import "./c.lite"\nmodel Second { id Int @id }`);
    writeFileSync(inner.file("c.lite"), "enum E { x }\nmodel First { id Int @id }");
    const { schema, errors } = parseFile(folder.file("schema.lite"));
    expect(errors).toEqual([]);
    expect(names(schema?.models)).toEqual(["First", "Second", "Middle", "Last"]);
  });

  test("every file is read once, so that circles are harmless", () => {
    const folder = folderOfTest();
    writeFileSync(
      folder.file("a.lite"),
      `import "./b.lite"\nimport "./b.lite"\nmodel A { id Int @id }`,
    );
    writeFileSync(folder.file("b.lite"), `import "./a.lite"\nmodel B { id Int @id }`);
    const { schema, errors } = parseFile(folder.file("a.lite"));
    expect(errors).toEqual([]);
    expect(names(schema?.models)).toEqual(["B", "A"]);
  });

  test("a file that cannot be read is named", () => {
    const folder = folderOfTest();
    expect(messageOf(folder.file("no.lite"))).toContain(
      `Cannot read file: ${folder.file("no.lite")}`,
    );
    writeFileSync(folder.file("a.lite"), 'import "./gone.lite"');
    expect(messageOf(folder.file("a.lite"))).toContain(
      `Cannot read file: ${folder.file("gone.lite")}`,
    );
  });

  test("a database in the place of a schema is recognised", () => {
    const folder = folderOfTest();
    writeFileSync(folder.file("a.lite"), "SQLite format 3\0 and more");
    expect(messageOf(folder.file("a.lite"))).toMatch(/SQLite|database/);
    writeFileSync(folder.file("b.lite"), "model A\0");
    expect(messageOf(folder.file("b.lite"))).toMatch(/binary/i);
  });

  test("a character that begins nothing is told with its file", () => {
    const folder = folderOfTest();
    writeFileSync(folder.file("a.lite"), 'import "./b.lite"');
    writeFileSync(folder.file("b.lite"), "model A { # }");
    expect(thrown(() => parseFile(folder.file("a.lite"))).message).toMatch(
      new RegExp(`^In ${folder.file("b.lite")}:`),
    );
  });
});

describe("3.6 traits", () => {
  test("fields and attributes of traits come before those of the model, nested traits first", () => {
    const schema = tree(`
      trait Inner { a Int  @@index([a]) }
      trait Outer { b Int  @@trait(Inner) }
      model M { id Int @id  @@trait(Outer) @@index([id]) }`);
    expect(names(schema.models[0]?.fields)).toEqual(["a", "b", "id"]);
    expect(schema.models[0]?.attributes).toEqual([
      { kind: "index", fields: ["a"] },
      { kind: "index", fields: ["id"] },
    ]);
  });

  test("a field of the model wins", () => {
    const schema = tree("trait T { a Int  b Int }  model M { id Int @id  a String  @@trait(T) }");
    expect(schema.models[0]?.fields.map((field) => [field.name, field.type.name])).toEqual([
      ["b", "Int"],
      ["id", "Int"],
      ["a", "String"],
    ]);
  });
});

describe("3.6 what attributes bring with them", () => {
  test("@secret is encrypted, guarded and logged", () => {
    const schema = tree(`
      database main { path "./m.db" }
      database first { path "./a/" driver logger }
      database second { path "./b/" driver logger }
      model M { id Int @id  s String @secret  t String @secret(rotate: false) @log(second) }`);
    const attributes = (index: number) => schema.models[0]?.fields[index]?.attributes;
    expect(attributes(1)).toEqual([
      { kind: "secret", rotate: true },
      { kind: "encrypted", searchable: false },
      { kind: "guarded", level: "all" },
      { kind: "log", db: "first", reads: false, writes: true },
    ]);
    expect(attributes(2)?.map((one) => one.kind)).toEqual([
      "secret",
      "log",
      "encrypted",
      "guarded",
    ]);
  });

  test("@secret without a logger is not logged", () => {
    const schema = tree("model M { id Int @id  s String @secret }");
    expect(schema.models[0]?.fields[1]?.attributes.map((one) => one.kind)).toEqual([
      "secret",
      "encrypted",
      "guarded",
    ]);
  });

  test("@@hasTemplates brings its field unless it is there", () => {
    const made = tree("model M { id Int @id  @@hasTemplates }").models[0]?.fields.at(-1);
    expect(made).toMatchObject({
      name: "isTemplate",
      type: { kind: "scalar", name: "Boolean", array: false, optional: false },
      attributes: [{ kind: "default", value: { kind: "boolean", value: false } }],
    });
    const own = tree('model M { id Int @id  t Boolean @default(true)  @@hasTemplates("t") }');
    expect(names(own.models[0]?.fields)).toEqual(["id", "t"]);
  });
});

describe("3.6 what names mean", () => {
  test("a bare default is the value of an enum, else a field", () => {
    const schema = tree(`
      enum Role { title admin }
      model M { id Int @id  title String  role Role @default(title)  copy String @default(title) }`);
    const value = (index: number) => schema.models[0]?.fields[index]?.attributes[0]?.["value"];
    expect(value(2)).toEqual({ kind: "enum", value: "title" });
    expect(value(3)).toEqual({ kind: "fieldRef", field: "title" });
  });

  test("a model is no type without @relation, except after @from", () => {
    const other = "model B { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int }";
    expect(parse(`model A { id Int @id  b B } ${other}`).errors.join()).toContain(
      "unknown type 'B'",
    );
    expect(parse(`model A { id Int @id  b B? @from(B, last: true) } ${other}`).errors).toEqual([]);
  });
});
