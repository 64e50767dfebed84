// Moonstone. Licence: see LICENSE.
#pragma once
// A child process with a socket to us as its descriptor 3.
//
// Invariants: the child inherits descriptors 0 to 3 and no others; it is in a process group of its
// own, so that Ctrl+C reaches us alone; it dies with the thread that started it, however that ends.
// Threads: confined to that thread.

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace moonstone::actions {

struct ChildOptions {
  std::string executable;                // a path
  std::vector<std::string> arguments;    // after the name
  std::vector<std::string> environment;  // "NAME=value"
  std::string folder;                    // where it runs
};

/// Killed and reaped when it goes out of scope.
class ChildProcess {
 public:
  /// Errors: Unavailable.
  [[nodiscard]] static Result<ChildProcess> start(const ChildOptions& options);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Our end of the socket; does not block.
  [[nodiscard]] int socket() const { return socket_; }
  /// What it writes to standard output and standard error; does not block.
  [[nodiscard]] int output() const { return output_; }
  [[nodiscard]] pid_t id() const { return id_; }

  /// Ends it if it has not ended, and says how: "exit code 1", "signal 11".
  [[nodiscard]] std::string end();

 private:
  ChildProcess(pid_t id, int socket, int output) : id_(id), socket_(socket), output_(output) {}

  pid_t id_;
  int socket_;
  int output_;
};

}  // namespace moonstone::actions
