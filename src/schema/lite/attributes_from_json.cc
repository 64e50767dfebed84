// Moonstone. Licence: see LICENSE.
// Attributes from JSON: the reverse of what ast_json.cc prints, by their `kind`.

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/json_reader.h"

namespace moonstone::lite {
namespace {

/// The enumerator whose word in the language is `name` (attribute_names.h).
template <class Kind, Kind last>
std::optional<Kind> find_word(std::string_view name) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
    const auto kind = static_cast<Kind>(i);
    if (word_of(kind) == name) return kind;
  }
  return std::nullopt;
}

Result<Expression> read_expression(const JsonReader& json, std::size_t height);

Result<Expression> read_operands(const JsonReader& json,
                                 Expression expression,
                                 std::initializer_list<std::string_view> names,
                                 std::size_t height) {
  for (const std::string_view name : names) {
    MS_TRY(const JsonReader operand, json.member(name));
    MS_TRY(Expression read, read_expression(operand, height + 1));
    expression.operands.push_back(std::move(read));
  }
  return expression;
}

Result<Expression> read_expression(const JsonReader& json, std::size_t height) {
  constexpr std::size_t kHeightMax = 64;
  if (height > kHeightMax) return json.wrong("the expression is nested too deeply");
  MS_TRY(const std::string type, json.text("type"));
  Expression expression;
  expression.name = json.optional_text("field");
  if (type == "or" || type == "and") {
    expression.name.reset();
    expression.kind = type == "or" ? ExpressionKind::Or : ExpressionKind::And;
    return read_operands(json, std::move(expression), {"left", "right"}, height);
  }
  if (type == "not") {
    expression.kind = ExpressionKind::Not;
    return read_operands(json, std::move(expression), {"expr"}, height);
  }
  if (type == "compare") {
    expression.kind = ExpressionKind::Compare;
    const auto compare = find_word<CompareOperator, CompareOperator::GreaterOrEqual>(
        json.optional_text("op").value_or(""));
    if (!compare) return json.wrong("no such operator");
    expression.compare = *compare;
    return read_operands(json, std::move(expression), {"left", "right"}, height);
  }
  if (type == "auth") {
    expression.kind = ExpressionKind::Auth;
  } else if (type == "now") {
    expression.kind = ExpressionKind::Now;
  } else if (type == "check") {
    expression.kind = ExpressionKind::Check;
    expression.operation = json.optional_text("operation");
  } else if (type == "field") {
    expression.kind = ExpressionKind::Field;
    MS_TRY(expression.name, json.text("name"));
  } else if (type == "literal") {
    const Value* const literal = json.find("value");
    expression.literal = literal == nullptr ? Value(nullptr) : *literal;
  } else {
    return json.wrong("no such expression");
  }
  return expression;
}

Result<Expression> read_expression_member(const JsonReader& json) {
  MS_TRY(const JsonReader expression, json.member("expr"));
  return read_expression(expression, 0);
}

Result<FieldAttribute> read_default(const JsonReader& json) {
  MS_TRY(const JsonReader value, json.member("value"));
  MS_TRY(const std::string kind, value.text("kind"));
  Default read;
  if (kind == "call") {
    read.kind = DefaultKind::Call;
    MS_TRY(read.function, value.text("fn"));
    read.claim = value.optional_text("field");
    return read;
  }
  if (kind == "fieldRef") {
    read.kind = DefaultKind::FieldReference;
    MS_TRY(read.field, value.text("field"));
    return read;
  }
  const Value* const literal = value.find("value");
  if (literal == nullptr) return value.wrong("has no value");
  read.value = *literal;
  read.kind = kind == "number"    ? DefaultKind::Number
              : kind == "boolean" ? DefaultKind::Boolean
              : kind == "enum"    ? DefaultKind::Enum
                                  : DefaultKind::Text;
  return read;
}

FieldAttribute read_relation(const JsonReader& json) {
  Relation relation;
  relation.fields = json.optional_texts("fields");
  relation.references = json.optional_texts("references");
  relation.on_delete = find_word<ReferentialAction, ReferentialAction::NoAction>(
      json.optional_text("onDelete").value_or(""));
  relation.on_update = find_word<ReferentialAction, ReferentialAction::NoAction>(
      json.optional_text("onUpdate").value_or(""));
  relation.name = json.optional_text("name");
  return relation;
}

/// The text has `"x"` where the source had `{x}`; what stands in double quotes are fields.
std::vector<std::string> quoted_names(std::string_view sql) {
  std::vector<std::string> names;
  while (true) {
    const std::size_t begin = sql.find('"');
    const std::size_t end = begin == std::string_view::npos ? begin : sql.find('"', begin + 1);
    if (end == std::string_view::npos) return names;
    names.emplace_back(sql.substr(begin + 1, end - begin - 1));
    sql.remove_prefix(end + 1);
  }
}

Result<FieldAttribute> read_from(const JsonReader& json) {
  From from;
  MS_TRY(from.target, json.text("target"));
  from.operation =
      find_word<FromOperation, FromOperation::Min>(json.optional_text("op").value_or(""));
  from.field = json.optional_text("opValue").value_or("");
  from.flag = json.flag("opValue", true);
  from.where = json.optional_text("where");
  from.order_by = json.optional_text("orderBy");
  return from;
}

Log read_log(const JsonReader& json) {
  return {.database = json.optional_text("db").value_or(""),
          .reads = json.flag("reads", true),
          .writes = json.flag("writes", true)};
}

FieldAttribute read_validator(const JsonReader& json, ValidatorKind kind) {
  Validator validator;
  validator.kind = kind;
  validator.text =
      json.optional_text(kind == ValidatorKind::Regex ? "pattern" : "text").value_or("");
  if (const Value* const value = json.find("value")) validator.value = *value;
  validator.minimum = json.optional_number("min");
  validator.maximum = json.optional_number("max");
  validator.message = json.optional_text("message");
  return validator;
}

/// Attributes that say what may be seen.
Result<std::optional<FieldAttribute>> read_visibility(const JsonReader& json,
                                                      std::string_view kind) {
  using Read = std::optional<FieldAttribute>;
  const bool is_all = json.optional_text("level") == "all";
  if (kind == "omit") return Read(Omit{is_all ? OmitLevel::All : OmitLevel::Lists});
  if (kind == "guarded") return Read(Guarded{is_all ? GuardLevel::All : GuardLevel::Select});
  if (kind == "encrypted") return Read(Encrypted{json.flag("searchable", false)});
  if (kind == "secret") return Read(Secret{json.flag("rotate", true)});
  if (kind == "log") return Read(read_log(json));
  if (kind == "fieldAllow") {
    FieldAllow allow;
    MS_TRY(allow.operations, json.texts("operations"));
    MS_TRY(allow.expression, read_expression_member(json));
    return Read(std::move(allow));
  }
  return Read();
}

}  // namespace

Result<FieldAttribute> read_field_attribute(const JsonReader& json) {
  MS_TRY(const std::string kind, json.text("kind"));
  if (const auto flag = find_word<FieldFlag, FieldFlag::Markdown>(kind))
    return FieldAttribute(*flag);
  if (const auto validator = find_word<ValidatorKind, ValidatorKind::UniqueItems>(kind))
    return read_validator(json, *validator);
  MS_TRY(std::optional<FieldAttribute> visibility, read_visibility(json, kind));
  if (visibility) return *std::move(visibility);
  if (kind == "default") return read_default(json);
  if (kind == "relation") return read_relation(json);
  if (kind == "from") return read_from(json);
  if (kind == "map") return FieldMap{json.optional_text("name").value_or("")};
  if (kind == "check") return Check{json.optional_text("expr").value_or("")};
  if (kind == "generated") {
    const std::string sql = json.optional_text("expr").value_or("");
    return Generated{.sql = sql, .stored = json.flag("stored", false), .fields = quoted_names(sql)};
  }
  if (kind == "funcCall") {
    FunctionCall call;
    MS_TRY(call.function, json.text("fn"));
    MS_TRY(call.arguments, json.texts("args"));
    return call;
  }
  if (kind == "updatedBy") return UpdatedBy{json.optional_text("authField").value_or("id")};
  if (kind == "sequence") return Sequence{json.optional_text("scope").value_or("")};
  if (kind == "type") {
    return TypeReference{json.optional_text("name").value_or(""), json.flag("strict", true)};
  }
  if (kind == "accept") {
    Accept accept;
    accept.types = json.optional_texts("types").value_or(std::vector<std::string>());
    return accept;
  }
  return json.wrong(fmt::format("no such attribute of a field: {}", kind));
}

Result<ModelAttribute> read_model_attribute(const JsonReader& json) {
  MS_TRY(const std::string kind, json.text("kind"));
  if (const auto flag = find_word<ModelFlag, ModelFlag::Auth>(kind)) return ModelAttribute(*flag);
  if (kind == "index" || kind == "uniqueIndex") {
    MS_TRY(std::vector<std::string> fields, json.texts("fields"));
    return Index{std::move(fields), kind == "uniqueIndex"};
  }
  if (kind == "fts") {
    MS_TRY(std::vector<std::string> fields, json.texts("fields"));
    return FullText{std::move(fields)};
  }
  if (kind == "map") return TableMap{json.optional_text("name").value_or("")};
  if (kind == "softDelete") return SoftDelete{json.flag("cascade", false)};
  if (kind == "hasTemplates") return Templates{json.optional_text("field").value_or("isTemplate")};
  if (kind == "gate") return Gate{json.optional_text("value").value_or("")};
  if (kind == "log") return read_log(json);
  if (kind == "db") return DatabaseOf{json.optional_text("name").value_or("")};
  if (kind == "trait") return TraitUse{json.optional_text("name").value_or("")};
  if (kind == "allow" || kind == "deny") {
    Policy policy;
    policy.effect = kind == "allow" ? PolicyEffect::Allow : PolicyEffect::Deny;
    MS_TRY(policy.operations, json.texts("operations"));
    MS_TRY(policy.expression, read_expression_member(json));
    policy.message = json.optional_text("message");
    return policy;
  }
  return json.wrong(fmt::format("no such attribute of a model: {}", kind));
}

}  // namespace moonstone::lite
