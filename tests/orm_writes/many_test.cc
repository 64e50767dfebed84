// Moonstone. Licence: see LICENSE.
// createMany, updateMany, upsertMany, budgets (litestone.md 9.4, 9.5, 9.7).

#include <string>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kItems = R"(
  model Item {
    id String @id @default(uuid())
    sku String @unique
    name String @default("?")
    label String? @default(name)
    stock Int @default(1) @gte(0)
    made DateTime @default(now())
    touched DateTime @updatedAt
  })";

class ManyTest : public OrmTest {
 protected:
  void SetUp() override { open(kItems); }
  const std::string select_ = R"({"sku":true,"name":true,"label":true,"stock":true})";
};

TEST_F(ManyTest, KeepsTheKeysOfEveryRow) {
  EXPECT_EQ(run("item", "createMany", R"({"data":[{"sku":"a"},{"sku":"b","name":"B","stock":5}]})"),
            R"({"count":2})");
  EXPECT_EQ(rows("item", select_), R"([{"sku":"a","name":"?","label":null,"stock":1},)"
                                   R"({"sku":"b","name":"B","label":"B","stock":5}])");
  EXPECT_EQ(run("item", "createMany", R"({"data":[]})"), R"({"count":0})");
  EXPECT_EQ(run("item", "createMany", "{}"), R"({"count":0})");
  EXPECT_EQ(run("item", "createMany", R"({"data":[5]})"),
            "error: createMany: data must be a list of objects");
}

TEST_F(ManyTest, CreatesAllOrNothing) {
  EXPECT_EQ(run("item", "createMany", R"({"data":[{"sku":"a"},{"sku":"a"}]})"),
            "error: UNIQUE constraint failed: item.sku");
  EXPECT_EQ(run("item", "createMany", R"({"data":[{"sku":"b"},{"sku":"c","stock":-1}]})"),
            "error: Validation failed — stock: must be at least 0");
  EXPECT_EQ(run("item", "count", "{}"), "0");
}

TEST_F(ManyTest, UpdatesWhatMatches) {
  run("item", "createMany", R"({"data":[{"sku":"a"},{"sku":"b"},{"sku":"c"}]})");
  clock_.advance(std::chrono::seconds(5));
  EXPECT_EQ(run("item", "updateMany", R"({"where":{"sku":{"not":"c"}},"data":{"stock":9}})"),
            R"({"count":2})");
  EXPECT_EQ(rows("item", R"({"stock":true,"touched":true})"),
            R"([{"stock":9,"touched":"2026-02-01T10:00:05.000Z"},)"
            R"({"stock":9,"touched":"2026-02-01T10:00:05.000Z"},)"
            R"({"stock":1,"touched":"2026-02-01T10:00:00.000Z"}])");
  EXPECT_EQ(run("item", "updateMany", R"({"data":{}})"), R"({"count":0})");
  EXPECT_EQ(run("item", "updateMany", R"({"data":{"stock":-1}})"),
            "error: Validation failed — stock: must be at least 0");
}

TEST_F(ManyTest, UpsertsByKeyOrByTarget) {
  EXPECT_EQ(run("item", "upsertMany", R"({"data":[{"id":"1","sku":"a"},{"id":"2","sku":"b"}]})"),
            R"({"count":2})");
  EXPECT_EQ(run("item", "upsertMany", R"({"data":[{"id":"1","sku":"a","name":"A"}]})"),
            R"({"count":1})");
  clock_.advance(std::chrono::seconds(5));
  EXPECT_EQ(run("item", "upsertMany",
                R"({"data":[{"sku":"b","name":"B","stock":7},{"sku":"c"}],)"
                R"("conflictTarget":"sku","update":["name",7]})"),
            "error: upsertMany: update on model 'Item' must name fields");
  // What no row has is left out, whether a field is called so or not.
  EXPECT_EQ(run("item", "upsertMany",
                R"({"data":[{"sku":"b","name":"B","stock":7},{"sku":"c"}],)"
                R"("conflictTarget":"sku","update":["name","label","none"]})"),
            R"({"count":2})");
  EXPECT_EQ(rows("item", select_), R"([{"sku":"a","name":"A","label":null,"stock":1},)"
                                   R"({"sku":"b","name":"B","label":"B","stock":1},)"
                                   R"({"sku":"c","name":"?","label":null,"stock":1}])");
  EXPECT_EQ(run("item", "findFirst",
                R"({"where":{"sku":"b"},"select":{"id":true,"made":true,"touched":true}})"),
            R"({"id":"2","made":"2026-02-01T10:00:00.000Z","touched":"2026-02-01T10:00:05.000Z"})");
}

TEST_F(OrmTest, UpsertsARowOfDefaultsAlone) {
  open("model N { id Int @id\n v Int @default(1) }");
  EXPECT_EQ(run("n", "upsertMany", R"({"data":[{},{}]})"), R"({"count":2})");
  EXPECT_EQ(run("n", "count", "{}"), "2");
}

TEST_F(ManyTest, LeavesARowAloneIfNothingIsLeftToUpdate) {
  run("item", "upsertMany", R"({"data":[{"sku":"a","name":"A"}]})");
  EXPECT_EQ(run("item", "upsertMany", R"({"data":[{"sku":"a"}],"conflictTarget":["sku"]})"),
            R"({"count":1})");
  EXPECT_EQ(rows("item", R"({"name":true})"), R"([{"name":"A"}])");
}

TEST_F(ManyTest, RefusesAConflictTargetThatIsNotUnique) {
  EXPECT_EQ(run("item", "upsertMany", R"({"data":[{"sku":"a"}],"conflictTarget":["sku","name"]})"),
            "error: conflictTarget of upsertMany on model 'Item' must be its key or unique fields, "
            "all of them and no others; these are not: sku, name");
}

TEST_F(OrmTest, ObeysTheBudgetsOfAMutation) {
  limits_.rows_written_max = 5;
  open(R"(model N { id Int @id
    v Int })");
  const auto make = [&](int count) {
    std::string data;
    for (int i = 0; i < count; ++i)
      data += std::string(i == 0 ? "" : ",") + R"({"v":1})";
    return run("n", "createMany", R"({"data":[)" + data + "]}");
  };
  EXPECT_EQ(make(5), R"({"count":5})");
  EXPECT_EQ(make(6).substr(0, 6), "error:");
  EXPECT_EQ(error_->reason(), "write_rows");
  EXPECT_EQ(make(1), R"({"count":1})");
  EXPECT_EQ(run("n", "updateMany", R"({"data":{"v":2}})").substr(0, 6), "error:");
  EXPECT_EQ(run("n", "count", R"({"where":{"v":2}})"), "0");
}

TEST_F(OrmTest, WritesBulksLargerThanAnyStatement) {
  open(R"(model N { id Int @id
    v Int })");
  std::string data;
  for (int i = 0; i < 3'000; ++i)
    data += (i == 0 ? "" : ",") + (R"({"v":)" + std::to_string(i) + "}");
  EXPECT_EQ(run("n", "createMany", R"({"data":[)" + data + "]}"), R"({"count":3000})");
  EXPECT_EQ(run("n", "aggregate", R"({"_sum":{"v":true}})"), R"({"_sum":{"v":4498500}})");
}

}  // namespace
}  // namespace moonstone::orm
