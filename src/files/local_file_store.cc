// Moonstone. Licence: see LICENSE.
#include "files/local_file_store.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/byte_stream.h"
#include "base/guarded.h"

namespace moonstone::files {
namespace {

constexpr std::string_view kIncoming = "incoming";
constexpr ::mode_t kFileMode = 0600;  // user data: for the server's account only
constexpr ::mode_t kFolderMode = 0700;

Error file_error(std::string_view what, const std::string& path, int failure) {
  std::string message =
      "cannot " + std::string(what) + " " + path + ": " + std::generic_category().message(failure);
  if (failure == ENOSPC || failure == EDQUOT) {
    return {ErrorCode::Unavailable,
            std::move(message) + "; free some space or move the data folder", "disk_full"};
  }
  return {ErrorCode::Unavailable, std::move(message), "file_store"};
}

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  /// Closes it and says what that reported: some file systems tell of a failed write here.
  [[nodiscard]] int close() { return ::close(std::exchange(number_, -1)); }

 private:
  int number_;
};

Status sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return file_error("sync", path, errno);
  return {};
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
  return file_error("make the folder", path, errno);
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return file_error("delete", path, errno);
}

/// Where the files of one root lie.
struct Layout {
  std::string root;

  [[nodiscard]] std::string incoming() const { return root + "/" + std::string(kIncoming); }
  [[nodiscard]] std::string outer(std::string_view key) const {
    return root + "/" + std::string(key.substr(0, 2));
  }
  [[nodiscard]] std::string inner(std::string_view key) const {
    return outer(key) + "/" + std::string(key.substr(2, 2));
  }
  [[nodiscard]] std::string file(std::string_view key) const {
    return inner(key) + "/" + std::string(key);
  }
};

/// The keys whose writers live in this process: never leftovers, whatever the clocks say.
using ActiveKeys = Guarded<std::set<std::string, std::less<>>>;

class LocalWriter final : public FileWriter {
 public:
  LocalWriter(const Layout& layout, std::string_view key, std::shared_ptr<ActiveKeys> active)
      : layout_(layout),
        key_(key),
        active_(std::move(active)),
        path_(layout.incoming() + "/" + key_),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode)) {}

  ~LocalWriter() override {
    if (is_mine_) ::unlink(path_.c_str());
    if (file_was_made_) active_->lock()->erase(key_);
  }

  [[nodiscard]] Status check_open() {
    if (!file_.is_open()) return file_error("create", path_, errno);
    is_mine_ = true;
    file_was_made_ = true;
    active_->lock()->insert(key_);
    return {};
  }

  Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ::ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return file_error("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status finish() override {
    if (::fsync(file_.get()) != 0) return file_error("sync", path_, errno);
    if (file_.close() != 0) return file_error("close", path_, errno);
    MS_TRY_STATUS(make_folder(layout_.outer(key_)));
    MS_TRY_STATUS(make_folder(layout_.inner(key_)));
    const std::string target = layout_.file(key_);
    if (::rename(path_.c_str(), target.c_str()) != 0) return file_error("rename", path_, errno);
    is_mine_ = false;
    // All three, even if they were there: another writer may have made them a moment ago.
    Status synced = sync_folder(layout_.inner(key_));
    if (synced) synced = sync_folder(layout_.outer(key_));
    if (synced) synced = sync_folder(layout_.root);
    if (!synced) ::unlink(target.c_str());
    return synced;
  }

 private:
  const Layout layout_;
  const std::string key_;
  const std::shared_ptr<ActiveKeys> active_;  // the store's
  const std::string path_;
  Descriptor file_;
  bool is_mine_ = false;  // the file in incoming/ is there and is this writer's
  bool file_was_made_ = false;
};

class LocalReader final : public FileReader {
 public:
  LocalReader(std::string path, int descriptor, ByteRange range)
      : path_(std::move(path)), file_(descriptor), range_(range) {}

  [[nodiscard]] bool is_open() const { return file_.is_open(); }

  Result<std::string> read() override {
    std::string piece(std::min<std::uint64_t>(range_.count, kStreamPieceBytesMax), '\0');
    std::size_t filled = 0;
    while (filled < piece.size()) {
      const ::ssize_t count = ::pread(file_.get(), piece.data() + filled, piece.size() - filled,
                                      static_cast<::off_t>(range_.from + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return file_error("read", path_, errno);
      if (count == 0) return Error(ErrorCode::Corruption, path_ + " is shorter than its record");
      filled += static_cast<std::size_t>(count);
    }
    range_.from += filled;
    range_.count -= filled;
    return piece;
  }

 private:
  const std::string path_;
  const Descriptor file_;
  ByteRange range_;  // what is left
};

std::int64_t unix_ms_of(const struct ::stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000;
}

class LocalFileStore final : public FileStore {
 public:
  explicit LocalFileStore(Layout layout) : layout_(std::move(layout)) {}

  Result<std::unique_ptr<FileWriter>> create(std::string_view key) override {
    auto writer = std::make_unique<LocalWriter>(layout_, key, active_);
    MS_TRY_STATUS(writer->check_open());
    return std::unique_ptr<FileWriter>(std::move(writer));
  }

  Result<std::unique_ptr<FileReader>> open(std::string_view key, ByteRange range) override {
    const std::string path = layout_.file(key);
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) {
      return Error(ErrorCode::NotFound, path + " is not there");
    }
    if (descriptor < 0) return file_error("open", path, errno);
    return std::unique_ptr<FileReader>(std::make_unique<LocalReader>(path, descriptor, range));
  }

  Status erase(std::string_view key) override { return remove_file(layout_.file(key)); }

  Status list(const Visit& visit) override {
    namespace fs = std::filesystem;
    std::error_code failure;
    fs::recursive_directory_iterator entry(layout_.root, failure);
    for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
      if (entry.depth() == 0 && entry->path().filename() == kIncoming) {
        entry.disable_recursion_pending();
      }
      const std::string key = entry->path().filename().string();
      if (entry.depth() != 2 || !is_file_key(key) || entry->path() != layout_.file(key)) continue;
      struct ::stat status{};
      // Gone meanwhile: deleted by its user.
      if (::lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      MS_TRY_STATUS(visit({.key = key,
                           .size = static_cast<std::uint64_t>(status.st_size),
                           .written_unix_ms = unix_ms_of(status)}));
    }
    if (failure) return file_error("list", layout_.root, failure.value());
    return {};
  }

  Status discard_unfinished(std::int64_t before_unix_ms) override {
    namespace fs = std::filesystem;
    std::error_code failure;
    fs::directory_iterator entry(layout_.incoming(), failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
      struct ::stat status{};
      if (::lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      if (unix_ms_of(status) >= before_unix_ms) continue;
      if (active_->lock()->contains(entry->path().filename().string())) continue;
      MS_TRY_STATUS(remove_file(entry->path().string()));
    }
    if (failure) return file_error("list", layout_.incoming(), failure.value());
    return {};
  }

 private:
  const Layout layout_;
  const std::shared_ptr<ActiveKeys> active_ = std::make_shared<ActiveKeys>();
};

}  // namespace

Result<std::unique_ptr<FileStore>> open_local_file_store(std::string root) {
  Layout layout{.root = std::move(root)};
  MS_TRY_STATUS(make_folder(layout.root));
  MS_TRY_STATUS(make_folder(layout.incoming()));
  return std::unique_ptr<FileStore>(std::make_unique<LocalFileStore>(std::move(layout)));
}

}  // namespace moonstone::files
