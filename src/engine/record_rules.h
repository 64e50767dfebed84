// Moonstone. Licence: see LICENSE.
#pragma once
// RecordRules: how documents are written into tables that belong to models.
//
// A model has rules of its own (defaults, checks, sequences, soft delete) that hold for every face.
// A Transaction that is told to write a document of such a table hands it over to these rules,
// which write it with the same Transaction. Whoever knows models implements them.
// Threads: called on the writer's thread.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "schema/schema.h"

namespace moonstone::engine {

class Transaction;

class RecordRules {
 public:
  virtual ~RecordRules() = default;

  /// Tables have a model. Errors: those of Transaction's functions of the same names, and those of
  /// the model's rules. On error nothing of the call stays. Ids are as query::Row has them.
  [[nodiscard]] virtual Result<std::string> insert(Transaction& transaction,
                                                   const schema::Table& table,
                                                   Object document) = 0;
  [[nodiscard]] virtual Status patch(Transaction& transaction,
                                     const schema::Table& table,
                                     std::string_view id,
                                     Object fields) = 0;
  [[nodiscard]] virtual Status replace(Transaction& transaction,
                                       const schema::Table& table,
                                       std::string_view id,
                                       Object document) = 0;
  [[nodiscard]] virtual Status erase(Transaction& transaction,
                                     const schema::Table& table,
                                     std::string_view id) = 0;
};

}  // namespace moonstone::engine
