// Moonstone. Licence: see LICENSE.
#pragma once
// What is configured about files, for all tenants of a process, and how one tenant's service is
// opened from it.
// Threads: plain values; open_tenant_files() blocks.

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "engine/database.h"
#include "files/file_service.h"
#include "files/io_threads.h"
#include "files/s3_file_store.h"

namespace moonstone::files {

struct FileSettings {
  /// Shared by all tenants; outlives them.
  std::shared_ptr<IoThreads> threads;
  /// Nothing: each tenant's files lie in its folder. Else each has a prefix of its own below the
  /// one given here.
  std::optional<S3Options> bucket;
  LinkOptions links;
  FileLimits limits;
  InlineTypes inline_types = InlineTypes::Safe;
};

struct TenantFiles {
  std::string folder;  // of the tenant
  std::string name;    // of the tenant, as a folder is named
  Clock* clock = nullptr;
  Random* random = nullptr;
  Logger* logger = nullptr;
};

/// The folder of a tenant's files, in the tenant's folder. With a bucket it holds the secret only.
inline constexpr std::string_view kFilesFolder = "files";

/// Opens the place of the bytes alone, for programs that work beside a server.
/// Errors: Unavailable; InvalidArgument (reason "config") from the bucket's options.
[[nodiscard]] Result<std::unique_ptr<FileStore>> open_tenant_store(const FileSettings& settings,
                                                                   const TenantFiles& tenant);

/// Errors: as above, and those of FileService::open.
[[nodiscard]] Result<std::unique_ptr<FileService>> open_tenant_files(engine::Database& database,
                                                                     const FileSettings& settings,
                                                                     const TenantFiles& tenant);

}  // namespace moonstone::files
