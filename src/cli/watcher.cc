// Moonstone. Licence: see LICENSE.
#include "cli/watcher.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cli/signals.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                        IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/// In the parent only the coming and going of the folder itself counts.
constexpr std::uint32_t kParentEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

Error watch_error(const std::string& folder, int number) {
  if (number == ENOSPC) {
    return {ErrorCode::Unavailable,
            "the system allows no more file watches; raise the limit: "
            "sudo sysctl fs.inotify.max_user_watches=524288"};
  }
  return {ErrorCode::Unavailable,
          fmt::format("cannot watch {}: {}", folder, std::generic_category().message(number))};
}

}  // namespace

struct Watcher::Impl {
  int descriptor = -1;
  std::string folder;
  std::string name;                    // of the folder in its parent
  int parent = -1;                     // the watch of the parent folder
  std::map<int, std::string> folders;  // watch to path

  ~Impl() {
    if (descriptor >= 0) ::close(descriptor);
  }

  /// Watches a folder and all below it; what is watched already stays so.
  Status add(const std::string& path) {
    const int watch = ::inotify_add_watch(descriptor, path.c_str(), kFolderEvents);
    if (watch < 0) {
      // It vanished between being seen and being watched.
      if (errno == ENOENT || errno == ENOTDIR) return ok();
      return watch_error(path, errno);
    }
    folders[watch] = path;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(path, failed)) {
      std::error_code ignored;
      const std::string child = entry.path().filename().string();
      if (entry.is_symlink(ignored) || !entry.is_directory(ignored) || is_ignored_name(child)) {
        continue;
      }
      MS_TRY_STATUS(add(entry.path().string()));
    }
    return {};
  }

  Change note(const inotify_event& event) {
    const std::string_view entry = event.len > 0 ? std::string_view(event.name) : "";
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      add(folder).ignore("events were lost; the next change of the folder tries again");
      return Change::Some;
    }
    if (event.wd == parent) {
      if (entry != name) return Change::None;
      add(folder).ignore("a folder that cannot be watched now is tried at its next change");
      return Change::Some;
    }
    const auto known = folders.find(event.wd);
    if (known == folders.end()) return Change::None;
    if ((event.mask & IN_IGNORED) != 0) {
      folders.erase(known);
      return Change::None;
    }
    if (!entry.empty() && is_ignored_name(entry)) return Change::None;
    if ((event.mask & IN_ISDIR) != 0 && (event.mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
      add(known->second + "/" + std::string(entry))
          .ignore("a folder that cannot be watched is read at the next change all the same");
    }
    return Change::Some;
  }

  /// Everything that waits.
  Change read_events() {
    Change change = Change::None;
    alignas(inotify_event) std::array<char, std::size_t{16} * 1024> buffer{};
    while (true) {
      const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return change;
      const char* const end = buffer.data() + count;
      for (const char* at = buffer.data(); at < end;) {
        const auto* const event = reinterpret_cast<const inotify_event*>(at);
        if (note(*event) == Change::Some) change = Change::Some;
        at += sizeof(inotify_event) + event->len;
      }
    }
  }
};

Result<Watcher> Watcher::create(const std::string& folder) {
  auto impl = std::make_unique<Impl>();
  impl->folder = folder;
  impl->name = fs::path(folder).filename().string();
  impl->descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (impl->descriptor < 0) return watch_error(folder, errno);
  const std::string parent = fs::path(folder).parent_path().string();
  impl->parent = ::inotify_add_watch(impl->descriptor, parent.c_str(), kParentEvents);
  MS_TRY_STATUS(impl->add(folder));
  return Watcher(std::move(impl));
}

Watcher::Watcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Watcher::Watcher(Watcher&&) noexcept = default;
Watcher::~Watcher() = default;

int Watcher::descriptor() const {
  return impl_->descriptor;
}

Watcher::Change Watcher::take_change(int interrupt) {
  if (impl_->read_events() == Change::None) return Change::None;
  const auto end = steady_clock::now() + kBurstMax;
  while (steady_clock::now() < end) {
    const Waited waited = wait_readable({impl_->descriptor, interrupt}, kDebounce);
    if (waited == Waited::TimedOut) break;
    // The interrupt stays readable; without a new event of ours it is what woke us.
    if (wait_readable({interrupt}, std::chrono::milliseconds(0)) == Waited::Readable) break;
    static_cast<void>(impl_->read_events());
  }
  return Change::Some;
}

bool is_ignored_name(std::string_view name) {
  if (name == "_generated" || name == "node_modules") return true;
  if (name.starts_with('.') || name.starts_with('#') || name.ends_with('~')) return true;
  for (const std::string_view end : {".swp", ".swx", ".tmp", ".bak", ".orig"}) {
    if (name.ends_with(end)) return true;
  }
  // vim probes whether it may write with files that have a number for a name.
  return std::ranges::all_of(
      name, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace moonstone::cli
