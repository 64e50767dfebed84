// Moonstone. Licence: see LICENSE.
#pragma once
// The routes by which administrators and their tools look at a server:
//
//   GET /metrics            the text for Prometheus      GET /__admin/metrics    the same as JSON
//   GET /__admin/tables     with their numbers           GET /__admin/schema     SchemaJSON
//   GET /__admin/documents  ?table=&cursor=&numItems=&sort=&direction=
//   GET /__admin/functions  with what they cost          GET /__admin/runs       ?function=&limit=
//   GET /__admin/jobs       ?status=&cursor=&limit=
//   GET /__admin/logs       ?follow=1&function=&level=&since=&request=&limit=; NDJSON
//
// All are protected as administration is; /metrics may be made public. Source: functions.md 21.20.

#include "protocol/functions/admin_routes.h"
#include "protocol/functions/exchange.h"
#include "protocol/functions/observation.h"
#include "protocol/functions/tenants.h"

namespace moonstone::protocol::functions {

struct ObservationEnvironment {
  Tenants* tenants = nullptr;
  Observation* observation = nullptr;  // null: nothing is counted and kept
  bool is_public = false;              // whether everybody may read /metrics
};

[[nodiscard]] bool route_observation(Exchange& exchange,
                                     const Administration& rules,
                                     const ObservationEnvironment& environment);

/// The kind of route of a path, for counting: a small set.
[[nodiscard]] std::string_view route_label(std::string_view path);

/// What the process, its tenants and its functions say at this moment.
[[nodiscard]] MetricSnapshot read_metrics(const ObservationEnvironment& environment);

}  // namespace moonstone::protocol::functions
