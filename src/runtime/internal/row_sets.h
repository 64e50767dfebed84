// Moonstone. Licence: see LICENSE.
#pragma once
// Rows of models as JavaScript objects, without JSON text and without a tree of values between.
// Threads: confined to the isolate's thread, inside a HandleScope and a Context::Scope.

#include <v8.h>

#include "orm/orm.h"
#include "query/row_set.h"

namespace moonstone::runtime {

/// The rows as an array. Empty if JavaScript threw or was stopped.
[[nodiscard]] v8::MaybeLocal<v8::Value> rows_to_v8(v8::Local<v8::Context> context,
                                                   const query::RowSet& rows);

/// Empty if JavaScript threw or was stopped (the heap is full).
[[nodiscard]] v8::MaybeLocal<v8::Value> outcome_to_v8(v8::Local<v8::Context> context,
                                                      const orm::Outcome& outcome);

}  // namespace moonstone::runtime
