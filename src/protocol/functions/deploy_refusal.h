// Moonstone. Licence: see LICENSE.
#pragma once
// What stands in the way of a deployment to all tenants.
// Threads: a pure function.

#include <vector>

#include "base/result.h"
#include "protocol/functions/tenants.h"

namespace moonstone::protocol::functions {

/// The error of the first tenant that it concerns; documents that would break the new schema come
/// before data that would be lost. Errors: FailedPrecondition, reason "schema_violation" or
/// "data_loss".
[[nodiscard]] Status refusal_of(const std::vector<Tenants::Check>& checks,
                                store::Writer::AllowDataLoss allow);

}  // namespace moonstone::protocol::functions
