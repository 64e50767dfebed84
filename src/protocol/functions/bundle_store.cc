// Moonstone. Licence: see LICENSE.
#include "protocol/functions/bundle_store.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "base/version.h"

namespace moonstone::protocol::functions {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "bundles";
constexpr std::string_view kExtension = ".json";
constexpr std::int64_t kHistoryFormat = 1;
/// SHA-256 in hex.
constexpr std::size_t kHashLength = 64;

Error system_error(std::string_view doing, const std::string& path, int code) {
  return {ErrorCode::Unavailable,
          fmt::format("cannot {} {}: {}", doing, path, std::generic_category().message(code))};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Status write_all(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.number() < 0) return system_error("write", path, errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.number(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.number()) != 0) return system_error("sync", path, errno);
  return {};
}

/// Replaces a file as a whole: after a crash the old or the new text is there.
Status write_durably(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  MS_TRY_STATUS(write_all(temporary, text));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error("rename", path, errno);
  const std::string folder = fs::path(path).parent_path().string();
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.number() < 0 || ::fsync(handle.number()) != 0) {
    return system_error("sync", folder, errno);
  }
  return {};
}

Result<std::string> read_whole(const std::string& path, std::size_t bytes_max) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path, failed);
  if (failed) return Error(ErrorCode::NotFound, fmt::format("{} is missing", path));
  if (size > bytes_max) {
    return Error(ErrorCode::LimitExceeded, fmt::format("{} is larger than expected", path));
  }
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) return Error(ErrorCode::Unavailable, fmt::format("cannot read {}", path));
  return text;
}

bool is_hash(std::string_view text) {
  return text.size() == kHashLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string text_member(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

std::optional<DeployedBundle> read_entry(const Value& value) {
  if (!value.is_object()) return std::nullopt;
  const Object& object = value.as_object();
  DeployedBundle entry{.hash = text_member(object, "hash"),
                       .version = text_member(object, "moonstone")};
  const Value* const moment = object.find("at");
  if (moment != nullptr && moment->is_integer()) entry.unix_ms = moment->as_integer();
  if (!is_hash(entry.hash)) return std::nullopt;
  return entry;
}

Error damaged(const std::string& path) {
  return {ErrorCode::Corruption,
          fmt::format("{} cannot be read. Move its folder away and start with a bundle or sources; "
                      "the data is not concerned",
                      path)};
}

std::string history_text(const std::string& base, const std::vector<DeployedBundle>& history) {
  Array entries;
  for (const DeployedBundle& entry : history) {
    entries.emplace_back(
        Object{{"hash", entry.hash}, {"at", entry.unix_ms}, {"moonstone", entry.version}});
  }
  return to_json_indented(Object{
             {"format", kHistoryFormat}, {"base", base}, {"deployments", std::move(entries)}}) +
         "\n";
}

}  // namespace

Result<BundleStore> BundleStore::open(const std::string& data_folder) {
  BundleStore store((fs::path(data_folder) / kFolder).string());
  MS_TRY_STATUS(store.read_history());
  return store;
}

std::string BundleStore::path_of(std::string_view hash) const {
  return fmt::format("{}/{}{}", folder_, hash, kExtension);
}

Status BundleStore::read_history() {
  std::error_code ignored;
  if (!fs::exists(history_path(), ignored)) return {};
  constexpr std::size_t kHistoryBytesMax = std::size_t{1} * 1024 * 1024;  // ten entries are 2 KiB
  MS_TRY(const std::string text, read_whole(history_path(), kHistoryBytesMax));
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return damaged(history_path());
  const Value* const entries = parsed->as_object().find("deployments");
  if (entries == nullptr || !entries->is_array()) return damaged(history_path());
  for (const Value& value : entries->as_array()) {
    auto entry = read_entry(value);
    if (!entry) return damaged(history_path());
    history_.push_back(*std::move(entry));
  }
  base_ = text_member(parsed->as_object(), "base");
  return {};
}

Result<runtime::BundleFile> BundleStore::load(const DeployedBundle& deployed) const {
  const std::string path = path_of(deployed.hash);
  MS_TRY(const std::string text, read_whole(path, runtime::kBundleFileBytesMax));
  auto file = runtime::read_bundle_file(text);
  if (file && file->hash == deployed.hash) return file;
  return Error(ErrorCode::Corruption,
               fmt::format("the deployed bundle {} cannot be used{}{}. Deploy again, or start with "
                           "a bundle or sources",
                           path, file ? "" : ": ", file ? "" : file.error().message()));
}

Status BundleStore::record(const runtime::Bundle& bundle, std::int64_t now_unix_ms) {
  return keep(bundle, base_, now_unix_ms);
}

Status BundleStore::record_base(const runtime::Bundle& bundle, std::int64_t now_unix_ms) {
  return keep(bundle, bundle.hash, now_unix_ms);
}

Status BundleStore::keep(const runtime::Bundle& bundle,
                         std::string base,
                         std::int64_t now_unix_ms) {
  const bool is_in_force = !history_.empty() && history_.back().hash == bundle.hash;
  if (is_in_force && base == base_) return {};
  std::vector<DeployedBundle> history = history_;
  if (!is_in_force) {
    std::error_code failed;
    fs::create_directories(folder_, failed);
    if (failed) return system_error("make the folder", folder_, failed.value());
    MS_TRY_STATUS(write_durably(path_of(bundle.hash), runtime::write_bundle_file(bundle)));
    history.push_back({.hash = bundle.hash,
                       .unix_ms = now_unix_ms,
                       .version = std::string(moonstone::version())});
  }
  if (history.size() > kBundlesKeptMax) {
    history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kBundlesKeptMax));
  }
  return change_to(std::move(base), std::move(history));
}

Status BundleStore::forget_last() {
  std::vector<DeployedBundle> history = history_;
  history.pop_back();
  return change_to(base_, std::move(history));
}

Status BundleStore::change_to(std::string base, std::vector<DeployedBundle> history) {
  MS_TRY_STATUS(write_durably(history_path(), history_text(base, history)));
  base_ = std::move(base);
  history_ = std::move(history);
  remove_unnamed();
  return {};
}

/// Files that no entry names any more; what cannot be removed does no harm.
void BundleStore::remove_unnamed() const {
  std::error_code ignored;
  std::vector<fs::path> unnamed;
  for (fs::directory_iterator entry(folder_, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string name = entry->path().stem().string();
    if (!is_hash(name)) continue;
    const bool is_named =
        std::ranges::find(history_, name, &DeployedBundle::hash) != history_.end();
    if (!is_named) unnamed.push_back(entry->path());
  }
  for (const fs::path& path : unnamed)
    fs::remove(path, ignored);
}

}  // namespace moonstone::protocol::functions
