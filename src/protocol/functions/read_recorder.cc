// Moonstone. Licence: see LICENSE.
#include "protocol/functions/read_recorder.h"

#include <utility>

#include "query/describe.h"

namespace moonstone::protocol::functions {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

/// Null: there are too many shapes already.
RecordedReads* ReadRecorder::entry_of(RecordedKind kind,
                                      const std::string& table,
                                      const query::Query* query) {
  const std::string shape = query == nullptr ? table : query::shape_of(*query);
  const auto known = positions_.find({kind, shape});
  if (known != positions_.end()) return &reads_[known->second];
  if (reads_.size() >= kReadShapesMax) return nullptr;
  positions_.emplace(std::pair(kind, shape), reads_.size());
  RecordedReads& made = reads_.emplace_back();
  made.kind = kind;
  made.table = table;
  if (query != nullptr) made.query = *query;
  return &made;
}

void ReadRecorder::note(RecordedReads* entry, Clock::time_point start, std::uint64_t found) {
  if (entry == nullptr) return;
  ++entry->times;
  entry->found += found;
  entry->time += Clock::now() - start;
}

Result<std::optional<query::Row>> ReadRecorder::get(const schema::Table& table,
                                                    std::string_view id,
                                                    store::ReadBudget& budget) {
  RecordedReads* const entry = entry_of(RecordedKind::Document, table.name, nullptr);
  const auto start = Clock::now();
  auto row = source_.get(table, id, budget);
  note(entry, start, row && *row ? 1 : 0);
  return row;
}

Result<std::vector<query::Row>> ReadRecorder::select(const query::Query& query,
                                                     store::ReadBudget& budget) {
  RecordedReads* const entry = entry_of(RecordedKind::Rows, query.table, &query);
  const auto start = Clock::now();
  auto rows = source_.select(query, budget);
  note(entry, start, rows ? rows->size() : 0);
  return rows;
}

Result<std::uint64_t> ReadRecorder::count(const query::Query& query, store::ReadBudget& budget) {
  RecordedReads* const entry = entry_of(RecordedKind::Count, query.table, &query);
  const auto start = Clock::now();
  auto counted = source_.count(query, budget);
  note(entry, start, counted ? *counted : 0);
  return counted;
}

}  // namespace moonstone::protocol::functions
