// Moonstone. Licence: see LICENSE.
#pragma once
// Search indexes: FTS5 tables beside the documents, and the queue that keeps them in step.
//
// The FTS5 table is contentless: it holds no text, and to take a row out it must be told the text
// that it was given. Change capture knows both images of every row that a transaction touches, so
// the capture is the queue: what it holds beyond `applied_` has not reached the indexes yet. It is
// applied before COMMIT and before a search inside the transaction, folded per row. Writing at once
// would be slower, because FTS5 writes its buffers to disk at every savepoint.
//
// Other programs may write the documents. Triggers note this in _moonstone_search(name, version,
// stale); Moonstone's own transactions set it back when the queue is applied. A stale index is
// built anew, when the file is opened or the change is noticed. Invariants: at every COMMIT of ours
// an index holds exactly the texts of its rows; `applied_` falls back with a rollback to a mark, as
// the rows in SQL do. Threads: confined to the writer's thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "schema/schema.h"
#include "store/sqlite/internal/change_capture.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// Takes an index out of the file; nothing if it is not there.
[[nodiscard]] Status drop_search_index(Connection& connection, const std::string& name);

/// Whether the file has the search indexes of the schema and no others, none of them stale.
[[nodiscard]] Result<bool> are_search_indexes_in_step(Connection& connection,
                                                      const schema::Schema& schema);

/// Drops the indexes that the schema does not have, makes those that are missing, and builds the
/// stale ones anew. Inside a transaction; nothing must be captured meanwhile.
/// Cost: the texts of the new and the stale ones.
[[nodiscard]] Status bring_search_indexes_in_step(Connection& connection,
                                                  const schema::Schema& schema);

/// Empties the index of a table that was emptied.
[[nodiscard]] Status clear_search_index(Connection& connection, const SearchLayout& search);

class SearchQueue {
 public:
  /// Both must outlive the queue.
  SearchQueue(Connection& connection, const ChangeCapture& capture)
      : connection_(connection), capture_(capture) {}

  void use_layout(LayoutPtr layout);

  /// Applies what was captured since the last time. If it fails, it fails until the transaction
  /// ends, since half of it may be applied: such a transaction cannot be committed.
  [[nodiscard]] Status apply();
  /// The same, and tells the triggers' table that the indexes are in step.
  [[nodiscard]] Status finish();

  void on_mark() { applied_at_mark_.push_back(applied_); }
  /// `depth` as in Mark: 1 is the first.
  void on_rollback_to(std::size_t depth);
  void on_release(std::size_t depth);
  /// The transaction is over.
  void clear();

 private:
  Status apply_row(const TableLayout& table,
                   std::int64_t number,
                   const query::Row* before,
                   const query::Row* after);

  Connection& connection_;
  const ChangeCapture& capture_;
  LayoutPtr layout_;
  std::size_t applied_ = 0;                   // position in the capture
  std::vector<std::size_t> applied_at_mark_;  // one for each open mark
  bool touched_ = false;                      // triggers may have fired in this transaction
  std::optional<Error> failure_;
};

}  // namespace moonstone::store::sqlite
