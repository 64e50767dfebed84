// Moonstone. Licence: see LICENSE.
#pragma once
// LocalServer: the data of a project served to this process alone, so that a command does the same
// with a folder as with a running server.
//
// It listens on the loopback interface, on a port of its own, and answers only to a key that is
// made for it.
// Threads: confined to the main thread.

#include <memory>
#include <string>

#include "base/result.h"
#include "cli/commands.h"
#include "cli/remote.h"

namespace moonstone::cli {

class LocalServer {
 public:
  /// Whether the code of the project is needed, as an import into a new database needs its schema.
  enum class Code : unsigned char { None, Deployed };

  /// Errors: those of open_serving (reason "locked": a server is running), and of a build.
  [[nodiscard]] static Result<std::unique_ptr<LocalServer>> start(const DataOptions& data,
                                                                  Code code,
                                                                  Terminal& terminal);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  [[nodiscard]] const Remote& remote() const { return remote_; }

 private:
  struct Parts;
  explicit LocalServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
  Remote remote_;
};

}  // namespace moonstone::cli
