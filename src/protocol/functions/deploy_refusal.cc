// Moonstone. Licence: see LICENSE.
#include "protocol/functions/deploy_refusal.h"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace moonstone::protocol::functions {

Status refusal_of(const std::vector<Tenants::Check>& checks, store::Writer::AllowDataLoss allow) {
  const auto place = [](const Tenants::Check& check) {
    return check.slug == kDefaultTenant ? std::string() : "tenant \"" + check.slug + "\": ";
  };
  for (const Tenants::Check& check : checks) {
    if (check.schema.violations.empty()) continue;
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("{}{}", place(check), fmt::join(check.schema.violations, "; ")),
                 "schema_violation");
  }
  if (allow == store::Writer::AllowDataLoss::Yes) return {};
  for (const Tenants::Check& check : checks) {
    if (check.schema.losses.empty()) continue;
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("{}the new schema would delete data: {}. Pass --accept-data-loss to "
                             "accept that",
                             place(check), fmt::join(check.schema.losses, ", ")),
                 "data_loss");
  }
  return {};
}

}  // namespace moonstone::protocol::functions
