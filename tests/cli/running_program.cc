// Moonstone. Licence: see LICENSE.
#include "tests/cli/running_program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// Silence of that length on a loaded machine means that nothing will come.
constexpr int kPatienceMs = 60'000;

fs::path build_folder() {
  return fs::read_symlink("/proc/self/exe").parent_path().parent_path();
}

/// What `make support` puts beside the binary, from the source tree.
std::string support_folder() {
  const fs::path folder = build_folder() / "tests/cli-support";
  const fs::path source = MS_SOURCE_DIR;
  fs::create_directories(folder);
  for (const auto& [name, target] :
       {std::pair<const char*, fs::path>{"server", source / "packages/server/dist"},
        {"esbuild", source / "node_modules/esbuild/bin/esbuild"}}) {
    std::error_code exists;
    EXPECT_TRUE(fs::exists(target)) << target << " is missing: run make build first";
    fs::create_symlink(target, folder / name, exists);
  }
  return folder.string();
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

RunningProgram::RunningProgram(const std::string& folder,
                               std::vector<std::string> arguments,
                               const std::vector<std::string>& environment) {
  arguments.insert(arguments.begin(), (build_folder() / "bin/moonstone").string());
  // Earlier entries win: a test may name another support folder.
  std::vector<std::string> variables = environment;
  variables.push_back("MOONSTONE_SUPPORT_DIR=" + support_folder());
  for (char** entry = environ; *entry != nullptr; ++entry)
    variables.emplace_back(*entry);
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  ::posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  EXPECT_EQ(::posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr,
                          pointers(arguments).data(), pointers(variables).data()),
            0)
      << arguments[0];
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  pipe_ = ends[0];
}

RunningProgram::~RunningProgram() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(pipe_);
}

bool RunningProgram::read_some() {
  pollfd waits{.fd = pipe_, .events = POLLIN, .revents = 0};
  if (::poll(&waits, 1, kPatienceMs) <= 0) return false;
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(pipe_, buffer.data(), buffer.size());
  if (count <= 0) return false;
  output_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

bool RunningProgram::wait_for(std::string_view text) {
  while (true) {
    const std::size_t at = output_.find(text, seen_);
    if (at != std::string::npos) {
      seen_ = at + text.size();
      return true;
    }
    if (!read_some()) break;
  }
  ADD_FAILURE() << "waited in vain for \"" << text << "\"; the output is:\n" << output_;
  return false;
}

void RunningProgram::signal(int number) const {
  ::kill(pid_, number);
}

int RunningProgram::wait_for_exit() {
  while (read_some()) {
  }
  int status = 0;
  // Its output has ended, so that it is about to; if not, it hangs and is killed.
  pollfd nothing{.fd = -1, .events = 0, .revents = 0};
  for (int waited_ms = 0; waited_ms < kPatienceMs; waited_ms += 10) {
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    static_cast<void>(::poll(&nothing, 1, 10));
  }
  return -1;
}

std::string RunningProgram::url() const {
  const std::size_t at = output_.find("http://127.0.0.1:");
  if (at == std::string::npos) return {};
  return output_.substr(at, output_.find_first_of(" /\n", at + 7) - at);
}

FinishedProgram run_program(const std::string& folder,
                            std::vector<std::string> arguments,
                            const std::vector<std::string>& environment) {
  RunningProgram program(folder, std::move(arguments), environment);
  FinishedProgram finished;
  finished.exit_code = program.wait_for_exit();
  finished.output = program.output();
  return finished;
}

}  // namespace moonstone::cli
