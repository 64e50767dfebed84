// Moonstone. Licence: see LICENSE.
#pragma once
// ReadRecorder: stands between a run and its snapshot, and notes each read: how often, how long,
// what it found. Reads of one shape, which differ in values alone, are one entry.
// Threads: confined to the thread of the run.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "query/query.h"
#include "store/store.h"

namespace moonstone::protocol::functions {

/// Shapes that are told apart; a run has some dozens at most.
inline constexpr std::size_t kReadShapesMax = 50;

enum class RecordedKind : unsigned char { Document, Rows, Count };

/// All reads of one shape.
struct RecordedReads {
  RecordedKind kind = RecordedKind::Rows;
  std::string table;
  query::Query query;  // the first one; empty for documents
  std::uint64_t times = 0;
  std::uint64_t found = 0;  // documents; of counts: their sum
  std::chrono::nanoseconds time{};
};

class ReadRecorder final : public store::DocumentSource {
 public:
  explicit ReadRecorder(store::DocumentSource& source) : source_(source) {}

  [[nodiscard]] schema::SchemaPtr schema() const override { return source_.schema(); }
  [[nodiscard]] std::string_view secret() const override { return source_.secret(); }
  [[nodiscard]] Result<std::optional<query::Row>> get(const schema::Table& table,
                                                      std::string_view id,
                                                      store::ReadBudget& budget) override;
  [[nodiscard]] Result<std::vector<query::Row>> select(const query::Query& query,
                                                       store::ReadBudget& budget) override;
  [[nodiscard]] Result<std::uint64_t> count(const query::Query& query,
                                            store::ReadBudget& budget) override;
  /// Reads of models are not recorded.
  [[nodiscard]] Result<store::CompiledStatementPtr> compile(const query::Select& select) override {
    return source_.compile(select);
  }
  [[nodiscard]] Result<query::RowSet> read(const store::CompiledStatement& statement,
                                           std::span<const Value> parameters,
                                           store::ReadBudget& budget) override {
    return source_.read(statement, parameters, budget);
  }

  /// In the order of the first read of each.
  [[nodiscard]] std::vector<RecordedReads> take() { return std::move(reads_); }

 private:
  RecordedReads* entry_of(RecordedKind kind, const std::string& table, const query::Query* query);
  static void note(RecordedReads* entry,
                   std::chrono::steady_clock::time_point start,
                   std::uint64_t found);

  store::DocumentSource& source_;
  std::vector<RecordedReads> reads_;
  std::map<std::pair<RecordedKind, std::string>, std::size_t> positions_;  // by kind and shape
};

}  // namespace moonstone::protocol::functions
