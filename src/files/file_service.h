// Moonstone. Licence: see LICENSE.
#pragma once
// FileService: the files of one tenant. It brings bytes and rows together.
//
// An upload goes: take the token (one mutation), write the bytes while their digest is computed,
// make them durable, then commit the row (another mutation). A deletion goes the other way: the row
// goes in the caller's mutation, the bytes after the commit. Whatever a crash leaves behind is
// bytes without a row, which sweep() removes; never a row without bytes.
// Invariants:
//  (1) No row is committed before its bytes are durable under their key.
//  (2) No bytes are deleted while a committed row names them.
//  (3) `done` is called exactly once, on a thread of IoThreads or of the database: it must only
//      hand over.
// Threads: synchronised. Lifetime: database and threads outlive the service. A transfer that is
// still under way when the service goes is answered with Cancelled.
// Source: functions.md section 13 and 21.22.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_stream.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "engine/database.h"
#include "files/file_links.h"
#include "files/file_records.h"
#include "files/file_store.h"
#include "files/io_threads.h"

namespace moonstone::files {

struct FileLimits {
  /// One upload. Nothing else bounds how much of the disk it takes.
  std::uint64_t upload_bytes_max = std::uint64_t{1024} * 1024 * 1024;
  /// At once, per tenant: each holds a connection, a descriptor and with a bucket some 8 MiB.
  std::size_t uploads_max = 64;
};

/// Which types a browser may show under the address of the application. Safe: those that cannot
/// run anything there. All: for files that are served from an address of their own.
enum class InlineTypes : unsigned char { Safe, All };

struct FileServiceOptions {
  std::unique_ptr<FileStore> store;
  IoThreads* threads = nullptr;
  std::string state_folder;  // for the secret of links and the time of the last sweep
  LinkOptions links;
  FileLimits limits;
  InlineTypes inline_types = InlineTypes::Safe;
  Clock* clock = nullptr;    // null: the system's
  Random* random = nullptr;  // null: the system's
  Logger* logger = nullptr;  // null: none
};

/// What is wrong between rows and bytes; for `doctor`.
struct FileCheck {
  std::uint64_t files = 0;
  std::vector<std::string> without_bytes;  // storage ids; at most kListedMax
  std::uint64_t orphans = 0;               // objects without a row
  std::uint64_t orphan_bytes = 0;
  static constexpr std::size_t kListedMax = 100;
};

class FileService final : public engine::CommitObserver {
 public:
  /// Bytes without a row are left alone for that long. It need not be exact: uploads that this
  /// process is busy with are known, the age protects those of another one, such as an import.
  static constexpr std::int64_t kOrphanAgeMs = std::int64_t{3600} * 1000;
  /// A writer that has been silent for that long died without cleaning up.
  static constexpr std::int64_t kUnfinishedAgeMs = std::int64_t{24} * 3600 * 1000;

  /// Starts observing, and sweeps if the last sweep was long ago.
  [[nodiscard]] static Result<std::unique_ptr<FileService>> open(engine::Database& database,
                                                                 FileServiceOptions options);
  ~FileService() override;

  [[nodiscard]] const FileLinks& links() const;
  [[nodiscard]] const FileLimits& limits() const;
  [[nodiscard]] InlineTypes inline_types() const;
  /// Decides on a download by the query of its address; see FileLinks::check.
  [[nodiscard]] Result<std::optional<std::int64_t>> check_link(std::string_view storage_id,
                                                               std::string_view query) const;

  struct Content {
    std::string type;  // as sent; empty: unknown
    ByteStreamPtr bytes;
    std::optional<std::uint64_t> announced_bytes = std::nullopt;
  };
  /// Gets the storage id.
  using Stored = std::move_only_function<void(Result<std::string>)>;
  /// Takes an upload under a token. Errors: PermissionDenied (reason "upload_token"), before
  /// anything of the body is read; InvalidArgument (reason "content_type"); LimitExceeded (reason
  /// "upload_bytes"); Unavailable (reason "uploads_busy", "disk_full", "file_store"); Cancelled
  /// (the sender left, or a reset came in between).
  void upload(std::string token, Content content, Stored done);
  /// Stores without a token, for actions and imports. An import gives the id that the file had.
  void store(Content content, std::optional<std::string> storage_id, Stored done);

  using Found = std::move_only_function<void(Result<std::optional<FileRecord>>)>;
  void find(std::string storage_id, Found done);
  /// The bytes of a record, or a part of them. Errors: NotFound if the file was deleted meanwhile,
  /// Corruption if the bytes of a file are not there.
  using Opened = std::move_only_function<void(Result<ByteStreamPtr>)>;
  void open(const FileRecord& record, ByteRange range, Opened done);

  // What ctx.storage does, for actions; queries and mutations call file_records.h themselves.
  using Text = std::move_only_function<void(Result<std::optional<std::string>>)>;
  /// Nothing if there is no such file.
  void get_url(const engine::Session& session,
               std::string storage_id,
               std::optional<std::int64_t> expires_in_s,
               Text done);
  void generate_upload_url(engine::Session session, Stored done);
  using Done = std::move_only_function<void(Status)>;
  void remove(engine::Session session, std::string storage_id, Done done);

  /// Removes the bytes of all files and turns uploads that are under way away; to be called after
  /// Database::reset() emptied the tables. Waits.
  void clear();

  /// Removes objects older than `age_ms` that have no row. Blocks; also runs by itself each hour.
  /// Returns how many were removed.
  [[nodiscard]] Result<std::uint64_t> sweep(std::int64_t age_ms = kOrphanAgeMs);

  void on_commit(const engine::CommitPtr& commit) override;

  /// Shared with what is still under way; defined in internal/file_core.h.
  struct Core;

 private:
  explicit FileService(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

/// Compares rows and bytes. Blocks; works beside a running server. Cost: O(files).
[[nodiscard]] Result<FileCheck> check_files(engine::Database& database, FileStore& store);

}  // namespace moonstone::files
