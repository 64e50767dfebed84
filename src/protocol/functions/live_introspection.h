// Moonstone. Licence: see LICENSE.
#pragma once
// The system's actions that explain queries: what they read, what they depend on, what woke them,
// what they cost, and what would make them cheaper.
//
//   _system:listLiveQueries {filter?, limit?}                  the costliest first
//   _system:explainLiveQuery {query}                           one of them in full
//   _system:explainQuery {function, args?, identity?}          runs it once, and tells
//
// They show values of arguments and documents' ids, cut and with secrets masked as in logs, so they
// are for administrators, like all functions of the system.
// Threads: each waits for the live engine or the database.

#include "base/result.h"
#include "base/value.h"
#include "protocol/functions/system_functions.h"

namespace moonstone::protocol::functions {

/// Queries that one listing names.
inline constexpr std::size_t kLiveQueriesListedMax = 500;
inline constexpr std::size_t kLiveQueriesListedDefault = 50;
/// Dependencies of one query that are told one by one.
inline constexpr std::size_t kDependenciesToldMax = 100;
/// Bytes of the arguments of a query that are shown in a list, and in full.
inline constexpr std::size_t kListedArgsBytesMax = 200;
inline constexpr std::size_t kExplainedArgsBytesMax = 4'096;

[[nodiscard]] Result<Value> list_live_queries(const SystemCall& call);
/// Errors: NotFound (reason "live_query") if there is none of that number any more.
[[nodiscard]] Result<Value> explain_live_query(const SystemCall& call);
/// Errors: those of FunctionHost::explain. A run that fails has its error in the result.
[[nodiscard]] Result<Value> explain_query(const SystemCall& call);

}  // namespace moonstone::protocol::functions
