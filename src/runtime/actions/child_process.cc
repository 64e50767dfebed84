// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/actions/find_program.h"

namespace moonstone::actions {
namespace {

/// The descriptor by which a worker talks to us.
constexpr int kSocketInChild = 3;
/// Above those that the child is given, so that giving one does not close another.
constexpr int kLeastDescriptor = 10;
/// What shells say for "cannot be executed".
constexpr int kCannotExecute = 127;
/// Between closing its socket and its end a process needs a millisecond or two.
constexpr int kEndingMs = 100;

/// Closes what was not handed on.
class Owned {
 public:
  explicit Owned(int descriptor) : descriptor_(descriptor) {}
  Owned(Owned&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Owned& operator=(Owned&&) = delete;
  ~Owned() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

Error unavailable(std::string_view what) {
  return {ErrorCode::Unavailable, fmt::format("cannot start a worker: {}: {}", what,
                                              std::generic_category().message(errno))};
}

Result<Owned> lifted(int descriptor) {
  const Owned low(descriptor);
  const int high = ::fcntl(descriptor, F_DUPFD_CLOEXEC, kLeastDescriptor);
  if (high < 0) return unavailable("no descriptor");
  return Owned(high);
}

struct Ends {
  Owned ours;
  Owned theirs;
};

Result<Ends> make_socket() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return unavailable("no socket");
  }
  Owned ours(ends[0]);
  MS_TRY(Owned theirs, lifted(ends[1]));
  static_cast<void>(::fcntl(ours.get(), F_SETFL, O_NONBLOCK));
  return Ends{.ours = std::move(ours), .theirs = std::move(theirs)};
}

Result<Ends> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return unavailable("no pipe");
  Owned ours(ends[0]);
  MS_TRY(Owned theirs, lifted(ends[1]));
  static_cast<void>(::fcntl(ours.get(), F_SETFL, O_NONBLOCK));
  return Ends{.ours = std::move(ours), .theirs = std::move(theirs)};
}

/// The form that execve wants; `texts` outlive it.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    pointers.push_back(const_cast<char*>(text.c_str()));  // execve does not write to it
  pointers.push_back(nullptr);
  return pointers;
}

/// What the child does before the program takes over. Only calls that are safe between fork and
/// exec of a program with several threads: no memory is allocated.
struct Plan {
  const char* executable;
  char* const* arguments;
  char* const* environment;
  const char* folder;
  int input;
  int output;
  int socket;
  pid_t parent;
};

[[noreturn]] void become(const Plan& plan) {
  // SIGKILL, as nothing else ends JavaScript that loops.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(0);  // it died before we said so
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const bool is_ready = ::dup2(plan.input, STDIN_FILENO) >= 0 &&
                        ::dup2(plan.output, STDOUT_FILENO) >= 0 &&
                        ::dup2(plan.output, STDERR_FILENO) >= 0 &&
                        ::dup2(plan.socket, kSocketInChild) >= 0 && ::chdir(plan.folder) == 0;
  if (is_ready) {
    ::close_range(kSocketInChild + 1, ~0U, 0);
    ::execve(plan.executable, plan.arguments, plan.environment);
  }
  ::_exit(kCannotExecute);
}

/// Whether it has ended, or does so at once: a process whose socket is closed is about to, and how
/// it ended is worth the moment.
bool has_ended_soon(pid_t child) {
  const Owned handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (handle.get() < 0) return false;
  pollfd wait{.fd = handle.get(), .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, kEndingMs) == 1;
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const ChildOptions& options) {
  MS_TRY(Ends socket, make_socket());
  MS_TRY(Ends output, make_pipe());
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return unavailable("/dev/null");
  MS_TRY(const Owned input, lifted(null));
  std::vector<std::string> arguments = options.arguments;
  arguments.insert(arguments.begin(), options.executable);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(options.environment);
  const Plan plan{.executable = options.executable.c_str(),
                  .arguments = argument_pointers.data(),
                  .environment = environment_pointers.data(),
                  .folder = options.folder.c_str(),
                  .input = input.get(),
                  .output = output.theirs.get(),
                  .socket = socket.theirs.get(),
                  .parent = ::getpid()};
  const pid_t child = ::fork();
  if (child < 0) return unavailable("no process");
  if (child == 0) become(plan);
  return ChildProcess(child, socket.ours.release(), output.ours.release());
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      output_(std::exchange(other.output_, -1)) {}

ChildProcess::~ChildProcess() {
  if (id_ >= 0) static_cast<void>(end());
  if (socket_ >= 0) ::close(socket_);
  if (output_ >= 0) ::close(output_);
}

std::string ChildProcess::end() {
  if (id_ < 0) return "not running";
  if (!has_ended_soon(id_)) ::kill(id_, SIGKILL);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = -1;
  return WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                           : fmt::format("signal {}", WTERMSIG(status));
}

Result<std::string> find_program(std::string_view name) {
  const auto is_program = [](const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string_view::npos) {
    std::string path(name);
    if (is_program(path)) return path;
    return Error(ErrorCode::NotFound, fmt::format("{} is not a program", name));
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  const char* const path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "" : path;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    std::string candidate = fmt::format("{}/{}", folders.substr(0, end), name);
    if (end > 0 && is_program(candidate)) return candidate;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return Error(ErrorCode::NotFound, fmt::format("{} is not on the PATH", name));
}

}  // namespace moonstone::actions
