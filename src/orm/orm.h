// Moonstone. Licence: see LICENSE.
#pragma once
// Orm: calls of models ("user", "findMany", {..}) on one catalog, as every face makes them.
//
// A call is a model's accessor, a method and arguments as JSON-like values. Reads run on any
// engine::DocumentReader and leave their footprint there, so that they are live where its owner is;
// writes run inside an engine::Transaction, all of a call or nothing.
// Plans are kept by the shape of their arguments: a call that differs from an earlier one only in
// its values compiles nothing.
// Threads: synchronised; a Host is called on the thread of the call.
// Source: litestone.md 9-15, 17-19, 25, 26, 28, 29, 31, 32, 34.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "engine/transaction.h"
#include "query/row_set.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// On whose behalf a call is made.
struct Caller {
  Value auth;  // an object, or null/undefined: nobody
  bool is_system = false;
};

/// The arguments of a call: those of somebody else, who outlives it, or its own. A copy would cost
/// as much as a small read.
class CallArguments {
 public:
  CallArguments() = default;
  CallArguments(const Value& borrowed)  // NOLINT(google-explicit-constructor)
      : borrowed_(&borrowed) {}
  CallArguments(Value&& owned)  // NOLINT(google-explicit-constructor)
      : owned_(std::move(owned)) {}
  /// What a conditional expression gives is const, and gone at the end of the statement.
  CallArguments(const Value&& copied)  // NOLINT(google-explicit-constructor)
      : owned_(copied) {}
  template <class T>
    requires(std::is_same_v<T, Object> || std::is_same_v<T, Array>)
  CallArguments(T owned) : owned_(std::move(owned)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const Value& get() const { return borrowed_ != nullptr ? *borrowed_ : owned_; }

 private:
  const Value* borrowed_ = nullptr;
  Value owned_;
};

struct Call {
  std::string_view model;   // accessor
  std::string_view method;  // "findMany"
  /// One object for most methods. `search` has [text, options], `transition` [id, name].
  CallArguments arguments;
};

/// What a call answers.
struct Outcome {
  enum class Form : unsigned char {
    Rows,          // `rows` as a list
    Row,           // the first of `rows`, or null
    Value,         // `value`
    Page,          // {items, nextCursor, hasMore}
    RowsAndTotal,  // {rows, total}
  };
  Form form = Form::Value;
  query::RowSetPtr rows{};
  moonstone::Value value{};
  std::optional<std::string> next_cursor{};
  bool has_more = false;
  std::uint64_t total = 0;
};

/// The outcome as JSON; appends. And as a value.
void write_json(const Outcome& outcome, std::string& out);
[[nodiscard]] Value to_value(const Outcome& outcome);

/// One statement that ran, for those who watch (litestone.md 31).
struct QueryEvent {
  std::string_view model;  // the table
  std::string_view operation;
  const Value* arguments = nullptr;
  std::string_view sql;
  std::vector<Value> values;
  std::chrono::nanoseconds duration{};
  std::uint64_t row_count = 0;
};

/// A write that happened, told after its commit (litestone.md 29).
struct WriteEvent {
  const schema::Model* model = nullptr;
  std::string operation;  // "create", "update", "remove", "transition"
  Value result;           // the row
  Value details;          // of a transition: {transition, field, from, to}
};

/// One broken rule.
struct RuleFailure {
  std::vector<std::string> path;
  std::string message;
};

/// Code of the application around calls, wherever they come from. The defaults do nothing.
class Host {
 public:
  virtual ~Host() = default;
  /// Before a write of one model, nested ones included; may change the arguments.
  virtual Status before(const schema::Model& /*model*/,
                        std::string_view /*operation*/,
                        const Caller& /*caller*/,
                        Value& /*arguments*/) {
    return {};
  }
  /// After it, inside the transaction; may replace the result (a row, or null).
  virtual Status after(const schema::Model& /*model*/,
                       std::string_view /*operation*/,
                       const Caller& /*caller*/,
                       const Value& /*arguments*/,
                       Value& /*result*/) {
    return {};
  }
  [[nodiscard]] virtual bool has_hooks() const { return false; }
  /// Whether before() and after() want to be called around reads of the outside, too.
  [[nodiscard]] virtual bool has_read_hooks() const { return false; }
  /// Values of the application for fields of a new row that nobody has given. The data may hold
  /// writes of relations.
  virtual Status fill_defaults(const schema::Model& /*model*/,
                               const Caller& /*caller*/,
                               Object& /*data*/) {
    return {};
  }
  [[nodiscard]] virtual bool has_defaults(const schema::Model& /*model*/) const { return false; }
  /// The names of fields that are not stored, in the order in which rows show them.
  [[nodiscard]] virtual std::span<const std::string> computed_fields(
      const schema::Model& /*model*/) const {
    return {};
  }
  /// Their values, row after row. The rows have a model with such fields; hidden columns count.
  virtual Result<std::vector<Value>> compute(const query::RowSet& /*rows*/,
                                             const Caller& /*caller*/) {
    return std::vector<Value>();
  }
  /// A row was written; the transaction that it belongs to still runs. Not for bulk writes.
  virtual Status happened(engine::Transaction& /*transaction*/,
                          const Caller& /*caller*/,
                          const WriteEvent& /*event*/) {
    return {};
  }
  [[nodiscard]] virtual bool hears_events() const { return false; }
  /// Rules of the application on data about to be written ($validate).
  [[nodiscard]] virtual std::vector<RuleFailure> check(const schema::Model& /*model*/,
                                                       const Object& /*data*/) {
    return {};
  }
  [[nodiscard]] virtual bool has_checks(const schema::Model& /*model*/) const { return false; }
  [[nodiscard]] virtual bool observes() const { return false; }
  virtual void observe(const QueryEvent& /*event*/) {}
};

struct OrmOptions {
  bool allow_child_key_override = false;  // litestone.md 15.5
  Host* host = nullptr;                   // null: none; outlives the Orm
};

/// What one call of the outside did: filled by the calls that share it.
struct Effects {
  std::vector<WriteEvent> events;
  /// Whether anybody wants to hear: events that nobody hears are not made.
  bool are_wanted = true;
};

/// How many plans are kept for calls to come.
struct PlanCounts {
  std::size_t reads = 0;
  std::size_t writes = 0;
};

class Orm {
 public:
  [[nodiscard]] static std::unique_ptr<Orm> make(schema::CatalogPtr catalog, OrmOptions options);
  virtual ~Orm() = default;

  [[nodiscard]] virtual const schema::CatalogPtr& catalog() const = 0;
  /// Whether the method reads only. Nothing: no such method.
  [[nodiscard]] virtual std::optional<bool> is_read(std::string_view method) const = 0;

  [[nodiscard]] virtual PlanCounts cached_plans() const = 0;

  /// Errors: InvalidArgument with the texts of litestone.md; their reason is the name of the error
  /// there ("ValidationError", "NOT_FOUND", "TransitionViolationError", ..), and Error::details()
  /// are the other properties that section 34 lists (errors, code, model, field, retryable, ..).
  [[nodiscard]] virtual Result<Outcome> read(engine::DocumentReader& reader,
                                             const Caller& caller,
                                             const Call& call) = 0;
  /// Also takes reads, which then see what the transaction has written. On error nothing of the
  /// call stays (a mark is set and returned to).
  [[nodiscard]] virtual Result<Outcome> write(engine::Transaction& transaction,
                                              const Caller& caller,
                                              const Call& call,
                                              Effects& effects) = 0;
  /// Several reads on one snapshot (litestone.md 18): {name: {model?, ..}} to {name: result}.
  [[nodiscard]] virtual Result<std::vector<std::pair<std::string, Outcome>>> query(
      engine::DocumentReader& reader, const Caller& caller, const Value& spec) = 0;
};

}  // namespace moonstone::orm
