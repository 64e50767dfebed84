// Moonstone. Licence: see LICENSE.
//
// The texts of errors and warnings. Source: litestone.md 3.4
#include <span>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

struct Case {
  std::string_view source;
  std::string_view text;
};

/// Each source has exactly one error, which is the text.
void expect_errors(std::span<const Case> cases) {
  for (const Case& one : cases) {
    const ParseResult result = parse(one.source);
    EXPECT_FALSE(result.valid) << one.source;
    EXPECT_EQ(lines_of(result.errors), std::string(one.text) + '\n') << one.source;
  }
}

TEST(LiteErrorsTest, Syntax) {
  const Case cases[] = {
      {"foo",
       "Unexpected token 'foo' — expected database, model, view, enum, function, trait, "
       "type, or import (line 1, col 1)"},
      {"model A {\n  id Int @nope\n}", "Unknown field attribute '@nope' (line 2, col 11)"},
      {"model A { @@nope }", "Unknown model attribute '@@nope' (line 1, col 13)"},
      {"model A { @@softDeleteCascade }",
       "Unknown model attribute '@@softDeleteCascade': use @@softDelete(cascade) (line 1, col 13)"},
      {"view v { @@nope }", "Unknown view attribute '@@nope' (line 1, col 12)"},
      {"model A { id Int?[] }",
       "Expected a field, an attribute or '}', got '[': an optional array is written Type[]? "
       "(line 1, col 18)"},
      {"model A { id Int",
       "Expected a field, an attribute or '}', got the end of the schema (line "
       "1, col 17)"},
      {"model A { id Int @id\n/// lost\n}",
       "Expected a field, an attribute or '}', got '}' (line 3, col 1)"},
      {"model A { id /// lost\n Int }",
       "Expected a type, got a documentation comment (line 1, col 14)"},
      {"model A { a Int @default() }",
       "Expected a default: a literal, a name or a call such as now(), got ')' (line 1, col 26)"},
      {"model A { a Int @relation(x: 1) }", "Unknown argument 'x' of @relation (line 1, col 27)"},
      {"model A { a Int @from(B) }",
       "@from needs one of first, last, count, exists, sum, max and min (line 1, col 22)"},
      {"model A { a Int @from(B, count: true, max: x) }",
       "@from takes one operation (line 1, col 39)"},
      {"model A { a Int @allow('delete', true) }",
       "@allow: invalid operation 'delete'. Valid on a field: read, write, all (line 1, col 24)"},
      {"model A { @@allow('reed', true) }",
       "@@allow/@@deny: invalid operation 'reed'. Valid: read, create, update, post-update, "
       "delete, write, all (line 1, col 19)"},
      {"model A { @@deny('', true) }",
       "@@allow/@@deny: invalid operation ''. Valid: read, create, update, post-update, delete, "
       "write, all (line 1, col 18)"},
      {"model A { @@allow('read', a < b < c) }", "Expected ')', got '<' (line 1, col 33)"},
      {"model A { @@allow('read', f(x)) }",
       "Unknown function 'f' in an expression — expected auth(), now() or check(…) (line 1, col "
       "27)"},
      {"model A { @@gate(read: 12) }",
       "Expected a level: 0 to 9 or a name from STRANGER to LOCKED, got '12' (line 1, col 24)"},
      {"model A { a String @length() }", "Expected a length, got ')' (line 1, col 28)"},
      {"enum E { a transitions }",
       "'transitions' is reserved: it begins the block with an enum's transitions (line 1, col "
       "12)"},
      {"enum E { a b transitions { t: a -> b t: b -> a } }",
       "duplicate transition name 't' (line 1, col 38)"},
      {"import x", "Expected the path of a schema file in quotes, got 'x' (line 1, col 8)"},
      {"trait T { @@id([a]) }", "Trait 'T': @@id is not allowed in a trait (line 1, col 13)"},
  };
  expect_errors(cases);
  for (const Case& one : cases)
    EXPECT_FALSE(parse(one.source).schema.has_value()) << one.source;
}

TEST(LiteErrorsTest, ALongTokenIsCutAtACharacter) {
  const std::string text = "'" + std::string(38, 'x') + "\xE2\x82\xAC" + std::string(60, 'x') + "'";
  const std::string error = lines_of(parse(text).errors);
  EXPECT_NE(error.find(std::string(38, 'x') + "…'"), std::string::npos) << error;
}

TEST(LiteErrorsTest, Declarations) {
  const Case cases[] = {
      {"model A { a Int a Int }", "Model 'A': duplicate field 'a'"},
      {"model A { a Int } enum A { x }", "Duplicate declaration name 'A'"},
      {"model User { a Int } model USER { b Int }",
       "Model 'USER': the table \"user\" is that of the model 'User'; choose another with @@map"},
      {"model A { a Int @@map(\"t\") } model B { b Int @@map(\"T\") }",
       "Model 'B': the table \"T\" is that of the model 'A'; choose another with @@map"},
      {"model Note { a Int } model note { b Int @@map(\"x\") }",
       "Model 'note': a client calls it note, like the model 'Note'"},
      {"model A { a Int } view A { a Int @@sql(\"x\") }", "Duplicate declaration name 'A'"},
      {"database x { path 'a' } database x { path 'b' }", "Duplicate database name 'x'"},
      {"function f(): Int { @@expr('1') } function f(): Int { @@expr('1') }",
       "Duplicate function name 'f'"},
      {"function f(): Int { }", "Function 'f': must declare @@expr(\"...\")"},
      {"enum E { a a }", "Enum 'E': duplicate value 'a'"},
      {"enum E { }", "Enum 'E' has no values"},
      {"model A { x Nope }", "Model 'A', field 'x': unknown type 'Nope'"},
      {"model A { x A }", "Model 'A', field 'x': unknown type 'A'"},
      {"model A { s String @default(nope) }",
       "Model 'A', field 's': @default(nope) — 'nope' is not a field or enum value"},
      {"enum E { x } model A { e E @default(y) }",
       "Model 'A', field 'e': @default(y) — 'y' is not a field or enum value"},
      {"model A { s String @default(s) }",
       "Model 'A', field 's': @default(s) — 's' is not a field or enum value"},
      {"model A { s String @default(nuw()) }",
       "Model 'A', field 's': @default(nuw()) — expected now(), uuid(), ulid(), cuid(), nanoid() "
       "or auth()"},
      {"model A { j Json[] }",
       "Model 'A', field 'j': array [] is only supported for Text, Integer, File, or a model name "
       "for many-to-many (got Json)"},
      {"enum E { x } model A { e E[] }",
       "Model 'A', field 'e': array [] is only supported for Text, Integer, File, or a model name "
       "for many-to-many (got E)"},
      {"model A { a Int @@gate('1.2.x') }",
       "@@gate: \"1.2.x\" must be one to four levels from 0 to 9 with dots between them, such as "
       "\"1.4.4.6\" (model 'A')"},
      {"model A { a Int @@index([x]) }", "Model 'A': @@index references unknown field 'x'"},
      {"model A { a Int @@unique([x]) }", "Model 'A': @@uniqueIndex references unknown field 'x'"},
      {"model A { a Int @@fts([x]) }", "Model 'A': @@fts references unknown field 'x'"},
      {"model A { a Int @computed @@index([a]) }",
       "Model 'A': @@index references 'a', which is not stored in a column"},
      {"model A { t Int? @@hasTemplates('t') }",
       "Model 'A': @@hasTemplates field 't' must be a non-optional, non-array Boolean"},
      {"model A { t Boolean? @@hasTemplates('t') }",
       "Model 'A': @@hasTemplates field 't' must be a non-optional, non-array Boolean"},
  };
  expect_errors(cases);
}

TEST(LiteErrorsTest, Relations) {
  const Case cases[] = {
      {"model B { id Int } model A { b B @relation(fields: [x], references: [id]) }",
       "Model 'A': @relation fields references unknown field 'x'"},
      {"model B { id Int } model A { b_id Int b B @relation(fields: [b_id], references: [x]) }",
       "Model 'A': @relation references references unknown field 'x' of 'B'"},
      {"model B { id Int } model A { b_id Int b B @relation(fields: [b_id]) }",
       "Model 'A', field 'b': @relation needs as many references as fields"},
      {"model B { id Int } model A { i Int b B @relation(fields: [i], references: [id], onDelete: "
       "Explode) }",
       "Model 'A': unknown onDelete action 'Explode'"},
      {"model A { i Int b X @relation(fields: [i], references: [id]) }",
       "Model 'A', field 'b': @relation references unknown model 'X'"},
      {"model A { i Int b Int @relation(fields: [i], references: [i]) }",
       "Model 'A', field 'b': @relation references unknown model 'Int'"},
      {"model B { id Int } model A { bs B[] }",
       "Implicit many-to-many: 'A.bs' references 'B' but 'B' has no corresponding 'A[]' field. "
       "Both sides must declare the relation."},
      {"model A { friends A[] }",
       "Implicit many-to-many: 'A.friends' relates 'A' to itself, which needs a model of its own "
       "for the links."},
  };
  expect_errors(cases);
}

TEST(LiteErrorsTest, FunctionsAndDerivedFields) {
  const Case cases[] = {
      {"model A { a Int b Int @up(a) }",
       "Model 'A', field 'b': @up references unknown function 'up'"},
      {"function up(x: Int): Int { @@expr('1') } model A { a Int b Int @up(a, a) }",
       "Model 'A', field 'b': @up expects 1 argument(s) but got 2"},
      {"function up(x: Int): Int { @@expr('1') } model A { a Int b Int @up(x) }",
       "Model 'A', field 'b': @up argument 'x' is not a field on this model"},
      {"function up(x: Int): Int { @@expr('1') } model A { b Int @up(b) }",
       "Model 'A', field 'b': @up cannot reference itself"},
      {"model A { a Int @generated('{ghost}') }",
       "Model 'A', field 'a': @generated references unknown field 'ghost'"},
      {"model A { a Int @generated('{a} + 1') }",
       "Model 'A', field 'a': @generated cannot reference itself"},
      {"model A { a Int @generated('{b}') b Int @generated('{a}') }",
       "Model 'A': circular @generated dependency detected: a ↔ b"},
      {"model A { x Int @generated('{y}') y Int @generated('{z}') z Int @generated('{x}') }",
       "Model 'A': circular @generated dependency detected: x ↔ y ↔ z"},
      {"model A { a Int @from(Ghost, count: true) }",
       "Model 'A', field 'a': @from references unknown model 'Ghost'"},
      {"model B { x Int } model A { a String @from(B, count: true) }",
       "Model 'A', field 'a': @from count requires an Integer field (got 'String')"},
      {"model B { x Int } model A { a Int @from(B, exists: true) }",
       "Model 'A', field 'a': @from exists requires a Boolean field (got 'Int')"},
      {"model B { x Int } model A { a DateTime @from(B, last: true) }",
       "Model 'A', field 'a': @from last requires the field type to be 'B' (got 'DateTime')"},
      {"model B { x Int } model A { a Int @from(B, sum: y) }",
       "Model 'A', field 'a': @from sum references unknown field 'y' on 'B'"},
      {"model B { x Int } model A { a Int @from(B, max: x, orderBy: y) }",
       "Model 'A', field 'a': @from orderBy references unknown field 'y' on 'B'"},
      {"model B { x Int } model A { a Int @from(B, count: true) @computed }",
       "Model 'A', field 'a': @from conflicts with @computed"},
      {"model A { s String a String @sequence(scope: s) }",
       "Model 'A', field 'a': @sequence requires an Integer field (got String)"},
      {"model A { a Int @sequence(scope: s) }",
       "Model 'A', field 'a': @sequence scope 's' is not a field on this model"},
  };
  expect_errors(cases);
  EXPECT_TRUE(parse("model A { a Int b Int @generated('{c}') c Int @generated('{a}') }").valid)
      << "a chain may look forward";
}

TEST(LiteErrorsTest, Visibility) {
  const std::string logger = " database audit { path 'x' driver logger }";
  const Case cases[] = {
      {"model A { a Int @secret @encrypted }",
       "Model 'A', field 'a': @secret already implies @encrypted and @guarded(all) — remove the "
       "explicit @encrypted"},
      {"model A { a Int @guarded @secret }",
       "Model 'A', field 'a': @secret already implies @encrypted and @guarded(all) — remove the "
       "explicit @guarded"},
      {"model A { a Int @allow('read', true) @guarded }",
       "Model 'A', field 'a': @allow conflicts with @guarded, which hides the field from everybody "
       "but the system"},
      {"model A { a Int @allow('read', true) @secret }",
       "Model 'A', field 'a': @allow conflicts with @secret, which hides the field from everybody "
       "but the system"},
      {"model A { a Int @log(nope) }",
       "Model 'A', field 'a': @log references unknown database 'nope'"},
      {"database d { path 'x' } model A { a Int @log(d) }",
       "Model 'A', field 'a': @log database 'd' must have driver logger (it has sqlite)"},
      {"database d { path 'x' } model A { a Int @@log(d) }",
       "Model 'A': @@log database 'd' must have driver logger (it has sqlite)"},
      {"model A { a Int @@log(d) }", "Model 'A': @@log references unknown database 'd'"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(lines_of(parse(std::string(one.source) + logger).errors),
              std::string(one.text) + '\n')
        << one.source;
  }
}

TEST(LiteErrorsTest, Databases) {
  const Case cases[] = {
      {"database x { driver sqlite }", "Database 'x': path is required"},
      {"database x { path 'a' driver mysql }",
       "Database 'x': driver must be one of sqlite, jsonl, logger (got 'mysql')"},
      {"database x { path 'a' maxSize 3mb }",
       "Database 'x': maxSize is only valid for jsonl databases"},
      {"database x { path 'a' driver jsonl replication true }",
       "Database 'x': replication is not supported for jsonl databases"},
      {"database x { path 'a' model A }",
       "Database 'x': model key is only valid for logger databases"},
      {"database x { path 'a' retention soon }",
       "Database 'x': Invalid retention duration 'soon' — expected format: 30d, 24h, 1y, 60m"},
      {"database x { path 'a' driver jsonl maxSize 3d }",
       "Database 'x': Invalid maxSize '3d' — expected format: 500kb, 100mb, 1gb"},
      {"database x { path './a.jsonl' driver jsonl } model A { a Int @@db(x) } model B { a Int "
       "@@db(x) }",
       "Database 'x': the path './a.jsonl' is one file, but 2 models are in this database — use a "
       "directory"},
      {"model A { a Int @@db(nope) }", "Model 'A': @@db references unknown database 'nope'"},
      {"database x { path 'a' driver logger model Nope }", "Database 'x': unknown model 'Nope'"},
      {"database x { path 'a' driver logger model A } model A { operation String model String "
       "createdAt DateTime }",
       "Database 'x': model 'A' must be @@db(x)"},
      {"database x { path 'a' driver logger model A } model A { operation String model String "
       "@@db(x) }",
       "Database 'x': model 'A' must have a field 'createdAt'"},
  };
  expect_errors(cases);
  const std::string jsonl = "database l { path './l' driver jsonl } model A { a Int ";
  const Case refused[] = {
      {"@@softDelete", "@@softDelete"},
      {"@@fts([a])", "@@fts"},
      {"@@allow('read', true)", "@@allow/@@deny"},
      {"n Int @sequence(scope: a)", "@sequence"},
      {"s String @encrypted", "@encrypted"},
      {"s String @allow('read', true)", "@allow"},
  };
  for (const Case& one : refused) {
    EXPECT_EQ(
        lines_of(parse(jsonl + std::string(one.source) + " @@db(l) }").errors),
        "Model 'A': " + std::string(one.text) + " is not supported in the jsonl database 'l'\n");
  }
}

TEST(LiteErrorsTest, TransitionsAndViews) {
  const Case cases[] = {
      {"enum E { a b transitions { t: x -> b } }",
       "Enum 'E', transition 't': unknown value 'x' in 'from'"},
      {"enum E { a b transitions { t: a -> x } }",
       "Enum 'E', transition 't': unknown value 'x' in 'to'"},
      {"enum E { a b transitions { t: [b, a] -> a } }",
       "Enum 'E', transition 't': self-transition from 'a' to 'a'"},
      {"view v { a Int }", "View 'v': must declare @@sql(\"...\")"},
      {"view v { a Int @@sql('x') @@materialized }",
       "View 'v': @@materialized requires @@refreshOn([...])"},
      {"view v { a Int @@sql('x') @@materialized @@refreshOn([X]) }",
       "View 'v': @@refreshOn references unknown model 'X'"},
      {"database d { path 'x' } model A { a Int @@db(d) } view v { a Int @@sql('x') "
       "@@refreshOn([A]) }",
       "View 'v': @@refreshOn model 'A' is in the database 'd', not in 'main'"},
      {"view v { a Int @@sql('x') @@db(nope) }",
       "View 'v': @@db references unknown database 'nope'"},
      {"database d { path 'x' driver jsonl } view v { a Int @@sql('x') @@db(d) }",
       "View 'v': views are not supported in the jsonl database 'd'"},
      {"view v { a Nope @@sql('x') }", "View 'v', field 'a': unknown type 'Nope'"},
      {"view v { a Int a Int @@sql('x') }", "View 'v': duplicate field 'a'"},
  };
  expect_errors(cases);
}

TEST(LiteErrorsTest, TraitsEndParsing) {
  const Case cases[] = {
      {"trait T { id Int @id }", "Trait 'T': @id is not allowed in a trait"},
      {"trait T { a Int @@map('x') }", "Trait 'T': @@map is not allowed in a trait"},
      {"trait T { a Int @@db(x) }", "Trait 'T': @@db is not allowed in a trait"},
      {"trait T { a Int @@fts([a]) }", "Trait 'T': @@fts is not allowed in a trait"},
      {"trait X { a Int } trait X { b Int }", "Duplicate trait 'X'"},
      {"model A { a Int @@trait(X) }", "Model 'A': unknown trait 'X'"},
      {"trait T { a Int @@trait(X) }", "Trait 'T': unknown trait 'X'"},
      {"trait A { foo Int } trait B { foo Int } model M { foo Int @@trait(A) @@trait(B) }",
       "Model 'M': field 'foo' provided by both @@trait(A) and @@trait(B)"},
      {"trait A { foo Int } trait B { foo Int @@trait(A) }",
       "Trait 'B': field 'foo' provided by both @@trait(A) and @@trait(B)"},
      {"trait A { a Int @@trait(B) } trait B { b Int @@trait(A) }",
       "Trait cycle detected: A → B → A"},
      {"trait A { a Int @@trait(A) }", "Trait cycle detected: A → A"},
  };
  expect_errors(cases);
  for (const Case& one : cases)
    EXPECT_FALSE(parse(one.source).schema.has_value()) << one.source;
}

TEST(LiteErrorsTest, TypeDeclarationsEndParsing) {
  const Case cases[] = {
      {"type T { a Int } type T { a Int }", "Duplicate type 'T'"},
      {"type T { a File }", "Type 'T', field 'a': File fields are not allowed in a type"},
      {"type T { a Bytes }", "Type 'T', field 'a': Bytes fields are not allowed in a type"},
      {"type T { a Nope }", "Type 'T', field 'a': unknown type 'Nope'"},
      {"model M { id Int } type T { m M[] }", "Type 'T', field 'm': unknown type 'M'"},
      {"type T { a Int @@index([a]) }", "Type 'T': @@index not allowed in a type"},
      {"type T { a Int @@unique([a]) }", "Type 'T': @@unique not allowed in a type"},
      {"type T { a Int @@softDelete }", "Type 'T': @@softDelete not allowed in a type"},
      {"type T { a Int @@allow('read', true) }", "Type 'T': @@allow not allowed in a type"},
      {"type T { a Int @@trait(X) }", "Type 'T': @@trait not allowed in a type"},
      {"type T { a Int @type(T) }",
       "Type 'T', field 'a': @type(T) requires the field to be Json "
       "(got Int)\nType cycle detected: T → T"},
      {"type T { a Json @type(X) }", "Type 'T', field 'a': unknown type 'X'"},
      {"type A { b Json @type(B) } type B { a Json? @type(A) }", "Type cycle detected: A → B → A"},
  };
  expect_errors(cases);
  const Case attributes[] = {
      {"Int @id", "@id"},
      {"Int @unique", "@unique"},
      {"Int @map('x')", "@map"},
      {"Int @relation(name: 'x')", "@relation"},
      {"Int @generated('1')", "@generated"},
      {"Int @from(B, count: true)", "@from"},
      {"Int @encrypted", "@encrypted"},
      {"Int @guarded", "@guarded"},
      {"Int @secret", "@secret"},
      {"Int @updatedAt", "@updatedAt"},
      {"String @default(now())", "@default(now())"},
      {"String @default(cuid())", "@default(cuid())"},
      {"String @default(ulid())", "@default(ulid())"},
      {"String @default(uuid())", "@default(uuid())"},
      {"String @default(auth().id)", "@default(auth())"},
  };
  for (const Case& one : attributes) {
    EXPECT_EQ(lines_of(parse("type T { a " + std::string(one.source) + " }").errors),
              "Type 'T', field 'a': " + std::string(one.text) + " not allowed in a type\n");
  }
}

TEST(LiteErrorsTest, TypeReferencesOfModels) {
  const Case cases[] = {
      {"model A { j Json @type(X) }", "Model 'A', field 'j': unknown type 'X'"},
      {"type X { a Int } model A { j String @type(X) }",
       "Model 'A', field 'j': @type(X) requires the field to be Json (got String)"},
  };
  expect_errors(cases);
}

TEST(LiteErrorsTest, Warnings) {
  const auto warnings = [](std::string_view text) {
    const ParseResult result = parse(text);
    EXPECT_TRUE(result.valid) << lines_of(result.errors);
    return lines_of(result.warnings);
  };
  EXPECT_EQ(warnings("model A { a Int @@deny('read', true) }"),
            "Model 'A' has @@deny but no @@allow — everything that no @@deny matches stays open to "
            "everybody\n");
  EXPECT_EQ(warnings("model A { a Int @@deny('read', true) @@allow('read', true) }"), "");
  EXPECT_NE(warnings("model A { a String @@external @@fts([a]) }").find("@@external: its @@fts"),
            std::string::npos);
  EXPECT_NE(warnings("model A { a DateTime? @@external @@softDelete }").find("its @@softDelete"),
            std::string::npos);
  EXPECT_NE(warnings("model A { j Json @@index([j]) }").find("covers the Json field 'j'"),
            std::string::npos);
  EXPECT_EQ(warnings("model A { k String @secret }"),
            "Model 'A', field 'k': @secret records its writes, but there is no logger database\n");
}

TEST(LiteErrorsTest, SoftDeleteWarnsOfChildrenThatStay) {
  const auto warnings = [](const std::string& parent, const std::string& list,
                           const std::string& child) {
    const ParseResult result =
        parse("model P { id Int @id deletedAt DateTime? cs C[] " + list + " " + parent +
              " } model C { id Int @id p_id Int p P @relation(fields: [p_id], references: [id]) "
              "deletedAt DateTime? " +
              child + " }");
    EXPECT_TRUE(result.valid) << lines_of(result.errors);
    return lines_of(result.warnings);
  };
  const std::string warning = warnings("@@softDelete", "", "@@softDelete");
  EXPECT_NE(warning.find("@@softDelete(cascade)"), std::string::npos);
  EXPECT_NE(warning.find("@hardDelete"), std::string::npos);
  EXPECT_EQ(warnings("@@softDelete(cascade)", "", "@@softDelete"), "");
  EXPECT_EQ(warnings("@@softDelete", "@hardDelete", "@@softDelete"), "");
  EXPECT_EQ(warnings("@@softDelete", "", ""), "");
}

TEST(LiteErrorsTest, ValidationCollectsAndKeepsTheSchema) {
  const ParseResult result = parse(
      "model A {\n  x Nope\n  y String @default(z)\n  @@index([q])\n}\nmodel A { a Int a Int }");
  EXPECT_FALSE(result.valid);
  EXPECT_TRUE(result.schema.has_value());
  EXPECT_EQ(result.errors.size(), 5U) << lines_of(result.errors);
  EXPECT_EQ(result.errors.at(0).position.line, 2U);
  EXPECT_EQ(result.errors.at(1).position.line, 3U);
}

}  // namespace
}  // namespace moonstone::lite
