// Moonstone. Licence: see LICENSE.
#pragma once
// Run: one call while it runs. Natives find it through their machine and check its token.
// Threads: confined to the isolate's thread.

#include <cstdint>
#include <vector>

#include <v8.h>

#include "base/error.h"
#include "runtime/internal/program.h"
#include "runtime/isolate.h"

namespace moonstone::runtime {

struct Run {
  std::uint32_t token = 0;  // never reused within a machine
  Call* call = nullptr;
  Program* program = nullptr;
  const Bundle* bundle = nullptr;
  CallOutcome outcome;
  /// Errors that natives threw into JavaScript; the exception objects carry their position.
  std::vector<Error> errors;
  /// Functions of models that run inside each other (model_host.h), and what the last of them
  /// threw.
  unsigned model_depth = 0;
  v8::Global<v8::Value> thrown_by_model;
  /// Promises that were rejected and that nobody has looked at yet.
  std::vector<v8::Global<v8::Promise>> rejections;

  /// The first reads of a query; a result that passes one through is written from its rows.
  static constexpr std::size_t kReadsMax = 8;
  std::vector<MadeDocuments> reads;

  [[nodiscard]] engine::DocumentReader& reader() const {
    return call->reader != nullptr ? *call->reader : *call->transaction;
  }
};

}  // namespace moonstone::runtime
