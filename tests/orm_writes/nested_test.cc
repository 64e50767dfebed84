// Moonstone. Licence: see LICENSE.
// Nested writes (litestone.md 15).

#include <string>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kBlog = R"(
  model Account {
    id Int @id
    name String
    users User[]
    posts Post[]
  }
  model User {
    id Int @id
    name String
    accountId Int?
    account Account? @relation(fields: [accountId], references: [id])
    posts Post[]
  }
  model Post {
    id Int @id
    title String
    userId Int?
    accountId Int?
    user User? @relation(fields: [userId], references: [id])
    account Account? @relation(fields: [accountId], references: [id])
    tags Tag[]
  }
  model Tag {
    id Int @id
    label String @unique
    posts Post[]
  })";

class NestedTest : public OrmTest {
 protected:
  void SetUp() override { open(kBlog); }

  /// Labels of the tags of a post.
  std::string tags_of(int post) {
    return run("post", "findFirst",
               R"({"where":{"id":)" + std::to_string(post) +
                   R"(},"select":{"tags":{"select":{"label":true}}}})");
  }
};

TEST_F(NestedTest, WritesParentsFirst) {
  EXPECT_EQ(run("user", "create", R"({"data":{"name":"u","account":{"create":{"name":"acme"}}}})"),
            R"({"id":1,"name":"u","accountId":1})");
  EXPECT_EQ(run("user", "create", R"({"data":{"name":"v","account":{"connect":{"name":"acme"}}}})"),
            R"({"id":2,"name":"v","accountId":1})");
  const std::string either = R"({"where":{"name":"new"},"create":{"name":"new"}})";
  EXPECT_EQ(run("user", "create",
                R"({"data":{"name":"w","account":{"connectOrCreate":)" + either + "}}}"),
            R"({"id":3,"name":"w","accountId":2})");
  EXPECT_EQ(run("user", "update",
                R"({"where":{"id":1},"data":{"account":{"connectOrCreate":)" + either + "}}}"),
            R"({"id":1,"name":"u","accountId":2})");
  EXPECT_EQ(run("user", "update", R"({"where":{"id":1},"data":{"account":{"disconnect":true}}})"),
            R"({"id":1,"name":"u","accountId":null})");
  EXPECT_EQ(run("account", "count", "{}"), "2");
}

TEST_F(NestedTest, RefusesParentsThatAreNotThere) {
  EXPECT_EQ(run("user", "create", R"({"data":{"name":"v","account":{"connect":{"name":"zz"}}}})"),
            "error: Nested connect on \"account\": no \"Account\" record found");
  EXPECT_EQ(run("user", "create", R"({"data":{"name":"v","account":{"set":[]}}})"),
            "error: Nested \"set\" is not available on \"account\": it is a belongsTo relation");
  EXPECT_EQ(run("user", "create", R"({"data":{"name":"v","account":5}})").substr(0, 54),
            "error: Validation failed — account: is a relation of");
  EXPECT_EQ(run("user", "createMany", R"({"data":[{"name":"v","account":{"create":{}}}]})"),
            "error: Validation failed — account: is a relation, which only create, update and "
            "upsert can write");
}

TEST_F(NestedTest, WritesChildrenOfNewAndOldRows) {
  EXPECT_EQ(run("user", "create",
                R"({"data":{"name":"u","posts":{"create":[{"title":"a"},)"
                R"({"title":"b"}]}},"select":{"posts":{"select":)"
                R"({"id":true,"title":true}}}})"),
            R"({"posts":[{"id":1,"title":"a"},{"id":2,"title":"b"}]})");
  run("post", "create", R"({"data":{"title":"free"}})");
  EXPECT_EQ(run("user", "update",
                R"({"where":{"id":1},"data":{"posts":{"connect":{"id":3},"disconnect":[{"id":1}],)"
                R"("update":{"where":{"title":"b"},"data":{"title":"B"}}}},"include":{"posts":)"
                R"({"select":{"id":true,"title":true}}}})"),
            R"({"id":1,"name":"u","accountId":null,"posts":[{"id":2,"title":"B"},)"
            R"({"id":3,"title":"free"}]})");
  run("user", "update", R"({"where":{"id":1},"data":{"posts":{"delete":[{"id":1},{"id":2}]}}})");
  EXPECT_EQ(rows("post", R"({"id":true})"), R"([{"id":1},{"id":3}])")
      << "the first one is no child of this user";
  EXPECT_EQ(run("user", "update", R"({"where":{"id":1},"data":{"posts":{"connect":{"id":77}}}})"),
            "error: Nested connect on \"posts\": no \"Post\" record found");
  EXPECT_EQ(run("user", "update", R"({"where":{"id":1},"data":{"posts":{"set":[]}}})"),
            "error: Nested \"set\" is not available on \"posts\": it is a hasMany relation");
}

TEST_F(NestedTest, LinksOverJoinTables) {
  EXPECT_EQ(run("post", "create",
                R"({"data":{"title":"p","tags":{"create":[{"label":"x"},)"
                R"({"label":"y"}]}},"select":{"tags":{"select":{"label":true}}}})"),
            R"({"tags":[{"label":"x"},{"label":"y"}]})");
  run("tag", "create", R"({"data":{"label":"z"}})");
  run("post", "update",
      R"({"where":{"id":1},"data":{"tags":{"connect":[{"label":"z"},{"label":"x"}],)"
      R"("disconnect":[{"label":"y"},{"label":"none"}]}}})");
  EXPECT_EQ(tags_of(1), R"({"tags":[{"label":"x"},{"label":"z"}]})");
  run("post", "update",
      R"({"where":{"id":1},"data":{"tags":{"set":[{"label":"y"},{"label":"z"}]}}})");
  EXPECT_EQ(tags_of(1), R"({"tags":[{"label":"y"},{"label":"z"}]})");
  run("post", "update", R"({"where":{"id":1},"data":{"tags":{"delete":{"label":"y"}}}})");
  EXPECT_EQ(tags_of(1), R"({"tags":[{"label":"z"}]})");
  EXPECT_EQ(rows("tag", R"({"label":true})"), R"([{"label":"x"},{"label":"z"}])");
  run("tag", "update", R"({"where":{"label":"x"},"data":{"posts":{"connect":{"id":1}}}})");
  EXPECT_EQ(tags_of(1), R"({"tags":[{"label":"x"},{"label":"z"}]})");
}

TEST_F(NestedTest, RefusesLinksToNothing) {
  EXPECT_EQ(run("post", "create", R"({"data":{"title":"p","tags":{"connect":{"label":"x"}}}})"),
            "error: m2m connect on \"tags\": no \"Tag\" found");
  EXPECT_EQ(run("post", "create", R"({"data":{"title":"p","tags":{"set":[{"label":"x"}]}}})"),
            R"(error: m2m set on "tags": no "Tag" found matching {"label":"x"})");
  EXPECT_EQ(run("post", "count", "{}"), "0");
}

TEST_F(NestedTest, LeavesNothingWhenAChildFails) {
  EXPECT_EQ(run("account", "create",
                R"({"data":{"name":"a","users":{"create":[{"name":"u","posts":{"create":)"
                R"([{"title":"ok"},{"title":null}]}}]}}})"),
            "error: NOT NULL constraint failed: post.title");
  // In a transaction that goes on, too.
  const Status done = mutate([&](engine::Transaction& transaction) -> Status {
    effects_.events.clear();
    MS_TRY_STATUS(write(transaction, "account", "create", R"({"data":{"name":"kept"}})"));
    const auto failed = write(transaction, "user", "create",
                              R"({"data":{"name":"u","account":{"create":{"name":"gone"}},"posts":)"
                              R"({"create":{"titel":"x"}}}})");
    EXPECT_FALSE(failed);
    EXPECT_EQ(effects_.events.size(), 1U);
    return {};
  });
  EXPECT_TRUE(done) << done.error().message();
  EXPECT_EQ(rows("account", R"({"name":true})"), R"([{"name":"kept"}])");
  EXPECT_EQ(run("user", "count", "{}"), "0");
}

TEST_F(NestedTest, GivesChildrenTheKeysThatTheyShare) {
  const std::string data = R"({"data":{"name":"u","accountId":1,"posts":{"create":)"
                           R"({"title":"t","accountId":2}}},"select":{"posts":{"select":)"
                           R"({"accountId":true}}}})";
  run("account", "createMany", R"({"data":[{"name":"a"},{"name":"b"}]})");
  EXPECT_EQ(run("user", "create", data), R"({"posts":[{"accountId":1}]})");
}

TEST_F(OrmTest, LetsChildrenKeepTheirSharedKeysIfAsked) {
  open(kBlog, {.allow_child_key_override = true});
  run("account", "createMany", R"({"data":[{"name":"a"},{"name":"b"}]})");
  EXPECT_EQ(run("user", "create",
                R"({"data":{"name":"u","accountId":1,"posts":{"create":[{"title":"t",)"
                R"("accountId":2},{"title":"s"}]}},"select":{"posts":{"select":)"
                R"({"accountId":true}}}})"),
            R"({"posts":[{"accountId":2},{"accountId":1}]})");
}

TEST_F(OrmTest, BoundsTheDepthOfNestedWrites) {
  open(R"(model Node { id Int @id
    parentId Int?
    parent Node? @relation(fields: [parentId], references: [id])
    children Node[] })");
  const auto create = [&](unsigned depth) -> std::string {
    Value data = Object();
    for (unsigned i = 1; i < depth; ++i)
      data = Object{{"parent", Value(Object{{"create", std::move(data)}})}};
    const Call call{
        .model = "node", .method = "create", .arguments = Value(Object{{"data", std::move(data)}})};
    std::string answer;
    const Status done = mutate([&](engine::Transaction& transaction) -> Status {
      MS_TRY(const Outcome outcome, orm_->write(transaction, caller_, call, effects_));
      answer = to_json(to_value(outcome));
      return {};
    });
    return done ? answer : done.error().message();
  };
  EXPECT_EQ(create(32), R"({"id":32,"parentId":31})");
  EXPECT_EQ(create(33), "writes may be nested at most 32 deep");
  EXPECT_EQ(run("node", "count", "{}"), "32");
}

TEST_F(OrmTest, IncludesRowsOverKeysOfBytes) {
  open(R"(
    model Asset {
      hash Bytes @id
      name String
      uses Use[]
    }
    model Use {
      id Int @id
      asset Asset? @relation(fields: [assetHash], references: [hash])
      assetHash Bytes?
    })");
  run("asset", "createMany", R"({"data":[{"hash":"AP8=","name":"a"},{"hash":"","name":"b"}]})");
  run("use", "createMany",
      R"({"data":[{"assetHash":"AP8="},{"assetHash":""},{},{"assetHash":"AP8="}]})");
  EXPECT_EQ(
      run("use", "findMany",
          R"({"select":{"id":true,"asset":{"select":{"name":true}}},"orderBy":{"id":"asc"}})"),
      R"([{"id":1,"asset":{"name":"a"}},{"id":2,"asset":{"name":"b"}},{"id":3,"asset":null},)"
      R"({"id":4,"asset":{"name":"a"}}])");
  EXPECT_EQ(run("asset", "findMany",
                R"({"select":{"name":true,"uses":{"select":{"id":true}},"_count":true},)"
                R"("orderBy":{"name":"asc"}})"),
            R"([{"name":"a","uses":[{"id":1},{"id":4}],"_count":{"uses":2}},)"
            R"({"name":"b","uses":[{"id":2}],"_count":{"uses":1}}])");
}

}  // namespace
}  // namespace moonstone::orm
