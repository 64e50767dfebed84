// Moonstone. Licence: see LICENSE.

#include "query/row.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/ulid.h"
#include "tests/query/random_values.h"

namespace moonstone::query {
namespace {

Row note() {
  Row row{.table = &model_table(), .number = 7, .id = "t:" + least_ulid_at(1234), .values = {}};
  row.values = {1.5, Value(), nullptr, Object{{"x", Bytes{"hi"}}, {"y", Value()}}};
  return row;
}

TEST(Row, TakesItsCreationTimeFromTheId) {
  Row row = note();
  EXPECT_EQ(creation_time_of(row), 1234);
  for (const std::string_view id : {"", "t", "t:", "t:short", "t:x:01JQ8Z3N6V0000000000000000"}) {
    row.id = id;
    EXPECT_EQ(creation_time_of(row), 0) << id;
  }
}

TEST(Row, MakesDocumentsInFieldOrder) {
  const Object document = document_of(note());
  ASSERT_EQ(document.size(), 5U);
  EXPECT_EQ(*document.find("_creationTime"), Value(1234.0));
  EXPECT_EQ(document.find("s"), nullptr);
  EXPECT_EQ(*document.find("b"), Value(nullptr));
  EXPECT_EQ(to_json(document), R"({"_id":"t:000000016J0000000000000000","_creationTime":1234,)"
                               R"("n":1.5,"b":null,"j":{"x":"aGk="}})");
}

TEST(Row, WritesTheJsonOfItsDocument) {
  Dice dice(5);
  for (int round = 0; round < 2'000; ++round) {
    const Row row = random_row(dice, round);
    std::string text = "[";
    write_document_json(row, text);
    EXPECT_EQ(text, "[" + to_json(document_of(row)));
  }
}

TEST(StoredRowView, ShowsSystemFieldsAndPresentFields) {
  const Row row = note();
  const StoredRowView view(row);
  EXPECT_EQ(*view.field("_id"), Value(row.id));
  EXPECT_EQ(*view.field("_creationTime"), Value(1234.0));
  EXPECT_EQ(*view.field("n"), Value(1.5));
  EXPECT_EQ(view.field("s"), nullptr);
  EXPECT_EQ(*view.field("b"), Value(nullptr));
  EXPECT_EQ(view.field("gone"), nullptr);
  EXPECT_EQ(view.nesting("j"), Nesting::Nested);
  EXPECT_EQ(view.nesting("n"), Nesting::TopLevel);
  EXPECT_EQ(view.nesting("gone"), Nesting::TopLevel);
}

TEST(StoredRowView, ComparesItsSystemFieldsWithEachOther) {
  const Row row = note();
  const ExprPtr less =
      Expr::compare(CompareOp::Lt, Expr::make_field("_creationTime"), Expr::make_field("_id"));
  EXPECT_EQ(evaluate(*less, StoredRowView(row)), Truth::True);
}

TEST(StoredRowView, TakesMissingValuesForAbsentFields) {
  Row row = note();
  row.values.clear();
  EXPECT_EQ(StoredRowView(row).field("n"), nullptr);
  EXPECT_EQ(document_of(row).size(), 2U);
}

}  // namespace
}  // namespace moonstone::query
