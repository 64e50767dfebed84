// Moonstone. Licence: see LICENSE.
// SqliteWriter between transactions: schema changes, reset, checkpoints.
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "store/sqlite/internal/meta.h"
#include "store/sqlite/internal/schema_apply.h"
#include "store/sqlite/internal/schema_check.h"
#include "store/sqlite/internal/sequence.h"
#include "store/sqlite/internal/writer.h"

namespace moonstone::store::sqlite {

Status SqliteWriter::checkpoint() {
  MS_TRY_STATUS(require_idle());
  return wal_.copy_here();
}

Status SqliteWriter::tend_wal(WalCare care) {
  MS_TRY_STATUS(require_idle());
  return wal_.tend(care);
}

Status SqliteWriter::reset(const std::vector<std::string>& kept) {
  // Everything goes, so the order does not matter.
  MS_TRY(const Begun begun, begin_with(ForeignKeys::Ignored));
  capture_.pause();
  Status done = delete_everything(kept);
  if (done) done = set_version(begun.version + 1);
  if (done) {
    done = commit();
  } else {
    rollback();
  }
  capture_.resume();
  return done;
}

Status SqliteWriter::delete_everything(const std::vector<std::string>& kept) {
  constexpr std::string_view kDoing = "reset the database";
  for (const TableLayout& table : reads_.layout()->tables) {
    if (std::ranges::find(kept, table.table->name) != kept.end()) continue;
    const schema::Model* const model = table.model();
    if (model != nullptr && (model->is_view || model->is_external)) continue;
    MS_TRY_STATUS(connection_->run_once(fmt::format("DELETE FROM {}", table.name), kDoing));
    const bool has_sequences =
        model != nullptr && std::ranges::any_of(model->fields, [](const schema::ModelField& field) {
          return !field.sequence_scope.empty();
        });
    if (has_sequences) MS_TRY_STATUS(forget_sequences(*connection_, model->name));
    for (const SearchLayout& search : table.searches)
      MS_TRY_STATUS(clear_search_index(*connection_, search));
  }
  MS_TRY_STATUS(connection_->run_once("DELETE FROM _moonstone_log", kDoing));
  MS_TRY_STATUS(connection_->run_once("DELETE FROM _moonstone_clients", kDoing));
  MS_TRY_STATUS(connection_->run_once("DELETE FROM _moonstone_replies", kDoing));
  // Positions in the log that were handed out mean nothing any more.
  MS_TRY(const SnapshotInfo info, read_snapshot_info(*connection_));
  info_.reset();
  return write_epoch(*connection_, info.epoch + 1);
}

Result<Writer::SchemaOutcome> SqliteWriter::apply_schema(schema::Schema next, AllowDataLoss allow) {
  // A table that is made anew would take the rows with it that refer to it.
  MS_TRY_STATUS(begin_with(ForeignKeys::Ignored));
  const LayoutPtr previous = reads_.layout();
  capture_.pause();
  auto outcome = apply_in_transaction(std::move(next), allow);
  if (!outcome) {
    rollback();
    if (reads_.layout() != previous) {
      use_layout(previous).ignore("begin() reads the layout again when it is not that of the file");
    }
  }
  capture_.resume();
  return outcome;
}

Result<Writer::SchemaCheck> SqliteWriter::check_schema(schema::Schema next) {
  MS_TRY_STATUS(begin());
  const schema::SchemaPtr old = reads_.layout()->schema;
  schema::assign_ids(next, *old);
  SchemaCheck check;
  check.diff = schema::diff_schemas(*old, next);
  const schema::Schema old_documents = documents_of(*old);
  const schema::Schema documents = documents_of(next);
  Status done = find_losses(*connection_, old_documents, documents, check.losses);
  if (done) done = find_violations(*connection_, old_documents, documents, check.violations);
  if (done && next.catalog != nullptr) {
    done = find_model_obstacles(*connection_, *next.catalog, check.losses, check.violations);
  }
  rollback();
  if (!done) return std::move(done).error();
  return check;
}

Result<bool> SqliteWriter::keeps_model_tables(const schema::Schema& next) {
  if (foreign_file_ != ForeignFile::Adopt || next.catalog == nullptr) return false;
  return has_foreign_tables(*connection_);
}

Result<Writer::SchemaOutcome> SqliteWriter::apply_in_transaction(schema::Schema next,
                                                                 AllowDataLoss allow) {
  const LayoutPtr previous = reads_.layout();
  const schema::Schema& old = *previous->schema;
  schema::assign_ids(next, old);
  schema::SchemaDiff diff = schema::diff_schemas(old, next);
  // As texts: a number that was read back is of another kind than one that was not.
  const bool is_same =
      to_json(schema::schema_to_stored_json(old)) == to_json(schema::schema_to_stored_json(next));
  if (is_same) {
    rollback();  // what another program wrote is for the next transaction to tell
    return SchemaOutcome{previous->schema, previous->schema_version, std::move(diff)};
  }
  MS_TRY(const bool keeps_tables, keeps_model_tables(next));
  if (!keeps_tables) MS_TRY_STATUS(migrate(*connection_, old, next, allow));
  const std::uint64_t schema_version = previous->schema_version + 1;
  info_.reset();
  MS_TRY_STATUS(write_schema(*connection_, next, schema_version));
  const LayoutPtr layout =
      make_layout(std::make_shared<const schema::Schema>(std::move(next)), schema_version);
  MS_TRY_STATUS(use_layout(layout));
  MS_TRY_STATUS(commit());
  layouts_.add(layout);
  return SchemaOutcome{layout->schema, schema_version, std::move(diff)};
}

}  // namespace moonstone::store::sqlite
