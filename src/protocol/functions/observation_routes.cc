// Moonstone. Licence: see LICENSE.
#include "protocol/functions/observation_routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "base/json.h"
#include "files/file_links.h"

namespace moonstone::protocol::functions {
namespace {

using Route = void (*)(Exchange exchange, const ObservationEnvironment& environment);

constexpr std::size_t kLogLinesDefault = 200;
constexpr std::size_t kRunsDefault = 100;

std::optional<std::string> parameter(const Exchange& exchange, std::string_view name) {
  auto value = files::query_parameter(exchange.request.query, name);
  return value && !value->empty() ? value : std::nullopt;
}

/// The parameters that are whole numbers from 0 on.
constexpr auto kNumbers = std::to_array<std::string_view>({"limit", "numItems", "since"});

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return is_number && number >= 0 ? std::optional(number) : std::nullopt;
}

/// Of a request that refuse_numbers() has let pass.
std::int64_t number_parameter(const Exchange& exchange,
                              std::string_view name,
                              std::int64_t fallback) {
  const auto text = parameter(exchange, name);
  return text ? whole_number(*text).value_or(fallback) : fallback;
}

std::optional<HttpResponse> refuse_numbers(const Exchange& exchange) {
  for (const std::string_view name : kNumbers) {
    const auto text = parameter(exchange, name);
    if (!text || whole_number(*text)) continue;
    return error_response(400, "bad_request",
                          std::string(name) + " is a whole number from 0 on; not " + *text);
  }
  return std::nullopt;
}

HttpResponse json_of(const Value& value) {
  HttpResponse response = json_response(200, to_json(value));
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

// ---- Data: what the system's functions say ---------------------------------------------------

void answer_with(Exchange exchange, std::string function, Object args) {
  const TenantPtr tenant = exchange.tenant;
  tenant->host().call(
      {.function = "_system:" + std::move(function),
       .args = std::move(args),
       .caller = Caller::Administrator,
       .session = std::move(exchange.session)},
      [tenant, respond = std::move(exchange.respond)](Result<FunctionResult> result) mutable {
        if (!result) {
          const bool is_unknown = result.error().code() == ErrorCode::NotFound;
          return respond(error_response(is_unknown ? 404 : 400,
                                        is_unknown ? "not_found" : "bad_request",
                                        result.error().message()));
        }
        respond(json_response(200, *result ? ***result : "null"));
      });
}

void tables(Exchange exchange, const ObservationEnvironment& /*environment*/) {
  answer_with(std::move(exchange), "listTables", {});
}

void schema(Exchange exchange, const ObservationEnvironment& /*environment*/) {
  answer_with(std::move(exchange), "getSchema", {});
}

void jobs(Exchange exchange, const ObservationEnvironment& /*environment*/) {
  Object args;
  for (const char* name : {"status", "cursor"}) {
    if (auto value = parameter(exchange, name)) args.append(name, *std::move(value));
  }
  if (const auto limit = number_parameter(exchange, "limit", -1); limit >= 0) {
    args.append("limit", limit);
  }
  answer_with(std::move(exchange), "listJobs", std::move(args));
}

void documents(Exchange exchange, const ObservationEnvironment& /*environment*/) {
  Object args;
  for (const char* name : {"table", "cursor"}) {
    if (auto value = parameter(exchange, name)) args.append(name, *std::move(value));
  }
  if (const auto rows = number_parameter(exchange, "numItems", -1); rows >= 0) {
    args.append("numItems", rows);
  }
  if (auto field = parameter(exchange, "sort")) {
    args.append("sort", Object{{"field", *std::move(field)},
                               {"direction", parameter(exchange, "direction").value_or("desc")}});
  }
  answer_with(std::move(exchange), "listDocuments", std::move(args));
}

// ---- What the server has seen ----------------------------------------------------------------

void functions(Exchange exchange, const ObservationEnvironment& environment) {
  std::map<std::string, FunctionRuns::Summary> summaries;
  if (environment.observation != nullptr) summaries = environment.observation->runs.summaries();
  Array out;
  if (const runtime::BundlePtr bundle = exchange.tenant->host().bundle()) {
    for (const auto& [name, function] : bundle->functions) {
      const bool is_internal = function.visibility == runtime::Visibility::Internal;
      Object one{{"name", name},
                 {"kind", name_of(function.kind)},
                 {"visibility", is_internal ? "internal" : "public"}};
      if (const auto found = summaries.find(name); found != summaries.end()) {
        one.append("runs", to_json_value(found->second));
      }
      out.emplace_back(std::move(one));
    }
  }
  exchange.respond(json_of(Object{{"functions", std::move(out)}}));
}

void runs(Exchange exchange, const ObservationEnvironment& environment) {
  Array out;
  if (environment.observation != nullptr) {
    const auto limit = static_cast<std::size_t>(
        number_parameter(exchange, "limit", static_cast<std::int64_t>(kRunsDefault)));
    for (const FunctionRun& run : environment.observation->runs.recent(
             exchange.tenant->slug(), parameter(exchange, "function").value_or(""), limit)) {
      out.emplace_back(to_json_value(run));
    }
  }
  exchange.respond(json_of(Object{{"runs", std::move(out)}}));
}

void metrics_json(Exchange exchange, const ObservationEnvironment& environment) {
  exchange.respond(json_of(to_json_value(read_metrics(environment))));
}

std::optional<LogLevel> level_named(std::string_view name) {
  using enum LogLevel;
  for (const LogLevel level : {Debug, Info, Warn, Error}) {
    if (to_string(level) == name) return level;
  }
  return std::nullopt;
}

/// The default tenant's administrators see everything, those of another tenant theirs.
std::optional<std::string> visible_tenant(const Exchange& exchange) {
  if (exchange.tenant->slug() != kDefaultTenant) return exchange.tenant->slug();
  return parameter(exchange, "tenant");
}

void logs(Exchange exchange, const ObservationEnvironment& environment) {
  if (environment.observation == nullptr) {
    return exchange.respond(error_response(404, "not_found", "this server keeps no log"));
  }
  LogFilter filter{.tenant = visible_tenant(exchange),
                   .function = parameter(exchange, "function"),
                   .request = parameter(exchange, "request"),
                   .least = LogLevel::Debug,
                   .since_unix_ms = number_parameter(exchange, "since", 0)};
  if (const auto level = parameter(exchange, "level")) {
    const auto least = level_named(*level);
    if (!least) {
      return exchange.respond(error_response(
          400, "bad_request", "level is one of debug, info, warn, error; not " + *level));
    }
    filter.least = *least;
  }
  const auto lines = static_cast<std::size_t>(
      number_parameter(exchange, "limit", static_cast<std::int64_t>(kLogLinesDefault)));
  HttpResponse response{
      .status = 200,
      .headers = {{"Content-Type", "application/x-ndjson"}, {"Cache-Control", "no-store"}}};
  LogHub& hub = environment.observation->logs;
  if (!parameter(exchange, "follow")) {
    response.body = hub.recent(filter, lines);
    return exchange.respond(std::move(response));
  }
  response.stream = hub.follow(std::move(filter), lines, exchange.request.gone);
  if (response.stream == nullptr) {
    return exchange.respond(error_response(
        503, "unavailable",
        "too many follow the log already; at most " + std::to_string(kLogFollowersMax) + " may"));
  }
  exchange.respond(std::move(response));
}

struct NamedRoute {
  std::string_view path;
  Route run;
};
constexpr auto kRoutes = std::to_array<NamedRoute>({
    {"/__admin/tables", tables},
    {"/__admin/schema", schema},
    {"/__admin/documents", documents},
    {"/__admin/functions", functions},
    {"/__admin/runs", runs},
    {"/__admin/jobs", jobs},
    {"/__admin/logs", logs},
    {"/__admin/metrics", metrics_json},
});

}  // namespace

bool route_observation(Exchange& exchange,
                       const Administration& rules,
                       const ObservationEnvironment& environment) {
  if (exchange.request.method != "GET" && exchange.request.method != "HEAD") return false;
  const std::string_view path = exchange.request.path;
  const bool is_root = exchange.tenant->slug() == kDefaultTenant;
  const bool is_metrics = path == "/metrics" && is_root;
  const auto* const route = std::ranges::find(kRoutes, path, &NamedRoute::path);
  if (!is_metrics && route == kRoutes.end()) return false;
  auto refusal = refuse_administration(rules, exchange.request);
  if (refusal && !(is_metrics && environment.is_public)) {
    exchange.respond(*std::move(refusal));
  } else if (is_metrics) {
    exchange.respond({.status = 200,
                      .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                                  {"Cache-Control", "no-store"}},
                      .body = to_prometheus(read_metrics(environment))});
  } else if (auto refused = refuse_numbers(exchange)) {
    exchange.respond(*std::move(refused));
  } else {
    route->run(std::move(exchange), environment);
  }
  return true;
}

std::string_view route_label(std::string_view path) {
  constexpr auto kPrefixes = std::to_array<std::string_view>(
      {"/query", "/ws", "/health", "/metrics", "/__admin", "/__dev", "/_dashboard", "/storage"});
  for (const std::string_view prefix : kPrefixes) {
    const bool fits =
        path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
    if (fits) return prefix;
  }
  return "other";
}

}  // namespace moonstone::protocol::functions
