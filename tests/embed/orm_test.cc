// Moonstone. Licence: see LICENSE.
//
// The ORM of the public API. Source: litestone.md 10, 13, 15, 20.
#include "moonstone/orm.h"

#include <filesystem>
#include <future>

#include <gtest/gtest.h>

namespace moonstone::embed {
namespace {

constexpr std::string_view kSchema = R"(
model User {
  id Int @id
  name String @length(1, 20)
  age Int?
  posts Post[]
}
model Post {
  id Int @id
  title String
  meta Json?
  author User @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int
}
)";

class EmbedOrmTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    open();
  }
  void TearDown() override {
    orm_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    auto opened = Orm::open({.path = folder_ / "app.db",
                             .schema = std::string(kSchema),
                             .durability = Durability::Normal,
                             .pluralize = false,
                             .auth_json = {}});
    ASSERT_TRUE(opened) << opened.error().message;
    orm_ = *std::move(opened);
  }

  Answer call(std::string_view model, std::string_view method, std::string_view json) {
    const auto arguments = Arguments::parse(json);
    EXPECT_TRUE(arguments);
    auto answer = orm_->call(model, method, *arguments);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *std::move(answer) : Answer{.rows = {}, .to_json = [] { return ""; }};
  }

  std::filesystem::path folder_;
  std::unique_ptr<Orm> orm_;
};

TEST_F(EmbedOrmTest, RowsAreCellsWithTheirRelatedRows) {
  call("user", "create",
       R"({"data":{"name":"Ada","age":36,"posts":{"create":[{"title":"a","meta":{"n":1}},)"
       R"({"title":"b"}]}}})");
  const Answer answer = call("user", "findMany", R"({"include":{"posts":true}})");
  const Rows& users = answer.rows;
  ASSERT_EQ(users.size(), 1U);
  EXPECT_EQ(users.text(0, *users.column("name")), "Ada");
  EXPECT_EQ(users.integer(0, *users.column("age")), 36);
  EXPECT_EQ(users.column("nope"), std::nullopt);
  const Rows posts = users.related(0, "posts");
  ASSERT_EQ(posts.size(), 2U);
  EXPECT_EQ(posts.text(1, *posts.column("title")), "b");
  EXPECT_EQ(posts.json(0, *posts.column("meta")), R"({"n":1})");
  EXPECT_TRUE(posts.is_null(1, *posts.column("meta")));
  EXPECT_EQ(users.related(0, "nobody").size(), 0U);
}

TEST_F(EmbedOrmTest, ArgumentsAreParsedOnceAndUsedOften) {
  call("user", "createMany", R"({"data":[{"name":"Ada"},{"name":"Lin"}]})");
  Arguments by_id;
  for (const std::int64_t id : {1, 2}) {
    const auto found = orm_->call("user", "findUnique", by_id.set("where.id", id));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->rows.integer(0, *found->rows.column("id")), id);
  }
  const Arguments copy = by_id;
  by_id.set("where.id", std::int64_t{9});
  EXPECT_EQ(orm_->call("user", "count", by_id)->json(), "0");
  EXPECT_EQ(orm_->call("user", "count", copy)->json(), "1");
}

TEST_F(EmbedOrmTest, ATransactionIsAllOrNothing) {
  const auto failed = orm_->transaction([](OrmTransaction& inner) -> Outcome<void> {
    Arguments data;
    if (auto made = inner.call("user", "create", data.set("data.name", "Ada")); !made) {
      return std::unexpected(made.error());
    }
    EXPECT_EQ(inner.call("user", "count")->json(), "1");
    return std::unexpected(Failure{.code = "mine", .message = "changed my mind"});
  });
  EXPECT_EQ(failed.error().code, "mine");
  EXPECT_EQ(orm_->call("user", "count")->json(), "0");
  Arguments data;
  ASSERT_TRUE(orm_->transaction([&](OrmTransaction& inner) -> Outcome<void> {
    if (auto made = inner.call("user", "create", data.set("data.name", "Ada")); !made) {
      return std::unexpected(made.error());
    }
    return {};
  }));
  EXPECT_EQ(orm_->call("user", "count")->json(), "1");
}

TEST_F(EmbedOrmTest, FailuresSayWhatAndWhere) {
  Arguments data;
  const auto failed = orm_->call("user", "create", data.set("data.nmae", "x"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "invalid_argument");
  EXPECT_NE(failed.error().message.find("Did you mean: name?"), std::string::npos);
  EXPECT_NE(failed.error().details_json.find("ValidationError"), std::string::npos);
  EXPECT_FALSE(Arguments::parse("{"));
  EXPECT_FALSE(orm_->call("nobody", "findMany"));
  const auto wrong = Orm::open({.path = folder_ / "other.db",
                                .schema = "model A { x Nope }",
                                .durability = Durability::Normal,
                                .pluralize = false,
                                .auth_json = {}});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("unknown type 'Nope'"), std::string::npos);
}

TEST_F(EmbedOrmTest, ASubscriptionHearsOfEveryChange) {
  std::promise<std::string> first;
  std::promise<std::string> second;
  int calls = 0;
  const auto arguments = Arguments::parse(R"({"select":{"name":true}})");
  const auto subscription =
      orm_->subscribe("user", "findMany", *arguments, [&](const Outcome<std::string>& json) {
        (calls++ == 0 ? first : second).set_value(json ? *json : json.error().message);
      });
  ASSERT_TRUE(subscription) << subscription.error().message;
  EXPECT_EQ(first.get_future().get(), "[]");
  call("user", "create", R"({"data":{"name":"Ada"}})");
  EXPECT_EQ(second.get_future().get(), R"([{"name":"Ada"}])");
}

TEST_F(EmbedOrmTest, WhatWasWrittenIsThereAfterOpeningAgain) {
  call("user", "create", R"({"data":{"name":"Ada"}})");
  orm_.reset();
  open();
  EXPECT_EQ(orm_->call("user", "count")->json(), "1");
}

}  // namespace
}  // namespace moonstone::embed
