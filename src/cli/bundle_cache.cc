// Moonstone. Licence: see LICENSE.
#include "cli/bundle_cache.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/version.h"
#include "cli/files.h"
#include "runtime/bundle_file.h"

namespace moonstone::cli {
namespace {

using runtime::BundleSource;

struct CacheFiles {
  explicit CacheFiles(const std::string& folder)
      : stamp(folder + "/stamp.json"),
        parts{{{folder + "/bundle.js", &BundleSource::code},
               {folder + "/bundle.js.map", &BundleSource::source_map},
               {folder + "/bundle.node.mjs", &BundleSource::node_code},
               {folder + "/bundle.node.mjs.map", &BundleSource::node_source_map},
               {folder + "/bundle.node.json", &BundleSource::node_manifest}}} {}

  struct Part {
    std::string path;
    std::string BundleSource::* text;
  };
  std::string stamp;
  std::array<Part, 5> parts;
};

std::string hash_text(std::string_view text) {
  return fmt::format("{:016x}", stable_hash(text));
}

std::string_view text_member(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? std::string_view(member->as_text())
                                                : std::string_view();
}

/// The inputs with their hashes as they are now, or nothing if one cannot be read.
std::optional<Object> hash_inputs(const std::vector<std::string>& inputs) {
  Object hashes;
  hashes.reserve(inputs.size());
  for (const std::string& path : inputs) {
    const auto text = read_file(path);
    if (!text) return std::nullopt;
    hashes.append(path, hash_text(*text));
  }
  return hashes;
}

/// Whether a file is younger than `moment`, or gone.
bool was_written_since(const std::vector<std::string>& inputs,
                       std::chrono::file_clock::time_point moment) {
  return std::ranges::any_of(inputs, [&](const std::string& path) {
    std::error_code failed;
    return std::filesystem::last_write_time(path, failed) >= moment || failed;
  });
}

/// The stamp if it is of this version and this entry.
std::optional<Object> read_stamp(const CacheFiles& files, const std::string& entry) {
  const auto text = read_file(files.stamp);
  if (!text) return std::nullopt;
  JsonLimits limits;
  limits.bytes_max = kFileBytesMax;
  auto stamp = parse_json(*text, limits);
  if (!stamp || !stamp->is_object()) return std::nullopt;
  Object& object = stamp->as_object();
  if (text_member(object, "version") != version() ||
      text_member(object, "entry") != hash_text(entry)) {
    return std::nullopt;
  }
  return std::move(object);
}

}  // namespace

std::optional<CachedBundle> load_cached_bundle(const std::string& build_folder,
                                               const std::string& entry) {
  const CacheFiles files(build_folder);
  const auto stamp = read_stamp(files, entry);
  if (!stamp) return std::nullopt;
  const Value* const recorded = stamp->find("inputs");
  if (recorded == nullptr || !recorded->is_object()) return std::nullopt;
  CachedBundle cached;
  for (const Member& input : recorded->as_object())
    cached.inputs.push_back(input.name);
  const auto hashes = hash_inputs(cached.inputs);
  if (!hashes || *hashes != recorded->as_object()) return std::nullopt;
  for (const CacheFiles::Part& part : files.parts) {
    auto text = read_file(part.path);
    if (!text) return std::nullopt;
    cached.source.*part.text = *std::move(text);
  }
  if (text_member(*stamp, "hash") != runtime::content_hash(cached.source)) return std::nullopt;
  return cached;
}

Status store_cached_bundle(const std::string& build_folder,
                           const std::string& entry,
                           const CachedBundle& bundle,
                           std::chrono::file_clock::time_point started) {
  const CacheFiles files(build_folder);
  auto hashes = hash_inputs(bundle.inputs);
  if (!hashes || was_written_since(bundle.inputs, started))
    return ok();  // the next build will tell
  for (const CacheFiles::Part& part : files.parts)
    MS_TRY_STATUS(write_file(part.path, bundle.source.*part.text));
  const Value stamp = Object{{"version", version()},
                             {"entry", hash_text(entry)},
                             {"hash", runtime::content_hash(bundle.source)},
                             {"inputs", *std::move(hashes)}};
  return write_file(files.stamp, to_json_indented(stamp));
}

}  // namespace moonstone::cli
