// Moonstone. Licence: see LICENSE.
#include "tests/store/random_data.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tests/store/conformance/fixture.h"

namespace moonstone::store {

namespace {

using query::CompareOp;
using query::Expr;
using query::ExprPtr;

constexpr std::int64_t kBig = (std::int64_t{1} << 53) + 1;

const std::vector<Value>& texts() {
  static const std::vector<Value> kTexts{
      "",       "a",          "A",        "b",         "1",    "0",    "1.5",    "2e0",
      "true",   "null",       "-1 apple", "a'b",       "a\"b", "a\\b", "\u00e9", "e\u0301",
      "\uFFFD", "\U0001F600", "[1]",      "{\"a\":1}", "\x01", " 7"};
  return kTexts;
}

const std::vector<Value>& numbers() {
  static const std::vector<Value> kNumbers{0.0,
                                           -0.0,
                                           1.0,
                                           2.0,
                                           -1.0,
                                           1.5,
                                           0.1,
                                           0.30000000000000004,
                                           9007199254740992.0,
                                           9007199254740994.0,
                                           -9007199254740992.0,
                                           9223372036854775808.0,
                                           -9223372036854775808.0,
                                           1e300,
                                           5e-324,
                                           1.7976931348623157e308,
                                           123456789.12345679,
                                           std::numeric_limits<double>::infinity(),
                                           -std::numeric_limits<double>::infinity()};
  return kNumbers;
}

const std::vector<Value>& integers() {
  static const std::vector<Value> kIntegers{std::int64_t{0},
                                            std::int64_t{1},
                                            std::int64_t{2},
                                            std::int64_t{-1},
                                            kBig,
                                            -kBig,
                                            kBig - 1,
                                            std::numeric_limits<std::int64_t>::max(),
                                            std::numeric_limits<std::int64_t>::max() - 1,
                                            std::numeric_limits<std::int64_t>::min()};
  return kIntegers;
}

const std::vector<std::string>& paths() {
  static const std::vector<std::string> kPaths{
      "text",       "nullable", "number",        "int",
      "flag",       "bytes",    "mixed",         "many",
      "odd",        "any",      "any.a",         "any.b",
      "any.a.b",    "any.b.a",  "any.x'y",       "any.$bytes",
      "object.a",   "object.b", "object",        "object.b.a",
      "list",       "list.0",   "text.a",        "unknown",
      "unknown.a",  "_id",      "_creationTime", "_creationTime.a",
      "any.\u00e9", "any.a\"b"};
  return kPaths;
}

}  // namespace

std::string_view random_schema_json() {
  return R"({"tables":{"things":{"fields":{
    "text":{"type":"optional","value":{"type":"string"}},
    "nullable":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}},
    "number":{"type":"optional","value":{"type":"number"}},
    "int":{"type":"optional","value":{"type":"int64"}},
    "flag":{"type":"optional","value":{"type":"boolean"}},
    "bytes":{"type":"optional","value":{"type":"bytes"}},
    "mixed":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"number"},{"type":"boolean"},{"type":"null"}]}},
    "many":{"type":"optional","value":{"type":"union","value":[{"type":"int64"},{"type":"string"},{"type":"number"}]}},
    "odd":{"type":"optional","value":{"type":"union","value":[{"type":"int64"},{"type":"boolean"}]}},
    "any":{"type":"optional","value":{"type":"any"}},
    "object":{"type":"optional","value":{"type":"record","keys":{"type":"string"},"values":{"type":"any"}}},
    "list":{"type":"optional","value":{"type":"array","value":{"type":"any"}}}
  },"indexes":[
    {"name":"by_text","fields":["text","number"]},
    {"name":"by_number","fields":["number"]},
    {"name":"by_int","fields":["int","flag"]},
    {"name":"by_flag","fields":["flag","_creationTime"]},
    {"name":"by_bytes","fields":["bytes"]},
    {"name":"by_mixed","fields":["mixed"]},
    {"name":"by_many","fields":["many","nullable"]},
    {"name":"by_any","fields":["any"]},
    {"name":"by_odd","fields":["odd"]}
  ]}}})";
}

Value RandomData::number() {
  if (!chance(3)) return pick(numbers());
  // Many digits and any exponent: what a careless reader of decimals gets wrong.
  const double mantissa = static_cast<double>(engine_() >> 11) * 0x1p-53;
  return std::ldexp(chance(2) ? mantissa : -mantissa, static_cast<int>(below(200)) - 100);
}

Value RandomData::integer() {
  return pick(integers());
}
Value RandomData::text() {
  return pick(texts());
}

Value RandomData::bytes() {
  static const std::vector<Value> kBytes{Bytes{""}, Bytes{"a"}, Bytes{"1"},
                                         Bytes{std::string("\0\xff", 2)}, Bytes{"\xff"}};
  return pick(kBytes);
}

Value RandomData::scalar() {
  switch (below(7)) {
    case 0:
      return nullptr;
    case 1:
      return chance(2);
    case 2:
      return integer();
    case 3:
    case 4:
      return number();
    case 5:
      return bytes();
    default:
      return text();
  }
}

Object RandomData::object(int depth) {
  Object result;
  static const std::vector<std::string> kNames{"a", "b", "x'y", "$bytes", "\u00e9", "a\"b", ""};
  for (std::size_t count = below(4); count > 0; --count)
    result.set(pick(kNames), nested(depth - 1));
  return result;
}

Value RandomData::nested(int depth) {
  if (depth == 0 || chance(2)) return scalar();
  if (chance(3)) {
    Array array;
    for (std::size_t count = below(3); count > 0; --count)
      array.push_back(nested(depth - 1));
    return array;
  }
  return object(depth);
}

Object RandomData::document() {
  Object document;
  const auto maybe = [&](std::string_view name, Value value) {
    if (!chance(4)) document.set(name, std::move(value));
  };
  maybe("text", text());
  maybe("nullable", chance(3) ? Value(nullptr) : text());
  maybe("number", chance(20) ? Value(std::nan("")) : number());
  maybe("int", integer());
  maybe("flag", chance(2));
  maybe("bytes", bytes());
  switch (below(4)) {
    case 0:
      maybe("mixed", nullptr);
      break;
    case 1:
      maybe("mixed", chance(2));
      break;
    case 2:
      maybe("mixed", number());
      break;
    default:
      maybe("mixed", text());
  }
  maybe("many", chance(3) ? integer() : chance(2) ? number() : text());
  maybe("odd", chance(2) ? integer() : Value(chance(2)));
  maybe("any", nested(3));
  maybe("object", object(3));
  maybe("list", Array{nested(1), nested(2)});
  return document;
}

Value RandomData::literal() {
  switch (below(12)) {
    case 0:
      return {};
    case 1:
      return conformance::id_of("things", static_cast<std::int64_t>(below(250)));
    case 2:
      return static_cast<double>(conformance::time_of(static_cast<std::int64_t>(below(250)))) +
             (chance(2) ? 0.5 : 0.0);
    case 3:
      return conformance::time_of(static_cast<std::int64_t>(below(250)));
    case 4:
      return nested(2);
    case 5:
      return std::nan("");
    default:
      return scalar();
  }
}

ExprPtr RandomData::field() {
  return Expr::make_field(pick(paths()));
}

ExprPtr RandomData::operand(int depth) {
  if (chance(12) && depth > 0) return predicate(depth - 1);
  return chance(3) ? Expr::make_literal(literal()) : field();
}

ExprPtr RandomData::comparison(int depth) {
  const auto op = static_cast<CompareOp>(below(6));
  if (chance(3)) {
    // Numbers of both kinds near the limits of doubles, where a conversion would show.
    static const std::vector<std::string> kNumeric{"number", "int", "many", "mixed", "any", "odd"};
    return Expr::compare(op, Expr::make_field(pick(kNumeric)),
                         Expr::make_literal(chance(2) ? integer() : number()));
  }
  // A field with a literal of its own kind is what people write, and what indexes serve.
  ExprPtr left = chance(4) ? operand(depth) : field();
  ExprPtr right = chance(3) ? operand(depth) : Expr::make_literal(literal());
  if (chance(4)) std::swap(left, right);
  return Expr::compare(op, std::move(left), std::move(right));
}

std::vector<ExprPtr> RandomData::operands(int depth) {
  std::vector<ExprPtr> result;
  for (std::size_t count = below(4); count > 0; --count)
    result.push_back(predicate(depth - 1));
  return result;
}

ExprPtr RandomData::predicate(int depth) {
  const std::size_t choice = depth == 0 ? below(6) : below(12);
  switch (choice) {
    case 0: {
      Array members;
      for (std::size_t count = below(6); count > 0; --count)
        members.push_back(literal());
      return Expr::in(operand(depth), std::move(members));
    }
    case 1:
      return chance(4) ? Expr::make_literal(literal()) : field();
    case 6:
    case 7:
      return Expr::all_of(operands(depth));
    case 8:
    case 9:
      return Expr::any_of(operands(depth));
    case 10:
      return Expr::negate(predicate(depth - 1));
    default:
      return comparison(depth);
  }
}

std::vector<query::SortKey> RandomData::order() {
  static const std::vector<std::string> kKeys{
      "text", "nullable", "number", "int",    "flag",    "bytes", "mixed",
      "many", "odd",      "any",    "object", "unknown", "_id",   "_creationTime"};
  std::vector<query::SortKey> keys;
  for (std::size_t count = below(4); count > 0; --count) {
    keys.push_back(
        {pick(kKeys), chance(2) ? query::Direction::Ascending : query::Direction::Descending});
  }
  return keys;
}

}  // namespace moonstone::store
