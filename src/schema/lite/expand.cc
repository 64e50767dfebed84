// Moonstone. Licence: see LICENSE.
//
// `@secret` and `@@hasTemplates`. Source: litestone.md 3.6 steps 2, 3
#include <algorithm>

#include <fmt/format.h>

#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

const Database* find_logger(const Schema& schema) {
  const auto found = std::ranges::find(schema.databases, DatabaseDriver::Logger, &Database::driver);
  return found == schema.databases.end() ? nullptr : &*found;
}

void expand_secret(const Model& model, Field& field, const Database* logger, Report& report) {
  const bool is_encrypted = field.find<Encrypted>() != nullptr;
  if (is_encrypted || field.find<Guarded>() != nullptr) {
    report.error(field.position,
                 fmt::format("{}: @secret already implies @encrypted and @guarded(all) — remove "
                             "the explicit @{}",
                             label_of(model, field), is_encrypted ? "encrypted" : "guarded"));
    return;
  }
  field.attributes.emplace_back(Encrypted{});
  field.attributes.emplace_back(Guarded{GuardLevel::All});
  if (field.find<Log>() != nullptr) return;
  if (logger != nullptr) {
    field.attributes.emplace_back(Log{logger->name, false, true});
  } else {
    report.warn(field.position,
                fmt::format("{}: @secret records its writes, but there is no logger database",
                            label_of(model, field)));
  }
}

void expand_templates(Model& model, const Templates& templates, Report& report) {
  const Field* declared = model.find_field(templates.field);
  if (declared == nullptr) {
    Field marker;
    marker.name = templates.field;
    marker.type = {TypeKind::Scalar, ScalarType::Boolean, "Boolean"};
    Default value;
    value.kind = DefaultKind::Boolean;
    value.value = false;
    marker.attributes.emplace_back(std::move(value));
    marker.position.file = model.position.file;
    model.fields.push_back(std::move(marker));
    return;
  }
  const FieldType& type = declared->type;
  if (!type.is_scalar(ScalarType::Boolean) || type.array || type.optional) {
    report.error(declared->position,
                 fmt::format("Model '{}': @@hasTemplates field '{}' must be a non-optional, "
                             "non-array Boolean",
                             model.name, templates.field));
  }
}

}  // namespace

void expand(Schema& schema, Report& report) {
  const Database* logger = find_logger(schema);
  for (Model& model : schema.models) {
    for (Field& field : model.fields) {
      if (field.find<Secret>() != nullptr) expand_secret(model, field, logger, report);
    }
    if (const auto* templates = model.find<Templates>()) {
      // A copy: the model changes while it is read.
      expand_templates(model, Templates(*templates), report);
    }
  }
}

}  // namespace moonstone::lite
