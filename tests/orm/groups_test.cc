// Moonstone. Licence: see LICENSE.
// aggregate, groupBy, windows (litestone.md 14, 17).

#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

class AggregateTest : public ShopTest {};

TEST_F(AggregateTest, GivesWhatWasAskedFor) {
  EXPECT_EQ(read("order", "aggregate",
                 R"({"_count":true,"_sum":{"total":true},)"
                 R"("_avg":{"total":true},"_min":{"id":true},)"
                 R"("_max":{"note":true}})"),
            R"({"_count":5,"_sum":{"total":52.5},"_avg":{"total":10.5},"_min":{"id":1},)"
            R"("_max":{"note":"first"}})");
  EXPECT_EQ(
      read("order", "aggregate", R"({"where":{"id":99},"_count":true,"_sum":{"total":true}})"),
      R"({"_count":0,"_sum":{"total":null}})");
  EXPECT_EQ(read("order", "aggregate", R"({"_count":{"distinct":"status"}})"), R"({"_count":3})");
  EXPECT_EQ(read("label", "aggregate",
                 R"({"_stringAgg":{"field":"name","separator":"; ","orderBy":"name"}})"),
            R"({"_stringAgg":{"name":"late; new; unused"}})");
  EXPECT_EQ(read("customer", "aggregate", R"({"_count":true,"withDeleted":true})"),
            R"({"_count":4})");
}

TEST_F(AggregateTest, NamedOnesHaveFilters) {
  // Parameters stand in the order of the text, not of the arguments.
  EXPECT_EQ(
      read("order", "aggregate",
           R"({"where":{"customerId":1},"_count":true,"_sum":{"total":true},"_paid":{"count":true,)"
           R"("filter":{"_litestoneRaw":true,"sql":"status = ?","params":["paid"]}},)"
           R"("_cheap":{"sum":"total","filter":"total < 15"}})"),
      R"({"_count":2,"_sum":{"total":30.5},"_paid":1,"_cheap":10})");
  EXPECT_EQ(read("order", "aggregate", R"({"_kinds":{"count":"status","distinct":true}})"),
            R"({"_kinds":3})");
}

TEST_F(AggregateTest, RefusesWhatCannotBe) {
  EXPECT_TRUE(read("order", "aggregate").contains("at least one"));
  EXPECT_TRUE(
      read("order", "aggregate", R"({"_sum":{"totl":true}})").contains("Did you mean: total?"));
  EXPECT_TRUE(read("order", "aggregate", R"({"_x":{"median":"total"}})").starts_with("! _x: "));
  EXPECT_TRUE(read("order", "aggregate", R"({"_count":true,"limits":1})")
                  .starts_with("! Unknown option 'limits'"));
  // Another read has it.
  EXPECT_EQ(read("order", "aggregate", R"({"where":{"customerId":1},"_count":true,"limit":1})"),
            R"({"_count":2})");
}

class GroupTest : public ShopTest {};

TEST_F(GroupTest, GroupsByFields) {
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["status"],"_count":true,"_sum":{"total":true},)"
                 R"("orderBy":{"_sum":{"total":"desc"}}})"),
            R"([{"status":"paid","_count":2,"_sum":{"total":25.5}},)"
            R"({"status":"open","_count":2,"_sum":{"total":20}},)"
            R"({"status":"cancelled","_count":1,"_sum":{"total":7}}])");
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["status"],"orderBy":{"status":"asc"},"limit":1,)"
                 R"("offset":1})"),
            R"([{"status":"open"}])");
}

TEST_F(GroupTest, HavingComparesAggregates) {
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["status"],"_count":true,"having":{"_count":2,)"
                 R"("_sum":{"total":{"gt":20}}}})"),
            R"([{"status":"paid","_count":2}])");
  EXPECT_EQ(read("order", "groupBy", R"({"by":["status"],"having":{"_count":{"not":2}}})"),
            R"([{"status":"cancelled"}])");
}

TEST_F(GroupTest, OrdersByNamedAggregatesToo) {
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["status"],"_big":{"max":"total"},"orderBy":{"_big":"desc"}})"),
            R"([{"status":"paid","_big":20.5},{"status":"open","_big":10},)"
            R"({"status":"cancelled","_big":7}])");
}

TEST_F(GroupTest, FillsGapsBetweenTwoTimes) {
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["createdAt"],"interval":{"createdAt":"month"},)"
                 R"("fillGaps":{"start":"2026-01-01","end":"2026-03-31"},"_count":true,)"
                 R"("orderBy":{"createdAt":"asc"}})"),
            R"([{"createdAt":"2026-01","_count":2},{"createdAt":"2026-02","_count":0},)"
            R"({"createdAt":"2026-03","_count":3}])");
}

TEST_F(GroupTest, TheRangeMayComeFromWhere) {
  const auto groups = [&](std::string_view more) {
    return read("order", "groupBy",
                R"({"by":["createdAt"],"interval":{"createdAt":"day"},)"
                R"("where":{"createdAt":{"gte":"2026-03-01","lte":"2026-03-04"}},)" +
                    std::string(more) + "}");
  };
  EXPECT_EQ(groups(R"("_sum":{"total":true},"_max":{"total":true})"),
            R"([{"createdAt":"2026-03-01","_sum":{"total":5},"_max":{"total":5}},)"
            R"({"createdAt":"2026-03-02","_sum":{"total":7},"_max":{"total":7}},)"
            R"({"createdAt":"2026-03-03","_sum":{"total":10},"_max":{"total":10}},)"
            R"({"createdAt":"2026-03-04","_sum":{"total":0},"_max":{"total":null}}])");
  EXPECT_EQ(groups(R"("fillGaps":false,"orderBy":{"createdAt":"desc"},"limit":1)"),
            R"([{"createdAt":"2026-03-03"}])");
}

TEST_F(GroupTest, ConditionsOrderAndBoundsCountForTheFilledList) {
  const auto groups = [&](std::string_view more) {
    return read("order", "groupBy",
                R"({"by":["createdAt"],"interval":{"createdAt":"month"},"_count":true,)"
                R"("fillGaps":{"start":"2025-12-01","end":"2026-03-31"},)" +
                    std::string(more) + "}");
  };
  EXPECT_EQ(groups(R"("having":{"_count":{"lt":3}})"),
            R"([{"createdAt":"2025-12","_count":0},{"createdAt":"2026-01","_count":2},)"
            R"({"createdAt":"2026-02","_count":0}])");
  EXPECT_EQ(groups(R"("orderBy":{"_count":"desc"},"limit":2)"),
            R"([{"createdAt":"2026-03","_count":3},{"createdAt":"2026-01","_count":2}])");
  EXPECT_EQ(groups(R"("orderBy":{"_sum":{"total":"asc"}},"limit":2,"offset":1)"),
            R"([{"createdAt":"2026-02","_count":0},{"createdAt":"2026-03","_count":3}])");
}

TEST_F(GroupTest, FillsHoursAndNamedAggregates) {
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["createdAt"],"interval":{"createdAt":"hour"},"_n":{"count":true},)"
                 R"("_m":{"max":"total"},"where":{"createdAt":{"gte":"2026-01-05T09:00:00Z",)"
                 R"("lte":"2026-01-05T11:00:00Z"}}})"),
            R"([{"createdAt":"2026-01-05T09","_n":0,"_m":null},)"
            R"({"createdAt":"2026-01-05T10","_n":1,"_m":10},)"
            R"({"createdAt":"2026-01-05T11","_n":0,"_m":null}])");
}

TEST_F(GroupTest, RefusesWhatCannotBe) {
  EXPECT_TRUE(read("order", "groupBy", R"({"_count":true})").contains("requires by"));
  const auto interval = [&](std::string_view of) {
    return read("order", "groupBy", R"({"by":["createdAt"],"interval":)" + std::string(of) + "}");
  };
  EXPECT_TRUE(interval(R"({"createdAt":"decade"})").contains("invalid"));
  EXPECT_TRUE(interval(R"({"createdAt":"day","note":"day"})")
                  .contains("only supports one field at a time"));
  EXPECT_TRUE(interval(R"({"total":"day"})").contains("must be DateTime or String"));
  EXPECT_TRUE(interval(R"({"note":"day"})").contains("must be in by"));
  EXPECT_TRUE(read("order", "groupBy", R"({"by":["status"],"orderBy":{"total":"asc"}})")
                  .contains("neither in by nor an aggregate"));
  EXPECT_EQ(read("order", "groupBy",
                 R"({"by":["createdAt"],"interval":{"createdAt":"day"},)"
                 R"("fillGaps":{"start":"soon","end":"2026-01-01"}})"),
            "! fillGaps: start and end must be a date, got: \"soon\"");
}

class WindowTest : public ShopTest {
 protected:
  std::string windowed(std::string_view spec, std::string_view more = "") {
    return read("order", "findMany",
                R"({"select":{"id":true},"orderBy":{"id":"asc"},)" + std::string(more) +
                    R"("window":{"w":)" + std::string(spec) + "}}");
  }
};

TEST_F(WindowTest, ComputesOverAllRowsOfTheCondition) {
  EXPECT_EQ(windowed(R"({"rowNumber":true,"orderBy":{"total":"desc"}})", R"("limit":2,)"),
            R"([{"id":1,"w":2},{"id":2,"w":1}])");
  EXPECT_EQ(windowed(R"({"sum":"total","partitionBy":"status"})", R"("where":{"id":{"lte":3}},)"),
            R"([{"w":10,"id":1},{"w":25.5,"id":2},{"w":25.5,"id":3}])");
  EXPECT_EQ(windowed(R"({"count":"*","filter":"total > 8"})", R"("limit":1,)"),
            R"([{"id":1,"w":3}])");
}

TEST_F(WindowTest, KnowsOffsetsDefaultsAndFrames) {
  EXPECT_EQ(windowed(R"({"lag":"id","orderBy":{"id":"asc"},"default":0})", R"("limit":2,)"),
            R"([{"id":1,"w":0},{"id":2,"w":1}])");
  EXPECT_EQ(windowed(R"({"lead":"id","offset":2,"orderBy":{"id":"asc"}})", R"("limit":1,)"),
            R"([{"id":1,"w":3}])");
  EXPECT_EQ(windowed(R"({"sum":"id","orderBy":{"id":"asc"},"rows":[-1,0]})"),
            R"([{"w":1,"id":1},{"w":3,"id":2},{"w":5,"id":3},{"w":7,"id":4},{"w":9,"id":5}])");
  EXPECT_EQ(windowed(R"({"sum":"id","orderBy":{"id":"asc"},"rows":[null,1]})", R"("limit":1,)"),
            R"([{"id":1,"w":3}])");
  EXPECT_EQ(windowed(R"({"ntile":2,"orderBy":{"id":"asc"}})", R"("limit":1,"offset":4,)"),
            R"([{"id":5,"w":2}])");
}

TEST_F(WindowTest, RefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(windowed(R"({"median":"total"})").contains("unrecognised window function spec"));
  EXPECT_TRUE(windowed(R"({"sum":"totl"})").contains("Did you mean: total?"));
  EXPECT_TRUE(windowed(R"({"rank":true,"filter":"1"})").contains("filter is for"));
  EXPECT_TRUE(windowed(R"({"sum":"id","rows":[1]})").contains("[start, end]"));
  EXPECT_TRUE(read("order", "findMany", R"({"window":{"total":{"rank":true}}})")
                  .contains("has a field of this name"));
}

}  // namespace
}  // namespace moonstone::orm
