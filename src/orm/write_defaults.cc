// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_defaults.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "orm/internal/date_text.h"
#include "orm/internal/unicode.h"

namespace moonstone::orm {

using schema::FieldDefault;
using schema::FieldRole;
using schema::ModelField;

namespace {

bool is_missing(const Object& data, const std::string& name) {
  const Value* const value = data.find(name);
  return value == nullptr || value->is_missing();
}

/// A claim of the caller; null if there is none.
const Value* claim_of(const WriteCall& call, std::string_view name) {
  if (!call.caller.auth.is_object()) return nullptr;
  const Value* const claim = call.caller.auth.as_object().find(name);
  return claim == nullptr || claim->is_missing() ? nullptr : claim;
}

void fill_id(WriteCall& call, const ModelField& field, Object& data) {
  if (!makes_id(field.default_value.kind)) return;
  // A key is never null; any other field may have been set to it on purpose.
  const bool is_wanted =
      field.is_id ? is_missing(data, field.name) : data.find(field.name) == nullptr;
  if (!is_wanted) return;
  data.set(field.name,
           make_id(field.default_value.kind, call.random, call.transaction.now_unix_ms()));
}

void fill_from_caller(const WriteCall& call, const ModelField& field, Object& data) {
  if (field.default_value.kind != FieldDefault::Kind::Auth) return;
  const Value* const claim = claim_of(call, field.default_value.name);
  if (claim != nullptr && is_missing(data, field.name)) data.set(field.name, *claim);
}

void fill_from_sibling(const ModelField& field, Object& data) {
  if (field.default_value.kind != FieldDefault::Kind::Field) return;
  const Value* const source = data.find(field.default_value.name);
  if (source == nullptr || source->is_missing() || !is_missing(data, field.name)) return;
  Value copy = *source;
  data.set(field.name, std::move(copy));
}

void fill_time(const WriteCall& call, const ModelField& field, Object& data) {
  const FieldDefault::Kind kind = field.default_value.kind;
  const bool has_time =
      kind == FieldDefault::Kind::Now || (field.is_updated_at && kind == FieldDefault::Kind::None);
  if (!has_time || data.find(field.name) != nullptr) return;
  data.set(field.name, iso_now(call.transaction.now_unix_ms()));
}

}  // namespace

Status fill_defaults(WriteCall& call, const ModelRules& rules, Object& data) {
  const auto each_stored = [&](auto&& fill) {
    for (const FieldRule& rule : rules.fields) {
      if (rule.field->role == FieldRole::Stored) fill(*rule.field);
    }
  };
  each_stored([&](const ModelField& field) { fill_id(call, field, data); });
  each_stored([&](const ModelField& field) { fill_from_caller(call, field, data); });
  if (rules.has_field_defaults) {
    each_stored([&](const ModelField& field) { fill_from_sibling(field, data); });
  }
  each_stored([&](const ModelField& field) { fill_time(call, field, data); });
  Host* const host = call.host();
  if (host == nullptr || !host->has_defaults(*rules.model)) return {};
  return host->fill_defaults(*rules.model, call.caller, data);
}

Status fill_sequences(WriteCall& call, const ModelRules& rules, Object& data) {
  if (!rules.has_sequences) return {};
  for (const FieldRule& rule : rules.fields) {
    const ModelField& field = *rule.field;
    if (field.sequence_scope.empty() || is_missing(data, field.sequence_scope)) continue;
    const std::string scope_text = text_of(*data.find(field.sequence_scope));
    const store::SequenceScope scope{
        .model = rules.model->name, .field = field.name, .scope = scope_text};
    if (is_missing(data, field.name)) {
      MS_TRY(const std::int64_t number, call.transaction.next_number(scope, std::nullopt));
      data.set(field.name, Value(number));
      continue;
    }
    const double given = number_of(*data.find(field.name));
    // What is no number of a sequence is refused by the column, or is none of its business.
    if (!(std::abs(given) < 9e15)) continue;
    MS_TRY(const std::int64_t kept,
           call.transaction.next_number(scope, static_cast<std::int64_t>(given)));
    static_cast<void>(kept);
  }
  return {};
}

void stamp_update(WriteCall& call, const ModelRules& rules, Object& data) {
  constexpr std::string_view kKeptByTrigger = "updatedAt";
  for (const FieldRule& rule : rules.fields) {
    const ModelField& field = *rule.field;
    if (field.is_updated_at && field.name != kKeptByTrigger && data.find(field.name) == nullptr) {
      data.set(field.name, iso_now(call.transaction.now_unix_ms()));
    }
    if (!field.updated_by) continue;
    if (const Value* const claim = claim_of(call, *field.updated_by)) {
      data.set(field.name, *claim);
    }
  }
}

}  // namespace moonstone::orm
