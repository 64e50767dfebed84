// Moonstone. Licence: see LICENSE.
#pragma once
// ChangeCapture: what SQLite really did to the rows, told by its pre-update hook.
//
// Every insert, update and delete of a table of documents or of a model leaves one entry with both
// images, whoever caused it: a call of the Writer, raw SQL, a trigger, a foreign key. Views and
// external tables of models are not captured. Entries are in order of time, so a position
// in the list is a mark, and cutting the list there undoes the capture.
// Threads: confined to the writer's thread; the hook runs inside its statements.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/footprint.h"
#include "query/row.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/model_image.h"

struct sqlite3;
struct sqlite3_value;

namespace moonstone::store::sqlite {

class ChangeCapture {
 public:
  /// Installs the hook; `connection` must outlive it.
  explicit ChangeCapture(Connection& connection);
  ChangeCapture(const ChangeCapture&) = delete;
  ChangeCapture& operator=(const ChangeCapture&) = delete;
  ~ChangeCapture();

  /// The tables by which rows are decoded from now on. Reads the order of their columns from the
  /// file, since it may differ from the schema's. Errors: those of sqlite_error.
  [[nodiscard]] Status use_layout(LayoutPtr layout);
  /// While paused nothing is captured: schema changes rewrite rows that users did not touch, and
  /// without the hook SQLite empties a whole table at once.
  void pause();
  void resume();

  [[nodiscard]] std::size_t position() const { return entries_.size(); }
  void truncate(std::size_t position);
  void clear();
  /// Something was written that is no row of these tables: a position before it is not this one.
  void note_other_write() { entries_.emplace_back(); }

  /// The entries since `position`, one per row that differs now from then.
  /// Errors: Corruption, if the hook met a row that could not be decoded.
  [[nodiscard]] Result<std::vector<query::Change>> changes_since(std::size_t position) const;
  /// The same without copies: each row that was touched since, as it was then and as it is now
  /// (null: not there). Errors: those of `visit`, Corruption.
  using VisitRow = std::function<Status(const schema::Table& table,
                                        std::int64_t number,
                                        const query::Row* before,
                                        const query::Row* after)>;
  [[nodiscard]] Status visit_since(std::size_t position, const VisitRow& visit) const;

  // Called by the hook.
  void on_change(sqlite3* db,
                 int operation,
                 std::string_view table,
                 std::int64_t old_number,
                 std::int64_t new_number);

 private:
  /// One captured table: the places of TableLayout::columns in the SQL table, or those that the
  /// image of a model names.
  struct CapturedTable {
    const TableLayout* layout = nullptr;
    std::string sql_name;
    std::vector<int> columns;
    std::optional<ModelImage> model{};
  };
  struct Entry {
    const schema::Table* table = nullptr;  // null: another write
    std::int64_t number = 0;
    std::optional<query::Row> before;
    std::optional<query::Row> after;
  };
  enum class Image : unsigned char { Old, New };
  /// The first and the last entry of one row.
  struct Span {
    const Entry* first = nullptr;
    const Entry* last = nullptr;
  };

  const CapturedTable* find_table(std::string_view sql_name);
  [[nodiscard]] std::vector<Span> spans_since(std::size_t position) const;
  Status add_document_table(const TableLayout& table, std::vector<CapturedTable>& tables);
  Status add_model_table(const TableLayout& table, std::vector<CapturedTable>& tables);
  /// The row with everything that could not be known inside the hook.
  Result<std::optional<query::Row>> completed(const schema::Table& table,
                                              const std::optional<query::Row>& row) const;
  Result<query::Row> image(sqlite3* db,
                           const CapturedTable& table,
                           std::int64_t number,
                           Image which);
  void append(sqlite3* db, const CapturedTable& table, std::int64_t number, int operation);

  Connection& connection_;
  LayoutPtr layout_;
  std::vector<CapturedTable> tables_;
  std::size_t last_table_ = 0;  // the one found last: writes come in runs
  std::vector<Entry> entries_;
  std::vector<sqlite3_value*> values_;  // reused by image()
  std::optional<Error> failure_;
  std::size_t failure_position_ = 0;
};

}  // namespace moonstone::store::sqlite
