// Moonstone. Licence: see LICENSE.
#include "cli/files.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// A descriptor that is closed when it goes out of scope.
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

Error system_error(std::string_view what, const std::string& path, int number) {
  const ErrorCode code = number == ENOENT ? ErrorCode::NotFound : ErrorCode::Unavailable;
  return {code,
          fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(number))};
}

Status write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return system_error("read", path, errno);
  std::string text;
  std::array<char, std::size_t{64} * 1024> buffer{};
  while (true) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read", path, errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kFileBytesMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("{} is larger than {} MiB", path, kFileBytesMax / (1024 * 1024)));
    }
  }
}

Status write_file(const std::string& path, std::string_view text) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return system_error("make the folder", folder.string(), failed.value());
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  Status written;
  {
    const Descriptor file(::open(temporary.c_str(), flags, 0644));
    if (file.number() < 0) return system_error("write", temporary, errno);
    written = write_all(file.number(), text, temporary);
  }
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = system_error("write", path, errno);
  }
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<Written> write_if_changed(const std::string& path, std::string_view text) {
  if (const auto present = read_file(path); present && *present == text) return Written::No;
  MS_TRY_STATUS(write_file(path, text));
  return Written::Yes;
}

std::string shown_path(const std::string& path, const std::string& folder) {
  const fs::path relative = fs::path(path).lexically_relative(folder);
  const std::string text = relative.string();
  return text.empty() || text.starts_with("..") ? path : text;
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace moonstone::cli
