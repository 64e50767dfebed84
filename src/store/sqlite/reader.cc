// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/reader.h"

#include <utility>

#include "store/sqlite/internal/meta.h"

namespace moonstone::store::sqlite {

Result<SnapshotInfo> SqliteReader::begin() {
  end();
  auto info = take_snapshot();
  if (!info) end();
  return info;
}

Result<SnapshotInfo> SqliteReader::take_snapshot() {
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
  if (!connection_->in_transaction()) return;
  connection_->run("COMMIT", "end a snapshot").ignore("a read has nothing to lose");
}

schema::SchemaPtr SqliteReader::schema() const {
  return reads_.layout() == nullptr ? std::make_shared<const schema::Schema>()
                                    : reads_.layout()->schema;
}

Status SqliteReader::require_snapshot() const {
  if (connection_->in_transaction()) return {};
  return Error(ErrorCode::Internal, "a reader was used outside begin() and end()");
}

Result<std::optional<query::Row>> SqliteReader::get(const schema::Table& table,
                                                    std::string_view id,
                                                    ReadBudget& budget) {
  MS_TRY_STATUS(require_snapshot());
  return reads_.get(table, id, budget);
}

Result<std::vector<query::Row>> SqliteReader::select(const query::Query& query,
                                                     ReadBudget& budget) {
  MS_TRY_STATUS(require_snapshot());
  return reads_.select(query, budget);
}

Result<std::uint64_t> SqliteReader::count(const query::Query& query, ReadBudget& budget) {
  MS_TRY_STATUS(require_snapshot());
  return reads_.count(query, budget);
}

}  // namespace moonstone::store::sqlite
