// Moonstone. Licence: see LICENSE.
//
// Fields and what stands on them, apart from derived ones. Source: litestone.md 3.4
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

class FieldCheck {
 public:
  FieldCheck(const Model& model, const SchemaIndex& index, Report& report)
      : model_(model), index_(index), report_(report) {}

  void run(const Field& field) {
    check_array(field);
    check_default(field);
    for (const FieldAttribute& attribute : field.attributes) {
      if (const auto* relation = std::get_if<Relation>(&attribute)) check(field, *relation);
      if (const auto* sequence = std::get_if<Sequence>(&attribute)) check(field, *sequence);
      if (const auto* log = std::get_if<Log>(&attribute)) check(field, *log);
    }
    check_visibility(field);
    check_type_reference(field, label_of(model_, field), index_, report_);
  }

 private:
  void error(const Field& field, std::string_view text) {
    report_.error(field.position, fmt::format("{}: {}", label_of(model_, field), text));
  }

  void check_array(const Field& field) {
    const FieldType& type = field.type;
    if (!type.array) return;
    const bool is_allowed =
        type.kind == TypeKind::Relation || type.kind == TypeKind::ImplicitManyToMany ||
        type.kind == TypeKind::Unresolved || type.is_scalar(ScalarType::String) ||
        type.is_scalar(ScalarType::Int) || type.is_scalar(ScalarType::File);
    if (is_allowed) return;
    error(field,
          fmt::format("array [] is only supported for Text, Integer, File, or a model name for "
                      "many-to-many (got {})",
                      type.name));
  }

  void check_default(const Field& field) {
    constexpr std::array<std::string_view, 6> kCalls{"now",  "uuid",   "ulid",
                                                     "cuid", "nanoid", "auth"};
    const auto* value = field.find<Default>();
    if (value == nullptr || value->kind != DefaultKind::Call) return;
    if (std::ranges::find(kCalls, value->function) != kCalls.end()) return;
    error(field,
          fmt::format("@default({}()) — expected now(), uuid(), ulid(), cuid(), nanoid() or auth()",
                      value->function));
  }

  void check(const Field& field, const Relation& relation) {
    const Model* target = SchemaIndex::find(index_.models, field.type.name);
    if (target == nullptr) {
      // Of an unknown name, resolving has said so.
      if (field.type.kind != TypeKind::Unresolved) {
        error(field, fmt::format("@relation references unknown model '{}'", field.type.name));
      }
      return;
    }
    if (!relation.fields) return;
    for (const std::string& name : *relation.fields) {
      if (index_.find_field(model_, name) != nullptr) continue;
      report_.error(field.position,
                    fmt::format("Model '{}': @relation fields references unknown field '{}'",
                                model_.name, name));
    }
    if (!relation.references || relation.references->size() != relation.fields->size()) {
      error(field, "@relation needs as many references as fields");
      return;
    }
    for (const std::string& name : *relation.references) {
      if (index_.find_field(*target, name) != nullptr) continue;
      report_.error(
          field.position,
          fmt::format("Model '{}': @relation references references unknown field '{}' of '{}'",
                      model_.name, name, target->name));
    }
  }

  void check(const Field& field, const Sequence& sequence) {
    if (!field.type.is_scalar(ScalarType::Int) || field.type.array) {
      error(field, fmt::format("@sequence requires an Integer field (got {})", field.type.name));
    }
    if (index_.find_field(model_, sequence.scope) == nullptr) {
      error(field,
            fmt::format("@sequence scope '{}' is not a field on this model", sequence.scope));
    }
  }

  void check(const Field& field, const Log& log) {
    const Database* database = SchemaIndex::find(index_.databases, log.database);
    if (database == nullptr) {
      error(field, fmt::format("@log references unknown database '{}'", log.database));
    } else if (database->driver != DatabaseDriver::Logger) {
      error(field, fmt::format("@log database '{}' must have driver logger (it has {})",
                               log.database, to_string(database->driver)));
    }
  }

  void check_visibility(const Field& field) {
    if (field.find<FieldAllow>() == nullptr) return;
    const bool is_secret = field.find<Secret>() != nullptr;
    if (!is_secret && field.find<Guarded>() == nullptr) return;
    error(field,
          fmt::format("@allow conflicts with @{}, which hides the field from everybody but the "
                      "system",
                      is_secret ? "secret" : "guarded"));
  }

  const Model& model_;
  const SchemaIndex& index_;
  Report& report_;
};

}  // namespace

void validate_fields(const Schema& schema, const SchemaIndex& index, Report& report) {
  for (const Model& model : schema.models) {
    FieldCheck check(model, index, report);
    for (const Field& field : model.fields)
      check.run(field);
  }
}

}  // namespace moonstone::lite
