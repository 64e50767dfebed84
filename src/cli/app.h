// Moonstone. Licence: see LICENSE.
#pragma once
// App: the running backend, built from its parts and taken down again in order.
//
// Tenants -> FunctionApplication -> StaticApplication -> Server.
// The parts are opened first and serve() listens later, so that a client never meets a server
// without functions.
// Threads: confined to the main thread; the parts have threads of their own.

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cli/config.h"
#include "protocol/functions/bundle_store.h"
#include "protocol/functions/tenants.h"

namespace moonstone::cli {

struct AppOptions {
  Config config;
  std::string data_folder;    // made if it is missing
  std::string static_folder;  // empty: no pages
  std::string admin_key;
  protocol::functions::Mode mode = protocol::functions::Mode::Production;
  Logger* logger = nullptr;                     // null: none
  std::string working_folder = "/";             // of actions
  std::vector<std::string> action_environment;  // "NAME=value"
};

using protocol::functions::kDatabaseFile;

class App {
 public:
  /// Opens the database. Errors: those of engine::Database::open; reason "locked" if another
  /// process has it.
  [[nodiscard]] static Result<std::unique_ptr<App>> open(AppOptions options);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  [[nodiscard]] protocol::functions::Tenants& tenants();
  /// Where deployed bundles are kept; null in development.
  [[nodiscard]] protocol::functions::BundleStore* bundles();
  /// The bundle in force; null before the first deployment.
  [[nodiscard]] runtime::BundlePtr bundle();

  /// Starts to listen. Errors: Unavailable (port in use), NotFound (the folder of the pages).
  [[nodiscard]] Status serve();
  [[nodiscard]] bool is_serving() const;
  /// The chosen port once it serves.
  [[nodiscard]] int port() const;

  /// Closes the sockets with a code, finishes the running commit, closes the database. Idempotent.
  void stop();

 private:
  struct Parts;
  explicit App(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace moonstone::cli
