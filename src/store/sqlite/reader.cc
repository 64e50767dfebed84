// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/reader.h"

#include <utility>

#include "store/sqlite/internal/meta.h"
#include "store/sqlite/internal/model_select.h"

namespace moonstone::store::sqlite {

SqliteReader::~SqliteReader() {
  finish();
  environment_.gate.remove(*this);
  close_connection();
}

void SqliteReader::close_connection() {
  bool was_idle = false;
  {
    const MutexLock lock(slot_->mutex);
    was_idle = slot_->is_idle.exchange(false);
    slot_->connection = nullptr;
    wal_index_.close();
    opened_.reset();
  }
  if (was_idle) environment_.snapshots.leave(slot_);
}

Status SqliteReader::open() {
  environment_.gate.enter(*this);
  Status opened;
  {
    const MutexLock lock(slot_->mutex);
    opened = ensure_open();
  }
  environment_.gate.leave(*this);
  return opened;
}

Status SqliteReader::ensure_open() {
  if (opened_) return {};
  MS_TRY(auto connection, Connection::open(environment_.options, Connection::Role::Reader));
  Connection& handle = *connection;
  opened_ =
      std::make_unique<Opened>(std::move(connection), DocumentReads(handle, environment_.scans));
  slot_->connection = &handle;
  return {};
}

Result<SnapshotInfo> SqliteReader::begin() {
  end();
  environment_.gate.enter(*this);
  is_inside_ = true;
  if (resume()) return info_;
  environment_.snapshots.enter(slot_);
  auto info = take_snapshot();
  if (!info) {
    finish();
    return info;
  }
  info_ = *info;
  return info;
}

bool SqliteReader::keep() {
  const MutexLock lock(slot_->mutex);
  if (!mark_ || !opened_ || !opened_->connection->in_transaction()) return false;
  slot_->is_idle = true;
  if (!environment_.snapshots.may_keep()) {
    slot_->is_idle = false;
    return false;
  }
  environment_.snapshots.note_idle();
  return true;
}

bool SqliteReader::resume() {
  {
    const MutexLock lock(slot_->mutex);
    if (!slot_->is_idle.exchange(false)) return false;  // whoever ended it leaves the gate
    if (environment_.snapshots.may_keep() && wal_index_.mark() == mark_) {
      slot_->begun = std::chrono::steady_clock::now();
      return true;
    }
    opened_->connection->end_read();
  }
  environment_.snapshots.leave(slot_);
  return false;
}

Result<SnapshotInfo> SqliteReader::take_snapshot() {
  const MutexLock lock(slot_->mutex);
  slot_->is_revoked = false;
  slot_->begun = std::chrono::steady_clock::now();
  MS_TRY_STATUS(ensure_open());
  mark_ = wal_index_.mark();
  MS_TRY_STATUS(opened_->connection->run("BEGIN", "take a snapshot"));
  // BEGIN alone takes none: the first read does, and this is it.
  MS_TRY(const SnapshotInfo info, read_snapshot_info(*opened_->connection));
  if (environment_.keep == KeepSnapshot::Yes && !wal_index_.is_open()) {
    wal_index_.open(opened_->connection->handle());  // for the next one
  }
  // If somebody has committed in between, nobody knows of which state the mark is.
  if (mark_ != wal_index_.mark()) mark_.reset();
  DocumentReads& reads = opened_->reads;
  if (reads.layout() == nullptr || reads.layout()->schema_version != info.schema_version) {
    MS_TRY(LayoutPtr layout, environment_.layouts.load(*opened_->connection, info.schema_version));
    opened_->connection->forget_statements();
    reads.use_layout(std::move(layout));
  }
  layout_ = reads.layout();
  return info;
}

void SqliteReader::end() {
  if (!is_inside_) return;
  if (!keep()) return finish();
  is_inside_ = false;
  environment_.gate.leave(*this);
}

void SqliteReader::finish() {
  if (!is_inside_) return;
  bool is_revoked = false;
  {
    const MutexLock lock(slot_->mutex);
    if (opened_ && opened_->connection->in_transaction()) opened_->connection->end_read();
    is_revoked = slot_->is_revoked;
  }
  is_inside_ = false;
  if (!is_revoked) environment_.snapshots.leave(slot_);  // else whoever revoked it does
  environment_.gate.leave(*this);
}

schema::SchemaPtr SqliteReader::schema() const {
  return layout_ == nullptr ? std::make_shared<const schema::Schema>() : layout_->schema;
}

Status SqliteReader::require_snapshot() const {
  if (is_inside_ && opened_ && opened_->connection->in_transaction()) return {};
  if (slot_->is_revoked) {
    return Error(
        ErrorCode::Unavailable,
        "the snapshot was too old while many changes were written, and was given up. Start "
        "the read again",
        "snapshot_too_old");
  }
  return Error(ErrorCode::Internal, "a reader was used outside begin() and end()");
}

Result<std::optional<query::Row>> SqliteReader::get(const schema::Table& table,
                                                    std::string_view id,
                                                    ReadBudget& budget) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return opened_->reads.get(table, id, budget);
}

Result<std::vector<query::Row>> SqliteReader::select(const query::Query& query,
                                                     ReadBudget& budget) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return opened_->reads.select(query, budget);
}

Result<std::uint64_t> SqliteReader::count(const query::Query& query, ReadBudget& budget) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return opened_->reads.count(query, budget);
}

Result<CompiledStatementPtr> SqliteReader::compile(const query::Select& select) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return compile_select(*layout_, select);
}

Result<query::RowSet> SqliteReader::read(const CompiledStatement& statement,
                                         std::span<const Value> parameters,
                                         ReadBudget& budget) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return run_select(*opened_->connection, statement, layout_->schema_version, parameters, budget);
}

}  // namespace moonstone::store::sqlite
