// Moonstone. Licence: see LICENSE.
// where: every operator, on rows of a store (litestone.md 11).

#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

class WhereTest : public ShopTest {};

TEST_F(WhereTest, ComparesWithScalarsAndLists) {
  EXPECT_EQ(ids("order", R"({})"), "1,2,3,4,5");
  EXPECT_EQ(ids("order", R"(null)"), "1,2,3,4,5");
  EXPECT_EQ(ids("order", R"({"status":"paid"})"), "2,3");
  EXPECT_EQ(ids("order", R"({"note":null})"), "2,4");
  EXPECT_EQ(ids("order", R"({"id":[1,3,9]})"), "1,3");
  EXPECT_EQ(ids("order", R"({"id":[]})"), "");
  EXPECT_EQ(ids("customer", R"({"vip":true})"), "1");
  EXPECT_EQ(ids("customer", R"({"vip":[true,false]})"), "1,2,3");
}

TEST_F(WhereTest, ComparesAsTheColumnDoes) {
  EXPECT_EQ(ids("order", R"({"id":"3"})"), "3");
  EXPECT_EQ(ids("order", R"({"total":{"gt":" 9.5 "}})"), "1,2,5");
  EXPECT_EQ(ids("customer", R"({"vip":1})"), "1");
  EXPECT_EQ(ids("label", R"({"name":5})"), "");
}

TEST_F(WhereTest, KnowsEveryOperator) {
  EXPECT_EQ(ids("order", R"({"total":{"gt":5,"lt":20}})"), "1,4,5");
  EXPECT_EQ(ids("order", R"({"total":{"gte":10,"lte":10}})"), "1,5");
  EXPECT_EQ(ids("order", R"({"total":{"gt":null}})"), "");
  EXPECT_EQ(ids("order", R"({"note":{"not":"first"}})"), "3,5");
  EXPECT_EQ(ids("order", R"({"note":{"not":null}})"), "1,3,5");
  EXPECT_EQ(ids("order", R"({"note":{"in":["first",null]}})"), "1");
  EXPECT_EQ(ids("order", R"({"note":{"in":[]}})"), "");
  EXPECT_EQ(ids("order", R"({"note":{"in":null}})"), "");
  EXPECT_EQ(ids("order", R"({"note":{"notIn":["first"]}})"), "2,3,4,5");
  EXPECT_EQ(ids("order", R"({"note":{"notIn":[]}})"), "1,2,3,4,5");
  EXPECT_EQ(ids("order", R"({"note":{"contains":"A"}})"), "5");
  EXPECT_EQ(ids("order", R"({"note":{"startsWith":"l"}})"), "5");
  EXPECT_EQ(ids("order", R"({"note":{"endsWith":"t"}})"), "1,5");
  EXPECT_EQ(ids("order", R"({"note":{"contains":"5%f"}})"), "3") << "% is not escaped";
  EXPECT_EQ(ids("order", R"({"total":{"contains":"0.5"}})"), "2");
  EXPECT_EQ(ids("order", R"({"note":{}})"), "1,2,3,4,5");
}

TEST_F(WhereTest, LooksIntoLists) {
  EXPECT_EQ(ids("customer", R"({"tags":{"has":"b"}})"), "1,2");
  EXPECT_EQ(ids("customer", R"({"tags":{"hasEvery":["a","b"]}})"), "1");
  EXPECT_EQ(ids("customer", R"({"tags":{"hasEvery":[]}})"), "1,2,3");
  EXPECT_EQ(ids("customer", R"({"tags":{"hasSome":["a","c"]}})"), "1");
  EXPECT_EQ(ids("customer", R"({"tags":{"hasSome":["a","b","c"]}})"), "1,2");
  EXPECT_EQ(ids("customer", R"({"tags":{"hasSome":[]}})"), "");
  EXPECT_EQ(ids("customer", R"({"tags":{"isEmpty":true}})"), "3");
  EXPECT_EQ(ids("customer", R"({"tags":{"isEmpty":false}})"), "1,2");
  EXPECT_EQ(ids("order", R"({"note":{"has":"b"}})"),
            "! where: \"has\" needs a list, and field \"note\" is none");
}

TEST_F(WhereTest, CombinesConditions) {
  EXPECT_EQ(ids("order", R"({"OR":[{"id":1},{"status":"paid"}]})"), "1,2,3");
  EXPECT_EQ(ids("order", R"({"AND":[{"status":"paid"},{"total":{"lt":10}}]})"), "3");
  EXPECT_EQ(ids("order", R"({"AND":{"status":"paid"}})"), "2,3");
  EXPECT_EQ(ids("order", R"({"NOT":{"status":"paid"}})"), "1,4,5");
  EXPECT_EQ(ids("order", R"({"NOT":[{"status":"paid"},{"total":5}]})"), "1,2,4,5");
  EXPECT_EQ(ids("order", R"({"OR":[],"AND":[],"NOT":{}})"), "1,2,3,4,5");
  EXPECT_EQ(ids("order", R"({"OR":[{"id":{"in":[1,2]}},{"AND":[{"id":5},{"note":"Last"}]}]})"),
            "1,2,5");
}

TEST_F(WhereTest, FollowsTypedJson) {
  EXPECT_EQ(ids("customer", R"({"address":{"city":"Oslo"}})"), "1");
  EXPECT_EQ(ids("customer", R"({"address":{"coords":{"lat":{"gte":40,"lt":50}}}})"), "2");
  EXPECT_EQ(ids("customer", R"({"address":{"city":["Oslo","Rome"]}})"), "1,2");
  EXPECT_EQ(ids("customer", R"({"address":{"zip":null}})"), "2,3");
  EXPECT_EQ(ids("customer", R"({"address":{"zip":{"not":null}}})"), "1");
  EXPECT_EQ(ids("customer", R"({"address":{"zip":{"notIn":[150]}}})"), "2,3");
  EXPECT_EQ(ids("customer", R"({"address":{"zip":{"contains":"5"}}})"), "1");
  EXPECT_EQ(ids("customer", R"({"address":null})"), "3");
  EXPECT_EQ(ids("customer", R"({"address":{"bogus":1}})"),
            "! Unknown field 'bogus' on type Address in WHERE clause");
  EXPECT_EQ(ids("customer", R"({"address":{"coords":{"lat":{"has":1}}}})"),
            "! Unknown WHERE operator 'has' inside typed JSON path on field Address.coords.lat");
}

TEST_F(WhereTest, AsksDerivedFields) {
  EXPECT_EQ(ids("customer", R"({"orderCount":{"gte":2}})"), "1");
  EXPECT_EQ(ids("customer", R"({"hasOrders":true})"), "1,2");
  EXPECT_EQ(ids("customer", R"({"hasOrders":false})"), "3");
}

TEST_F(WhereTest, TakesRawSqlWithBoundValues) {
  EXPECT_EQ(ids("order", R"({"$raw":"total > 9 AND note IS NOT NULL"})"), "1,5");
  EXPECT_EQ(
      ids("order", R"({"$raw":{"_litestoneRaw":true,"sql":"total > ? AND status = ?","params":[9,)"
                   R"("open"]}})"),
      "1,5");
  EXPECT_EQ(ids("order", R"("total < 6")"), "3");
  EXPECT_EQ(ids("order", R"({"status":"open","$raw":"note = 'Last'"})"), "5");
  EXPECT_EQ(ids("order", R"({"$raw":5})"),
            "! where.$raw must be a value returned by the sql`` tag or a plain SQL string");
  EXPECT_TRUE(ids("order", R"({"$raw":"total > nope"})").starts_with("! "));
}

TEST_F(WhereTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(ids("order", R"({"totl":1})"),
            "! where: Unknown field 'totl' on model 'Order'. Did you mean: total?");
  EXPECT_EQ(ids("label", R"({"zzzzzzzz":1})"),
            "! where: Unknown field 'zzzzzzzz' on model 'Label'. Valid fields: id, name");
  EXPECT_EQ(ids("order", R"({"customer":{"name":"Ada"}})"),
            "! where: 'customer' is a relation of model 'Order', a field is needed here");
  EXPECT_EQ(ids("order", R"({"total":{"foo":1}})"), "! Unknown where operator: \"foo\"");
  EXPECT_EQ(ids("order", R"([1])"), "! where must be an object, got: [1]");
  EXPECT_EQ(ids("order", R"({"OR":5})"), "! where.OR must be a list of conditions");
  EXPECT_EQ(ids("order", R"({"id":{"in":5}})"), "! where: \"in\" of field \"id\" takes a list");
}

TEST_F(WhereTest, NamesTheFieldOfAnUndefinedOperand) {
  engine::DocumentReader reader(database_.source(), {});
  const auto refused = [&](Object where) {
    const auto outcome = orm_->read(
        reader, {},
        {.model = "order", .method = "findMany", .arguments = Object{{"where", std::move(where)}}});
    return outcome ? std::string() : outcome.error().message();
  };
  const std::string expected =
      "where clause: field \"total\" was given undefined — did you mean null?";
  EXPECT_EQ(refused({{"total", Value()}}), expected);
  EXPECT_EQ(refused({{"total", Object{{"gt", Value()}}}}), expected);
  EXPECT_EQ(refused({{"total", Object{{"in", Array{Value(1), Value()}}}}}), expected);
  EXPECT_EQ(refused({}), "");
}

TEST_F(WhereTest, ModesChooseAmongDeletedRowsAndTemplates) {
  EXPECT_EQ(read("customer", "count"), "3");
  EXPECT_EQ(read("customer", "count", R"({"withDeleted":true})"), "4");
  EXPECT_EQ(read("customer", "count", R"({"onlyDeleted":true})"), "1");
  EXPECT_EQ(read("customer", "count", R"({"withDeleted":true,"onlyDeleted":true})"), "4");
  EXPECT_EQ(read("page", "count"), "5");
  EXPECT_EQ(read("page", "count", R"({"withTemplates":true})"), "6");
  EXPECT_EQ(read("page", "count", R"({"onlyTemplates":true})"), "1");
  EXPECT_EQ(read("order", "count", R"({"onlyDeleted":true})"), "5") << "no such mode there";
}

}  // namespace
}  // namespace moonstone::orm
