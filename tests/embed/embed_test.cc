// Moonstone. Licence: see LICENSE.
// The embedding API as its users see it: only <moonstone/...> is included.
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include <gtest/gtest.h>

#include "moonstone/moonstone.h"

namespace moonstone::embed {
namespace {

constexpr std::string_view kSchema =
    R"json({"tables":{"notes":{"fields":{"topic":{"type":"string"},"rank":{"type":"number"}},
      "indexes":[{"name":"by_topic","fields":["topic"]}]}}})json";

class EmbedTest : public ::testing::Test {
 protected:
  EmbedTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    database_ = Database::open({.path = folder_ / "data.db"}).value();
    EXPECT_TRUE(database_->apply_schema(kSchema));
  }
  ~EmbedTest() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::filesystem::path folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(EmbedTest, KeepsDocuments) {
  const auto id = database_->insert("notes", R"({"topic":"moons","rank":2})");
  ASSERT_TRUE(id) << id.error().message;
  ASSERT_TRUE(database_->patch(*id, R"({"rank":3})"));
  const auto document = database_->get(*id);
  ASSERT_TRUE(document);
  ASSERT_TRUE(document->has_value());
  EXPECT_NE((*document)->find(R"("rank":3)"), std::string::npos);
  ASSERT_TRUE(database_->erase(*id));
  EXPECT_FALSE(database_->get(*id)->has_value());
}

TEST_F(EmbedTest, FindsInOrderAndCounts) {
  for (const int rank : {3, 1, 2}) {
    ASSERT_TRUE(database_->insert("notes", R"({"topic":"t","rank":)" + std::to_string(rank) + "}"));
  }
  const auto found =
      database_->find({.table = "notes", .filter_json = {}, .order_by = "rank", .limit = 2});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 2U);
  EXPECT_NE((*found)[0].find(R"("rank":1)"), std::string::npos);
  EXPECT_EQ(*database_->count({.table = "notes", .filter_json = {}, .order_by = {}, .limit = {}}),
            3U);
}

TEST_F(EmbedTest, SaysWhatIsWrong) {
  const auto refused = database_->insert("notes", R"({"topic":7,"rank":1})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "invalid_argument");
  EXPECT_EQ(refused.error().message, "Expected string, got number");
  EXPECT_FALSE(database_->insert("notes", "not json"));
  EXPECT_FALSE(database_->insert("nowhere", "{}"));
  const auto filter = database_->find(
      {.table = "notes", .filter_json = R"({"op":"near"})", .order_by = {}, .limit = {}});
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().message, "$: unknown operator \"near\"");
  const auto second = Database::open({.path = folder_ / "data.db"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "unavailable");
}

TEST_F(EmbedTest, UndoesAFailedTransaction) {
  const auto outcome = database_->transaction([](Transaction& transaction) -> Outcome<void> {
    const auto id = transaction.insert("notes", R"({"topic":"t","rank":1})");
    if (!id) return std::unexpected(id.error());
    return std::unexpected(Failure{.code = "mine", .message = "changed my mind"});
  });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "mine");
  EXPECT_EQ(*database_->count({.table = "notes", .filter_json = {}, .order_by = {}, .limit = {}}),
            0U);
}

TEST_F(EmbedTest, CallsBackAfterEachChange) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> results;
  auto subscription =
      database_->subscribe({.table = "notes", .filter_json = {}, .order_by = {}, .limit = {}},
                           [&](const Outcome<std::string>& documents) {
                             const std::lock_guard lock(mutex);
                             results.push_back(documents.value_or("failed"));
                             changed.notify_all();
                           });
  ASSERT_TRUE(subscription);
  const auto wait_for = [&](std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10),
                            [&] { return results.size() >= count; });
  };
  ASSERT_TRUE(wait_for(1));
  EXPECT_EQ(results[0], "[]");
  ASSERT_TRUE(database_->insert("notes", R"({"topic":"t","rank":1})"));
  ASSERT_TRUE(wait_for(2));
  EXPECT_NE(results[1].find(R"("topic":"t")"), std::string::npos);
  subscription->reset();
  ASSERT_TRUE(database_->insert("notes", R"({"topic":"t","rank":2})"));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(results.size(), 2U);
}

}  // namespace
}  // namespace moonstone::embed
