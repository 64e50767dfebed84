// litestone.md 36, 37, 38: schemas from databases, TypeScript and JSON Schema from schemas.
import { describe, expect, test } from "vitest";
import { onTestFinished } from "vitest";
import "../addon.js";
import {
  generateJsonSchema,
  generateLiteSchema,
  generateTypeScript,
  parse,
  RawDatabase,
} from "../../src/index.js";

function introspected(statements: string, options = {}): string {
  const raw = new RawDatabase(":memory:");
  onTestFinished(() => raw.close());
  raw.exec(statements);
  const text = generateLiteSchema(raw, options);
  expect(parse(text).errors).toEqual([]);
  return text;
}
/** The text of a model without the columns of its layout. */
const squeezed = (text: string) => text.replace(/[ \t]+/g, " ");

describe("36 introspect", () => {
  test("types of columns", () => {
    const text = squeezed(
      introspected(`CREATE TABLE users(
        id INTEGER PRIMARY KEY, a BIGINT NOT NULL, b VARCHAR(10) NOT NULL, c DOUBLE, d DECIMAL(5,2) NOT NULL,
        e BLOB, f BOOLEAN NOT NULL, g SMALLINT, h CLOB, i WHATEVER)`),
    );
    for (const line of [
      "id Int @id",
      "a Int\n",
      "b String\n",
      "c Float?",
      "d Float\n",
      "e Bytes?",
      "f Boolean\n",
      "g Int?",
      "h String?",
      "i String?",
    ])
      expect(text).toContain(line);
    expect(text).toContain("model User {");
    expect(text).toContain("@@noStrict");
    expect(text.split("\n").filter((line) => line.startsWith("///"))).toHaveLength(4);
  });

  test("names are singular and Pascal case, @@map and @map keep those of the database", () => {
    const text = squeezed(
      introspected("CREATE TABLE blog_posts(id INTEGER PRIMARY KEY, created_by TEXT) STRICT"),
    );
    expect(text).toContain("model BlogPost {");
    expect(text).toContain('createdBy String? @map("created_by")');
    expect(text).toContain('@@map("blog_posts")');
    expect(text).not.toContain("@@noStrict");
  });

  test("camelCase: false keeps names", () => {
    const text = squeezed(
      introspected("CREATE TABLE posts(id INTEGER PRIMARY KEY, created_by TEXT)", {
        camelCase: false,
      }),
    );
    expect(text).toContain("created_by String?");
    expect(text).not.toContain('@map("created_by")');
  });

  test("checks are enums, defaults are defaults, indexes are indexes", () => {
    const text = squeezed(
      introspected(`
        CREATE TABLE users(
          id INTEGER PRIMARY KEY, role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member')),
          email TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 5, s TEXT NOT NULL DEFAULT 'it''s',
          active BOOLEAN NOT NULL DEFAULT 1, at TEXT DEFAULT CURRENT_TIMESTAMP,
          deleted_at TEXT, UNIQUE(n, s));
        CREATE INDEX i ON users(role, n);`),
    );
    expect(text).toMatch(/enum UserRole \{\s+admin\s+member\s+\}/);
    expect(text).toContain("role UserRole @default(member)");
    expect(text).toContain("email String? @unique");
    expect(text).toContain("n Int @default(5)");
    expect(text).toContain("active Boolean @default(true)");
    expect(text).toContain("@default(now())");
    expect(text).toContain("@@unique([n, s])");
    expect(text).toContain("@@index([role, n])");
    expect(text).toContain("@@softDelete");
  });

  test("foreign keys are relations", () => {
    const text = squeezed(
      introspected(`
        CREATE TABLE users(id INTEGER PRIMARY KEY);
        CREATE TABLE posts(id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE);`),
    );
    expect(text).toMatch(
      /\w+ User @relation\(fields: \[userId\], references: \[id\], onDelete: Cascade\)/,
    );
    expect(text).toContain('userId Int @map("user_id")');
  });

  test("our own tables come back as they were", () => {
    const text = squeezed(
      introspected(`CREATE TABLE "t" (
        "id" INTEGER NOT NULL PRIMARY KEY,
        "at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        "list" TEXT NOT NULL DEFAULT '[]' CHECK (json_valid("list") AND json_type("list") = 'array')
      ) STRICT`),
    );
    expect(text).toContain("at DateTime @default(now())");
    expect(text).toMatch(/list \w+\[\]/);
  });
});

const SCHEMA = `
enum Role { admin member }
type Address { city String  zip String? }
/// A person.
model User {
  /// The key.
  id Int @id
  email String @unique
  role Role @default(member)
  age Int?
  home Json? @type(Address)
  extra Json
  photo Bytes?
  tags String[]
  by Int @default(auth().id)
  editor Int? @updatedBy
  shout String @computed
  twice Int @generated("{age} * 2")
  postCount Int @from(Post, count: true)
  hidden String @guarded(all)
  half String? @guarded
  createdAt DateTime @default(now())
  updatedAt DateTime @updatedAt
  deletedAt DateTime?
  posts Post[]
  @@softDelete
}
model Post { id Int @id  title String  author User @relation(fields: [authorId], references: [id])  authorId Int }`;

/** The lines of one declaration. */
function declarationOf(text: string, name: string): string {
  const match = new RegExp(`export (?:interface|type) ${name}\\b[^]*?\\n\\}`).exec(text);
  return match?.[0] ?? "";
}

describe("37 typegen", () => {
  const text = generateTypeScript(parse(SCHEMA));

  test("order of the declarations", () => {
    const places = [
      "Generated by",
      "WhereOp<",
      "OrderDir",
      "interface WhereBase",
      "export type Role",
      "interface Address",
      "interface User ",
      "interface UserCreate",
      "interface UserUpdate",
      "interface UserWhere",
      "type UserOrderBy",
      "interface Post ",
      "CursorResult<",
      "interface TableClient<",
      "interface QueryEvent",
      "interface LitestoneClient",
      "interface CreateClientOptions",
      "createClient(",
    ].map((word) => [word, text.indexOf(word)] as const);
    for (const [word, place] of places) expect(place, word).toBeGreaterThanOrEqual(0);
    const order = places.map(([, place]) => place);
    expect(order).toEqual([...order].sort((one, other) => one - other));
  });

  test("a row", () => {
    const row = declarationOf(text, "User");
    for (const line of [
      "id: number",
      "email: string",
      "role: Role",
      "age?: number | null",
      "home?: Address | null",
      "extra: unknown",
      "photo?: Buffer | null",
      "tags: string[]",
      "shout: string",
      "twice: number",
      "postCount: number",
    ])
      expect(row).toContain(line);
    expect(row).not.toContain("hidden");
    expect(text).toMatch(/export type Role = ["']admin["'] \| ["']member["']/);
  });

  test("what may be given to create and update", () => {
    const create = declarationOf(text, "UserCreate");
    for (const line of [
      "id?: number",
      "email: string",
      "role?: Role",
      "age?: number",
      "extra: unknown",
      "by: number",
    ])
      expect(create).toContain(line);
    for (const name of [
      "createdAt",
      "updatedAt",
      "deletedAt",
      "shout",
      "twice",
      "postCount",
      "editor",
      "hidden",
    ])
      expect(create).not.toMatch(new RegExp(`\\b${name}\\??:`));
    const update = declarationOf(text, "UserUpdate");
    expect(update).toContain("email?: string");
    expect(update).not.toMatch(/^\s+\w+: /m);
  });

  test("conditions", () => {
    const where = declarationOf(text, "UserWhere");
    expect(where).toContain("extends WhereBase");
    expect(where).toMatch(/email\?: string \| WhereOp<string> \| null/);
    expect(where).toContain("AND?: UserWhere[]");
    expect(where).toContain("OR?:");
    expect(where).toContain("NOT?:");
    expect(where).toContain("hidden?:");
  });

  test("the system sees all", () => {
    expect(
      declarationOf(generateTypeScript(parse(SCHEMA), { audience: "system" }), "User"),
    ).toContain("hidden: string");
  });

  test("comments", () => {
    expect(text).toMatch(/\/\*\*\s*(\* )?A person\./);
    expect(text).toMatch(/\/\*\*\s*(\* )?The key\./);
    expect(generateTypeScript(parse(SCHEMA), { includeComments: false })).not.toContain(
      "A person.",
    );
  });

  test("tables have the names of the client", () => {
    const client = declarationOf(text, "LitestoneClient");
    expect(client).toMatch(/readonly user: TableClient<User, UserCreate, UserUpdate, UserWhere/);
    expect(client).toContain("$transaction");
    expect(client).toContain("asSystem");
  });

  test("only some models", () => {
    const some = generateTypeScript(parse(SCHEMA), { only: ["Post"] });
    expect(some).toContain("interface Post ");
    expect(some).not.toContain("interface UserCreate");
  });
});

describe("38 JSON Schema", () => {
  const RULES = `
    enum Stage { draft live transitions { publish: draft -> live } }
    /// Things.
    model Thing {
      id Int @id
      mail String @email
      site String? @url
      size String @length(2, 5)
      code String @regex("^a+$")
      n Int @gt(0) @lte(10)
      f Float @gte(0.5) @lt(2)
      tags String[] @minItems(1) @maxItems(3) @uniqueItems
      stage Stage @default(draft)
      day DateTime
      body String @markdown
      file Bytes?
      flag Boolean @default(true)
      owner Owner? @relation(fields: [ownerId], references: [id], onDelete: SetNull)
      ownerId Int?
      createdAt DateTime @default(now())
      deletedAt DateTime?
      total Int @generated("{n} * 2")
    }
    model Owner { id Int @id  things Thing[]  marks Mark[] }
    model Mark { id Int @id  owners Owner[] }`;
  const model = (options: any = {}, name = "Thing"): any => {
    const schema = generateJsonSchema(parse(RULES), options) as any;
    return options.format === "flat" ? schema[name] : schema["$defs"][name];
  };

  test("the root", () => {
    const schema = generateJsonSchema(parse(RULES), { title: "API" }) as any;
    expect(schema.$schema).toBe("https://json-schema.org/draft-07/schema");
    expect(schema.title).toBe("API");
    expect(Object.keys(schema.$defs)).toEqual(["Thing", "Owner", "Mark", "Stage"]);
    expect(schema.$defs.Stage).toEqual({
      type: "string",
      enum: ["draft", "live"],
      title: "Stage",
      "x-litestone-transitions": expect.anything(),
    });
  });

  test("flat", () => {
    expect(model({ format: "flat" })).toMatchObject({ type: "object", title: "Thing" });
  });

  test("validators", () => {
    const { properties } = model();
    expect(properties).toMatchObject({
      mail: { type: "string", format: "email" },
      size: { type: "string", minLength: 2, maxLength: 5 },
      code: { type: "string", pattern: "^a+$" },
      n: { type: "integer", exclusiveMinimum: 0, maximum: 10 },
      f: { type: "number", minimum: 0.5, exclusiveMaximum: 2 },
      tags: {
        type: "array",
        items: { type: "string" },
        minItems: 1,
        maxItems: 3,
        uniqueItems: true,
      },
      body: { type: "string", contentMediaType: "text/markdown" },
      flag: { type: "boolean", default: true },
      day: { type: "string", format: "date-time" },
    });
    expect(properties.site).toEqual({
      anyOf: [{ type: "string", format: "uri" }, { type: "null" }],
    });
    expect(properties.ownerId).toEqual({ type: ["integer", "null"] });
  });

  test("create leaves out keys and stamps, and asks for the rest", () => {
    const one = model({ mode: "create" });
    expect(one).toMatchObject({
      type: "object",
      title: "Thing",
      description: "Things.",
      additionalProperties: false,
    });
    for (const name of ["id", "createdAt", "deletedAt", "total"])
      expect(one.properties).not.toHaveProperty(name);
    expect([...one.required].sort()).toEqual([
      "body",
      "code",
      "day",
      "f",
      "mail",
      "n",
      "size",
      "tags",
    ]);
    expect(
      model({ mode: "create", includeTimestamps: true, includeDeletedAt: true }).properties,
    ).toMatchObject({
      createdAt: {},
      deletedAt: {},
    });
  });

  test("update asks for nothing", () => expect(model({ mode: "update" }).required).toBeUndefined());

  test("full has all, and says what cannot be written", () => {
    const { properties } = model({ mode: "full" });
    expect(properties).toHaveProperty("id");
    expect(properties.total).toMatchObject({ readOnly: true, "x-litestone-kind": "generated" });
  });

  test("enums are references, or not", () => {
    expect(JSON.stringify(model().properties.stage)).toContain("#/$defs/");
    expect(JSON.stringify(model({ inlineEnums: true }).properties.stage)).toContain('"draft"');
  });

  test("relations", () => {
    expect(model()["x-relations"]).toEqual([
      {
        field: "owner",
        model: "Owner",
        type: "belongsTo",
        fields: ["ownerId"],
        references: ["id"],
        onDelete: "SetNull",
        optional: true,
      },
    ]);
    expect(model({}, "Owner")["x-relations"]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ field: "things", model: "Thing", type: "hasMany" }),
        { field: "marks", model: "Mark", type: "m2m" },
      ]),
    );
  });

  test("gates and rules are told", () => {
    const schema = generateJsonSchema(
      parse("model M { id Int @id  @@gate(\"1.2.3.4\") @@allow('read', true) }"),
    ) as any;
    expect(schema.$defs.M).toMatchObject({
      "x-gate": { read: 1, create: 2, update: 3, delete: 4 },
      "x-litestone-policies": true,
    });
  });
});
