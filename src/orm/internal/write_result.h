// Moonstone. Licence: see LICENSE.
#pragma once
// What a write of one row tells: its caller, the host's hooks, those who hear of events.
// Threads: confined to the call. Source: litestone.md 9.1, 13, 29.

#include <functional>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/write_call.h"
#include "orm/internal/write_rows.h"

namespace moonstone::orm {

/// Whether a row has to be given back: `select: false` says no, but children, hooks and events need
/// it anyway.
enum class NeedsRow : unsigned char { No, Yes };
[[nodiscard]] Returning returning_for(const WriteCall& call,
                                      const Value& arguments,
                                      NeedsRow needs_row);

/// The outcome of a write that left `row`, as include and select want it.
[[nodiscard]] Result<Outcome> shape_result(WriteCall& call,
                                           const schema::Model& model,
                                           const Value& arguments,
                                           const query::RowSetPtr& row);

/// Calls the host's hook before the write, which may change the arguments.
[[nodiscard]] Status run_before(WriteCall& call, const schema::Model& model, Value& arguments);
/// Calls the hook after it, which may replace the outcome.
[[nodiscard]] Status run_after(WriteCall& call,
                               const schema::Model& model,
                               const Value& arguments,
                               Outcome& outcome);
/// Runs a write between the two: `body` gets the arguments that the first hook left.
[[nodiscard]] Result<Outcome> run_hooked(
    WriteCall& call,
    const schema::Model& model,
    const Value& given_arguments,
    const std::function<Result<Outcome>(const Value& arguments)>& body);

/// Notes that the row was written, and tells the host.
[[nodiscard]] Status note_event(WriteCall& call,
                                const schema::Model& model,
                                std::string_view operation,
                                const query::RowSetPtr& row,
                                Value details = {});

/// {count: n}
[[nodiscard]] Outcome count_outcome(std::uint64_t count);

/// A condition that finds the row by its key.
[[nodiscard]] Value where_key(const schema::Model& model, const query::RowSet& row);

/// The member of the arguments, or null.
[[nodiscard]] const Value* argument_of(const Value& arguments, std::string_view name);
/// `data` as an object; {} if it is missing. Errors: InvalidArgument.
[[nodiscard]] Result<Object> data_of(const Value& arguments, std::string_view name = "data");

/// Rows that a write of the caller may touch, by its flags.
[[nodiscard]] Target live_target(const schema::Model& model, const Value& arguments);

}  // namespace moonstone::orm
