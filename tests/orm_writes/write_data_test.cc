// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_data.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone::orm {
namespace {

using schema::FieldRole;
using schema::ModelField;
using schema::ScalarKind;

ModelField field(std::string name, ScalarKind scalar) {
  ModelField made;
  made.name = std::move(name);
  made.column = made.name;
  made.scalar = scalar;
  return made;
}

schema::CatalogPtr user_catalog() {
  auto catalog = std::make_shared<schema::Catalog>();
  catalog->enums.push_back({.name = "Role", .values = {"admin", "member"}, .transitions = {}});
  schema::Model model;
  model.name = "User";
  model.accessor = "user";
  model.table = "user";
  ModelField email = field("email", ScalarKind::Text);
  email.transforms = {schema::Transform::Trim, schema::Transform::Lower};
  schema::Validator is_email{};
  is_email.kind = schema::Validator::Kind::Email;
  email.validators = {is_email};
  ModelField role = field("role", ScalarKind::Text);
  role.enum_name = "Role";
  ModelField full = field("full", ScalarKind::Text);
  full.role = FieldRole::Generated;
  ModelField age = field("age", ScalarKind::Integer);
  ModelField tags = field("tags", ScalarKind::Text);
  tags.is_list = true;
  tags.type_name = "Text";
  ModelField posts = field("posts", ScalarKind::Integer);
  posts.role = FieldRole::Derived;
  model.fields = {email,
                  role,
                  full,
                  age,
                  tags,
                  field("active", ScalarKind::Boolean),
                  field("born", ScalarKind::DateTime),
                  field("extra", ScalarKind::Json),
                  field("photo", ScalarKind::Bytes),
                  posts};
  catalog->models.push_back(std::move(model));
  return catalog;
}

class CheckedByHost final : public Host {
 public:
  std::vector<RuleFailure> check(const schema::Model& /*model*/, const Object& data) override {
    if (data.find("age") == nullptr) return {};
    return {{.path = {"_model"}, .message = "never an age"}};
  }
  [[nodiscard]] bool has_checks(const schema::Model& /*model*/) const override { return true; }
};

/// The values as JSON by their field, or the error's text.
std::string prepared(std::string_view json, Host* host = nullptr) {
  const auto core = make_core(user_catalog(), {.host = host});
  const ModelRules& rules = core->rules->of(core->catalog->models.front());
  auto values = prepare_data(*core, rules, parse_json(json).value().as_object());
  if (!values) return values.error().message();
  Object object;
  for (FieldValue& value : *values)
    object.append(value.rule->field->name, std::move(value.value));
  return to_json(Value(std::move(object)));
}

TEST(WriteDataTest, ConvertsToWhatColumnsHold) {
  EXPECT_EQ(prepared(R"({"extra":{"a":1},"active":"yes","tags":["a"],"email":" A@B.c "})"),
            R"({"email":"a@b.c","tags":"[\"a\"]","active":1,"extra":"{\"a\":1}"})");
  EXPECT_EQ(prepared(R"({"extra":"{\"a\":1}","active":0,"born":0})"),
            R"({"active":0,"born":"1970-01-01T00:00:00.000Z","extra":"{\"a\":1}"})");
  EXPECT_EQ(prepared(R"({"extra":[1],"age":null,"posts":5})"), R"({"age":null,"extra":"[1]"})");
  EXPECT_EQ(prepared(R"({"photo":"AAE="})"), R"({"photo":"AAE="})");
}

TEST(WriteDataTest, StoresAnUndefinedMemberAsNull) {
  const auto core = make_core(user_catalog(), {});
  const ModelRules& rules = core->rules->of(core->catalog->models.front());
  const auto values = prepare_data(*core, rules, Object{{"age", Value()}});
  ASSERT_TRUE(values);
  ASSERT_EQ(values->size(), 1U);
  EXPECT_TRUE((*values)[0].value.is_null());
}

TEST(WriteDataTest, RefusesUnknownNamesWithAHint) {
  EXPECT_EQ(prepared(R"({"emial":"a@b.c"})"),
            "Validation failed — emial: Unknown field 'emial' on model 'User'. Did you mean: "
            "email?");
  EXPECT_EQ(prepared(R"({"zzzzzzzz":1})"),
            "Validation failed — zzzzzzzz: Unknown field 'zzzzzzzz' on model 'User'. Valid fields: "
            "active, age, born, email, extra, photo, posts, role, tags");
  EXPECT_EQ(prepared(R"({"full":"x"})").substr(0, 72),
            "Validation failed — full: Unknown field 'full' on model 'User'. Valid ");
}

TEST(WriteDataTest, CollectsWhatIsWrongWithARow) {
  EXPECT_EQ(prepared(R"({"email":"nobody","born":"soon"})"),
            "Validation failed — born: must be a valid ISO 8601 datetime (e.g. "
            "2024-01-15T09:30:00Z), email: must be a valid email address");
  CheckedByHost host;
  EXPECT_EQ(prepared(R"({"email":"nobody","age":1})", &host),
            "Validation failed — email: must be a valid email address, _model: never an age");
}

TEST(WriteDataTest, RefusesValuesThatNoColumnOfTheKindHolds) {
  EXPECT_EQ(prepared(R"({"email":{"a":1}})"),
            "Validation failed — email: must be a valid email address");
  EXPECT_EQ(prepared(R"({"age":[1]})"), "Validation failed — age: must be an integer");
  EXPECT_EQ(prepared(R"({"photo":"?"})"),
            "Validation failed — photo: must be bytes or base64 text");
  EXPECT_EQ(prepared(R"({"role":"zz"})"),
            "Validation failed — role: invalid Role value \"zz\" — must be one of: admin, member");
}

TEST(WriteDataTest, TellsProgramsWhatIsWrong) {
  const auto core = make_core(user_catalog(), {});
  const ModelRules& rules = core->rules->of(core->catalog->models.front());
  const auto values = prepare_data(*core, rules, Object{{"email", Value("x")}});
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().reason(), "ValidationError");
  ASSERT_NE(values.error().details(), nullptr);
  EXPECT_EQ(to_json(*values.error().details()),
            R"({"name":"ValidationError","errors":[{"path":["email"],)"
            R"("message":"must be a valid email address"}]})");
}

}  // namespace
}  // namespace moonstone::orm
