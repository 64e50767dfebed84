// Moonstone. Licence: see LICENSE.
// Applying migrations and telling which were applied.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "store/migrations.h"
#include "store/sqlite/internal/migration_files.h"
#include "store/sqlite/internal/migration_script.h"
#include "store/sqlite/internal/migration_time.h"
#include "store/sqlite/internal/raw_sql.h"

namespace moonstone::store {

namespace {

Error closed() {
  return {ErrorCode::FailedPrecondition, "the connection is closed", "closed"};
}

using Records = std::vector<sqlite::MigrationRecord>;

const sqlite::MigrationRecord* find_record(const Records& records, const std::string& name) {
  const auto found = std::ranges::find(records, name, &sqlite::MigrationRecord::name);
  return found == records.end() ? nullptr : &*found;
}

/// Stands in where no host runs scripts.
class NoScripts final : public MigrationScripts {
 public:
  Status run(const MigrationRun::Script& script) override {
    return Error(
        ErrorCode::FailedPrecondition,
        fmt::format("{} is a migration in JavaScript: it needs a client to run with", script.file),
        "client_needed");
  }
};

}  // namespace

Result<std::unique_ptr<MigrationRun>> MigrationRun::start(const MigrationPlace& place,
                                                          Clock& clock) {
  if (!place.connection.is_open()) return closed();
  std::unique_ptr<MigrationRun> run(new MigrationRun(place.connection, place.prefix, clock));
  MS_TRY(std::vector<sqlite::MigrationFileText> files, sqlite::read_migration_files(place.folder));
  if (files.empty()) {
    run->outcome_.message = place.prefix + "no migration files found";
    return run;
  }
  MS_TRY_STATUS(sqlite::make_migration_table(place.connection.handle()));
  MS_TRY(const Records records, sqlite::read_migration_records(place.connection.handle()));
  for (sqlite::MigrationFileText& file : files) {
    if (find_record(records, file.name) != nullptr) continue;
    run->files_.push_back({.file = file.name, .path = file.path, .text = std::move(file.text)});
  }
  run->outcome_.pending = run->files_.size();
  if (run->files_.empty())
    run->outcome_.message = place.prefix + "✓ all migrations already applied";
  return run;
}

std::optional<MigrationRun::Script> MigrationRun::next() {
  while (position_ < files_.size() && !outcome_.has_failed()) {
    const Pending& pending = files_[position_];
    started_ms_ = clock_.unix_ms();
    const sqlite::MigrationFileText file{pending.file, pending.path, pending.text};
    if (file.is_script()) return Script{pending.file, pending.path};
    if (!connection_.is_open()) {
      note(pending.file, closed());
      break;
    }
    note(pending.file,
         sqlite::run_migration_script(connection_.handle(), pending.text, [this, &file] {
           return record(file.name, sqlite::checksum_of(file));
         }));
    ++position_;
  }
  analyse();
  return std::nullopt;
}

void MigrationRun::finish_script(const Status& done) {
  const sqlite::MigrationFileText file{files_[position_].file, {}, {}};
  Status recorded = done;
  if (done && !connection_.is_open()) recorded = closed();
  if (recorded) recorded = record(file.name, sqlite::checksum_of(file));
  note(file.name, recorded);
  ++position_;
}

Status MigrationRun::record(const std::string& file, const std::string& checksum) {
  return sqlite::write_migration_record(
      connection_.handle(),
      {.name = file, .applied_at = sqlite::iso_time(clock_.unix_ms()), .checksum = checksum});
}

void MigrationRun::note(const std::string& file, const Status& done) {
  outcome_.applied.push_back({.file = file,
                              .ok = done.has_value(),
                              .elapsed_ms = clock_.unix_ms() - started_ms_,
                              .error = done ? std::string() : done.error().message()});
}

void MigrationRun::analyse() {
  const bool has_applied = std::ranges::any_of(outcome_.applied, &AppliedMigration::ok);
  if (!has_applied || !connection_.is_open()) return;
  sqlite::run_raw(connection_.handle(), "ANALYZE")
      .ignore("only the planner's figures; the migrations are applied");
}

Result<ApplyOutcome> apply_migrations(const MigrationPlace& place,
                                      Clock& clock,
                                      MigrationScripts* scripts) {
  NoScripts none;
  MigrationScripts& host = scripts != nullptr ? *scripts : none;
  MS_TRY(const std::unique_ptr<MigrationRun> run, MigrationRun::start(place, clock));
  while (const auto script = run->next())
    run->finish_script(host.run(*script));
  return run->outcome();
}

Result<std::vector<MigrationStatus>> migration_status(const MigrationPlace& place) {
  if (!place.connection.is_open()) return closed();
  MS_TRY(const auto files, sqlite::read_migration_files(place.folder));
  MS_TRY(const Records records, sqlite::read_migration_records(place.connection.handle()));
  std::vector<MigrationStatus> out;
  for (const sqlite::MigrationFileText& file : files) {
    MigrationStatus& status = out.emplace_back(MigrationStatus{.file = file.name});
    if (!file.is_script()) status.sql = file.text;
    const sqlite::MigrationRecord* const record = find_record(records, file.name);
    if (record == nullptr) continue;
    status.applied_at = record->applied_at;
    const bool is_modified = !file.is_script() && record->checksum != sqlite::checksum_of(file);
    status.state = is_modified ? MigrationState::Modified : MigrationState::Applied;
  }
  for (const sqlite::MigrationRecord& record : records) {
    const bool is_there =
        std::ranges::any_of(files, [&](const auto& file) { return file.name == record.name; });
    if (is_there) continue;
    out.push_back({.file = record.name,
                   .state = MigrationState::Orphaned,
                   .applied_at = record.applied_at,
                   .sql = std::nullopt});
  }
  return out;
}

}  // namespace moonstone::store
