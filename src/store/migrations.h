// Moonstone. Licence: see LICENSE.
#pragma once
// Migrations of `.lite` projects: files that change a database step by step, and the record of
// those that ran.
//
//   <folder>/<YYYYMMDDHHMMSS>_<slug>.(sql|js)      by name; several databases: a folder for each
//   _litestone_migrations(id, name, applied_at, checksum)      in the database itself
//
// A file of SQL runs as one transaction together with its record, whatever transactions it names
// itself: a file that fails leaves nothing behind. A file that switches foreign keys off is checked
// before COMMIT. Files of JavaScript are run by a host.
// The structures have the shape of litestone.md 35; `to_value` gives it to JavaScript and JSON.
// Threads: on the connection's thread. Source: litestone.md 35.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"
#include "schema/catalog.h"
#include "store/raw_connection.h"

namespace moonstone::store {

/// Files and statements beyond this are no migrations. Units: bytes.
inline constexpr std::size_t kMigrationBytesMax = std::size_t{64} * 1024 * 1024;

/// One database of a project and its folder.
struct MigrationPlace {
  RawConnection& connection;
  std::string folder;
  std::string database = "main";  // whose models
  /// Put before messages and summary lines where a project has several databases.
  std::string prefix{};
};

/// What a database lacks of its schema.
struct SchemaGap {
  std::vector<std::string> summary;  // the lines of litestone.md 35.11
  std::string sql;                   // a whole migration; empty: nothing to do
  std::vector<std::string> blocked;  // "user.nick": required without default, and there are rows
  std::vector<std::string> unknown;  // tables and views that the schema does not declare
  std::size_t statement_count = 0;

  [[nodiscard]] bool is_in_sync() const { return statement_count == 0 && blocked.empty(); }
};
/// Errors: InvalidArgument (models that refer to each other in a circle); those of RawConnection.
[[nodiscard]] Result<SchemaGap> find_schema_gap(const MigrationPlace& place,
                                                const schema::Catalog& catalog);

struct CreatedMigration {
  bool created = false;
  std::string message;  // if not
  std::string name;     // of the file
  std::string path;
  std::vector<std::string> summary;
  std::string sql;  // of the file, its comments included
};
enum class MigrationFile : unsigned char { Write, DryRun };
/// Compares the database with the schema and writes the migration between them. Tables that the
/// schema does not know are worth a file only until one names them. Errors: as find_schema_gap;
/// Unavailable (the file cannot be written), AlreadyExists (twice in one second).
[[nodiscard]] Result<CreatedMigration> create_migration(const MigrationPlace& place,
                                                        const schema::Catalog& catalog,
                                                        std::string_view label,
                                                        Clock& clock,
                                                        MigrationFile mode = MigrationFile::Write);

struct AppliedMigration {
  std::string file;
  bool ok = false;
  std::int64_t elapsed_ms = 0;
  std::string error{};
};
struct ApplyOutcome {
  std::vector<AppliedMigration> applied;  // the last one may have failed
  std::size_t pending = 0;                // before
  std::string message;                    // if there was nothing to do
  [[nodiscard]] bool has_failed() const { return !applied.empty() && !applied.back().ok; }
};

/// The files that wait, applied one after the other. SQL runs at once; at a file of JavaScript the
/// run stops, so that a host can run it in its own time.
class MigrationRun {
 public:
  /// Errors: Unavailable (the folder cannot be read), LimitExceeded, those of RawConnection.
  [[nodiscard]] static Result<std::unique_ptr<MigrationRun>> start(const MigrationPlace& place,
                                                                   Clock& clock);

  struct Script {
    std::string file;
    std::string path;
  };
  /// Applies what it can; nothing: done, or one has failed. Else finish_script() is to be called.
  [[nodiscard]] std::optional<Script> next();
  /// What became of the script that next() gave.
  void finish_script(const Status& done);
  [[nodiscard]] const ApplyOutcome& outcome() const { return outcome_; }

 private:
  struct Pending {
    std::string file;
    std::string path;
    std::string text;
  };
  MigrationRun(RawConnection& connection, std::string prefix, Clock& clock)
      : connection_(connection), prefix_(std::move(prefix)), clock_(clock) {}
  Status record(const std::string& file, const std::string& checksum);
  void note(const std::string& file, const Status& done);
  void analyse();

  RawConnection& connection_;
  std::string prefix_;
  Clock& clock_;
  std::vector<Pending> files_;
  std::size_t position_ = 0;
  std::int64_t started_ms_ = 0;
  ApplyOutcome outcome_;
};

/// Runs files of JavaScript: the client that the project's code gets is the host's.
class MigrationScripts {
 public:
  virtual ~MigrationScripts() = default;
  [[nodiscard]] virtual Status run(const MigrationRun::Script& script) = 0;
};
/// Applies all that waits. Without `scripts` a file of JavaScript fails.
[[nodiscard]] Result<ApplyOutcome> apply_migrations(const MigrationPlace& place,
                                                    Clock& clock,
                                                    MigrationScripts* scripts = nullptr);

enum class MigrationState : unsigned char { Applied, Pending, Modified, Orphaned };
struct MigrationStatus {
  std::string file;
  MigrationState state = MigrationState::Pending;
  std::optional<std::string> applied_at{};
  std::optional<std::string> sql{};  // none for JavaScript and for files that are gone
};
/// Files by name, then records whose files are gone.
[[nodiscard]] Result<std::vector<MigrationStatus>> migration_status(const MigrationPlace& place);

struct Verification {
  enum class State : unsigned char { InSync, Pending, Drift };
  State state = State::InSync;
  std::string message;
  std::vector<std::string> pending;
  SchemaGap gap;
};
[[nodiscard]] Result<Verification> verify_schema(const MigrationPlace& place,
                                                 const schema::Catalog& catalog);

struct AutoMigration {
  enum class State : unsigned char { InSync, Migrated, Skipped };
  State state = State::InSync;
  std::size_t applied = 0;  // statements
  std::string sql;
  std::string reason;  // why it was skipped
};
/// Brings the database to its schema without a file. Skips, and changes nothing, where a person
/// must decide. Errors: those of the statements; then nothing has changed.
[[nodiscard]] Result<AutoMigration> auto_migrate(const MigrationPlace& place,
                                                 const schema::Catalog& catalog);

// Exactly the objects of litestone.md 35.
[[nodiscard]] Value to_value(const CreatedMigration& created);
[[nodiscard]] Value to_value(const ApplyOutcome& outcome);
[[nodiscard]] Value to_value(const std::vector<MigrationStatus>& status);
[[nodiscard]] Value to_value(const Verification& verification);
[[nodiscard]] Value to_value(const AutoMigration& outcome);
[[nodiscard]] std::string_view to_string(MigrationState state);
[[nodiscard]] std::string_view to_string(Verification::State state);
[[nodiscard]] std::string_view to_string(AutoMigration::State state);

/// The part of a file's name that a label becomes. `Add users!` is `add_users`.
[[nodiscard]] std::string migration_slug(std::string_view label);

}  // namespace moonstone::store
