// Moonstone. Licence: see LICENSE.
// createMany, updateMany, upsertMany (litestone.md 9.4, 9.5, 9.7).

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "orm/internal/errors.h"
#include "orm/internal/write_call.h"
#include "orm/internal/write_data.h"
#include "orm/internal/write_defaults.h"
#include "orm/internal/write_result.h"
#include "orm/internal/write_rows.h"

namespace moonstone::orm {

namespace {

/// The rows of a bulk write; none if `data` is missing. Errors: InvalidArgument.
Result<std::vector<const Object*>> rows_of(const Value& arguments, std::string_view method) {
  std::vector<const Object*> rows;
  const Value* const data = argument_of(arguments, "data");
  if (data == nullptr || data->is_missing()) return rows;
  const bool is_list_of_objects =
      data->is_array() &&
      std::ranges::all_of(data->as_array(), [](const Value& row) { return row.is_object(); });
  if (!is_list_of_objects) {
    return bad_argument(fmt::format("{}: data must be a list of objects", method));
  }
  rows.reserve(data->as_array().size());
  for (const Value& row : data->as_array())
    rows.push_back(&row.as_object());
  return rows;
}

/// Whether names that no field has are errors: of `update` they are left out, like all that the
/// rows do not have (litestone.md 9.7).
enum class UnknownNames : unsigned char { Refused, LeftOut };

/// Names in an argument that is a name or a list of them. Errors: InvalidArgument (no such field).
Result<std::vector<std::string>> names_of(const schema::Model& model,
                                          const Value& value,
                                          std::string_view argument,
                                          UnknownNames unknown) {
  std::vector<std::string> names;
  const Array single{value};
  for (const Value& name : value.is_array() ? value.as_array() : single) {
    const bool is_known = name.is_text() && model.find_field(name.as_text()) != nullptr;
    if (is_known) {
      names.push_back(name.as_text());
    } else if (!name.is_text() || unknown == UnknownNames::Refused) {
      return bad_argument(
          fmt::format("upsertMany: {} on model '{}' must name fields", argument, model.name));
    }
  }
  return names;
}

/// What an upsert of many was asked for.
struct UpsertOptions {
  std::vector<std::string> target{};
  bool has_update = false;
  std::vector<std::string> update{};
};

/// Whether at most one row has given values of these fields: SQLite wants it of a conflict target.
bool is_unique(const schema::Model& model, const std::vector<std::string>& target) {
  const auto is_target = [&](const std::vector<std::string>& fields) {
    return !fields.empty() && std::ranges::is_permutation(fields, target);
  };
  if (is_target(model.key)) return true;
  const auto has_target = [&](const schema::ModelIndex& unique) {
    return is_target(unique.fields);
  };
  if (std::ranges::any_of(model.uniques, has_target)) return true;
  return target.size() == 1 && model.find_field(target.front())->is_unique;
}

Result<UpsertOptions> upsert_options(const schema::Model& model, const Value& arguments) {
  UpsertOptions options{.target = model.key};
  if (const Value* const target = argument_of(arguments, "conflictTarget");
      target != nullptr && !target->is_missing()) {
    MS_TRY(options.target, names_of(model, *target, "conflictTarget", UnknownNames::Refused));
  }
  if (const Value* const update = argument_of(arguments, "update");
      update != nullptr && !update->is_missing()) {
    options.has_update = true;
    MS_TRY(options.update, names_of(model, *update, "update", UnknownNames::LeftOut));
  }
  if (options.target.empty()) {
    return bad_argument(
        fmt::format("upsertMany on model '{}' needs a conflictTarget: it has no @id", model.name));
  }
  if (is_unique(model, options.target)) return options;
  return bad_argument(fmt::format(
      "conflictTarget of upsertMany on model '{}' must be its key or unique fields, all of them "
      "and no others; these are not: {}",
      model.name, fmt::join(options.target, ", ")));
}

/// What changes in a row that exists. Values that the caller did not give are for new rows only,
/// but for the time of the last change.
Conflict conflict_of(const UpsertOptions& options,
                     const Object& given,
                     std::span<const FieldValue> values) {
  Conflict conflict{.target = options.target};
  for (const FieldValue& value : values) {
    const schema::ModelField& field = *value.rule->field;
    const bool is_target = std::ranges::find(options.target, field.name) != options.target.end();
    const bool is_given = given.find(field.name) != nullptr;
    const bool is_asked =
        options.has_update ? std::ranges::find(options.update, field.name) != options.update.end()
                           : is_given && !is_target;
    if (is_asked || (field.is_updated_at && !is_given)) conflict.update.push_back(field.name);
  }
  // A time alone is no change.
  const bool has_change = std::ranges::any_of(conflict.update, [&](const std::string& name) {
    return given.find(name) != nullptr ||
           std::ranges::find(options.update, name) != options.update.end();
  });
  if (!has_change) conflict.update.clear();
  return conflict;
}

struct PreparedRow {
  const Object* given = nullptr;
  std::vector<FieldValue> values;
};

/// Defaults and checks of all rows, before the first is written.
Result<std::vector<PreparedRow>> prepare_rows(WriteCall& call,
                                              const ModelRules& rules,
                                              const std::vector<const Object*>& given) {
  std::vector<PreparedRow> prepared;
  prepared.reserve(given.size());
  for (const Object* const row : given) {
    Object data = *row;
    MS_TRY_STATUS(fill_defaults(call, rules, data));
    MS_TRY_STATUS(fill_sequences(call, rules, data));
    MS_TRY(std::vector<FieldValue> values, prepare_data(call.core, rules, std::move(data)));
    prepared.push_back({.given = row, .values = std::move(values)});
  }
  return prepared;
}

}  // namespace

Result<Outcome> create_many(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "createMany", &arguments);
  return run_hooked(call, model, arguments, [&](const Value& hooked) -> Result<Outcome> {
    const ModelRules& rules = call.rules_of(model);
    MS_TRY(const std::vector<const Object*> given, rows_of(hooked, "createMany"));
    MS_TRY(const std::vector<PreparedRow> rows, prepare_rows(call, rules, given));
    for (const PreparedRow& row : rows)
      MS_TRY_STATUS(insert_row(call, rules, row.values, {}, Returning::Nothing));
    return count_outcome(rows.size());
  });
}

Result<Outcome> upsert_many(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "upsertMany", &arguments);
  return run_hooked(call, model, arguments, [&](const Value& hooked) -> Result<Outcome> {
    const ModelRules& rules = call.rules_of(model);
    MS_TRY(const UpsertOptions options, upsert_options(model, hooked));
    MS_TRY(const std::vector<const Object*> given, rows_of(hooked, "upsertMany"));
    MS_TRY(const std::vector<PreparedRow> rows, prepare_rows(call, rules, given));
    for (const PreparedRow& row : rows) {
      // A row of defaults alone has nothing to meet another row with, and SQL no words for it.
      const Conflict conflict =
          row.values.empty() ? Conflict{} : conflict_of(options, *row.given, row.values);
      MS_TRY_STATUS(insert_row(call, rules, row.values, conflict, Returning::Nothing));
    }
    return count_outcome(rows.size());
  });
}

Result<Outcome> update_many(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "updateMany", &arguments);
  return run_hooked(call, model, arguments, [&](const Value& hooked) -> Result<Outcome> {
    const ModelRules& rules = call.rules_of(model);
    MS_TRY(Object data, data_of(hooked));
    if (!data.empty()) stamp_update(call, rules, data);
    MS_TRY(const std::vector<FieldValue> values, prepare_data(call.core, rules, std::move(data)));
    if (values.empty()) return count_outcome(0);
    MS_TRY(const store::Writer::Written written,
           update_rows(call, live_target(model, hooked), values, Returning::Nothing));
    return count_outcome(written.count);
  });
}

}  // namespace moonstone::orm
