// Moonstone. Licence: see LICENSE.
// find*, count, exists, orders, projections and pages (litestone.md 10, 12, 13).

#include "base/encoding.h"
#include "base/json.h"
#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

class FindTest : public ShopTest {
 protected:
  /// The ids of findMany, joined by commas.
  std::string ordered(std::string_view model, std::string_view order) {
    const std::string rows =
        read(model, "findMany", R"({"select":{"id":true},"orderBy":)" + std::string(order) + "}");
    std::string ids;
    for (const char c : rows) {
      if (rows.starts_with('!')) return rows;
      if (c >= '0' && c <= '9') ids += c;
    }
    return ids;
  }
};

TEST_F(FindTest, RowsHaveStoredThenDerivedFields) {
  EXPECT_EQ(read("customer", "findFirst", R"({"where":{"id":1}})"),
            R"({"id":1,"name":"Ada","vip":true,"address":{"city":"Oslo","zip":150,)"
            R"("coords":{"lat":59.9,"lng":10.7}},"tags":["a","b"],"deletedAt":null,)"
            R"("orderCount":2,"hasOrders":true})");
}

TEST_F(FindTest, LimitsAndOffsets) {
  const auto cut = [&](std::string_view bounds) {
    return read("label", "findMany",
                R"({"select":{"id":true},"orderBy":{"id":"asc"},)" + std::string(bounds) + "}");
  };
  EXPECT_EQ(cut(R"("limit":2)"), R"([{"id":1},{"id":2}])");
  EXPECT_EQ(cut(R"("limit":"1","offset":1)"), R"([{"id":2}])");
  EXPECT_EQ(cut(R"("offset":2)"), R"([{"id":3}])");
  EXPECT_EQ(cut(R"("limit":0)"), "[]");
  EXPECT_EQ(cut(R"("limit":-1)"), R"([{"id":1},{"id":2},{"id":3}])");
  EXPECT_EQ(cut(R"("limit":null)"), R"([{"id":1},{"id":2},{"id":3}])");
  EXPECT_EQ(cut(R"("limit":"x")"), "! limit and offset must be whole numbers, got: \"x\"");
  EXPECT_EQ(cut(R"("limit":[1])"), "! limit and offset must be whole numbers, got: [1]");
  EXPECT_EQ(read("order", "findManyCursor", R"({"limit":[1]})"),
            "! limit and offset must be whole numbers, got: [1]");
}

TEST_F(FindTest, OneRowOrNull) {
  EXPECT_EQ(read("label", "findUnique", R"({"where":{"id":2}})"), R"({"id":2,"name":"late"})");
  EXPECT_EQ(read("label", "findUnique", R"({"where":{"id":9}})"), "null");
  EXPECT_EQ(read("order", "findUnique", R"({"where":{"status":"paid"}})"),
            "! findUnique on \"order\" returned more than one row");
  EXPECT_EQ(read("label", "findFirst", R"({"orderBy":{"id":"desc"}})"),
            R"({"id":3,"name":"unused"})");
  EXPECT_EQ(read("label", "findFirst", R"({"where":{"id":9}})"), "null");
  EXPECT_EQ(read("label", "findFirstOrThrow", R"({"where":{"id":1}})"), R"({"id":1,"name":"new"})");
}

TEST_F(FindTest, OrThrowNamesTheTable) {
  for (const std::string_view method : {"findFirstOrThrow", "findUniqueOrThrow"}) {
    const auto outcome = call("label", method, R"({"where":{"id":9}})");
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(),
              "No \"label\" record found matching the given where clause");
    EXPECT_EQ(outcome.error().reason(), "NOT_FOUND");
    EXPECT_EQ(to_json(*outcome.error().details()),
              R"({"name":"Error","code":"NOT_FOUND","model":"label"})");
  }
}

TEST_F(FindTest, CountsAndExists) {
  EXPECT_EQ(read("order", "count", R"({"where":{"total":{"gte":10}}})"), "3");
  EXPECT_EQ(read("order", "exists", R"({"where":{"total":{"gte":10}}})"), "true");
  EXPECT_EQ(read("order", "exists", R"({"where":{"total":{"gte":100}}})"), "false");
  EXPECT_EQ(read("label", "findManyAndCount",
                 R"({"where":{"id":{"gte":2}},"limit":1,"orderBy":{"id":"asc"}})"),
            R"({"rows":[{"id":2,"name":"late"}],"total":2})");
}

TEST_F(FindTest, SelectGivesOnlyWhatItNames) {
  EXPECT_EQ(read("order", "findFirst", R"({"where":{"id":1},"select":{"total":true,"id":true}})"),
            R"({"id":1,"total":10})");
  EXPECT_EQ(read("order", "findFirst", R"({"where":{"id":1},"select":{"total":1,"id":false}})"),
            R"({"total":10})");
  EXPECT_EQ(read("label", "findMany", R"({"select":{}})"), "[{},{},{}]");
  EXPECT_EQ(read("order", "findMany", R"({"select":{"totl":true}})"),
            "! select: Unknown field 'totl' on model 'Order'. Did you mean: total?");
  EXPECT_EQ(read("order", "findMany",
                 R"({"distinct":true,"select":{"status":true},)"
                 R"("orderBy":{"status":"asc"}})"),
            R"([{"status":"cancelled"},{"status":"open"},{"status":"paid"}])");
}

TEST_F(FindTest, OrdersByFields) {
  EXPECT_EQ(ordered("order", R"({"total":"desc","id":"ASC"})"), "21543");
  EXPECT_EQ(ordered("order", R"([{"total":"asc"},{"id":"desc"}])"), "34512");
  EXPECT_EQ(ordered("order", R"([{"note":{"dir":"asc","nulls":"last"}},{"id":"asc"}])"), "35124");
  EXPECT_EQ(ordered("order", R"([{"note":{"dir":"desc","nulls":"first"}},{"id":"asc"}])"), "24153");
  EXPECT_EQ(ordered("order", R"({"total":"up"})"),
            "! orderBy direction must be 'asc' or 'desc', got: up");
  EXPECT_EQ(ordered("order", R"({"total":{"dir":"asc","nulls":"x"}})"),
            "! orderBy nulls must be 'first' or 'last', got: x");
  EXPECT_EQ(ordered("order", R"({"totl":"asc"})"),
            "! orderBy: Unknown field 'totl' on model 'Order'. Did you mean: total?");
}

TEST_F(FindTest, OrdersByRelatedRows) {
  EXPECT_EQ(ordered("order", R"([{"customer":{"name":"desc"}},{"id":"asc"}])"), "34125");
  EXPECT_EQ(ordered("page", R"([{"parent":{"parent":{"title":"desc"}}},{"id":"asc"}])"), "46123")
      << "page 6 is below a page whose parent is 'left'";
  EXPECT_EQ(ordered("customer", R"([{"orders":{"_count":"desc"}},{"id":"asc"}])"), "123");
  EXPECT_EQ(ordered("customer", R"([{"orders":{"_sum":{"total":"asc"}}}])"), "321");
  EXPECT_EQ(ordered("label", R"([{"orders":{"_count":"asc"}},{"id":"asc"}])"), "312");
  EXPECT_EQ(ordered("customer", R"([{"orderCount":"asc"}])"), "321");
}

TEST_F(FindTest, RefusesOrdersThatCannotBe) {
  EXPECT_EQ(ordered("customer", R"({"orders":{"total":"asc"}})"),
            "! orderBy: 'orders' is a hasMany relation — only belongsTo (single-row) relations can "
            "be used in orderBy");
  EXPECT_TRUE(ordered("order", R"({"customer":{"_count":"asc"}})").contains("belongsTo"));
  EXPECT_TRUE(ordered("order", R"({"labels":{"_sum":{"id":"asc"}}})").contains("manyToMany"));
  EXPECT_EQ(ordered("order", R"({"nope":{"_count":"asc"}})"),
            "! orderBy: relation 'nope' not found on 'Order'");
}

TEST_F(FindTest, RefusesUnknownOptionsAndModels) {
  EXPECT_EQ(read("order", "findMany", R"({"wher":{}})"),
            "! Unknown option 'wher' of findMany on model 'Order'. Did you mean: where?");
  EXPECT_EQ(read("orderz", "findMany"),
            "! \"orderz\" is not a table in this schema. Tables: article, customer, label, order, "
            "page, spending");
  EXPECT_EQ(read("order", "fetch"), "! order.fetch() is no method of models");
  EXPECT_EQ(read("order", "create"), "! order.create() writes, and this call may only read");
}

TEST_F(FindTest, ViewsCanBeRead) {
  EXPECT_EQ(
      read("spending", "findMany", R"({"where":{"spent":{"gt":8}},"orderBy":{"spent":"desc"}})"),
      R"([{"customerId":1,"spent":30.5},{"customerId":null,"spent":10}])");
  EXPECT_EQ(read("spending", "count"), "4");
  EXPECT_EQ(read("spending", "aggregate", R"({"_count":true})"),
            "! \"spending\" is a view — write operations are not supported");
}

/// Reads all pages and joins the ids; checks the flags of each page.
class PageTest : public ShopTest {
 protected:
  std::string walk(std::string_view model, const std::string& options, int limit) {
    std::string ids;
    Value cursor = nullptr;
    for (int pages = 0; pages < 20; ++pages) {
      Object arguments = parse_json(options).value().as_object();
      arguments.set("limit", limit);
      arguments.set("cursor", cursor);
      const auto outcome = call(model, "findManyCursor", to_json(arguments));
      if (!outcome) return "! " + outcome.error().message();
      EXPECT_EQ(outcome->has_more, outcome->next_cursor.has_value());
      EXPECT_LE(outcome->rows->count, static_cast<std::size_t>(limit));
      for (std::size_t row = 0; row < outcome->rows->count; ++row)
        ids += to_json(outcome->rows->row(row)[0]);
      if (!outcome->next_cursor) return ids;
      cursor = *outcome->next_cursor;
    }
    return "! endless";
  }
};

TEST_F(PageTest, TheTokenIsTheLastRowsValues) {
  EXPECT_EQ(read("label", "findManyCursor", R"({"limit":2})"),
            R"({"items":[{"id":1,"name":"new"},{"id":2,"name":"late"}],)"
            R"("nextCursor":"eyJpZCI6Mn0","hasMore":true})");
  EXPECT_EQ(read("label", "findManyCursor", R"({"limit":2,"cursor":"eyJpZCI6Mn0"})"),
            R"({"items":[{"id":3,"name":"unused"}],"nextCursor":null,"hasMore":false})");
  EXPECT_EQ(read("label", "findManyCursor", R"({"limit":1,"select":{"name":true}})"),
            R"({"items":[{"name":"new"}],"nextCursor":"eyJpZCI6MX0","hasMore":true})");
}

TEST_F(PageTest, EveryRowComesOnceWhateverTheOrder) {
  const std::string select = R"({"select":{"id":true},"orderBy":)";
  for (int limit = 1; limit <= 6; ++limit) {
    EXPECT_EQ(walk("order", "{}", limit), "12345");
    EXPECT_EQ(walk("order", select + R"({"total":"desc"}})", limit), "25143");
    EXPECT_EQ(walk("order", select + R"([{"total":"asc"},{"id":"desc"}]})", limit), "34512");
    EXPECT_EQ(walk("order", select + R"([{"total":"desc"},{"id":"asc"}]})", limit), "21543");
    EXPECT_EQ(walk("order", select + R"({"note":"asc"}})", limit), "24351");
    EXPECT_EQ(walk("order", select + R"({"note":"desc"}})", limit), "15342");
    EXPECT_EQ(
        walk("order", select + R"([{"note":{"dir":"asc","nulls":"last"}},{"id":"asc"}]})", limit),
        "35124");
    EXPECT_EQ(
        walk("order", select + R"([{"note":{"dir":"desc","nulls":"first"}},{"id":"asc"}]})", limit),
        "24153");
    EXPECT_EQ(walk("customer", select + R"({"vip":"desc"}})", limit), "132");
    EXPECT_EQ(walk("label", select + R"({"name":"asc"}})", limit), "213");
  }
}

TEST_F(PageTest, AUniqueColumnNeedsNoTieBreaker) {
  const auto page = call("label", "findManyCursor", R"({"limit":1,"orderBy":{"name":"asc"}})");
  ASSERT_TRUE(page);
  EXPECT_EQ(from_base64(*page->next_cursor), R"({"name":"late"})");
}

TEST_F(PageTest, ATokenWithoutTheKeyIsTakenAsFarAsItGoes) {
  // {"total":10}: both orders of 10 are behind it.
  const std::string token = "eyJ0b3RhbCI6MTB9";
  EXPECT_EQ(read("order", "findManyCursor",
                 R"({"select":{"id":true},"orderBy":{"total":"asc"},"cursor":")" + token + R"("})"),
            R"({"items":[{"id":2}],"nextCursor":null,"hasMore":false})");
}

TEST_F(PageTest, RefusesWhatIsNoToken) {
  for (const std::string_view token : {"!", "bm8", "W10", "eyJ4IjoxfQ"}) {
    EXPECT_EQ(read("label", "findManyCursor", R"({"cursor":")" + std::string(token) + R"("})"),
              "! Invalid cursor token")
        << token;
  }
  EXPECT_EQ(read("label", "findManyCursor", R"({"cursor":5})"), "! Invalid cursor token");
}

TEST_F(PageTest, ConditionsAndModesHoldOnEveryPage) {
  EXPECT_EQ(walk("order", R"({"where":{"status":"open"}})", 1), "15");
  EXPECT_EQ(walk("customer", R"({"select":{"id":true}})", 1), "123");
  EXPECT_EQ(walk("customer", R"({"select":{"id":true},"withDeleted":true})", 1), "1234");
  EXPECT_EQ(read("label", "findManyCursor", R"({"limit":0})"),
            R"({"items":[],"nextCursor":null,"hasMore":false})");
}

}  // namespace
}  // namespace moonstone::orm
