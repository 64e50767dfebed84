// Moonstone. Licence: see LICENSE.
#pragma once
// The functions `_system:*`, by which dashboards look into a database. Callers find them like a
// project's own; they run here instead of in V8.
//
//   query     getSchema  listTables  getTableCount  listDocuments  getDocument  listFunctions
//             listJobs
//   mutation  insertDocument  updateDocument  deleteDocument
//   action    runSQL  listTableScans  listLiveQueries  explainLiveQuery  explainQuery
// and `_orm:query` and `_orm:mutate` (orm_functions.h).
// Threads: pure functions on what they are given. Source: functions.md section 14.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "engine/database.h"
#include "engine/transaction.h"
#include "runtime/bundle.h"

namespace moonstone::protocol::functions {

class FunctionHost;

/// What a call may use: queries a reader, mutations a transaction (which is a reader), actions the
/// database and the host, which they may wait for.
struct SystemCall {
  const Value* args = nullptr;
  const runtime::Bundle* bundle = nullptr;
  engine::DocumentReader* reader = nullptr;
  engine::Transaction* transaction = nullptr;
  engine::Database* database = nullptr;
  FunctionHost* host = nullptr;
};

struct SystemFunction {
  runtime::Function function;  // its name, kind and visibility
  /// Undefined: no result.
  Result<Value> (*run)(const SystemCall& call) = nullptr;
};

[[nodiscard]] const std::map<std::string, SystemFunction, std::less<>>& system_functions();
/// Null if there is none of that name.
[[nodiscard]] const SystemFunction* find_system_function(std::string_view name);
/// Whether a name belongs to the system, known or not.
[[nodiscard]] bool is_system_name(std::string_view name);

}  // namespace moonstone::protocol::functions
