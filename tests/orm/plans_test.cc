// Moonstone. Licence: see LICENSE.
// Plans are made once per shape; answers say on what they depend; whoever watches is told.

#include <set>

#include "base/json.h"
#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

class PlanTest : public ShopTest {};

TEST_F(PlanTest, ACallOfAKnownShapeCompilesNothing) {
  EXPECT_EQ(ids("order", R"({"id":{"in":[1,2]},"total":{"gt":5}})"), "1,2");
  const std::size_t compiled = database_.compiled_count();
  EXPECT_EQ(ids("order", R"({"id":{"in":[3,4,5]},"total":{"gt":6}})"), "4,5");
  EXPECT_EQ(ids("order", R"({"id":{"in":["2"]},"total":{"gt":0}})"), "2");
  EXPECT_EQ(database_.compiled_count(), compiled);
  EXPECT_EQ(ids("order", R"({"id":{"in":[]},"total":{"gt":6}})"), "");
  EXPECT_EQ(database_.compiled_count(), compiled + 1);
}

TEST_F(PlanTest, EveryKindOfPlanTakesItsValuesAnew) {
  struct Pair {
    std::string_view model, method, first, second;
  };
  const Pair kCalls[] = {
      {"order", "count", R"({"where":{"id":1}})", R"({"where":{"id":{"gt":9}}})"},
      {"customer", "findMany",
       R"({"select":{"id":true},"orderBy":{"id":"asc"},)"
       R"("include":{"orders":{"select":{"id":true},"limit":1,"where":{"total":{"gt":1}}}}})",
       R"({"select":{"id":true},"orderBy":{"id":"asc"},)"
       R"("include":{"orders":{"select":{"id":true},"limit":2,"where":{"total":{"gt":15}}}}})"},
      {"order", "findMany",
       R"({"select":{"id":true},"orderBy":{"id":"asc"},"include":{"labels":{"limit":1,)"
       R"("offset":0}}})",
       R"({"select":{"id":true},"orderBy":{"id":"asc"},"include":{"labels":{"limit":5,)"
       R"("offset":1}}})"},
      {"order", "findManyCursor", R"({"limit":1,"cursor":"eyJpZCI6Mn0"})",
       R"({"limit":3,"cursor":"eyJpZCI6MX0"})"},
      {"order", "aggregate",
       R"({"where":{"id":{"lt":3}},"_n":{"count":true,"filter":{"_litestoneRaw":true,)"
       R"("sql":"total > ?","params":[15]}}})",
       R"({"where":{"id":{"lt":9}},"_n":{"count":true,"filter":{"_litestoneRaw":true,)"
       R"("sql":"total > ?","params":[5]}}})"},
      {"order", "groupBy",
       R"({"by":["createdAt"],"interval":{"createdAt":"month"},"having":{"_count":{"gte":0}},)"
       R"("limit":9,"fillGaps":{"start":"2026-01-01","end":"2026-02-01"},"_count":true})",
       R"({"by":["createdAt"],"interval":{"createdAt":"month"},)"
       R"("having":{"_count":{"gte":1}},"limit":1,"fillGaps":{"start":"2026-02-01",)"
       R"("end":"2026-04-01"},"_count":true})"},
      {"article", "search", R"(["dog",{"limit":1}])", R"(["quick",{"limit":5}])"},
      {"page", "findMany", R"({"where":{"id":1},"recursive":true,"limit":1})",
       R"({"where":{"id":2},"recursive":true,"limit":9})"},
  };
  for (const Pair& pair : kCalls) {
    orm_ = Orm::make(database_.catalog(), {});
    EXPECT_FALSE(read(pair.model, pair.method, pair.first).starts_with('!')) << pair.first;
    const std::string cached = read(pair.model, pair.method, pair.second);
    orm_ = Orm::make(database_.catalog(), {});
    EXPECT_EQ(read(pair.model, pair.method, pair.second), cached) << pair.second;
    EXPECT_FALSE(cached.starts_with('!')) << cached;
  }
}

TEST_F(PlanTest, AStalePlanIsMadeAgain) {
  EXPECT_EQ(ids("order", R"({"id":1})"), "1");
  database_.make_stale();
  EXPECT_EQ(ids("order", R"({"id":2})"), "2");
}

TEST_F(PlanTest, QueryIsDispatchedByItsShape) {
  EXPECT_EQ(read("order", "query", R"({"where":{"id":1},"select":{"id":true}})"), R"([{"id":1}])");
  EXPECT_EQ(read("order", "query", R"({"_count":true})"), R"({"_count":5})");
  EXPECT_EQ(read("order", "query", R"({"_n":{"max":"id"}})"), R"({"_n":5})");
  EXPECT_EQ(read("order", "query", R"({"by":["status"],"_count":true,"orderBy":{"status":"asc"}})")
                .substr(0, 34),
            R"([{"status":"cancelled","_count":1})");
  EXPECT_EQ(read("label", "query", "null").substr(0, 9), R"([{"id":1,)");
}

TEST_F(PlanTest, ASpecRunsSeveralQueries) {
  engine::DocumentReader reader(database_.source(), {});
  const auto query = [&](std::string_view spec) {
    const auto outcomes = orm_->query(reader, {}, parse_json(spec).value());
    if (!outcomes) return "! " + outcomes.error().message();
    std::string text;
    for (const auto& [name, outcome] : *outcomes) {
      text += name + "=";
      write_json(outcome, text);
      text += ";";
    }
    return text;
  };
  EXPECT_EQ(query(R"({"open":{"model":"order","where":{"status":"open"},"select":{"id":true},)"
                  R"("orderBy":{"id":"asc"}},"customer":{"_count":true},"label":null})")
                .substr(0, 54),
            R"(open=[{"id":1},{"id":5}];customer={"_count":3};label=[)");
  EXPECT_EQ(query("[]"), "! db.query: spec must be an object of { name: queryArgs, ... }");
  EXPECT_EQ(query(R"({"orderz":{}})"),
            "! db.query: 'orderz' is not a model accessor. Available: article, customer, label, "
            "order, page, spending");
}

class FootprintTest : public ShopTest {
 protected:
  /// "rows order", "count order", "table order", sorted and each once.
  std::string touched(std::string_view model, std::string_view method, std::string_view arguments) {
    const std::string answer = read(model, method, arguments);
    EXPECT_FALSE(answer.starts_with('!')) << answer;
    std::set<std::string> names;
    for (const query::Dependency& dependency : footprint_) {
      const bool is_table = dependency.kind == query::DependencyKind::Table;
      const bool is_count = dependency.kind == query::DependencyKind::Count;
      EXPECT_EQ(dependency.query.where == nullptr, is_table);
      names.insert((is_table ? "table " : is_count ? "count " : "rows ") + dependency.table);
    }
    std::string joined;
    for (const std::string& name : names)
      joined += (joined.empty() ? "" : ", ") + name;
    return joined;
  }
};

TEST_F(FootprintTest, NamesRowsWhereTheyCanBeTold) {
  EXPECT_EQ(touched("order", "findMany", R"({"where":{"status":"open"}})"), "rows order");
  EXPECT_EQ(touched("order", "count", R"({"where":{"status":"open"}})"), "count order");
  EXPECT_EQ(touched("order", "exists", R"({"where":{"status":"open"}})"), "count order");
  EXPECT_EQ(touched("order", "findMany", "{}"), "table order");
  EXPECT_EQ(touched("order", "findFirst", R"({"where":{"id":1},"include":{"customer":true}})"),
            "rows customer, rows order, table order")
      << "customers have fields derived from all orders";
  EXPECT_EQ(touched("order", "findFirst", R"({"where":{"id":1},"include":{"labels":true}})"),
            "rows _label_order, rows label, rows order");
  EXPECT_EQ(
      touched("order", "findMany", R"({"where":{"id":1},"orderBy":{"customer":{"name":"asc"}}})"),
      "rows order, table customer");
}

TEST_F(FootprintTest, NamesTablesWhereTheyCannot) {
  EXPECT_EQ(touched("customer", "findMany", R"({"where":{"orderCount":1},"select":{"id":true}})"),
            "table customer, table order");
  EXPECT_EQ(touched("order", "findMany", R"({"where":{"$raw":"total > 5"}})"), "table order");
  EXPECT_EQ(touched("customer", "findMany", R"({"where":{"address":"{}"},"select":{"id":true}})"),
            "table customer");
  EXPECT_EQ(touched("article", "search", R"(["dog"])"), "table article");
  EXPECT_EQ(touched("page", "findMany", R"({"where":{"id":1},"recursive":{"via":"parent"}})"),
            "table page");
}

TEST_F(FootprintTest, SqlThatMayReadAnythingDependsOnEverything) {
  const std::string everything =
      "table _label_order, table article, table customer, table label, table order, table page, "
      "table spending";
  EXPECT_EQ(touched("order", "findMany",
                    R"json({"where":{"$raw":"customerId IN (SELECT id FROM customer)"}})json"),
            everything);
  database_.run_sql("CREATE TABLE chosen(id INTEGER)");
  EXPECT_EQ(touched("order", "aggregate", R"({"_n":{"count":true,"filter":"id IN chosen"}})"),
            everything);
  EXPECT_EQ(touched("spending", "findMany", R"({"where":{"spent":5}})"), everything);
}

TEST_F(FootprintTest, ConditionsCarryTheValuesOfTheCall) {
  static_cast<void>(read("order", "findMany", R"({"where":{"status":"open"}})"));
  static_cast<void>(read("order", "findMany", R"({"where":{"status":"paid"}})"));
  ASSERT_EQ(footprint_.size(), 1U);
  EXPECT_EQ(footprint_[0].query.where->operands.at(1)->literal, Value("paid"));
}

/// Remembers what it was told.
class WatchingHost final : public Host {
 public:
  [[nodiscard]] bool observes() const override { return true; }
  void observe(const QueryEvent& event) override {
    told += std::string(event.model) + "." + std::string(event.operation) + " " +
            std::to_string(event.row_count) + " " + to_json(Array(event.values)) + ";";
    sql = event.sql;
  }
  std::string told;
  std::string sql;
};

TEST_F(PlanTest, WhoeverWatchesIsToldOfStatements) {
  WatchingHost host;
  orm_ = Orm::make(database_.catalog(), {.host = &host});
  EXPECT_NE(read("order", "findMany", R"({"where":{"total":{"gt":9},"note":"first"},"limit":3})"),
            "");
  EXPECT_NE(read("order", "findFirstOrThrow", R"({"where":{"id":2}})"), "");
  EXPECT_EQ(host.told, R"(order.findMany 1 [9,"first",3];order.findFirst 1 [2,1];)");
  EXPECT_TRUE(host.sql.contains("WHERE")) << host.sql;
}

}  // namespace
}  // namespace moonstone::orm
