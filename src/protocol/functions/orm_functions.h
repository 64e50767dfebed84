// Moonstone. Licence: see LICENSE.
#pragma once
// The functions `_orm:query` and `_orm:mutate`: calls of the models of a `.lite` schema by name,
// for administrators. As queries and mutations they can be subscribed to and are idempotent like
// others.
//
//   _orm:query   {model, method, args} or {query: {name: {model?, ..args}}}, one snapshot
//   _orm:mutate  {model, method, args} or {transaction: [{model, method, args}, ..]}, all or
//   nothing
// Threads: pure functions on what they are given. Source: litestone.md 18, 45.

#include "base/result.h"
#include "base/value.h"
#include "protocol/functions/system_functions.h"

namespace moonstone::protocol::functions {

[[nodiscard]] Result<Value> run_orm_query(const SystemCall& call);
[[nodiscard]] Result<Value> run_orm_mutate(const SystemCall& call);

}  // namespace moonstone::protocol::functions
