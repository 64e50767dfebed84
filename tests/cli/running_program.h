// Moonstone. Licence: see LICENSE.
#pragma once
// The built `moonstone` as a child process whose output a test waits for.
// Threads: confined.

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace moonstone::cli {

class RunningProgram {
 public:
  /// Starts `moonstone <arguments>` in `folder`; `environment` is added to ours ("NAME=value").
  RunningProgram(const std::string& folder,
                 std::vector<std::string> arguments,
                 const std::vector<std::string>& environment = {});
  /// Kills it if it still runs.
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  /// Waits until the output since the last call holds `text`; what follows is left for the next
  /// call. Fails the test after a generous time, or when the program ends first.
  bool wait_for(std::string_view text);
  void signal(int number) const;
  /// Waits for the end; the exit code, or -1 after a generous time.
  int wait_for_exit();

  /// Both streams, as far as they were read.
  [[nodiscard]] const std::string& output() const { return output_; }
  /// The address that was printed, after wait_for("Ready").
  [[nodiscard]] std::string url() const;

 private:
  /// Reads some output; false at its end or when the time is over.
  bool read_some();

  pid_t pid_ = -1;
  int pipe_ = -1;
  std::string output_;
  std::size_t seen_ = 0;
};

/// Runs it to its end.
struct FinishedProgram {
  int exit_code = -1;
  std::string output;
};
[[nodiscard]] FinishedProgram run_program(const std::string& folder,
                                          std::vector<std::string> arguments,
                                          const std::vector<std::string>& environment = {});

}  // namespace moonstone::cli
