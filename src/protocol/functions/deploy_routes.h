// Moonstone. Licence: see LICENSE.
#pragma once
// /__admin/deploy: new code for a running server.
//
//   GET   the versions that were deployed
//   POST  the body is a bundle file; it is checked against the data of all tenants, kept, and put
//         into force. `?dryRun=1` says what would happen, `?acceptDataLoss=1` allows that tables or
//         fields go with their data, `?rollback=1` (no body) goes back to the version before.
// Answers have the shape of POST /__admin/run. A deployment that fails changes nothing.
// Source: functions.md 21.7; docs/deploy.md.

#include "base/executor.h"
#include "protocol/functions/admin_routes.h"
#include "protocol/functions/bundle_store.h"
#include "protocol/functions/exchange.h"
#include "protocol/functions/tenants.h"

namespace moonstone::protocol::functions {

struct DeployEnvironment {
  Tenants* tenants = nullptr;
  BundleStore* bundles = nullptr;   // null: this server takes its code from elsewhere
  Executor* maintenance = nullptr;  // runs one deployment after the other
};

/// Whether the body of this request is a bundle, to be read as a stream.
[[nodiscard]] bool carries_bundle(const HttpRequest& head);

[[nodiscard]] bool route_deploy(Exchange& exchange,
                                const Administration& rules,
                                const DeployEnvironment& environment);

}  // namespace moonstone::protocol::functions
