// Moonstone. Licence: see LICENSE.
#include "cli/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

using std::chrono::steady_clock;

/// Where the child's streams go and in which folder it runs.
class SpawnActions {
 public:
  SpawnActions(const std::string& folder, int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    ::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str());
  }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

/// We block the signals that end us and ignore SIGPIPE; the child must not inherit that.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    sigset_t none;
    sigset_t defaults;
    ::sigemptyset(&none);
    ::sigemptyset(&defaults);
    ::sigaddset(&defaults, SIGPIPE);
    ::posix_spawnattr_init(&attributes_);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &defaults);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// A started child; killed and reaped if nobody waited for it.
class Child {
 public:
  Child(pid_t pid, int output) : pid_(pid), output_(output) {}
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), output_(std::exchange(other.output_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (output_ >= 0) ::close(output_);
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(wait());
  }

  [[nodiscard]] int output() const { return output_; }

  /// The exit code; the child has closed its output, so that this is a moment.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
  int output_;
};

Result<Child> start(const ProcessOptions& options) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("no pipe: {}", std::generic_category().message(errno)));
  }
  std::vector<char*> arguments;
  arguments.reserve(options.command.size() + 1);
  for (const std::string& argument : options.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn does not write to it
  }
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (const std::string& variable : options.environment)
    variables.push_back(const_cast<char*>(variable.c_str()));  // nor to these
  variables.push_back(nullptr);
  pid_t pid = -1;
  const SpawnActions actions(options.folder, ends[1]);
  const SpawnAttributes attributes;
  const int failed =
      ::posix_spawn(&pid, arguments.front(), actions.get(), attributes.get(), arguments.data(),
                    options.environment.empty() ? environ : variables.data());
  ::close(ends[1]);
  if (failed == 0) return Child(pid, ends[0]);
  ::close(ends[0]);
  return Error(ErrorCode::Unavailable, fmt::format("cannot start {}: {}", options.command.front(),
                                                   std::generic_category().message(failed)));
}

}  // namespace

Result<ProcessOutcome> run_process(const ProcessOptions& options) {
  const auto deadline = steady_clock::now() + options.time_max;
  MS_TRY(Child child, start(options));
  ProcessOutcome outcome;
  std::array<char, std::size_t{16} * 1024> buffer{};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) {
      return Error(ErrorCode::DeadlineExceeded,
                   fmt::format("{} took longer than {} s", options.command.front(),
                               options.time_max.count()));
    }
    std::array<pollfd, 2> waits = {{{.fd = child.output(), .events = POLLIN, .revents = 0},
                                    {.fd = options.interrupt, .events = POLLIN, .revents = 0}}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) <= 0) continue;
    if ((waits[1].revents & POLLIN) != 0) return Error(ErrorCode::Cancelled, "interrupted");
    if (waits[0].revents == 0) continue;
    const ssize_t count = ::read(child.output(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    const std::size_t room = kProcessOutputBytesMax - outcome.output.size();
    outcome.output.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  }
  outcome.exit_code = child.wait();
  return outcome;
}

}  // namespace moonstone::cli
