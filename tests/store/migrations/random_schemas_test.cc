// Moonstone. Licence: see LICENSE.
// Random pairs of schemas: rows written under the first live on under the second, and the database
// is then in sync with it.
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>

#include "tests/store/migrations/support.h"

namespace moonstone::store {
namespace {

constexpr int kRounds = 60;
constexpr int kRows = 4;

struct RandomField {
  std::string type;        // with its attributes
  std::string sample_sql;  // a value that it takes
};

/// Every field can be added to a table with rows, so that no pair is blocked.
const std::vector<RandomField>& field_pool() {
  static const std::vector<RandomField> kPool = {
      {"String?", "'text'"},
      {"String @default(\"d\")", "'t''x'"},
      {"Int?", "42"},
      {"Int @default(7)", "43"},
      {"Float @default(0.5)", "1.25"},
      {"Boolean @default(false)", "1"},
      {"DateTime @default(now())", "'2026-01-01T00:00:00.000Z'"},
      {"String[]", "'[\"a\"]'"},
      {"Colour?", "'red'"},
      {"Colour @default(blue)", "'red'"},
      {"Int? @check(\"1 = 1\")", "5"},
  };
  return kPool;
}

class SchemaMaker {
 public:
  explicit SchemaMaker(std::uint64_t seed) : random_(seed) {}

  /// Models m0 to m3 of which some are there, with fields f0 to f5 of which each has some.
  struct Made {
    std::string text;
    std::map<std::string, std::map<std::string, RandomField>> tables;
  };
  Made make() {
    Made made{.text = "enum Colour { red\n blue }\n", .tables = {}};
    for (int model = 0; model < 4; ++model) {
      if (!chance(75)) continue;
      const std::string name = fmt::format("m{}", model);
      made.text += fmt::format("model {} {{\n id Int @id\n", name);
      auto& fields = made.tables[name];
      for (int field = 0; field < 6; ++field) {
        if (!chance(60)) continue;
        // The type follows from the name, so that values can always be kept.
        const std::size_t kind = static_cast<std::size_t>(model + 2 * field) % field_pool().size();
        const std::string field_name = fmt::format("f{}", field);
        fields.emplace(field_name, field_pool()[kind]);
        made.text += fmt::format(" {} {}\n", field_name, field_pool()[kind].type);
      }
      add_extras(made, fields);
      made.text += "}\n";
    }
    return made;
  }

 private:
  bool chance(int percent) { return std::uniform_int_distribution<int>(0, 99)(random_) < percent; }

  void add_extras(Made& made, std::map<std::string, RandomField>& fields) {
    if (fields.size() > 1 && chance(50)) {
      made.text +=
          fmt::format(" @@index([{}, {}])\n", fields.begin()->first, fields.rbegin()->first);
    }
    for (const auto& [name, field] : fields) {
      if (field.type.starts_with("String?") && chance(50)) {
        made.text += fmt::format(" @@fts([{}])\n", name);
        break;
      }
    }
    if (chance(30)) {
      made.text += " deletedAt DateTime?\n @@softDelete\n";
      fields.emplace("deletedAt", RandomField{"DateTime?", "NULL"});
    }
    if (chance(30)) {
      made.text += " updatedAt DateTime @updatedAt\n";
      fields.emplace("updatedAt", RandomField{"DateTime", "'2026-01-01T00:00:00.000Z'"});
    }
    if (made.tables.contains("m0") && made.tables.size() > 1 && chance(50)) {
      made.text += " ownerId Int?\n owner m0? @relation(fields: [ownerId], references: [id])\n";
      fields.emplace("ownerId", RandomField{"Int?", "1"});
    }
    if (chance(20)) made.text += " @@noStrict\n";
  }

  std::mt19937_64 random_;
};

void fill(Database& database, const SchemaMaker::Made& made) {
  for (const auto& [table, fields] : made.tables) {
    for (int row = 1; row <= kRows; ++row) {
      std::string columns = "id";
      std::string values = fmt::to_string(row);
      for (const auto& [name, field] : fields) {
        columns += fmt::format(", {}", name);
        values += fmt::format(", {}", field.sample_sql);
      }
      database.run(fmt::format("INSERT INTO {} ({}) VALUES ({})", table, columns, values));
    }
  }
}

/// Rows can be written and changed: no trigger speaks of what is gone.
void write_again(Database& database, const SchemaMaker::Made& made) {
  // To which the foreign keys refer, if the table is new.
  if (made.tables.contains("m0")) database.run("INSERT OR IGNORE INTO m0 (id) VALUES (1)");
  for (const auto& [table, fields] : made.tables) {
    database.run(fmt::format("INSERT INTO {} (id) VALUES (100)", table));
    for (const auto& [name, field] : fields)
      database.run(fmt::format("UPDATE {} SET {} = {}", table, name, field.sample_sql));
    database.run(fmt::format("DELETE FROM {} WHERE id = 100", table));
  }
}

/// The rows of the fields that both schemas have.
std::string kept_rows(Database& database,
                      const SchemaMaker::Made& from,
                      const SchemaMaker::Made& to) {
  std::string out;
  for (const auto& [table, fields] : from.tables) {
    const auto other = to.tables.find(table);
    if (other == to.tables.end()) continue;
    std::string columns = "id";
    for (const auto& [name, field] : fields) {
      if (other->second.contains(name)) columns += ", " + name;
    }
    out +=
        table + "\n" + database.rows(fmt::format("SELECT {} FROM {} ORDER BY id", columns, table));
  }
  return out;
}

TEST(RandomSchemasTest, ChangesKeepRowsAndEndInSync) {
  const std::uint64_t seed = announced_seed();
  SchemaMaker maker(seed);
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    Database database;
    const SchemaMaker::Made first = maker.make();
    const SchemaMaker::Made second = maker.make();
    database.migrate(first.text);
    fill(database, first);
    const std::string before = kept_rows(database, first, second);
    database.migrate(second.text);
    const SchemaGap gap = database.gap(second.text);
    ASSERT_TRUE(gap.is_in_sync()) << first.text << second.text << gap.sql;
    ASSERT_EQ(kept_rows(database, first, second), before) << first.text << second.text;
    ASSERT_EQ(database.rows("PRAGMA integrity_check"), "[\"ok\"]\n");
    ASSERT_EQ(database.rows("PRAGMA foreign_key_check"), "");
    write_again(database, second);
  }
}

}  // namespace
}  // namespace moonstone::store
