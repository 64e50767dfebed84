// Moonstone. Licence: see LICENSE.
#pragma once
// Reads of documents through one connection; what Reader and Writer have in common.
// Threads: confined to the connection's thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "query/query.h"
#include "query/row.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/scan_log.h"
#include "store/store.h"

namespace moonstone::store::sqlite {

class DocumentReads {
 public:
  DocumentReads(Connection& connection, ScanLog& scans) : connection_(connection), scans_(scans) {}

  void use_layout(LayoutPtr layout) {
    layout_ = std::move(layout);
    gets_.clear();
  }
  [[nodiscard]] const LayoutPtr& layout() const { return layout_; }
  /// Errors: NotFound with the text of functions.md 5.2.
  [[nodiscard]] Result<const TableLayout*> table(std::string_view name) const;
  [[nodiscard]] Result<const TableLayout*> table(const schema::Table& table) const;

  [[nodiscard]] Result<std::optional<query::Row>> get(const schema::Table& table,
                                                      std::string_view id,
                                                      ReadBudget& budget);
  [[nodiscard]] Result<std::vector<query::Row>> select(const query::Query& query,
                                                       ReadBudget& budget);
  [[nodiscard]] Result<std::uint64_t> count(const query::Query& query, ReadBudget& budget);

 private:
  /// The read of a model's rows by their ids; compiled when it is first needed.
  [[nodiscard]] Result<CompiledStatementPtr> get_of(const TableLayout& table);
  /// Steps, and says what is wrong with a search text.
  Result<bool> step(const query::Query& query, Statement& statement, std::string_view doing);

  Connection& connection_;
  ScanLog& scans_;
  LayoutPtr layout_;
  std::unordered_map<const TableLayout*, CompiledStatementPtr> gets_;  // of tables of the layout
};

}  // namespace moonstone::store::sqlite
