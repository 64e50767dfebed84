// Moonstone. Licence: see LICENSE.
#include "query/row_key.h"

#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace moonstone::query {
namespace {

using schema::ScalarKind;

schema::Table table_with_key(const std::vector<ScalarKind>& kinds) {
  auto model = std::make_shared<schema::Model>();
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    schema::ModelField field;
    field.name = "k" + std::to_string(i);
    field.scalar = kinds[i];
    model->key.push_back(field.name);
    model->fields.push_back(std::move(field));
  }
  schema::Table table;
  table.name = "t";
  table.model = std::move(model);
  return table;
}

struct Case {
  std::vector<ScalarKind> kinds;
  std::vector<Value> key;
  std::string id;
};

TEST(RowKeyTest, EveryKeyHasOneIdAndComesBack) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::vector<Case> cases = {
      {{ScalarKind::Text}, {"a:b"}, "t:a:b"},
      {{ScalarKind::Text}, {""}, "t:"},
      {{ScalarKind::Text}, {"7"}, "t:7"},
      {{ScalarKind::Text}, {"ä\n"}, R"(t:["ä\n"])"},
      {{ScalarKind::Text}, {"\x7f"}, "t:[\"\x7f\"]"},
      {{ScalarKind::Text}, {R"(["x"])"}, R"(t:["[\"x\"]"])"},
      {{ScalarKind::DateTime}, {"2024-01-01"}, "t:2024-01-01"},
      {{ScalarKind::Integer}, {7}, "t:7"},
      {{ScalarKind::Integer}, {-3}, "t:-3"},
      {{ScalarKind::Integer}, {kMax}, "t:9223372036854775807"},
      {{ScalarKind::Real}, {0.5}, "t:0.5"},
      {{ScalarKind::Boolean}, {true}, "t:true"},
      {{ScalarKind::Bytes}, {Bytes{"\x01\x02"}}, "t:\"AQI=\""},
      {{ScalarKind::Text, ScalarKind::Integer}, {"a", 1}, R"(t:["a",1])"},
      {{ScalarKind::Bytes, ScalarKind::Text}, {Bytes{"x"}, "y"}, R"(t:["eA==","y"])"},
      {{}, {12}, "t:12"},
  };
  for (const Case& expected : cases) {
    EXPECT_EQ(make_row_id("t", expected.key), expected.id);
    const auto key = parse_row_id(table_with_key(expected.kinds), expected.id);
    ASSERT_TRUE(key) << expected.id;
    EXPECT_EQ(*key, expected.key) << expected.id;
  }
  EXPECT_EQ(make_row_id("t", 12), "t:12");
}

TEST(RowKeyTest, WholeNumbersHaveOneText) {
  EXPECT_EQ(make_row_id("t", std::vector<Value>{7.0}), "t:7");
  EXPECT_EQ(make_row_id("t", std::vector<Value>{7}), "t:7");
}

TEST(RowKeyTest, OtherTextsAreNoIds) {
  const auto refuses = [](const std::vector<ScalarKind>& kinds, std::string_view id) {
    EXPECT_FALSE(parse_row_id(table_with_key(kinds), id)) << id;
  };
  for (const std::string_view id : {"", "t", "u:7", "t:", "t:07", "t:7.0", "t: 7", "t:+7", "t:[7]",
                                    "t:7x", "tt:7", "t:99999999999999999999"}) {
    refuses({ScalarKind::Integer}, id);
  }
  refuses({ScalarKind::Text}, R"(t:["x"])");
  refuses({ScalarKind::Text}, "t:[");
  refuses({ScalarKind::Text}, "t:a\nb");
  refuses({ScalarKind::Bytes}, "t:\"!\"");
  refuses({ScalarKind::Text, ScalarKind::Integer}, R"(t:["a"])");
  refuses({ScalarKind::Text, ScalarKind::Integer}, R"(t:["a", 1])");
  refuses({ScalarKind::Text, ScalarKind::Integer}, "t:a");
  refuses({}, "t:x");
  refuses({}, "t:1.5");
}

}  // namespace
}  // namespace moonstone::query
