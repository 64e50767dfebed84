// Moonstone. Licence: see LICENSE.
// Tables of the system in a database: transactional like any other, out of reach by name.

#include "base/ulid.h"
#include "tests/engine/database_fixture.h"

namespace moonstone::engine {
namespace {

using Json = std::optional<std::string>;

const query::Query kWholeQueue{
    .table = "_queue", .where = nullptr, .order = {}, .limit = std::nullopt};

class SystemTableTest : public DatabaseTest {
 protected:
  void open_with_queue() {
    open();
    schema::Schema next = parse_test_schema();
    next.tables.push_back(
        schema::parse_system_table(
            "_queue", parse_json(R"({"fields":{"text":{"type":"string"}},"indexes":[]})").value())
            .value());
    ASSERT_TRUE(database_->apply_schema(std::move(next), store::Writer::AllowDataLoss::No));
  }

  std::string insert_entry(const std::string& text) {
    std::string id;
    auto done = mutate([&](Transaction& transaction) -> Result<Json> {
      MS_TRY(const schema::Table* const queue, transaction.system_table("_queue"));
      MS_TRY(id, transaction.insert(*queue, Object{{"text", text}}));
      return Json();
    });
    EXPECT_TRUE(done) << done.error().message();
    return id;
  }

  std::size_t entry_count() {
    auto session = database_->new_reader().value();
    EXPECT_TRUE(session->begin());
    DocumentReader reader(session->source(), {});
    const auto queue = reader.system_table("_queue");
    EXPECT_TRUE(queue) << queue.error().message();
    return queue ? reader.select(**queue, kWholeQueue).value().size() : 0U;
  }
};

TEST_F(SystemTableTest, IsWrittenThroughTheTableItself) {
  open_with_queue();
  const std::string id = insert_entry("a");
  EXPECT_TRUE(id.starts_with("_queue:"));
  EXPECT_TRUE(ulid_unix_ms(id.substr(id.find(':') + 1)));
  const auto changed = mutate([&](Transaction& transaction) -> Result<Json> {
    MS_TRY(const schema::Table* const queue, transaction.system_table("_queue"));
    MS_TRY_STATUS(transaction.patch(*queue, id, Object{{"text", "b"}}));
    MS_TRY(const auto row, transaction.get(*queue, id));
    EXPECT_EQ(row->values[0], Value("b"));
    MS_TRY_STATUS(transaction.replace(*queue, id, Object{{"text", "c"}}));
    MS_TRY(const std::uint64_t rows, transaction.count(*queue, kWholeQueue));
    EXPECT_EQ(rows, 1U);
    MS_TRY_STATUS(transaction.erase(*queue, id));
    return Json();
  });
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ(entry_count(), 0U);
}

TEST_F(SystemTableTest, IsNotReachedByName) {
  open_with_queue();
  const std::string id = insert_entry("a");
  const std::string unknown =
      "Table \"_queue\" is not defined in your schema. Available tables: accounts, events";
  const auto tried = mutate([&](Transaction& transaction) -> Result<Json> {
    EXPECT_EQ(transaction.table("_queue").error().message(), unknown);
    EXPECT_EQ(transaction.table_of_id(id).error().message(), unknown);
    EXPECT_EQ(transaction.get(id).error().message(), unknown);
    EXPECT_EQ(transaction.select(kWholeQueue).error().message(), unknown);
    EXPECT_EQ(transaction.count(kWholeQueue).error().message(), unknown);
    EXPECT_EQ(transaction.insert("_queue", Object{{"text", "x"}}).error().message(), unknown);
    EXPECT_EQ(transaction.patch(id, Object{{"text", "x"}}).error().message(), unknown);
    EXPECT_EQ(transaction.replace(id, Object{{"text", "x"}}).error().message(), unknown);
    EXPECT_EQ(transaction.erase(id).error().message(), unknown);
    EXPECT_EQ(transaction.system_table("accounts").error().reason(), "system_table");
    return Json();
  });
  ASSERT_TRUE(tried) << tried.error().message();
  EXPECT_EQ(entry_count(), 1U);
}

TEST_F(SystemTableTest, StaysWhenASchemaDoesNotNameIt) {
  open_with_queue();
  insert_entry("a");
  const auto applied = database_->apply_schema(parse_test_schema(R"({"tables":{}})"),
                                               store::Writer::AllowDataLoss::No);
  ASSERT_TRUE(applied) << applied.error().message();
  EXPECT_EQ(applied->diff.changes.size(), 2U) << "accounts and events went";
  EXPECT_EQ(entry_count(), 1U);
}

TEST_F(SystemTableTest, SurvivesAResetThatKeepsIt) {
  open_with_queue();
  insert_entry("a");
  insert_account("ada", 1);
  ASSERT_TRUE(database_->reset({"_queue"}));
  EXPECT_EQ(entry_count(), 1U);
  EXPECT_TRUE(read_all("accounts").empty());
  ASSERT_TRUE(database_->reset());
  EXPECT_EQ(entry_count(), 0U);
}

TEST_F(SystemTableTest, GoesBackWithItsMutation) {
  open_with_queue();
  const auto failed = mutate([&](Transaction& transaction) -> Result<Json> {
    MS_TRY(const schema::Table* const queue, transaction.system_table("_queue"));
    MS_TRY_STATUS(transaction.insert(*queue, Object{{"text", "a"}}));
    return Error(ErrorCode::Internal, "thrown", "user_code");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(entry_count(), 0U);
}

}  // namespace
}  // namespace moonstone::engine
