// Moonstone. Licence: see LICENSE.
// The way into writes: which method it is, and that all of a call happens or nothing.

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/core.h"
#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/shape.h"
#include "orm/internal/write_call.h"
#include "orm/internal/write_nested.h"
#include "orm/internal/write_result.h"

namespace moonstone::orm {

namespace {

Result<Outcome> outcome_of(Result<Record> record) {
  if (!record) return std::move(record).error();
  return std::move(record->outcome);
}

Result<Outcome> optimize_search(WriteCall& call, const schema::Model& model) {
  if (model.search_fields.empty()) {
    return bad_argument(fmt::format(
        "optimizeFts() is not available on \"{}\": its model has no @@fts", model.table));
  }
  MS_TRY_STATUS(call.transaction.optimize_search(model.table));
  return Outcome{.value =
                     Value(Object{{"optimized", true}, {"table", Value(model.table + "_fts")}})};
}

Result<Outcome> dispatch(WriteCall& call, const ModelCall& what) {
  const schema::Model& model = what.model;
  const Value nothing = Object();
  const Value& arguments = what.arguments.is_missing() ? nothing : what.arguments;
  switch (what.method) {
    case Method::Create:
      return outcome_of(create_record(call, model, arguments));
    case Method::CreateMany:
      return create_many(call, model, arguments);
    case Method::Update:
      return outcome_of(update_record(call, model, arguments));
    case Method::UpdateMany:
      return update_many(call, model, arguments);
    case Method::Upsert:
      return outcome_of(upsert_record(call, model, arguments));
    case Method::UpsertMany:
      return upsert_many(call, model, arguments);
    case Method::Remove:
      return outcome_of(remove_record(call, model, arguments));
    case Method::RemoveMany:
      return remove_many(call, model, arguments);
    case Method::Delete:
      return outcome_of(delete_record(call, model, arguments));
    case Method::DeleteMany:
      return delete_many(call, model, arguments);
    case Method::Restore:
      return restore_records(call, model, arguments);
    case Method::Transition:
      return outcome_of(run_transition(call, model, arguments));
    case Method::OptimizeFts:
      return optimize_search(call, model);
    default:
      break;
  }
  return Error(ErrorCode::Internal, "a read was dispatched as a write");
}

/// The options of all writes together: a misspelt one is never taken for a missing one.
constexpr std::array<std::string_view, 11> kOptions = {
    "where",       "data",        "include",       "select",        "create",        "update",
    "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates", "conflictTarget"};

Status check_arguments(const ModelCall& what) {
  if (what.method == Method::Transition || what.method == Method::OptimizeFts) return {};
  return check_options(what.arguments, name_of(what.method), what.model, kOptions);
}

/// Whether the condition is about one row at most: it gives the key, or one unique field.
bool names_one_row(const schema::Model& model, const Value* where) {
  if (where == nullptr || !where->is_object()) return false;
  const Object& condition = where->as_object();
  const auto is_given = [&](const std::string& field) {
    const Value* const value = condition.find(field);
    return value != nullptr && !value->is_missing() && !value->is_object() && !value->is_array();
  };
  if (!model.key.empty() && std::ranges::all_of(model.key, is_given)) return true;
  return std::ranges::any_of(model.fields, [&](const schema::ModelField& field) {
    return field.is_unique && is_given(field.name);
  });
}

/// Whether the call can leave something behind when it fails. One statement on one row cannot, and
/// most calls are that: they are spared the mark, which costs as much as a small write.
bool needs_mark(const WriteCall& call, const ModelCall& what) {
  Host* const host = call.host();
  const bool runs_code = call.has_hooks() || (host != nullptr && host->hears_events());
  if (runs_code || call.rules_of(what.model).has_sequences) return true;
  const Value* const select = argument_of(what.arguments, "select");
  if (is_truthy(argument_of(what.arguments, "include")) || is_truthy(select)) return true;
  const Value* const data = argument_of(what.arguments, "data");
  const bool is_plain =
      data == nullptr || !data->is_object() || !has_relations(what.model, data->as_object());
  switch (what.method) {
    case Method::Create:
      return !is_plain;
    case Method::Update:
      return !is_plain || !names_one_row(what.model, argument_of(what.arguments, "where"));
    case Method::Remove:
    case Method::Delete:
      return what.model.soft_delete_cascades ||
             !names_one_row(what.model, argument_of(what.arguments, "where"));
    default:
      return true;
  }
}

/// Takes back what the call has written.
Status take_back(engine::Transaction& transaction, const store::Mark& mark) {
  MS_TRY_STATUS(transaction.rollback_to(mark));
  return transaction.release(mark);
}

}  // namespace

Result<Outcome> run_write(const Core& core,
                          engine::Transaction& transaction,
                          const ModelCall& what,
                          Effects& effects) {
  WriteCall call{.core = core,
                 .transaction = transaction,
                 .caller = what.caller,
                 .effects = effects,
                 .random = TransactionRandom(transaction)};
  MS_TRY_STATUS(check_arguments(what));
  const std::size_t events = effects.events.size();
  std::optional<store::Mark> mark;
  if (needs_mark(call, what)) {
    MS_TRY(mark, transaction.mark());
  }
  Result<Outcome> outcome = dispatch(call, what);
  if (outcome) {
    if (mark) MS_TRY_STATUS(transaction.release(*mark));
    return outcome;
  }
  effects.events.resize(events);
  if (mark) MS_TRY_STATUS(take_back(transaction, *mark));
  return outcome;
}

}  // namespace moonstone::orm
