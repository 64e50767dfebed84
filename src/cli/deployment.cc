// Moonstone. Licence: see LICENSE.
#include "cli/deployment.h"

#include <chrono>
#include <utility>

namespace moonstone::cli {
namespace {

/// Checking the data of a thousand tenants takes its time.
constexpr std::chrono::seconds kDeployTimeMax{900};

std::string path_of(const DeploymentRequest& request) {
  std::string path = "/__admin/deploy";
  std::string_view separator = "?";
  const auto flag = [&](std::string_view name) {
    path.append(separator).append(name).append("=1");
    separator = "&";
  };
  if (request.is_plan) flag("dryRun");
  if (request.bundle_file.empty()) flag("rollback");
  if (request.accepts_data_loss) flag("acceptDataLoss");
  return path;
}

}  // namespace

Result<Object> request_deployment(const DeploymentRequest& request) {
  HttpCall call = request.remote.call_to("POST", path_of(request));
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = request.bundle_file;
  call.time_max = kDeployTimeMax;
  MS_TRY(Value result, ask(request.remote, call));
  if (result.is_object()) return std::move(result.as_object());
  return Error(ErrorCode::FailedPrecondition, "the server did not say what it did", "foreign");
}

const Array& list_of(const Object& object, std::string_view name) {
  static const Array kNone;
  const Value* const member = object.find(name);
  return member != nullptr && member->is_array() ? member->as_array() : kNone;
}

std::string text_of(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

}  // namespace moonstone::cli
