// Moonstone. Licence: see LICENSE.
#pragma once
// What a FileService shares with its transfers and its upkeep: store, links, limits, and who is
// busy.
// Threads: synchronised.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "files/file_service.h"

namespace moonstone::files {

/// Lets transfers and upkeep use the database until the service goes, and the service wait for
/// them. Nobody calls foreign code inside.
class Gate {
 public:
  /// Whether the caller may go on; then it must call leave().
  [[nodiscard]] bool enter();
  void leave();
  /// Refuses newcomers and waits for those inside.
  void close();
  /// Whether somebody waits for those inside to leave.
  [[nodiscard]] bool is_closed();

 private:
  Mutex mutex_;
  Condition changed_;
  bool is_closed_ MS_GUARDED_BY(mutex_) = false;
  std::size_t inside_ MS_GUARDED_BY(mutex_) = 0;
};

struct FileService::Core : std::enable_shared_from_this<Core> {
  Core(engine::Database& database_of_tenant, FileServiceOptions given, std::string secret);

  engine::Database& database;
  const std::unique_ptr<FileStore> store;
  IoThreads& threads;
  const std::string state_folder;
  const FileLimits limits;
  const InlineTypes inline_types;
  Clock& clock;
  Random& random;
  Logger& logger;
  const FileLinks links;
  Gate gate;
  /// For look-ups; null until the first one and when the service has gone.
  Guarded<std::unique_ptr<engine::ReadSession>> reader;

  struct Busy {
    /// Being written, until their row is committed, or being erased: nobody else touches them.
    std::set<std::string, std::less<>> keys;
    std::size_t uploads = 0;
    std::uint64_t epoch = 0;  // +1 with each clear()
  };
  Guarded<Busy> busy;

  /// Errors: Cancelled once the service goes.
  [[nodiscard]] Result<std::optional<FileRecord>> find(std::string_view storage_id);
  /// Submits the mutation, or answers it with Cancelled once the service goes.
  void submit(engine::MutationCall call);
  [[nodiscard]] Result<std::uint64_t> sweep(std::int64_t age_ms);
  /// Deletes objects that have no row; failures are left to the next sweep.
  void erase_later(std::vector<std::string> keys);
  void sweep_later();

 private:
  [[nodiscard]] Result<std::optional<FileRecord>> find_inside(std::string_view storage_id);
  /// Deletes those of the objects that have no row; returns how many.
  [[nodiscard]] Result<std::uint64_t> erase_orphans(std::vector<std::string> keys,
                                                    engine::ReadSession& session);
  [[nodiscard]] Result<std::vector<std::string>> without_row(std::vector<std::string> keys,
                                                             engine::ReadSession& session);
  void run_sweep();
};

/// One of the uploads that may run at once. Its key is safe from sweeps as long as it lives.
class Admission {
 public:
  /// Errors: Unavailable (reason "uploads_busy").
  [[nodiscard]] static Result<Admission> admit(std::shared_ptr<FileService::Core> core,
                                               std::string key);
  ~Admission();
  Admission(Admission&&) noexcept = default;
  Admission& operator=(Admission&&) = delete;
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  [[nodiscard]] FileService::Core& core() const { return *core_; }
  [[nodiscard]] const std::string& key() const { return key_; }
  /// Errors: Cancelled if the files were cleared since the admission.
  [[nodiscard]] Status check_epoch() const;

 private:
  Admission(std::shared_ptr<FileService::Core> core, std::string key, std::uint64_t epoch)
      : core_(std::move(core)), key_(std::move(key)), epoch_(epoch) {}

  std::shared_ptr<FileService::Core> core_;  // null after a move
  std::string key_;
  std::uint64_t epoch_;
};

/// Moves the content into the store, then commits its row; see FileService.
void start_upload(Admission admission, FileService::Content content, FileService::Stored done);

}  // namespace moonstone::files
