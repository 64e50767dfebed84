// Moonstone. Licence: see LICENSE.
#pragma once
// A database in a temporary folder with a small schema, for the engine's tests.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/database.h"

namespace moonstone::engine {

/// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline constexpr std::string_view kTestSchema = R"json({"tables":{
  "accounts":{"fields":{"owner":{"type":"string"},"balance":{"type":"number"},
      "note":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}}},
    "indexes":[{"name":"by_owner","fields":["owner"]},{"name":"by_balance","fields":["balance"]}]},
  "events":{"fields":{"text":{"type":"string"},"data":{"type":"optional","value":{"type":"any"}}},
    "indexes":[]}}})json";

inline schema::Schema parse_test_schema(std::string_view json = kTestSchema) {
  return schema::parse_schema_json(parse_json(json).value()).value();
}

inline Object object_of(std::string_view json) {
  return parse_json(json).value().as_object();
}

class DatabaseTest : public ::testing::Test {
 protected:
  void open(DatabaseOptions options = {}) {
    options.store.path = folder_.file("data.db");
    auto opened = Database::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = *std::move(opened);
    auto applied = database_->apply_schema(parse_test_schema(), store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << applied.error().message();
  }

  Result<MutationOutcome> mutate(MutationBody body, Session session = {}, std::string id = {}) {
    MutationCall call;
    call.session = std::move(session);
    call.function = "test:mutate";
    call.mutation_id = std::move(id);
    call.body = std::move(body);
    return database_->run(std::move(call));
  }

  std::string insert_account(const std::string& owner, double balance) {
    std::string id;
    auto done = mutate([&](Transaction& transaction) -> Result<std::optional<std::string>> {
      Object document;
      document.append("owner", owner);
      document.append("balance", balance);
      MS_TRY(id, transaction.insert("accounts", std::move(document)));
      return std::optional<std::string>();
    });
    EXPECT_TRUE(done) << done.error().message();
    return id;
  }

  std::vector<query::Row> read_all(const std::string& table) {
    auto session = database_->new_reader().value();
    EXPECT_TRUE(session->begin());
    DocumentReader reader(session->source(), {});
    auto rows = reader.select({.table = table, .where = nullptr, .order = {}, .limit = {}});
    EXPECT_TRUE(rows) << rows.error().message();
    schema_of_rows_ = reader.schema();
    session->end();
    return rows ? *std::move(rows) : std::vector<query::Row>();
  }

  TemporaryFolder folder_;
  schema::SchemaPtr schema_of_rows_;  // rows point into it
  std::unique_ptr<Database> database_;
};

}  // namespace moonstone::engine
