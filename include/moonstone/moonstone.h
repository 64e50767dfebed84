// Moonstone. Licence: see LICENSE.
#pragma once
// Moonstone inside your own program: documents, transactions and live queries on one SQLite file,
// without a server, a socket or JavaScript.
//
// Start at Database::open. Documents go in and out as JSON text; a schema is the SchemaJSON that
// `moonstone codegen` prints, or text you write yourself:
//   {"tables":{"notes":{"fields":{"text":{"type":"string"}},"indexes":[]}}}
// No function throws. Errors carry a stable code, e.g. "invalid_argument", "not_found",
// "failed_precondition", "limit_exceeded", "unavailable".
// Threads: a Database may be used from any thread. Callbacks come from threads of its own.

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::embed {

struct Failure {
  std::string code;
  std::string message;
  /// A JSON object with what a program may want to know beside the code; empty: nothing.
  std::string details_json{};
};

template <class T>
using Outcome = std::expected<T, Failure>;

enum class Durability : unsigned char {
  Full,    // what was acknowledged survives a power cut (the default)
  Normal,  // it survives a crash of the process
};

enum class DataLoss : unsigned char { Refuse, Accept };

enum class Order : unsigned char { Ascending, Descending };

/// Which documents, in which order. Empty members mean "no restriction".
struct Query {
  std::string table;
  /// A predicate as JSON, e.g. {"op":"eq","a":{"op":"field","path":"channel"},
  /// "b":{"op":"literal","value":"general"}}.
  std::string filter_json;
  std::string order_by;  // a field; empty: insertion order
  Order order = Order::Ascending;
  std::optional<std::uint64_t> limit;
};

/// Reads and writes that become durable together, or not at all. Valid only inside the callback of
/// Database::transaction.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// Returns the new document's _id.
  [[nodiscard]] virtual Outcome<std::string> insert(std::string_view table,
                                                    std::string_view document_json) = 0;
  /// Merges the given fields into the document.
  [[nodiscard]] virtual Outcome<void> patch(std::string_view id, std::string_view fields_json) = 0;
  [[nodiscard]] virtual Outcome<void> replace(std::string_view id,
                                              std::string_view document_json) = 0;
  /// No error if there is no such document.
  [[nodiscard]] virtual Outcome<void> erase(std::string_view id) = 0;
  /// The document as JSON, or nothing. Sees the transaction's own writes, like find().
  [[nodiscard]] virtual Outcome<std::optional<std::string>> get(std::string_view id) = 0;
  [[nodiscard]] virtual Outcome<std::vector<std::string>> find(const Query& query) = 0;
};

/// Ends the subscription when destroyed; waits for a callback that is running.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Database {
 public:
  struct Options {
    std::string path;
    Durability durability = Durability::Full;
  };

  /// Opens or creates the file. Fails with "unavailable" if another Moonstone has it open.
  [[nodiscard]] static Outcome<std::unique_ptr<Database>> open(const Options& options);

  /// Commits what runs and closes the file.
  virtual ~Database() = default;

  /// Creates and changes tables in place. A change that stored documents contradict is refused with
  /// their ids; one that would drop data needs DataLoss::Accept. Returns what changed, in words.
  [[nodiscard]] virtual Outcome<std::vector<std::string>> apply_schema(
      std::string_view schema_json, DataLoss data_loss = DataLoss::Refuse) = 0;

  /// Runs `body` in the writer and returns when its writes are durable. `body` may run more than
  /// once and must have no effects but those on its Transaction; a failure that it returns undoes
  /// it.
  [[nodiscard]] virtual Outcome<void> transaction(
      std::function<Outcome<void>(Transaction&)> body) = 0;

  // One-document transactions.
  [[nodiscard]] virtual Outcome<std::string> insert(std::string_view table,
                                                    std::string_view document_json) = 0;
  [[nodiscard]] virtual Outcome<void> patch(std::string_view id, std::string_view fields_json) = 0;
  [[nodiscard]] virtual Outcome<void> erase(std::string_view id) = 0;

  // Reads of the newest durable state.
  [[nodiscard]] virtual Outcome<std::optional<std::string>> get(std::string_view id) = 0;
  [[nodiscard]] virtual Outcome<std::vector<std::string>> find(const Query& query) = 0;
  [[nodiscard]] virtual Outcome<std::uint64_t> count(const Query& query) = 0;

  /// Calls `on_result` with the query's result (a JSON array) now and after each commit that
  /// changes it. Calls come one at a time, in the order of the commits.
  using OnResult = std::function<void(const Outcome<std::string>& documents_json)>;
  [[nodiscard]] virtual Outcome<std::unique_ptr<Subscription>> subscribe(const Query& query,
                                                                         OnResult on_result) = 0;
};

}  // namespace moonstone::embed
