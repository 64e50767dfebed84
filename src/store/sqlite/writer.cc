// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/writer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "store/sqlite/internal/ledger.h"
#include "store/sqlite/internal/meta.h"
#include "store/sqlite/internal/model_documents.h"
#include "store/sqlite/internal/model_select.h"
#include "store/sqlite/internal/model_write.h"
#include "store/sqlite/internal/raw_sql.h"
#include "store/sqlite/internal/row_codec.h"
#include "store/sqlite/internal/sequence.h"

namespace moonstone::store::sqlite {

namespace {

std::string mark_sql(std::string_view what, std::uint32_t depth) {
  return std::string(what) + " m" + std::to_string(depth);
}

}  // namespace

Status SqliteWriter::open() {
  MS_TRY(const SnapshotInfo info, read_snapshot_info(*connection_));
  MS_TRY(LayoutPtr layout, layouts_.load(*connection_, info.schema_version));
  MS_TRY(data_version_, connection_->data_version());
  MS_TRY_STATUS(use_layout(std::move(layout)));
  MS_TRY_STATUS(wal_.open(*connection_));
  return mend_search_indexes();
}

/// Another program may have written while this one was not running, or an older version of this one
/// that knew no search.
Status SqliteWriter::mend_search_indexes() {
  MS_TRY(const bool are_in_step,
         are_search_indexes_in_step(*connection_, *reads_.layout()->schema));
  if (are_in_step) return {};
  MS_TRY_STATUS(connection_->run("BEGIN IMMEDIATE", "begin"));
  capture_.pause();
  Status mended = bring_search_indexes_in_step(*connection_, *reads_.layout()->schema);
  if (mended) mended = connection_->run("COMMIT", "commit");
  if (!mended) rollback();
  capture_.resume();
  return mended;
}

Status SqliteWriter::use_layout(LayoutPtr layout) {
  connection_->forget_statements();
  MS_TRY_STATUS(capture_.use_layout(layout));
  searches_.use_layout(layout);
  reads_.use_layout(std::move(layout));
  return {};
}

Status SqliteWriter::require_transaction() const {
  if (connection_->in_transaction()) return {};
  return Error(ErrorCode::Internal, "the writer has no running transaction", "no_transaction");
}

Status SqliteWriter::require_idle() const {
  if (!connection_->in_transaction()) return {};
  return Error(ErrorCode::Internal, "the writer has a running transaction", "in_transaction");
}

// Reads.

Result<std::optional<query::Row>> SqliteWriter::get(const schema::Table& table,
                                                    std::string_view id,
                                                    ReadBudget& budget) {
  MS_TRY_STATUS(require_transaction());
  return reads_.get(table, id, budget);
}

Result<std::vector<query::Row>> SqliteWriter::select(const query::Query& query,
                                                     ReadBudget& budget) {
  MS_TRY_STATUS(require_transaction());
  if (query.search) MS_TRY_STATUS(searches_.apply());
  return reads_.select(query, budget);
}

Result<std::uint64_t> SqliteWriter::count(const query::Query& query, ReadBudget& budget) {
  MS_TRY_STATUS(require_transaction());
  if (query.search) MS_TRY_STATUS(searches_.apply());
  return reads_.count(query, budget);
}

Result<CompiledStatementPtr> SqliteWriter::compile(const query::Select& select) {
  return compile_select(*reads_.layout(), select);
}

Result<query::RowSet> SqliteWriter::read(const CompiledStatement& statement,
                                         std::span<const Value> parameters,
                                         ReadBudget& budget) {
  MS_TRY_STATUS(require_transaction());
  return run_select(*connection_, statement, reads_.layout()->schema_version, parameters, budget);
}

// Transactions and marks.

Result<Writer::Begun> SqliteWriter::begin() {
  const bool has_models = reads_.layout()->schema->catalog != nullptr;
  return begin_with(has_models ? ForeignKeys::Watched : ForeignKeys::Ignored);
}

Result<Writer::Begun> SqliteWriter::begin_with(ForeignKeys foreign_keys) {
  MS_TRY_STATUS(require_idle());
  forget_transaction();
  if (foreign_keys != foreign_keys_) {
    // SQLite ignores this inside a transaction.
    MS_TRY_STATUS(connection_->run_once(foreign_keys == ForeignKeys::Watched
                                            ? "PRAGMA foreign_keys = ON"
                                            : "PRAGMA foreign_keys = OFF",
                                        "begin"));
    foreign_keys_ = foreign_keys;
  }
  MS_TRY_STATUS(connection_->run("BEGIN IMMEDIATE", "begin"));
  auto begun = begin_checked();
  if (!begun) rollback();
  return begun;
}

Result<Writer::Begun> SqliteWriter::begin_checked() {
  // Unless the last transaction has committed it is read again, whatever became of that one.
  info_ = std::exchange(committed_info_, std::nullopt);
  MS_TRY_STATUS(notice_outside_change());
  if (!info_) {
    MS_TRY(info_, read_snapshot_info(*connection_));
  }
  const SnapshotInfo info = *info_;
  if (info.schema_version != reads_.layout()->schema_version) {
    MS_TRY(LayoutPtr layout, layouts_.load(*connection_, info.schema_version));
    MS_TRY_STATUS(use_layout(std::move(layout)));
  }
  if (outside_change_) {
    // Columns of models may lie otherwise now.
    MS_TRY_STATUS(capture_.use_layout(reads_.layout()));
    MS_TRY_STATUS(write_epoch(*connection_, info.epoch + 1));
    info_.reset();
    capture_.pause();
    const Status mended = bring_search_indexes_in_step(*connection_, *reads_.layout()->schema);
    capture_.resume();
    MS_TRY_STATUS(mended);
  }
  return Begun{.version = info.version, .outside_change = outside_change_};
}

Status SqliteWriter::notice_outside_change() {
  MS_TRY(const std::int64_t data_version, connection_->data_version());
  if (data_version == data_version_) return {};
  data_version_ = data_version;
  outside_change_ = true;
  info_.reset();
  next_row_numbers_.clear();
  log_.forget_position();
  return {};
}

void SqliteWriter::forget_transaction() {
  log_.forget_appended();
  capture_.clear();
  searches_.clear();
  depth_ = 0;
}

Result<Mark> SqliteWriter::mark() {
  MS_TRY_STATUS(require_transaction());
  MS_TRY_STATUS(connection_->run(mark_sql("SAVEPOINT", depth_ + 1), "set a mark"));
  ++depth_;
  searches_.on_mark();
  return Mark{.depth = depth_, .change_count = capture_.position()};
}

Result<Mark> SqliteWriter::light_mark() {
  MS_TRY_STATUS(require_transaction());
  return Mark{.depth = depth_, .change_count = capture_.position(), .is_light = true};
}

Status SqliteWriter::rollback_to(const Mark& mark) {
  MS_TRY_STATUS(require_transaction());
  if (mark.is_light) {
    // Every write of a document was captured, whether it succeeded or not.
    if (capture_.position() == mark.change_count) return release(mark);
    return Error(ErrorCode::FailedPrecondition, "something was written since a light mark",
                 "light_mark");
  }
  MS_TRY_STATUS(connection_->run(mark_sql("ROLLBACK TO", mark.depth), "return to a mark"));
  depth_ = mark.depth;
  searches_.on_rollback_to(mark.depth);
  capture_.truncate(mark.change_count);
  log_.forget_appended();
  info_.reset();
  return {};
}

Status SqliteWriter::release(const Mark& mark) {
  MS_TRY_STATUS(require_transaction());
  if (mark.is_light) {
    if (depth_ == mark.depth) return {};
    return release({.depth = mark.depth + 1, .change_count = mark.change_count});
  }
  MS_TRY_STATUS(connection_->run(mark_sql("RELEASE", mark.depth), "release a mark"));
  depth_ = mark.depth - 1;
  searches_.on_release(mark.depth);
  return {};
}

Status SqliteWriter::commit() {
  MS_TRY_STATUS(require_transaction());
  Status committed = searches_.finish();
  if (committed) committed = connection_->run("COMMIT", "commit");
  if (!committed) {
    rollback();
    return committed;
  }
  outside_change_ = false;
  committed_info_ = info_;
  forget_transaction();
  return {};
}

void SqliteWriter::rollback() {
  if (connection_->in_transaction()) {
    connection_->run("ROLLBACK", "roll back").ignore("what is not committed is gone either way");
  }
  forget_transaction();
}

// Writes.

Result<std::int64_t> SqliteWriter::next_row_number(const TableLayout& table) {
  if (const auto known = next_row_numbers_.find(table.table->name);
      known != next_row_numbers_.end()) {
    return known->second++;
  }
  MS_TRY(const std::int64_t greatest,
         connection_->integer_of(fmt::format("SELECT coalesce(max(_row),0) FROM {}", table.name),
                                 "read the last row"));
  next_row_numbers_[table.table->name] = greatest + 2;
  return greatest + 1;
}

template <class Write>
auto SqliteWriter::write_model(Write write, const TableLayout& table)
    -> decltype(write(std::declval<ModelDocuments>())) {
  const std::size_t position = capture_.position();
  auto done = write(ModelDocuments(*connection_, *reads_.layout(), table));
  if (!done) capture_.truncate(position);
  return done;
}

Status SqliteWriter::insert(const query::Row& row) {
  MS_TRY_STATUS(require_transaction());
  MS_TRY(const TableLayout* layout, reads_.table(*row.table));
  if (layout->model() != nullptr) {
    return write_model([&](ModelDocuments documents) { return documents.insert(row); }, *layout);
  }
  MS_TRY(const std::int64_t number, next_row_number(*layout));
  MS_TRY(Statement statement, connection_->prepare(layout->insert_sql));
  EncodedTexts texts;
  statement.bind_integer(1, number);
  statement.bind_text(2, row.id);
  MS_TRY_STATUS(bind_fields(*layout, row, statement, texts));
  return statement.run("insert a document");
}

Status SqliteWriter::update(const query::Row& row) {
  MS_TRY_STATUS(require_transaction());
  MS_TRY(const TableLayout* layout, reads_.table(*row.table));
  if (layout->model() != nullptr) {
    return write_model([&](ModelDocuments documents) { return documents.update(row); }, *layout);
  }
  MS_TRY(Statement statement, connection_->prepare(layout->update_sql));
  EncodedTexts texts;
  statement.bind_text(2, row.id);
  MS_TRY_STATUS(bind_fields(*layout, row, statement, texts));
  MS_TRY_STATUS(statement.run("update a document"));
  if (connection_->changes() == 0) {
    return Error(ErrorCode::NotFound,
                 fmt::format("table \"{}\" has no document {}", row.table->name, row.id),
                 "no_document");
  }
  return {};
}

Result<bool> SqliteWriter::erase(const schema::Table& table, std::string_view id) {
  MS_TRY_STATUS(require_transaction());
  MS_TRY(const TableLayout* layout, reads_.table(table));
  if (layout->model() != nullptr) {
    return write_model([&](ModelDocuments documents) { return documents.erase(id); }, *layout);
  }
  MS_TRY(Statement statement, connection_->prepare(layout->erase_sql));
  statement.bind_text(1, id);
  MS_TRY_STATUS(statement.run("delete a document"));
  return connection_->changes() > 0;
}

Result<CompiledStatementPtr> SqliteWriter::compile_write(const query::WritePlan& plan) {
  return compile_model_write(*reads_.layout(), plan);
}

Result<Writer::Written> SqliteWriter::write(const CompiledStatement& statement,
                                            std::span<const Value> parameters) {
  MS_TRY_STATUS(require_transaction());
  const std::size_t position = capture_.position();
  auto written =
      run_model_write(*connection_, statement, reads_.layout()->schema_version, parameters);
  // A statement that fails is undone as a whole, whatever rows it had written by then.
  if (!written) capture_.truncate(position);
  return written;
}

Result<std::int64_t> SqliteWriter::next_number(const SequenceScope& scope,
                                               std::optional<std::int64_t> at_least) {
  MS_TRY_STATUS(require_transaction());
  capture_.note_other_write();  // a call that fails after this has something to be undone
  return advance_sequence(*connection_, scope, at_least);
}

Status SqliteWriter::optimize_search(std::string_view table) {
  MS_TRY_STATUS(require_transaction());
  const schema::Table* const found = schema()->find_table(table);
  if (found == nullptr || found->model == nullptr || found->model->search_fields.empty()) {
    return Error(ErrorCode::NotFound, fmt::format("table \"{}\" has no full-text index", table),
                 "no_search_index");
  }
  const std::string index = quoted(std::string(table) + "_fts");
  return connection_->run(fmt::format("INSERT INTO {0}({0}) VALUES('optimize')", index),
                          "optimize a full-text index");
}

Result<SqlRows> SqliteWriter::run_sql(std::string_view sql, std::span<const Value> values) {
  MS_TRY_STATUS(require_transaction());
  info_.reset();  // nobody knows what it writes
  const std::size_t position = capture_.position();
  const std::int64_t total = connection_->total_changes();
  auto rows = query_raw(connection_->handle(), sql, values);
  // Mostly a statement that fails is undone as a whole; then it has changed nothing. With OR FAIL
  // it keeps what it had done. Whether it came to run at all is in the total alone.
  const bool has_changed = connection_->total_changes() != total && connection_->changes() > 0;
  if (!rows && !has_changed) capture_.truncate(position);
  return rows;
}

// Changes, log, ledger.

Result<std::vector<query::Change>> SqliteWriter::changes_since(const Mark& mark) {
  MS_TRY_STATUS(require_transaction());
  return capture_.changes_since(mark.change_count);
}

Status SqliteWriter::append_log(Version version,
                                std::int64_t unix_ms,
                                const Origin& origin,
                                const std::vector<query::Change>& changes) {
  MS_TRY_STATUS(require_transaction());
  MS_TRY_STATUS(log_.append(version, unix_ms, origin, changes));
  if (info_ && !changes.empty()) info_->version = std::max(info_->version, version);
  return {};
}

Status SqliteWriter::set_version(Version version) {
  MS_TRY_STATUS(require_transaction());
  if (info_) info_->version = std::max(info_->version, version);
  if (log_.has_appended(version)) return {};  // that tells it as well, and saves a page
  return write_version(*connection_, version);
}

Result<std::optional<StoredLedger>> SqliteWriter::load_ledger(std::string_view client) {
  MS_TRY_STATUS(require_transaction());
  return sqlite::load_ledger(*connection_, client);
}

Status SqliteWriter::save_ledger(std::string_view client,
                                 const LedgerChange& change,
                                 std::int64_t unix_ms) {
  MS_TRY_STATUS(require_transaction());
  return sqlite::save_ledger(*connection_, client, change, unix_ms);
}

Result<PruneOutcome> SqliteWriter::prune_log(const LogRetention& retention) {
  MS_TRY_STATUS(require_transaction());
  return log_.prune(retention);
}

Result<PruneOutcome> SqliteWriter::prune_ledger(std::int64_t unix_ms_min) {
  MS_TRY_STATUS(require_transaction());
  return sqlite::prune_ledger(*connection_, unix_ms_min);
}

Result<std::string> SqliteWriter::greatest_id(const schema::Table& table) {
  MS_TRY_STATUS(require_transaction());
  MS_TRY(const TableLayout* layout, reads_.table(table));
  if (layout->model() != nullptr) return std::string();
  MS_TRY(Statement select,
         connection_->prepare(fmt::format("SELECT max(_id) FROM {}", layout->name)));
  MS_TRY(const bool has_row, select.step("read the greatest id"));
  return has_row ? std::string(select.text(0)) : std::string();
}

}  // namespace moonstone::store::sqlite
