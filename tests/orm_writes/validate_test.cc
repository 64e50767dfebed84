// Moonstone. Licence: see LICENSE.
#include "orm/internal/validate.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone::orm {
namespace {

using schema::ModelField;
using schema::ScalarKind;
using schema::Validator;
using Kind = schema::Validator::Kind;

Validator rule(Kind kind, std::string text = {}) {
  Validator validator{};
  validator.kind = kind;
  validator.text = std::move(text);
  return validator;
}

Validator bounds(Kind kind, std::optional<double> low, std::optional<double> high) {
  Validator validator = rule(kind);
  validator.low = low;
  validator.high = high;
  return validator;
}

/// The messages of all that the value breaks.
std::vector<std::string> broken(std::vector<Validator> validators, const Value& value) {
  ModelField field;
  field.name = "f";
  field.validators = std::move(validators);
  const schema::Catalog catalog;
  const FieldRule checked = make_field_rule(catalog, field);
  std::vector<RuleFailure> failures;
  const Status status = check_validators(checked, value, {"f"}, failures);
  EXPECT_TRUE(status) << status.error().message();
  std::vector<std::string> messages;
  for (const RuleFailure& failure : failures)
    messages.push_back(failure.message);
  return messages;
}

using Messages = std::vector<std::string>;

struct Case {
  Validator validator;
  std::vector<Value> good;
  std::vector<Value> bad;
  std::string message;
};

TEST(ValidateTest, HasTheRulesAndMessagesOfSection28) {
  const std::vector<Case> cases = {
      {rule(Kind::Email),
       {"a@b.c", "a.b+c@d.e.f", "\u00e4@b.de"},
       {"a", "a@b", "@b.c", "a@b.", "a@.c", "a b@c.d", "a@b@c.d", "a@b.c\u00a0"},
       "must be a valid email address"},
      {rule(Kind::Url),
       {"http://a", "https://b.c/d?e", "http:///"},
       {"ftp://a", "http://", "a", " http://a", "https://\n"},
       "must be a valid URL"},
      {rule(Kind::Phone),
       {"+49 (0)30 1234", "1234567", "12.34-56 7"},
       {"123456", "123456789012345678901", "12345a7", "++1234567"},
       "must be a valid phone number"},
      {rule(Kind::Date),
       {"2026-04-06"},
       {"2026-4-6", "2026-04-06T00:00:00Z"},
       "must be a valid date in YYYY-MM-DD format (e.g. 2026-04-06)"},
      {rule(Kind::DateTime),
       {"2026-04-06", "2026-04-06T01:02:03Z"},
       {"now"},
       "must be a valid ISO 8601 datetime"},
      {rule(Kind::Regex, "^a+$"), {"aa"}, {"ab", ""}, "must match pattern ^a+$"},
      {bounds(Kind::Length, 2, 3),
       {"ab", "\U0001F600"},
       {"a", "abcd"},
       "length must be between 2 and 3"},
      {bounds(Kind::Length, 2, {}), {"ab"}, {"a"}, "length must be at least 2"},
      {bounds(Kind::Length, {}, 1), {"", "a"}, {"ab"}, "length must be at most 1"},
      {rule(Kind::StartsWith, "ab"), {"abc"}, {"bab"}, "must start with \"ab\""},
      {rule(Kind::EndsWith, "ab"), {"cab"}, {"abc"}, "must end with \"ab\""},
      {rule(Kind::Contains, "ab"), {"cabc"}, {"cb"}, "must contain \"ab\""},
      {bounds(Kind::Lt, {}, 5), {4.9, Value(4)}, {Value(5), "x"}, "must be less than 5"},
      {bounds(Kind::Lte, {}, 5), {Value(5), "5"}, {5.1}, "must be at most 5"},
      {bounds(Kind::Gt, 0.5, {}), {Value(1)}, {0.5}, "must be greater than 0.5"},
      {bounds(Kind::Gte, 0, {}), {Value(0)}, {Value(-1)}, "must be at least 0"},
  };
  for (const Case& each : cases) {
    for (const Value& value : each.good)
      EXPECT_EQ(broken({each.validator}, value), Messages{}) << each.message << to_json(value);
    for (const Value& value : each.bad)
      EXPECT_EQ(broken({each.validator}, value), Messages{each.message}) << to_json(value);
    EXPECT_EQ(broken({each.validator}, Value(nullptr)), Messages{}) << "null is skipped";
  }
}

TEST(ValidateTest, CollectsAllInOrderWithTheirOwnMessages) {
  Validator mine = rule(Kind::Email);
  mine.message = "no mail";
  EXPECT_EQ(broken({bounds(Kind::Length, 5, {}), mine, rule(Kind::StartsWith, "x")}, "ab"),
            (Messages{"length must be at least 5", "no mail", "must start with \"x\""}));
}

TEST(ValidateTest, HandsOnPatternsThatCannotBeRead) {
  ModelField field;
  field.validators = {rule(Kind::Regex, "(")};
  const schema::Catalog catalog;
  std::vector<RuleFailure> failures;
  const Status status =
      check_validators(make_field_rule(catalog, field), Value("a"), {"f"}, failures);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::InvalidArgument);
}

ModelField list_of(ScalarKind scalar, std::string type_name, std::vector<Validator> rules = {}) {
  ModelField field;
  field.name = "tags";
  field.scalar = scalar;
  field.type_name = std::move(type_name);
  field.is_list = true;
  field.validators = std::move(rules);
  return field;
}

std::string list_failure(const ModelField& field, std::string_view json) {
  const Status status = check_list(field, parse_json(json).value());
  return status ? "" : status.error().message();
}

TEST(ValidateTest, ChecksLists) {
  const ModelField texts = list_of(ScalarKind::Text, "Text");
  EXPECT_EQ(list_failure(texts, R"(["a","b"])"), "");
  EXPECT_EQ(list_failure(texts, "null"), "");
  EXPECT_EQ(list_failure(texts, R"("a")"), "Validation failed — tags: tags must be an array");
  EXPECT_EQ(list_failure(texts, R"(["a",1])"),
            "Validation failed — tags: tags (Text[]) must contain only strings");
  const ModelField numbers = list_of(ScalarKind::Integer, "Integer");
  EXPECT_EQ(list_failure(numbers, "[1,2.0]"), "");
  EXPECT_EQ(list_failure(numbers, "[1,2.5]"),
            "Validation failed — tags: tags (Integer[]) must contain only integers");
  const ModelField bounded = list_of(
      ScalarKind::Text, "Text",
      {bounds(Kind::MinItems, 1, {}), bounds(Kind::MaxItems, {}, 2), rule(Kind::UniqueItems)});
  EXPECT_EQ(list_failure(bounded, R"(["a","b"])"), "");
  EXPECT_EQ(list_failure(bounded, "[]"),
            "Validation failed — tags: tags must have at least 1 items");
  EXPECT_EQ(list_failure(bounded, R"(["a","b","c"])"),
            "Validation failed — tags: tags must have at most 2 items");
  EXPECT_EQ(list_failure(bounded, R"(["a","a"])"),
            "Validation failed — tags: tags must contain unique items");
}

TEST(ValidateTest, ChecksEnums) {
  schema::Catalog catalog;
  catalog.enums.push_back({.name = "Role", .values = {"admin", "member"}, .transitions = {}});
  ModelField field;
  field.name = "role";
  field.enum_name = "Role";
  const auto failure = [&](const Value& value) -> std::string {
    const Status status = check_enum(make_field_rule(catalog, field), value);
    return status ? "" : status.error().message();
  };
  EXPECT_EQ(failure("admin"), "");
  EXPECT_EQ(failure("zz"),
            "Validation failed — role: invalid Role value \"zz\" — must be one of: "
            "admin, member");
  EXPECT_EQ(failure(Value(1)),
            "Validation failed — role: invalid Role value \"1\" — must be one "
            "of: admin, member");
  EXPECT_EQ(failure(nullptr), "Validation failed — role: must be one of: admin, member");
  field.is_optional = true;
  EXPECT_EQ(failure(nullptr), "");
}

/// A type with a text, a number, a list, an optional date and another type inside.
schema::Catalog address_catalog() {
  const auto field = [](std::string name, ScalarKind scalar, std::string type_name) {
    ModelField made;
    made.name = std::move(name);
    made.scalar = scalar;
    made.type_name = std::move(type_name);
    return made;
  };
  schema::JsonType place{.name = "Place", .fields = {field("lat", ScalarKind::Real, "Float")}};
  schema::JsonType address{.name = "Address", .fields = {}};
  ModelField city = field("city", ScalarKind::Text, "String");
  city.validators = {bounds(Kind::Length, 2, {})};
  ModelField tags = field("tags", ScalarKind::Text, "String");
  tags.is_list = true;
  ModelField since = field("since", ScalarKind::DateTime, "DateTime");
  since.is_optional = true;
  ModelField inner = field("at", ScalarKind::Json, "Json");
  inner.json_type = "Place";
  ModelField floor = field("floor", ScalarKind::Integer, "Int");
  floor.is_optional = true;
  ModelField open = field("open", ScalarKind::Boolean, "Boolean");
  open.is_optional = true;
  address.fields = {city, tags, since, inner, floor, open};
  schema::Catalog catalog;
  catalog.json_types = {std::move(address), std::move(place)};
  return catalog;
}

Messages json_failures(
    std::string_view json,
    JsonTypeCheck::Strictness strictness = JsonTypeCheck::Strictness::OnlyDeclared) {
  const schema::Catalog catalog = address_catalog();
  const RuleBook rules(catalog);
  std::vector<RuleFailure> failures;
  const Status status =
      JsonTypeCheck(rules, failures)
          .check(catalog.json_types[0], parse_json(json).value(), {"address"}, strictness);
  EXPECT_TRUE(status);
  Messages messages;
  for (const RuleFailure& failure : failures) {
    std::string path;
    for (const std::string& part : failure.path)
      path += (path.empty() ? "" : ".") + part;
    messages.push_back(path + ": " + failure.message);
  }
  return messages;
}

TEST(ValidateTest, ChecksJsonTypes) {
  EXPECT_EQ(json_failures(R"({"city":"Rome","tags":[],"at":{"lat":1}})"), Messages{});
  EXPECT_EQ(json_failures(R"("{}")"), Messages{"address: must be an object matching type Address"});
  EXPECT_EQ(json_failures(R"({"city":"Rome","tags":[],"at":{"lat":1},"zip":1})"),
            Messages{"address.zip: unknown field — type Address has no 'zip' (set strict: false to "
                     "allow)"});
  EXPECT_EQ(json_failures(R"({"city":"Rome","tags":[],"at":{"lat":1},"zip":1})",
                          JsonTypeCheck::Strictness::AnyMembers),
            Messages{});
  EXPECT_EQ(
      json_failures(R"({"city":5,"tags":"a","since":7,"at":{},"floor":1.5,"open":"y"})"),
      (Messages{"address.city: must be a string", "address.tags: must be an array of String",
                "address.since: must be a string in ISO 8601 format", "address.at.lat: is required",
                "address.floor: must be an integer", "address.open: must be a boolean"}));
  EXPECT_EQ(json_failures(R"({"city":"R","tags":["a",2],"since":"soon","at":{"lat":"x"}})"),
            (Messages{"address.city: length must be at least 2", "address.tags.1: must be a string",
                      "address.since: must be a valid ISO 8601 datetime",
                      "address.at.lat: must be a number"}));
  EXPECT_EQ(json_failures("{}"), (Messages{"address.city: is required", "address.tags: is required",
                                           "address.at: is required"}));
}

}  // namespace
}  // namespace moonstone::orm
