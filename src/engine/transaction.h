// Moonstone. Licence: see LICENSE.
#pragma once
// DocumentReader and Transaction: documents as every face sees them, with rules applied.
//
// A DocumentReader reads one state and records on what its answers depend. A Transaction also
// writes: it checks each document against the schema, makes ids, keeps budgets, and can return to a
// mark. Both belong to one call.
// Threads: confined to the thread that runs the call.
// Source: functions.md sections 5 and 6; design.md decision 9.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/ulid.h"
#include "base/value.h"
#include "engine/limits.h"
#include "engine/record_rules.h"
#include "engine/session.h"
#include "query/footprint.h"
#include "store/store.h"

namespace moonstone::engine {

class DocumentReader {
 public:
  DocumentReader(store::DocumentSource& source, store::ReadBudget budget);
  virtual ~DocumentReader() = default;
  DocumentReader(const DocumentReader&) = delete;
  DocumentReader& operator=(const DocumentReader&) = delete;

  [[nodiscard]] const schema::SchemaPtr& schema() const { return schema_; }
  /// Seals what is handed out (store::DocumentSource::secret).
  [[nodiscard]] std::string_view secret() const { return source_.secret(); }
  /// A table of the project. Errors: NotFound with the text of functions.md 5.2.
  [[nodiscard]] Result<const schema::Table*> table(std::string_view name) const;
  /// A table of the system, such as "_jobs". Errors: NotFound (the schema in force has none).
  [[nodiscard]] Result<const schema::Table*> system_table(std::string_view name) const;
  /// The table of the project that an id names (the text before its first colon).
  [[nodiscard]] Result<const schema::Table*> table_of_id(std::string_view id) const;

  [[nodiscard]] Result<std::optional<query::Row>> get(std::string_view id);
  [[nodiscard]] Result<std::optional<query::Row>> get(const schema::Table& table,
                                                      std::string_view id);
  /// Queries name tables of the project.
  [[nodiscard]] Result<std::vector<query::Row>> select(const query::Query& query);
  [[nodiscard]] Result<std::uint64_t> count(const query::Query& query);
  /// The same of any table of the schema; `query.table` is its name.
  [[nodiscard]] Result<std::vector<query::Row>> select(const schema::Table& table,
                                                       const query::Query& query);
  [[nodiscard]] Result<std::uint64_t> count(const schema::Table& table, const query::Query& query);

  /// Reads of models (query/select.h). Their callers say on what the answer depends: record().
  [[nodiscard]] Result<store::CompiledStatementPtr> compile(const query::Select& select) {
    return source_.compile(select);
  }
  [[nodiscard]] Result<query::RowSet> read(const store::CompiledStatement& statement,
                                           std::span<const Value> parameters) {
    return source_.read(statement, parameters, budget_);
  }
  /// Whether it is worth telling on what an answer depends.
  [[nodiscard]] bool is_recording() const { return recording_; }
  void record(query::Dependency dependency) {
    if (recording_) footprint_.push_back(std::move(dependency));
  }

  /// Gives the reads more time, for what the caller had to do before the call proper.
  void extend_deadline(std::chrono::steady_clock::duration by) { budget_.deadline += by; }

  /// What the reads so far have cost: documents, and their bytes.
  [[nodiscard]] std::uint64_t rows_read() const { return given_.rows_left - budget_.rows_left; }
  [[nodiscard]] std::uint64_t bytes_read() const { return given_.bytes_left - budget_.bytes_left; }

  /// What the answers so far depend on. The recording ends with it.
  [[nodiscard]] query::Footprint take_footprint() { return std::move(footprint_); }
  /// Writers need no footprint; switching it off saves the copy of the plans.
  void stop_recording() { recording_ = false; }

 protected:
  store::DocumentSource& source_;
  store::ReadBudget budget_;

 private:
  store::ReadBudget given_;  // the budget at the beginning
  schema::SchemaPtr schema_;
  query::Footprint footprint_;
  bool recording_ = true;
};

class Transaction final : public DocumentReader {
 public:
  struct Environment {
    store::Writer* writer = nullptr;
    UlidGenerator* ids = nullptr;
    const Session* session = nullptr;
    const Limits* limits = nullptr;
    std::int64_t now_unix_ms = 0;   // frozen for the call, also when it is replayed
    std::uint64_t random_seed = 0;  // likewise
    std::chrono::steady_clock::time_point deadline;
    RecordRules* rules = nullptr;  // for tables of models; null: their documents cannot be written
  };
  explicit Transaction(const Environment& environment);

  [[nodiscard]] std::int64_t now_unix_ms() const { return environment_.now_unix_ms; }
  [[nodiscard]] std::uint64_t random_seed() const { return environment_.random_seed; }
  [[nodiscard]] std::chrono::steady_clock::time_point deadline() const {
    return environment_.deadline;
  }
  [[nodiscard]] const Session& session() const { return *environment_.session; }

  /// Inserts and returns the new id. `_id`, `_creationTime` and `_ts` in the document are ignored.
  /// Errors: NotFound (table), InvalidArgument (reason "validation", texts of functions.md 3.3),
  /// LimitExceeded (reason "write_rows", "write_bytes"). Tables of models: RecordRules.
  [[nodiscard]] Result<std::string> insert(std::string_view table, Object document);
  /// Shallow merge; an undefined member removes an optional field. InvalidArgument
  /// "Document ID not found" if there is no such document.
  [[nodiscard]] Status patch(std::string_view id, Object fields);
  [[nodiscard]] Status replace(std::string_view id, Object document);
  /// No error if the document is absent.
  [[nodiscard]] Status erase(std::string_view id);
  /// The same for a table of any owner, as table() or system_table() returned it.
  [[nodiscard]] Result<std::string> insert(const schema::Table& table, Object document);
  [[nodiscard]] Status patch(const schema::Table& table, std::string_view id, Object fields);
  [[nodiscard]] Status replace(const schema::Table& table, std::string_view id, Object document);
  [[nodiscard]] Status erase(const schema::Table& table, std::string_view id);

  /// For imports, whose size is bounded elsewhere: the limits of one mutation no longer hold.
  void lift_limits();
  /// Inserts a document under the id, and so with the creation time, that it has elsewhere; for
  /// imports. A row of a model is taken as it is: it went through the rules when it was made.
  /// Errors: as insert(); InvalidArgument (not an id of the table), AlreadyExists (reason
  /// "document"); of a model also those of store::Writer::write().
  [[nodiscard]] Status insert_as(const schema::Table& table, std::string id, Object document);
  /// The same in place of the document that has the id.
  [[nodiscard]] Status replace_as(const schema::Table& table, std::string id, Object document);

  /// Writes rows of a model and charges them (see store::Writer::write). Errors: also LimitExceeded
  /// (reasons "write_rows", "write_bytes").
  [[nodiscard]] Result<store::CompiledStatementPtr> compile_write(const query::WritePlan& plan) {
    return environment_.writer->compile_write(plan);
  }
  [[nodiscard]] Result<store::Writer::Written> write(const store::CompiledStatement& statement,
                                                     std::span<const Value> parameters);

  /// See store::Writer; charged like a row.
  [[nodiscard]] Result<std::int64_t> next_number(const store::SequenceScope& scope,
                                                 std::optional<std::int64_t> at_least);
  [[nodiscard]] Status optimize_search(std::string_view table);
  /// See store::Writer. The transaction counts as one that has written, whatever the statement did.
  [[nodiscard]] Result<store::SqlRows> run_sql(std::string_view sql, std::span<const Value> values);
  [[nodiscard]] bool has_run_sql() const { return has_run_sql_; }

  /// A count that belongs to this call, zero at first, for limits and marks of the modules above.
  [[nodiscard]] std::uint64_t& tally(std::string_view name);

  /// Savepoints for nested calls; see store::Writer.
  [[nodiscard]] Result<store::Mark> mark();
  [[nodiscard]] Status rollback_to(const store::Mark& mark);
  [[nodiscard]] Status release(const store::Mark& mark);

 private:
  /// For tables of models. Errors: FailedPrecondition (reason "no_record_rules").
  Result<RecordRules*> record_rules(const schema::Table& table) const;
  Status charge_write(const query::Row& row);
  Status charge(std::uint64_t rows, std::uint64_t bytes);
  Result<query::Row> load_for_update(const schema::Table& table, std::string_view id);
  /// No number that a row has is given again.
  Status keep_sequences(const query::Row& row);

  Environment environment_;
  std::map<std::string, std::uint64_t, std::less<>> tallies_;
  std::uint64_t rows_written_ = 0;
  std::uint64_t bytes_written_ = 0;
  bool is_limited_ = true;
  bool has_run_sql_ = false;
};

}  // namespace moonstone::engine
