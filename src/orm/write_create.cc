// Moonstone. Licence: see LICENSE.
// create: one row with everything that hangs on it (litestone.md 9.1).

#include <memory>
#include <utility>

#include "orm/internal/write_call.h"
#include "orm/internal/write_data.h"
#include "orm/internal/write_defaults.h"
#include "orm/internal/write_nested.h"
#include "orm/internal/write_result.h"
#include "orm/internal/write_rows.h"

namespace moonstone::orm {

namespace {

/// The data that the hooks see, and what they make of it.
Status run_create_hooks(WriteCall& call,
                        const schema::Model& model,
                        Value& arguments,
                        Object& data,
                        NestedWrites& nested) {
  if (!call.has_hooks()) return {};
  put_back(nested, data);
  if (!arguments.is_object()) arguments = Object();
  arguments.as_object().set("data", Value(std::move(data)));
  MS_TRY_STATUS(run_before(call, model, arguments));
  MS_TRY(data, data_of(arguments));
  MS_TRY(nested, take_nested(model, data));
  return write_parents(call, nested.parents, data);
}

}  // namespace

Result<Record> create_record(WriteCall& call,
                             const schema::Model& model,
                             const Value& given_arguments) {
  const WriteScope scope(call, "create", &given_arguments);
  MS_TRY_STATUS(scope.check());
  const ModelRules& rules = call.rules_of(model);
  Value hooked_arguments = call.has_hooks() ? given_arguments : Value();
  const Value& arguments = call.has_hooks() ? hooked_arguments : given_arguments;

  MS_TRY(Object data, data_of(given_arguments));
  MS_TRY_STATUS(fill_defaults(call, rules, data));
  MS_TRY(NestedWrites nested, take_nested(model, data));
  MS_TRY_STATUS(write_parents(call, nested.parents, data));
  MS_TRY_STATUS(run_create_hooks(call, model, hooked_arguments, data, nested));
  // After the parents: the scope of a number may be the key of one of them.
  MS_TRY_STATUS(fill_sequences(call, rules, data));
  MS_TRY(const std::vector<FieldValue> values, prepare_data(call.core, rules, std::move(data)));

  const Returning returning =
      returning_for(call, arguments, nested.lists.empty() ? NeedsRow::No : NeedsRow::Yes);
  MS_TRY(store::Writer::Written written, insert_row(call, rules, values, {}, returning));
  Record record;
  if (returning == Returning::Rows) {
    record.row = std::make_shared<const query::RowSet>(std::move(written.rows));
    MS_TRY_STATUS(write_lists(call, model, nested.lists, *record.row));
  }
  MS_TRY(record.outcome, shape_result(call, model, arguments, record.row));
  MS_TRY_STATUS(run_after(call, model, arguments, record.outcome));
  MS_TRY_STATUS(note_event(call, model, "create", record.row));
  return record;
}

}  // namespace moonstone::orm
