// Moonstone. Licence: see LICENSE.
// include and _count (litestone.md 13.3, 13.4).

#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

class RelatedTest : public ShopTest {};

TEST_F(RelatedTest, BelongsToGivesTheRowOrNull) {
  EXPECT_EQ(read("order", "findMany",
                 R"({"select":{"id":true,"customer":{"select":{"name":true}}},)"
                 R"("orderBy":{"id":"asc"}})"),
            R"([{"id":1,"customer":{"name":"Ada"}},{"id":2,"customer":{"name":"Ada"}},)"
            R"({"id":3,"customer":{"name":"Lin"}},{"id":4,"customer":null},)"
            R"({"id":5,"customer":null}])")
      << "the customer of order 4 is deleted";
  EXPECT_EQ(read("order", "findFirst",
                 R"({"where":{"id":4},"select":{"id":true},)"
                 R"("include":{"customer":{"withDeleted":true,"select":{"name":true}}}})"),
            R"({"id":4,"customer":{"name":"Gone"}})");
}

TEST_F(RelatedTest, ParentsShareOneRow) {
  const auto outcome = call("order", "findMany", R"({"include":{"customer":true}})");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->rows->attached.at(0).rows->count, 2U);
}

TEST_F(RelatedTest, ListsFollowTheirParents) {
  EXPECT_EQ(read("customer", "findMany",
                 R"({"select":{"name":true,"orders":{"select":{"id":true},)"
                 R"("orderBy":{"id":"desc"}}},"orderBy":{"id":"asc"}})"),
            R"([{"name":"Ada","orders":[{"id":2},{"id":1}]},{"name":"Lin","orders":[{"id":3}]},)"
            R"({"name":"Noor","orders":[]}])");
}

TEST_F(RelatedTest, ManyToManyGoesThroughTheJoinTable) {
  EXPECT_EQ(read("order", "findMany",
                 R"({"select":{"id":true,"labels":{"select":{"name":true}}},)"
                 R"("where":{"id":{"lte":3}},"orderBy":{"id":"asc"}})"),
            R"([{"id":1,"labels":[{"name":"new"},{"name":"late"}]},)"
            R"({"id":2,"labels":[{"name":"new"}]},{"id":3,"labels":[]}])");
  EXPECT_EQ(read("label", "findMany",
                 R"({"select":{"name":true,"orders":{"select":{"id":true},)"
                 R"("where":{"status":"open"}}},"orderBy":{"id":"asc"}})"),
            R"([{"name":"new","orders":[{"id":1}]},{"name":"late","orders":[{"id":1}]},)"
            R"({"name":"unused","orders":[]}])");
}

TEST_F(RelatedTest, RowsInsideHaveConditionsOrdersAndBoundsPerParent) {
  const auto orders = [&](std::string_view options) {
    return read("customer", "findMany",
                R"({"select":{"id":true,"orders":{"select":{"id":true},)" + std::string(options) +
                    R"(}},"orderBy":{"id":"asc"}})");
  };
  EXPECT_EQ(orders(R"("where":{"total":{"gt":15}})"),
            R"([{"id":1,"orders":[{"id":2}]},{"id":2,"orders":[]},{"id":3,"orders":[]}])");
  EXPECT_EQ(orders(R"("limit":1)"),
            R"([{"id":1,"orders":[{"id":1}]},{"id":2,"orders":[{"id":3}]},{"id":3,"orders":[]}])");
  EXPECT_EQ(orders(R"("limit":1,"orderBy":{"total":"desc"})"),
            R"([{"id":1,"orders":[{"id":2}]},{"id":2,"orders":[{"id":3}]},{"id":3,"orders":[]}])");
  EXPECT_EQ(orders(R"("offset":1)"),
            R"([{"id":1,"orders":[{"id":2}]},{"id":2,"orders":[]},{"id":3,"orders":[]}])");
  EXPECT_EQ(orders(R"("limit":0)"),
            R"([{"id":1,"orders":[]},{"id":2,"orders":[]},{"id":3,"orders":[]}])");
}

TEST_F(RelatedTest, ManyToManyIsBoundedPerParentToo) {
  EXPECT_EQ(read("order", "findMany",
                 R"({"where":{"id":[1,2,4]},"orderBy":{"id":"asc"},"select":{"id":true,)"
                 R"("labels":{"select":{"id":true},"orderBy":{"id":"desc"},"limit":1}}})"),
            R"([{"id":1,"labels":[{"id":2}]},{"id":2,"labels":[{"id":1}]},)"
            R"({"id":4,"labels":[{"id":2}]}])");
}

TEST_F(RelatedTest, NestsToAnyDepth) {
  EXPECT_EQ(read("label", "findUnique",
                 R"({"where":{"id":2},"select":{"name":true,"orders":{"select":{"id":true,)"
                 R"("customer":{"withDeleted":true,"select":{"name":true,)"
                 R"("orders":{"select":{"id":true}}}}},"orderBy":{"id":"asc"}}}})"),
            R"({"name":"late","orders":[)"
            R"({"id":1,"customer":{"name":"Ada","orders":[{"id":1},{"id":2}]}},)"
            R"({"id":4,"customer":{"name":"Gone","orders":[{"id":4}]}}]})");
}

TEST_F(RelatedTest, SelectWinsOverInclude) {
  EXPECT_EQ(read("order", "findFirst",
                 R"({"where":{"id":1},"include":{"customer":{"select":{"id":true}}},)"
                 R"("select":{"id":true,"customer":{"select":{"name":true}}}})"),
            R"({"id":1,"customer":{"name":"Ada"}})");
}

TEST_F(RelatedTest, CountsLists) {
  EXPECT_EQ(read("customer", "findMany",
                 R"({"select":{"id":true,"_count":true},"withDeleted":true,)"
                 R"("orderBy":{"id":"asc"}})"),
            R"([{"id":1,"_count":{"orders":2}},{"id":2,"_count":{"orders":1}},)"
            R"({"id":3,"_count":{"orders":0}},{"id":4,"_count":{"orders":1}}])");
  EXPECT_EQ(read("customer", "findFirst",
                 R"({"where":{"id":1},"select":{"id":true},"include":{"_count":{"select":)"
                 R"({"orders":true,"cheap":{"relation":"orders","where":{"total":{"lt":15}}}}}}})"),
            R"({"id":1,"_count":{"orders":2,"cheap":1}})");
  EXPECT_EQ(read("order", "findFirst",
                 R"({"where":{"id":1},"select":{"id":true},"include":{"_count":{"labels":true}}})"),
            R"({"id":1,"_count":{"labels":2}})");
}

TEST_F(RelatedTest, RefusesUnknownRelations) {
  EXPECT_EQ(read("order", "findMany", R"({"include":{"nope":true}})"),
            "! Unknown relation \"nope\" on \"Order\"");
  EXPECT_EQ(
      read("order", "findMany", R"({"include":{"customer":{"take":1}}})"),
      "! Unknown option 'take' of include of \"customer\" on model 'Customer'. Valid options: "
      "include, limit, offset, onlyDeleted, onlyTemplates, orderBy, select, where, "
      "withDeleted, withTemplates");
  EXPECT_EQ(read("order", "findMany", R"({"include":{"_count":{"customer":true}}})"),
            "! _count: 'customer' is a belongsTo relation of 'Order'; only lists are counted");
  EXPECT_EQ(read("order", "findMany", R"({"include":{"nope":false}})").substr(0, 2), "[{");
}

TEST_F(RelatedTest, NothingIsReadForNoParents) {
  const std::size_t before = database_.compiled_count();
  EXPECT_EQ(read("order", "findMany", R"({"where":{"id":99},"include":{"customer":true}})"), "[]");
  EXPECT_EQ(database_.compiled_count(), before + 2);
  EXPECT_EQ(footprint_.size(), 1U) << "no customer can matter";
}

}  // namespace
}  // namespace moonstone::orm
