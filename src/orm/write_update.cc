// Moonstone. Licence: see LICENSE.
// update, transition, upsert: one row that is there, or may be (litestone.md 9.2, 9.6, 26).

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/write_call.h"
#include "orm/internal/write_data.h"
#include "orm/internal/write_defaults.h"
#include "orm/internal/write_error.h"
#include "orm/internal/write_nested.h"
#include "orm/internal/write_result.h"
#include "orm/internal/write_rows.h"

namespace moonstone::orm {

namespace {

/// A step of a state machine that an update makes.
struct Step {
  std::string field;
  std::string transition;
  std::string from;
  std::string to;
};

/// What an update did.
struct Changed {
  query::RowSetPtr row;
  std::optional<Step> step;
};

/// The first field with transitions that gets a value, and the value.
std::optional<std::pair<const FieldRule*, std::string>> find_moved_state(
    const ModelRules& rules, std::span<const FieldValue> values) {
  if (rules.state_machine == nullptr) return std::nullopt;
  for (const FieldValue& value : values) {
    const schema::EnumType* const type = value.rule->enum_type;
    if (type == nullptr || type->transitions.empty() || !value.value.is_text()) continue;
    return std::pair(value.rule, value.value.as_text());
  }
  return std::nullopt;
}

TransitionStep describe(const schema::Model& model, const Step& step) {
  return {.model = &model, .field = step.field, .from = step.from, .to = step.to};
}

/// The arguments of a read of the rows that the update means.
Value read_arguments(const Value& arguments, std::string_view field) {
  Object options;
  for (const std::string_view name :
       {"where", "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"}) {
    if (const Value* const option = argument_of(arguments, name)) {
      options.append(std::string(name), *option);
    }
  }
  if (!field.empty()) options.append("select", Value(Object{{std::string(field), true}}));
  return options;
}

/// The step that the update makes; nothing: none that is to be checked.
/// Errors: TransitionViolationError.
Result<std::optional<Step>> check_transition(WriteCall& call,
                                             const ModelRules& rules,
                                             const Value& arguments,
                                             std::span<const FieldValue> values) {
  if (call.caller.is_system) return std::optional<Step>();
  const auto moved = find_moved_state(rules, values);
  if (!moved) return std::optional<Step>();
  const FieldRule& rule = *moved->first;
  const Value options = read_arguments(arguments, rule.field->name);
  MS_TRY(const Outcome found, run_read(call.core, call.transaction,
                                       {.model = *rules.model,
                                        .method = Method::FindFirst,
                                        .caller = call.caller,
                                        .arguments = options}));
  if (found.rows == nullptr || found.rows->count == 0) return std::optional<Step>();
  const Value current = cell_of(*found.rows, 0, rule.field->name);
  if (!current.is_text() || current.as_text() == moved->second) return std::optional<Step>();
  Step step{
      .field = rule.field->name, .transition = {}, .from = current.as_text(), .to = moved->second};
  std::vector<std::string> allowed;
  for (const schema::Transition& transition : rule.enum_type->transitions) {
    if (std::ranges::find(transition.from, step.from) == transition.from.end()) continue;
    allowed.push_back(transition.name);
    if (transition.to == step.to && step.transition.empty()) step.transition = transition.name;
  }
  if (step.transition.empty()) {
    return transition_violation(describe(*rules.model, step), allowed);
  }
  return std::optional<Step>(std::move(step));
}

/// The row as it is, for an update that changes none of its fields.
Result<query::RowSetPtr> read_current(WriteCall& call,
                                      const schema::Model& model,
                                      const Value& arguments) {
  const Value options = read_arguments(arguments, {});
  MS_TRY(const Outcome found, run_read(call.core, call.transaction,
                                       {.model = model,
                                        .method = Method::FindFirst,
                                        .caller = call.caller,
                                        .arguments = options}));
  return found.rows;
}

/// Changes the rows, and gives back those that changed.
Result<query::RowSetPtr> change_rows(WriteCall& call,
                                     const schema::Model& model,
                                     const Value& arguments,
                                     std::span<const FieldValue> values,
                                     const std::optional<Step>& step) {
  Target target = live_target(model, arguments);
  const std::string where_missing =
      fmt::format("update on \"{}\" requires a where clause", model.table);
  target.where_missing = where_missing;
  if (step) target.matches.push_back({.field = step->field, .value = step->from});
  MS_TRY(store::Writer::Written written, update_rows(call, target, values, Returning::Rows));
  if (step && written.count == 0) return transition_conflict(describe(model, *step));
  return std::make_shared<const query::RowSet>(std::move(written.rows));
}

Status require_where(WriteCall& call, const schema::Model& model, const Value& arguments) {
  MS_TRY(const bool has_where, has_condition(call, model, argument_of(arguments, "where")));
  if (has_where) return {};
  return bad_argument(fmt::format("update on \"{}\" requires a where clause", model.table));
}

/// The update between its hooks.
Result<Outcome> update_row(WriteCall& call,
                           const schema::Model& model,
                           const Value& arguments,
                           Changed& changed) {
  const ModelRules& rules = call.rules_of(model);
  MS_TRY(Object data, data_of(arguments));
  if (!data.empty()) stamp_update(call, rules, data);
  MS_TRY(NestedWrites nested, take_nested(model, data));
  MS_TRY_STATUS(write_parents(call, nested.parents, data));
  MS_TRY(const std::vector<FieldValue> values, prepare_data(call.core, rules, std::move(data)));
  MS_TRY(changed.step, check_transition(call, rules, arguments, values));
  if (values.empty()) {
    MS_TRY_STATUS(require_where(call, model, arguments));
    MS_TRY(changed.row, read_current(call, model, arguments));
  } else {
    MS_TRY(changed.row, change_rows(call, model, arguments, values, changed.step));
  }
  if (changed.row != nullptr && changed.row->count > 0) {
    MS_TRY_STATUS(write_lists(call, model, nested.lists, *changed.row));
  }
  return shape_result(call, model, arguments, changed.row);
}

}  // namespace

Result<Record> update_record(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "update", &arguments);
  MS_TRY_STATUS(scope.check());
  Changed changed;
  Record record;
  MS_TRY(record.outcome, run_hooked(call, model, arguments, [&](const Value& hooked) {
           return update_row(call, model, hooked, changed);
         }));
  record.row = std::move(changed.row);
  MS_TRY_STATUS(note_event(call, model, "update", record.row));
  if (const std::optional<Step>& step = changed.step) {
    Object details{{"transition", Value(step->transition)},
                   {"field", Value(step->field)},
                   {"from", Value(step->from)},
                   {"to", Value(step->to)}};
    MS_TRY_STATUS(note_event(call, model, "transition", record.row, Value(std::move(details))));
  }
  return record;
}

Result<Record> run_transition(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const ModelRules& rules = call.rules_of(model);
  const bool is_pair =
      arguments.is_array() && arguments.as_array().size() == 2 && arguments.as_array()[1].is_text();
  if (!is_pair)
    return bad_argument("transition takes the id of a row and the name of a transition");
  const std::string& name = arguments.as_array()[1].as_text();
  if (rules.state_machine == nullptr) {
    return bad_argument(
        fmt::format("transition() is not available on \"{}\": its enums have no transitions block",
                    model.table));
  }
  std::vector<std::string> available;
  for (const FieldRule& rule : rules.fields) {
    if (rule.enum_type == nullptr) continue;
    for (const schema::Transition& transition : rule.enum_type->transitions) {
      available.push_back(transition.name);
      if (transition.name != name) continue;
      const std::string key = model.key.empty() ? "id" : model.key.front();
      const Value update =
          Object{{"where", Value(Object{{key, arguments.as_array()[0]}})},
                 {"data", Value(Object{{rule.field->name, Value(transition.to)}})}};
      return update_record(call, model, update);
    }
  }
  return transition_not_found(model, name, available);
}

namespace {

/// A copy of the arguments in which `data` is what the branch of an upsert takes.
Value branch_arguments(const Value& arguments, std::string_view branch) {
  Object copy = arguments.as_object();
  const Value* const data = copy.find(branch);
  Value taken = data == nullptr ? Value(Object()) : *data;
  copy.erase("create");
  copy.erase("update");
  copy.set("data", std::move(taken));
  return copy;
}

/// Creates the row; if another one has its unique values, that one is updated.
Result<Record> create_or_update(WriteCall& call,
                                const schema::Model& model,
                                const Value& arguments) {
  const std::size_t events = call.effects.events.size();
  MS_TRY(const store::Mark mark, call.transaction.mark());
  auto created = create_record(call, model, branch_arguments(arguments, "create"));
  if (created || created.error().code() != ErrorCode::AlreadyExists) {
    // What a failed create leaves is taken back with the whole call.
    MS_TRY_STATUS(call.transaction.release(mark));
    return created;
  }
  MS_TRY_STATUS(call.transaction.rollback_to(mark));
  MS_TRY_STATUS(call.transaction.release(mark));
  call.effects.events.resize(events);
  MS_TRY(Record updated, update_record(call, model, branch_arguments(arguments, "update")));
  // Nobody finds that other row by the condition: the caller has to hear what collided.
  if (!updated.has_row()) return created;
  return updated;
}

/// Whether the condition of an upsert finds a row. Observers see the read as `findFirst`.
Result<bool> has_match(WriteCall& call, const schema::Model& model, const Value& arguments) {
  // One column is enough to see it.
  const Value options =
      read_arguments(arguments, model.key.empty() ? std::string_view() : model.key.front());
  MS_TRY(const Outcome found, run_read(call.core, call.transaction,
                                       {.model = model,
                                        .method = Method::FindFirst,
                                        .caller = call.caller,
                                        .arguments = options}));
  return found.rows != nullptr && found.rows->count > 0;
}

}  // namespace

Result<Record> upsert_record(WriteCall& call, const schema::Model& model, const Value& arguments) {
  if (!arguments.is_object()) return bad_argument("upsert takes {where, create, update}");
  MS_TRY(const bool exists, has_match(call, model, arguments));
  if (exists) return update_record(call, model, branch_arguments(arguments, "update"));
  return create_or_update(call, model, arguments);
}

}  // namespace moonstone::orm
