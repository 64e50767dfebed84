// Moonstone. Licence: see LICENSE.
// remove, delete, restore (litestone.md 9.8, 25).

#include <string>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kTree = R"(
  model Account {
    id Int @id
    name String
    deletedAt DateTime?
    users User[]
    keys Key[] @hardDelete
    plain Plain[]
    @@softDelete(cascade)
  }
  model User {
    id Int @id
    accountId Int
    account Account @relation(fields: [accountId], references: [id])
    deletedAt DateTime?
    posts Post[]
    @@softDelete
  }
  model Post {
    id Int @id
    userId Int
    user User @relation(fields: [userId], references: [id])
    deletedAt DateTime?
    @@softDelete
  }
  model Key {
    id Int @id
    accountId Int
    account Account @relation(fields: [accountId], references: [id])
  }
  model Plain {
    id Int @id
    accountId Int
    account Account @relation(fields: [accountId], references: [id])
  })";

constexpr std::string_view kNow = "2026-02-01T10:00:00.000Z";

class RemoveTest : public OrmTest {
 protected:
  void SetUp() override {
    open(kTree);
    run("account", "createMany", R"({"data":[{"name":"a"},{"name":"b"}]})");
    run("user", "createMany", R"({"data":[{"accountId":1},{"accountId":1},{"accountId":2}]})");
    run("post", "createMany", R"({"data":[{"userId":1},{"userId":2},{"userId":3}]})");
    run("key", "createMany", R"({"data":[{"accountId":1},{"accountId":2}]})");
    ASSERT_EQ(run("plain", "createMany", R"({"data":[{"accountId":1}]})"), R"({"count":1})");
  }

  /// 1 for each row that lives.
  std::string living(std::string_view model) {
    std::string living;
    for (const Value& row : parse_json(rows(model, R"({"deletedAt":true})")).value().as_array()) {
      living += row.as_object().find("deletedAt")->is_null() ? '1' : '0';
    }
    return living;
  }
};

TEST_F(RemoveTest, DeletesSoftlyWithChildren) {
  EXPECT_EQ(run("account", "remove", R"({"where":{"id":1}})"),
            R"({"id":1,"name":"a","deletedAt":")" + std::string(kNow) + "\"}");
  EXPECT_EQ(living("account"), "01");
  EXPECT_EQ(living("user"), "001");
  EXPECT_EQ(living("post"), "001");
  EXPECT_EQ(rows("key", R"({"id":true})"), R"([{"id":2}])");
  EXPECT_EQ(rows("plain", R"({"id":true})"), R"([{"id":1}])");
  ASSERT_EQ(run("account", "remove", R"({"where":{"id":1}})"), "null");
}

TEST_F(RemoveTest, CascadesFromAllRows) {
  EXPECT_EQ(run("account", "removeMany", "{}"), R"({"count":2})");
  EXPECT_EQ(living("user"), "000");
  EXPECT_EQ(living("post"), "000");
}

TEST_F(RemoveTest, CascadesOnlyIfTheModelSaysSo) {
  EXPECT_EQ(run("user", "removeMany", R"({"where":{"id":1}})"), R"({"count":1})");
  EXPECT_EQ(living("user"), "011");
  EXPECT_EQ(living("post"), "111");
}

TEST_F(RemoveTest, RestoresWhatWentWithIt) {
  run("post", "removeMany", R"({"where":{"id":1}})");
  clock_.advance(std::chrono::seconds(1));
  run("account", "remove", R"({"where":{"id":1}})");
  EXPECT_EQ(living("post"), "001");
  EXPECT_EQ(run("account", "restore", R"({"where":{"id":1}})"),
            R"([{"id":1,"name":"a","deletedAt":null}])");
  EXPECT_EQ(living("account"), "11");
  EXPECT_EQ(living("user"), "111");
  EXPECT_EQ(living("post"), "011") << "one was deleted before, on its own";
  EXPECT_EQ(run("account", "restore", R"({"where":{"id":1}})"), "[]");
}

TEST_F(RemoveTest, NeedsAConditionForOneRow) {
  EXPECT_EQ(run("account", "remove", "{}"), "error: remove on \"account\" requires a where clause");
  EXPECT_EQ(run("account", "delete", R"({"where":{}})"),
            "error: delete on \"account\" requires a where clause — use deleteMany({}) to delete "
            "all rows");
  EXPECT_EQ(run("key", "restore", R"({"where":{"id":1}})"),
            "error: restore() is only available on soft-delete tables (deletedAt field). Use "
            "delete() for hard deletes.");
}

TEST_F(RemoveTest, DeletesForGood) {
  EXPECT_EQ(run("post", "removeMany", "{}"), R"({"count":3})");
  EXPECT_EQ(run("post", "delete", R"({"where":{"id":3}})"),
            R"({"id":3,"userId":3,"deletedAt":")" + std::string(kNow) + "\"}");
  EXPECT_EQ(run("post", "deleteMany", "{}"), R"({"count":2})");
  EXPECT_EQ(run("post", "delete", R"({"where":{"id":1}})"), "null");
  EXPECT_EQ(run("key", "remove", R"({"where":{"id":1}})"), R"({"id":1,"accountId":1})");
  EXPECT_EQ(run("key", "removeMany", "{}"), R"({"count":1})");
  EXPECT_EQ(run("account", "delete", R"({"where":{"id":2}})"),
            "error: FOREIGN KEY constraint failed");
}

TEST_F(RemoveTest, TellsOfSingleRows) {
  run("account", "remove", R"({"where":{"id":2}})");
  ASSERT_EQ(effects_.events.size(), 1U);
  EXPECT_EQ(effects_.events[0].operation, "remove");
  EXPECT_EQ(effects_.events[0].model->name, "Account");
  run("account", "removeMany", "{}");
  EXPECT_TRUE(effects_.events.empty());
}

TEST_F(OrmTest, WalksInCircles) {
  open(R"(model Node { id Int @id
    parentId Int?
    parent Node? @relation(fields: [parentId], references: [id])
    children Node[]
    deletedAt DateTime?
    @@softDelete(cascade) })");
  run("node", "createMany", R"({"data":[{"id":1},{"id":2,"parentId":1},{"id":3,"parentId":2}]})");
  run("node", "update", R"({"where":{"id":1},"data":{"parentId":3}})");
  run("node", "remove", R"({"where":{"id":2}})");
  EXPECT_EQ(run("node", "count", "{}"), "0");
  run("node", "restore", R"({"where":{"id":3}})");
  EXPECT_EQ(run("node", "count", "{}"), "3");
}

TEST_F(OrmTest, TouchesInstancesOnly) {
  open(R"(model Form { id Int @id
    name String
    @@hasTemplates })");
  run("form", "createMany", R"({"data":[{"name":"t","isTemplate":true},{"name":"i"}]})");
  EXPECT_EQ(run("form", "updateMany", R"({"data":{"name":"x"}})"), R"({"count":1})");
  EXPECT_EQ(run("form", "update", R"({"where":{"id":1},"data":{"name":"y"}})"), "null");
  EXPECT_EQ(run("form", "updateMany", R"({"data":{"name":"z"},"onlyTemplates":true})"),
            R"({"count":1})");
  EXPECT_EQ(run("form", "removeMany", "{}"), R"({"count":1})");
  EXPECT_EQ(run("form", "deleteMany", "{}"), R"({"count":1})");
}

}  // namespace
}  // namespace moonstone::orm
