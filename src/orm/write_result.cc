// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_result.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/computed.h"
#include "orm/internal/errors.h"
#include "orm/internal/shape.h"

namespace moonstone::orm {

namespace {

bool is_false(const Value* value) {
  return value != nullptr && value->is_boolean() && !value->as_boolean();
}

bool wants_projection(const Value& arguments) {
  return is_truthy(argument_of(arguments, "include")) ||
         is_truthy(argument_of(arguments, "select"));
}

bool is_set(const Value& arguments, std::string_view flag) {
  return is_truthy(argument_of(arguments, flag));
}

/// The row as a read gives it, with what belongs to it.
Result<Outcome> read_back(WriteCall& call,
                          const schema::Model& model,
                          const Value& arguments,
                          const query::RowSet& row) {
  if (model.key.empty()) {
    return bad_argument(fmt::format(
        "include and select after a write need an @id, which model '{}' has not", model.name));
  }
  Object options{{"where", where_key(model, row)}, {"withDeleted", true}, {"withTemplates", true}};
  for (const std::string_view name : {"include", "select"}) {
    if (const Value* const option = argument_of(arguments, name)) {
      options.append(std::string(name), *option);
    }
  }
  const Value read_arguments(std::move(options));
  return run_read(call.core, call.transaction,
                  {.model = model,
                   .method = Method::FindFirst,
                   .caller = call.caller,
                   .arguments = read_arguments});
}

}  // namespace

Returning returning_for(const WriteCall& call, const Value& arguments, NeedsRow needs_row) {
  const bool is_needed = needs_row == NeedsRow::Yes || call.has_hooks() || call.is_heard() ||
                         !is_false(argument_of(arguments, "select"));
  return is_needed ? Returning::Rows : Returning::Nothing;
}

Result<Outcome> shape_result(WriteCall& call,
                             const schema::Model& model,
                             const Value& arguments,
                             const query::RowSetPtr& row) {
  if (is_false(argument_of(arguments, "select"))) return Outcome{.value = nullptr};
  if (row == nullptr) return Outcome{.value = nullptr};
  Outcome outcome{.form = Outcome::Form::Row, .rows = row};
  if (row->count > 0 && wants_projection(arguments)) {
    MS_TRY(outcome, read_back(call, model, arguments, *row));
  }
  MS_TRY_STATUS(add_computed(call.core, call.caller, arguments, outcome));
  return outcome;
}

Status run_before(WriteCall& call, const schema::Model& model, Value& arguments) {
  if (!call.has_hooks()) return {};
  return call.host()->before(model, call.operation, call.caller, arguments);
}

Status run_after(WriteCall& call,
                 const schema::Model& model,
                 const Value& arguments,
                 Outcome& outcome) {
  if (!call.has_hooks()) return {};
  Value result = to_value(outcome);
  const Value before = result;
  MS_TRY_STATUS(call.host()->after(model, call.operation, call.caller, arguments, result));
  // Rows that nobody replaced stay as they are: they know more than values do.
  if (!(result == before)) outcome = Outcome{.value = std::move(result)};
  return {};
}

Result<Outcome> run_hooked(WriteCall& call,
                           const schema::Model& model,
                           const Value& given_arguments,
                           const std::function<Result<Outcome>(const Value& arguments)>& body) {
  if (!call.has_hooks()) return body(given_arguments);
  Value arguments = given_arguments;
  MS_TRY_STATUS(run_before(call, model, arguments));
  MS_TRY(Outcome outcome, body(arguments));
  MS_TRY_STATUS(run_after(call, model, arguments, outcome));
  return outcome;
}

Status note_event(WriteCall& call,
                  const schema::Model& model,
                  std::string_view operation,
                  const query::RowSetPtr& row,
                  Value details) {
  if (!call.is_heard() || row == nullptr || row->count == 0) return {};
  WriteEvent event{.model = &model,
                   .operation = std::string(operation),
                   .result = Value(query::to_object(*row, 0)),
                   .details = std::move(details)};
  if (Host* const host = call.host(); host != nullptr && host->hears_events()) {
    MS_TRY_STATUS(host->happened(call.transaction, call.caller, event));
  }
  if (call.effects.are_wanted) call.effects.events.push_back(std::move(event));
  return {};
}

Outcome count_outcome(std::uint64_t count) {
  return Outcome{.value = Value(Object{{"count", Value(static_cast<std::int64_t>(count))}})};
}

Value where_key(const schema::Model& model, const query::RowSet& row) {
  Object where;
  for (const std::string& field : model.key)
    where.append(field, cell_of(row, 0, field));
  return where;
}

const Value* argument_of(const Value& arguments, std::string_view name) {
  return arguments.is_object() ? arguments.as_object().find(name) : nullptr;
}

Result<Object> data_of(const Value& arguments, std::string_view name) {
  const Value* const data = argument_of(arguments, name);
  if (data == nullptr || data->is_missing()) return Object();
  if (data->is_object()) return data->as_object();
  return bad_argument(fmt::format("{} must be an object", name));
}

Target live_target(const schema::Model& model, const Value& arguments) {
  Target target{.model = model,
                .where = argument_of(arguments, "where"),
                .deleted = DeletedRows::Hidden,
                .templates = TemplateRows::Hidden};
  if (is_set(arguments, "onlyDeleted")) target.deleted = DeletedRows::Only;
  if (is_set(arguments, "withDeleted")) target.deleted = DeletedRows::Shown;
  if (is_set(arguments, "onlyTemplates")) target.templates = TemplateRows::Only;
  if (is_set(arguments, "withTemplates")) target.templates = TemplateRows::Shown;
  return target;
}

}  // namespace moonstone::orm
