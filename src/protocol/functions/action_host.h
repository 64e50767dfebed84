// Moonstone. Licence: see LICENSE.
#pragma once
// ActionHost: the actions, HTTP routes and gate calls of one tenant, run in the pool of Node
// workers.
//
// It hands a call to the pool, gives the code in it what ctx promises (by way of the tenant's
// FunctionHost, jobs and files), and checks what comes back.
// Threads: synchronised. Each call keeps its tenant open until it has ended.
// Source: functions.md 4.2, 4.3 and 11; design.md decision 5.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "files/file_service.h"
#include "protocol/functions/function_host.h"
#include "protocol/transport.h"
#include "runtime/actions/action_pool.h"

namespace moonstone::protocol::functions {

class ActionHost final : public ActionRunner {
 public:
  /// `keep` holds the tenant of `host` for a call; it may give nothing once the tenant is closing.
  /// `pool` outlives the host's calls.
  ActionHost(FunctionHost& host,
             actions::ActionPool& pool,
             std::function<std::shared_ptr<void>()> keep);

  /// Where ctx.storage keeps files. Null: nowhere. Set before the first call.
  void set_files(files::FileService* files) { files_ = files; }

  void run(PreparedCall call,
           engine::Session session,
           std::stop_token cancelled,
           CallDone done) override;

  /// Answers a request with a route of this bundle. Errors become 500 `{"error"}`.
  void serve(runtime::BundlePtr bundle,
             const runtime::HttpRoute& route,
             HttpRequest request,
             engine::Session session,
             Respond respond);

 private:
  FunctionHost& host_;
  actions::ActionPool& pool_;
  std::function<std::shared_ptr<void>()> keep_;
  files::FileService* files_ = nullptr;
};

/// The Node half of a bundle, as the pool takes it.
[[nodiscard]] actions::NodeProgram program_of(const runtime::BundlePtr& bundle);

/// An absolute address as Request.url shows it: the origin of `base_url`, then path and query.
[[nodiscard]] std::string url_of(const std::string& base_url, const HttpRequest& request);

/// 500 `{"error": message}`, what an HTTP action that failed answers.
[[nodiscard]] HttpResponse action_error_response(const Error& error);

}  // namespace moonstone::protocol::functions
