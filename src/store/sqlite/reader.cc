// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/reader.h"

#include <utility>

#include "store/sqlite/internal/meta.h"

namespace moonstone::store::sqlite {

SqliteReader::SqliteReader(std::unique_ptr<Connection> connection, const Environment& environment)
    : connection_(std::move(connection)),
      layouts_(environment.layouts),
      gate_(environment.gate),
      secret_(environment.secret),
      reads_(*connection_, environment.scans),
      slot_(std::make_shared<SnapshotSlot>()) {
  const MutexLock lock(slot_->mutex);
  slot_->connection = connection_.get();
}

SqliteReader::~SqliteReader() {
  end();
  const MutexLock lock(slot_->mutex);
  slot_->connection = nullptr;
}

Result<SnapshotInfo> SqliteReader::begin() {
  end();
  gate_.enter(slot_);
  has_entered_ = true;
  auto info = take_snapshot();
  if (!info) end();
  return info;
}

Result<SnapshotInfo> SqliteReader::take_snapshot() {
  const MutexLock lock(slot_->mutex);
  slot_->is_revoked = false;
  slot_->begun = std::chrono::steady_clock::now();
  MS_TRY_STATUS(connection_->run("BEGIN", "take a snapshot"));
  // BEGIN alone takes none: the first read does, and this is it.
  MS_TRY(const SnapshotInfo info, read_snapshot_info(*connection_));
  if (reads_.layout() == nullptr || reads_.layout()->schema_version != info.schema_version) {
    MS_TRY(LayoutPtr layout, layouts_.load(*connection_, info.schema_version));
    connection_->forget_statements();
    reads_.use_layout(std::move(layout));
  }
  return info;
}

void SqliteReader::end() {
  if (!has_entered_) return;
  {
    const MutexLock lock(slot_->mutex);
    if (connection_->in_transaction()) connection_->end_read();
  }
  gate_.leave(slot_);
  has_entered_ = false;
}

schema::SchemaPtr SqliteReader::schema() const {
  return reads_.layout() == nullptr ? std::make_shared<const schema::Schema>()
                                    : reads_.layout()->schema;
}

Status SqliteReader::require_snapshot() const {
  if (connection_->in_transaction()) return {};
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
  return reads_.get(table, id, budget);
}

Result<std::vector<query::Row>> SqliteReader::select(const query::Query& query,
                                                     ReadBudget& budget) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return reads_.select(query, budget);
}

Result<std::uint64_t> SqliteReader::count(const query::Query& query, ReadBudget& budget) {
  const MutexLock lock(slot_->mutex);
  MS_TRY_STATUS(require_snapshot());
  return reads_.count(query, budget);
}

}  // namespace moonstone::store::sqlite
