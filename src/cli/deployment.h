// Moonstone. Licence: see LICENSE.
#pragma once
// A deployment as a running server is asked for it, and the plan that it answers with.
// Threads: its functions block their caller.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "cli/remote.h"

namespace moonstone::cli {

struct DeploymentRequest {
  Remote remote;
  std::string bundle_file;  // its bytes; empty: back to the version before
  bool is_plan = false;     // says what would change, and changes nothing
  bool accepts_data_loss = false;
};

/// The plan: {"hash", "violations": [], "dataLosses": [], ..}; without `is_plan` it is carried out.
/// Errors: those of ask().
[[nodiscard]] Result<Object> request_deployment(const DeploymentRequest& request);

/// Members of a plan; empty if absent.
[[nodiscard]] const Array& list_of(const Object& object, std::string_view name);
[[nodiscard]] std::string text_of(const Object& object, std::string_view name);

}  // namespace moonstone::cli
