// Moonstone. Licence: see LICENSE.
#pragma once
// Program: a bundle evaluated in a context of its own, with frozen intrinsics and its own queue of
// microtasks.
//
// The modules can be evaluated again in the same context: the new copy has variables, objects and
// classes of its own, and shares with the others only what is frozen. Each copy belongs to one
// user, so that nothing which a call leaves in its modules meets a call of another user.
// Dropping a Program drops everything its code left behind. Handles returned here live in the
// caller's HandleScope; the caller has entered the isolate.
// Threads: confined to the isolate's thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <v8.h>

#include "base/result.h"
#include "base/value.h"
#include "query/row.h"
#include "runtime/bundle.h"
#include "runtime/internal/source_map.h"

namespace moonstone::runtime {

/// The documents of one read as they were made, kept until the call ends: a result that still says
/// the same is written from the rows.
struct MadeDocuments {
  v8::Global<v8::Array> documents;
  v8::Global<v8::Array> values;  // what the documents were made of, row after row
  std::vector<query::Row> rows;
};

class Program {
 public:
  /// Larger reads are made in several steps, and not kept.
  static constexpr std::size_t kRowsPerChunk = 256;

  /// Runs the prelude and the bundle, and freezes the intrinsics. JavaScript may run long here:
  /// the caller bounds it.
  /// Errors: InvalidArgument with the message of the bundle and a mapped stack.
  [[nodiscard]] static Result<std::unique_ptr<Program>> evaluate(v8::Isolate* isolate,
                                                                 const BundleSource& source);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] v8::Isolate* isolate() const { return isolate_; }
  [[nodiscard]] v8::Local<v8::Context> context() const { return context_.Get(isolate_); }

  /// Makes the copy of the modules current that `user` has, or one that nobody has run in yet.
  /// False if there is neither.
  [[nodiscard]] bool enter_modules_of(const Value& user);
  /// Evaluates a copy for `user` and makes it current. JavaScript may run long here: the caller
  /// bounds it.
  /// Errors: FailedPrecondition if the modules reach into the intrinsics when they load, or fail
  /// because those are frozen by now: then only a new Program is a clean one.
  [[nodiscard]] Status renew_modules(const Value& user);
  /// Forgets the current copy.
  void drop_modules() { copies_.pop_back(); }

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
  /// Calls a function of the prelude with the default export of a module, and further arguments;
  /// empty if it threw.
  [[nodiscard]] v8::MaybeLocal<v8::Value> call_on_default(const std::string& module,
                                                          std::string_view name,
                                                          std::vector<v8::Local<v8::Value>> args);
  /// Runs microtasks until none is left.
  void drain_microtasks() { microtasks_->PerformCheckpoint(isolate_); }

  /// The rows as an array of plain objects; all belong to one table of `schema`. Empty if
  /// JavaScript threw or was stopped. If `made` is given and is empty afterwards, the read cannot
  /// be kept.
  [[nodiscard]] v8::MaybeLocal<v8::Array> make_documents(const schema::SchemaPtr& schema,
                                                         std::vector<query::Row> rows,
                                                         std::optional<MadeDocuments>* made);
  /// What JSON.stringify would give for `result`, if that is a list of documents or the only one of
  /// a list, whose members, values and order are those of its rows.
  [[nodiscard]] std::optional<std::string> untouched_json(v8::Local<v8::Value> result,
                                                          const std::vector<MadeDocuments>& reads);

  /// An Error for a thrown value: message of an Error, else `Unknown error`; mapped stack.
  [[nodiscard]] Error error_of(v8::Local<v8::Value> thrown);

  /// Null if the bundle has none that can be read. Parsed on first use.
  [[nodiscard]] const SourceMap* source_map();

 private:
  struct Modules {
    std::optional<Value> user;  // nothing: nobody has run in them yet
    v8::Global<v8::Value> bundle;
    std::map<const Function*, v8::Global<v8::Value>> registrations;
  };

  /// Generated for a table: makes documents, and tells whether they are as they were made.
  struct TableFunctions {
    v8::Global<v8::Function> make;
    v8::Global<v8::Function> is_untouched;
  };

  Program(v8::Isolate* isolate, const BundleSource& source);

  Status start();
  Status evaluate_bundle();
  /// Runs the top level of all modules.
  [[nodiscard]] v8::MaybeLocal<v8::Value> run_modules();
  void add_copy(std::optional<Value> user, v8::Local<v8::Value> bundle);
  /// Whether modules can be evaluated again without meeting what the first copy left.
  [[nodiscard]] bool is_repeatable();
  [[nodiscard]] v8::MaybeLocal<v8::Value> call(std::string_view name,
                                               std::vector<v8::Local<v8::Value>> args);
  [[nodiscard]] v8::MaybeLocal<v8::Value> registration(const Function& function);
  /// Null if JavaScript was stopped.
  [[nodiscard]] const TableFunctions* functions_of(const schema::SchemaPtr& schema,
                                                   const schema::Table& table);
  /// The values of rows as the maker of their table takes them. Empty if JavaScript was stopped.
  [[nodiscard]] v8::MaybeLocal<v8::Array> values_of(std::span<const query::Row> rows);
  [[nodiscard]] bool is_untouched(v8::Local<v8::Value> result, const MadeDocuments& read);

  v8::Isolate* isolate_;
  BundleSource source_;
  std::unique_ptr<v8::MicrotaskQueue> microtasks_;  // outlives the context
  v8::Global<v8::Context> context_;
  v8::Global<v8::Object> prelude_;
  v8::Global<v8::Function> body_;  // evaluates the modules
  v8::Global<v8::Function> invoke_;
  v8::Global<v8::Function> seed_;
  std::vector<Modules> copies_;  // the current one last, before it the others as last used
  std::optional<std::size_t> copies_max_;  // once the size of a copy is known
  std::optional<bool> is_repeatable_;
  schema::SchemaPtr tables_schema_;  // keeps the keys of tables_ alive
  std::map<const schema::Table*, TableFunctions> tables_;
  std::optional<SourceMap> source_map_;
  bool has_read_source_map_ = false;
};

}  // namespace moonstone::runtime
