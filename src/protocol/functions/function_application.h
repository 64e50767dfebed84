// Moonstone. Licence: see LICENSE.
#pragma once
// FunctionApplication: the routes of the functions platform, HTTP and WebSocket.
//
//   GET  /ws            the functions protocol         POST /query        one query, once
//   *    /health        200 OK                          POST /__admin/run  any function
//   POST /__dev/reset   development only                GET  /_dashboard   development only
// Threads: synchronised. Source: functions.md section 10 and 21.20, 21.21.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/guarded.h"
#include "protocol/functions/function_host.h"
#include "protocol/functions/function_session.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

struct ApplicationOptions {
  SessionLimits session;
  std::string admin_key;  // production: needed for /__admin; empty there: always refused
  /// Origins that may open /ws; empty: every one.
  std::vector<std::string> origins;
};

class FunctionApplication final : public Application {
 public:
  /// `host` must outlive the application, and the application every socket it accepted.
  FunctionApplication(FunctionHost& host, ApplicationOptions options);
  ~FunctionApplication() override;

  void handle(HttpRequest request, Respond respond) override;
  void accept(HttpRequest request, SocketSinkPtr sink, Decide decide) override;

 private:
  class TrackedSession;

  void run_query(const HttpRequest& request, Respond respond);
  void run_as_administrator(const HttpRequest& request, Respond respond);
  void reset(const HttpRequest& request, Respond respond);
  /// Why this request may not administrate; nothing if it may.
  [[nodiscard]] std::optional<HttpResponse> refuse_administration(const HttpRequest& request) const;

  FunctionHost& host_;
  ApplicationOptions options_;
  Guarded<std::set<FunctionSession*>> sessions_;  // the open ones
  ThreadExecutor maintenance_{"maintenance"};     // for what waits for the writer; stops first
};

}  // namespace moonstone::protocol::functions
