// Moonstone. Licence: see LICENSE.
#pragma once
// Program: a bundle evaluated in a context of its own, with frozen intrinsics and its own queue of
// microtasks.
//
// Dropping a Program drops everything its code left behind. Handles returned here live in the
// caller's HandleScope; the caller has entered the isolate.
// Threads: confined to the isolate's thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <v8.h>

#include "base/result.h"
#include "query/row.h"
#include "runtime/bundle.h"
#include "runtime/internal/source_map.h"

namespace moonstone::runtime {

class Program {
 public:
  /// Runs the prelude and the bundle, and freezes the intrinsics. JavaScript may run long here:
  /// the caller bounds it.
  /// Errors: InvalidArgument with the message of the bundle and a mapped stack.
  [[nodiscard]] static Result<std::unique_ptr<Program>> evaluate(v8::Isolate* isolate,
                                                                 const BundleSource& source);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] v8::Local<v8::Context> context() const { return context_.Get(isolate_); }

  /// The JSON text of what the bundle declares (prelude/bundle.js).
  [[nodiscard]] Result<std::string> describe();

  /// Seeds Math.random and crypto.
  [[nodiscard]] v8::MaybeLocal<v8::Value> seed(std::uint64_t seed);
  struct Invocation {
    const Function* function = nullptr;
    std::uint32_t token = 0;
    double now_unix_ms = 0;
    v8::Local<v8::Value> args;
  };
  /// Calls a handler; empty if it threw.
  [[nodiscard]] v8::MaybeLocal<v8::Value> invoke(const Invocation& invocation);
  /// Runs microtasks until none is left.
  void drain_microtasks() { microtasks_->PerformCheckpoint(isolate_); }

  /// The rows as an array of plain objects; all belong to `table` of `schema`. Empty if JavaScript
  /// threw or was stopped.
  [[nodiscard]] v8::MaybeLocal<v8::Array> make_documents(const schema::SchemaPtr& schema,
                                                         const schema::Table& table,
                                                         const std::vector<query::Row>& rows);

  /// An Error for a thrown value: message of an Error, else `Unknown error`; mapped stack.
  [[nodiscard]] Error error_of(v8::Local<v8::Value> thrown);

  /// Null if the bundle has none that can be read. Parsed on first use.
  [[nodiscard]] const SourceMap* source_map();

 private:
  Program(v8::Isolate* isolate, const BundleSource& source);

  Status start();
  Status evaluate_bundle();
  [[nodiscard]] v8::MaybeLocal<v8::Value> call(std::string_view name,
                                               std::vector<v8::Local<v8::Value>> args);
  [[nodiscard]] v8::MaybeLocal<v8::Value> registration(const Function& function);
  [[nodiscard]] v8::MaybeLocal<v8::Function> maker_of(const schema::SchemaPtr& schema,
                                                      const schema::Table& table);

  v8::Isolate* isolate_;
  BundleSource source_;
  std::unique_ptr<v8::MicrotaskQueue> microtasks_;  // outlives the context
  v8::Global<v8::Context> context_;
  v8::Global<v8::Object> prelude_;
  v8::Global<v8::Value> bundle_;
  v8::Global<v8::Function> invoke_;
  v8::Global<v8::Function> seed_;
  std::map<const Function*, v8::Global<v8::Value>> registrations_;
  schema::SchemaPtr makers_schema_;  // keeps the keys of makers_ alive
  std::map<const schema::Table*, v8::Global<v8::Function>> makers_;
  std::optional<SourceMap> source_map_;
  bool has_read_source_map_ = false;
};

}  // namespace moonstone::runtime
