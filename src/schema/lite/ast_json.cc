// Moonstone. Licence: see LICENSE.
#include "schema/lite/ast_json.h"

#include "schema/lite/internal/attribute_names.h"

namespace moonstone::lite {
namespace {

Array texts(const std::vector<std::string>& all) {
  return {all.begin(), all.end()};
}

Value text_or_null(const std::optional<std::string>& text) {
  return text ? Value(*text) : Value(nullptr);
}

template <class T, class ToJson>
Array array_of(const std::vector<T>& all, const ToJson& to_json) {
  Array result;
  result.reserve(all.size());
  for (const T& one : all)
    result.emplace_back(to_json(one));
  return result;
}

std::string_view word_of_kind(TypeKind kind) {
  switch (kind) {
    case TypeKind::Unresolved:
    case TypeKind::Scalar:
      return "scalar";
    case TypeKind::Enum:
      return "enum";
    case TypeKind::Relation:
      return "relation";
    case TypeKind::ImplicitManyToMany:
      return "implicitM2M";
  }
  return "scalar";
}

Object type_to_json(const FieldType& type) {
  return {{"kind", word_of_kind(type.kind)},
          {"name", type.name},
          {"array", type.array},
          {"optional", type.optional}};
}

// --- attributes of fields ------------------------------------------------------------------------

Object default_to_json(const Default& value) {
  switch (value.kind) {
    case DefaultKind::Text:
      return {{"kind", "string"}, {"value", value.value}};
    case DefaultKind::Number:
      return {{"kind", "number"}, {"value", value.value}};
    case DefaultKind::Boolean:
      return {{"kind", "boolean"}, {"value", value.value}};
    case DefaultKind::Enum:
      return {{"kind", "enum"}, {"value", value.value}};
    case DefaultKind::FieldReference:
      return {{"kind", "fieldRef"}, {"field", value.field}};
    case DefaultKind::Call:
      break;
  }
  Object result{{"kind", "call"}, {"fn", value.function}};
  if (value.claim) result.append("field", *value.claim);
  return result;
}

/// An absent bound is null.
Value bound(const std::optional<double>& number) {
  if (!number) return nullptr;
  return *number;
}

struct FieldAttributeToJson {
  Object operator()(FieldFlag flag) const { return {{"kind", word_of(flag)}}; }
  Object operator()(const FieldMap& map) const { return {{"kind", "map"}, {"name", map.name}}; }
  Object operator()(const Default& value) const {
    return {{"kind", "default"}, {"value", default_to_json(value)}};
  }
  Object operator()(const Relation& relation) const {
    Object result{{"kind", "relation"}};
    if (relation.fields) result.append("fields", texts(*relation.fields));
    if (relation.references) result.append("references", texts(*relation.references));
    if (relation.on_delete) result.append("onDelete", word_of(*relation.on_delete));
    if (relation.on_update) result.append("onUpdate", word_of(*relation.on_update));
    if (relation.name) result.append("name", *relation.name);
    return result;
  }
  Object operator()(const Generated& generated) const {
    return {{"kind", "generated"}, {"expr", generated.sql}, {"stored", generated.stored}};
  }
  Object operator()(const From& from) const {
    const FromOperation operation = from.operation.value_or(FromOperation::Count);
    return {{"kind", "from"},
            {"target", from.target},
            {"op", word_of(operation)},
            {"opValue", takes_field(operation) ? Value(from.field) : Value(from.flag)},
            {"where", text_or_null(from.where)},
            {"orderBy", text_or_null(from.order_by)}};
  }
  Object operator()(const Omit& omit) const {
    return {{"kind", "omit"}, {"level", omit.level == OmitLevel::All ? "all" : "lists"}};
  }
  Object operator()(const Guarded& guarded) const {
    return {{"kind", "guarded"}, {"level", guarded.level == GuardLevel::All ? "all" : "select"}};
  }
  Object operator()(const Encrypted& encrypted) const {
    return {{"kind", "encrypted"}, {"searchable", encrypted.searchable}};
  }
  Object operator()(const Check& check) const { return {{"kind", "check"}, {"expr", check.sql}}; }
  Object operator()(const Secret& secret) const {
    return {{"kind", "secret"}, {"rotate", secret.rotate}};
  }
  Object operator()(const FieldAllow& allow) const {
    return {{"kind", "fieldAllow"},
            {"operations", texts(allow.operations)},
            {"expr", expression_to_json(allow.expression)}};
  }
  Object operator()(const Log& log) const {
    return {{"kind", "log"}, {"db", log.database}, {"reads", log.reads}, {"writes", log.writes}};
  }
  Object operator()(const FunctionCall& call) const {
    return {{"kind", "funcCall"}, {"fn", call.function}, {"args", texts(call.arguments)}};
  }
  Object operator()(const UpdatedBy& updated) const {
    return {{"kind", "updatedBy"}, {"authField", updated.claim}};
  }
  Object operator()(const Sequence& sequence) const {
    return {{"kind", "sequence"}, {"scope", sequence.scope}};
  }
  Object operator()(const Accept& accept) const {
    return {{"kind", "accept"}, {"types", texts(accept.types)}};
  }
  Object operator()(const TypeReference& reference) const {
    return {{"kind", "type"}, {"name", reference.name}, {"strict", reference.strict}};
  }
  Object operator()(const Validator& validator) const;
};

Object FieldAttributeToJson::operator()(const Validator& validator) const {
  Object result{{"kind", word_of(validator.kind)}};
  switch (validator.kind) {
    case ValidatorKind::Regex:
      result.append("pattern", validator.text);
      break;
    case ValidatorKind::StartsWith:
    case ValidatorKind::EndsWith:
    case ValidatorKind::Contains:
      result.append("text", validator.text);
      break;
    case ValidatorKind::Length:
      result.append("min", bound(validator.minimum));
      result.append("max", bound(validator.maximum));
      break;
    case ValidatorKind::Less:
    case ValidatorKind::LessOrEqual:
    case ValidatorKind::Greater:
    case ValidatorKind::GreaterOrEqual:
    case ValidatorKind::MinItems:
    case ValidatorKind::MaxItems:
      result.append("value", validator.value);
      break;
    default:
      break;
  }
  if (validator.message) result.append("message", *validator.message);
  return result;
}

Object field_to_json(const Field& field) {
  const auto attribute = [](const FieldAttribute& one) {
    return std::visit(FieldAttributeToJson{}, one);
  };
  return {{"name", field.name},
          {"type", type_to_json(field.type)},
          {"attributes", array_of(field.attributes, attribute)},
          {"comments", texts(field.comments)}};
}

// --- attributes of models ------------------------------------------------------------------------

struct ModelAttributeToJson {
  Object operator()(ModelFlag flag) const { return {{"kind", word_of(flag)}}; }
  Object operator()(const Index& index) const {
    return {{"kind", index.unique ? "uniqueIndex" : "index"}, {"fields", texts(index.fields)}};
  }
  Object operator()(const FullText& full_text) const {
    return {{"kind", "fts"}, {"fields", texts(full_text.fields)}};
  }
  Object operator()(const TableMap& map) const { return {{"kind", "map"}, {"name", map.name}}; }
  Object operator()(const SoftDelete& soft_delete) const {
    return {{"kind", "softDelete"}, {"cascade", soft_delete.cascade}};
  }
  Object operator()(const Templates& templates) const {
    return {{"kind", "hasTemplates"}, {"field", templates.field}};
  }
  Object operator()(const Policy& policy) const {
    return {{"kind", policy.effect == PolicyEffect::Allow ? "allow" : "deny"},
            {"operations", texts(policy.operations)},
            {"expr", expression_to_json(policy.expression)},
            {"message", text_or_null(policy.message)}};
  }
  Object operator()(const Gate& gate) const { return {{"kind", "gate"}, {"value", gate.value}}; }
  Object operator()(const Log& log) const { return FieldAttributeToJson{}(log); }
  Object operator()(const DatabaseOf& database) const {
    return {{"kind", "db"}, {"name", database.name}};
  }
  Object operator()(const TraitUse& use) const { return {{"kind", "trait"}, {"name", use.name}}; }
};

// --- declarations --------------------------------------------------------------------------------

Object path_to_json(const std::variant<LiteralPath, EnvironmentPath>& path) {
  if (const auto* literal = std::get_if<LiteralPath>(&path)) {
    return {{"kind", "literal"}, {"value", literal->value}};
  }
  const auto& environment = std::get<EnvironmentPath>(path);
  return {{"kind", "env"},
          {"var", environment.variable},
          {"default", text_or_null(environment.fallback)}};
}

Object database_to_json(const Database& database) {
  return {{"name", database.name},
          {"path", path_to_json(database.path)},
          {"driver", to_string(database.driver)},
          {"replication", database.replication},
          {"retention", text_or_null(database.retention)},
          {"maxSize", text_or_null(database.max_size)},
          {"logModel", text_or_null(database.log_model)}};
}

Object view_to_json(const View& view) {
  const auto field = [](const ViewField& one) -> Object {
    return {
        {"name", one.name}, {"type", type_to_json(one.type)}, {"comments", texts(one.comments)}};
  };
  return {{"name", view.name},
          {"fields", array_of(view.fields, field)},
          {"sql", view.sql},
          {"materialized", view.materialized},
          {"refreshOn", texts(view.refresh_on)},
          {"db", text_or_null(view.database)},
          {"comments", texts(view.comments)}};
}

Object enum_to_json(const Enum& subject) {
  const auto value = [](const EnumValue& one) -> Object {
    return {{"name", one.name}, {"comments", texts(one.comments)}};
  };
  Object result{{"name", subject.name},
                {"comments", texts(subject.comments)},
                {"values", array_of(subject.values, value)}};
  if (subject.transitions) result.append("transitions", transitions_to_json(*subject.transitions));
  return result;
}

Object function_to_json(const Function& function) {
  const auto parameter = [](const FunctionParameter& one) -> Object {
    return {{"name", one.name}, {"type", one.type}};
  };
  return {{"name", function.name},
          {"params", array_of(function.parameters, parameter)},
          {"returnType", function.return_type},
          {"expr", function.expression},
          {"comments", texts(function.comments)}};
}

Object pair_to_json(std::string_view type, const Expression& expression) {
  return {{"type", type},
          {"left", expression_to_json(expression.operands.at(0))},
          {"right", expression_to_json(expression.operands.at(1))}};
}

}  // namespace

Object schema_to_json(const Schema& schema) {
  return {{"imports", texts(schema.imports)},
          {"databases", array_of(schema.databases, database_to_json)},
          {"models", array_of(schema.models, model_to_json)},
          {"views", array_of(schema.views, view_to_json)},
          {"enums", array_of(schema.enums, enum_to_json)},
          {"functions", array_of(schema.functions, function_to_json)},
          {"traits", array_of(schema.traits, model_to_json)},
          {"types", array_of(schema.types, model_to_json)}};
}

Object parse_result_to_json(const ParseResult& result) {
  const auto text = [](const Problem& problem) { return problem.text; };
  return {{"schema", result.schema ? Value(schema_to_json(*result.schema)) : Value(nullptr)},
          {"valid", result.valid},
          {"errors", array_of(result.errors, text)},
          {"warnings", array_of(result.warnings, text)}};
}

Object model_to_json(const Model& model) {
  const auto attribute = [](const ModelAttribute& one) {
    return std::visit(ModelAttributeToJson{}, one);
  };
  return {{"name", model.name},
          {"comments", texts(model.comments)},
          {"fields", array_of(model.fields, field_to_json)},
          {"attributes", array_of(model.attributes, attribute)}};
}

Object expression_to_json(const Expression& expression) {
  switch (expression.kind) {
    case ExpressionKind::Or:
      return pair_to_json("or", expression);
    case ExpressionKind::And:
      return pair_to_json("and", expression);
    case ExpressionKind::Not:
      return {{"type", "not"}, {"expr", expression_to_json(expression.operands.at(0))}};
    case ExpressionKind::Compare:
      return {{"type", "compare"},
              {"op", word_of(expression.compare)},
              {"left", expression_to_json(expression.operands.at(0))},
              {"right", expression_to_json(expression.operands.at(1))}};
    case ExpressionKind::Auth:
      return {{"type", "auth"}, {"field", text_or_null(expression.name)}};
    case ExpressionKind::Now:
      return {{"type", "now"}};
    case ExpressionKind::Check:
      return {{"type", "check"},
              {"field", text_or_null(expression.name)},
              {"operation", text_or_null(expression.operation)}};
    case ExpressionKind::Literal:
      return {{"type", "literal"}, {"value", expression.literal}};
    case ExpressionKind::Field:
      break;
  }
  return {{"type", "field"}, {"name", text_or_null(expression.name)}};
}

Object transitions_to_json(const std::vector<Transition>& transitions) {
  Object result;
  for (const Transition& transition : transitions) {
    // Names are unique within an enum: the parser refuses the second one.
    result.append(transition.name, Object{{"from", texts(transition.from)}, {"to", transition.to}});
  }
  return result;
}

}  // namespace moonstone::lite
