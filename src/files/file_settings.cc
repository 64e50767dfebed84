// Moonstone. Licence: see LICENSE.
#include "files/file_settings.h"

#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "files/local_file_store.h"

namespace moonstone::files {
namespace {

std::string folder_of(const TenantFiles& tenant) {
  return tenant.folder + "/" + std::string(kFilesFolder);
}

}  // namespace

Result<std::unique_ptr<FileStore>> open_tenant_store(const FileSettings& settings,
                                                     const TenantFiles& tenant) {
  if (!settings.bucket) return open_local_file_store(folder_of(tenant));
  S3Options bucket = *settings.bucket;
  if (!bucket.prefix.empty() && !bucket.prefix.ends_with('/')) bucket.prefix += '/';
  bucket.prefix += tenant.name;
  return open_s3_file_store(std::move(bucket));
}

Result<std::unique_ptr<FileService>> open_tenant_files(engine::Database& database,
                                                       const FileSettings& settings,
                                                       const TenantFiles& tenant) {
  std::error_code failed;
  std::filesystem::create_directories(folder_of(tenant), failed);
  if (failed) {
    return Error(ErrorCode::Unavailable,
                 "cannot make the folder " + folder_of(tenant) + ": " + failed.message(),
                 "file_store");
  }
  MS_TRY(std::unique_ptr<FileStore> store, open_tenant_store(settings, tenant));
  // Nobody else writes into the folder, and nobody of this process yet: all of it is leftovers.
  // A bucket is left to the sweeps, so that opening a tenant asks nothing of the network.
  if (!settings.bucket) {
    MS_TRY_STATUS(store->discard_unfinished(std::numeric_limits<std::int64_t>::max()));
  }
  return FileService::open(database, {.store = std::move(store),
                                      .threads = settings.threads.get(),
                                      .state_folder = folder_of(tenant),
                                      .links = settings.links,
                                      .limits = settings.limits,
                                      .inline_types = settings.inline_types,
                                      .clock = tenant.clock,
                                      .random = tenant.random,
                                      .logger = tenant.logger});
}

}  // namespace moonstone::files
