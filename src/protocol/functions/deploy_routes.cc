// Moonstone. Licence: see LICENSE.
#include "protocol/functions/deploy_routes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/byte_stream.h"
#include "base/clock.h"
#include "base/json.h"

namespace moonstone::protocol::functions {
namespace {

using store::Writer;

constexpr std::string_view kPath = "/__admin/deploy";

/// Whether the query string has `name=1`.
bool has_flag(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    if (pair.starts_with(name) && pair.substr(name.size()) == "=1") return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

/// The status and code by which a client tells refusals apart.
HttpResponse refusal(const Error& error) {
  struct Kind {
    std::string_view reason;
    int status;
  };
  constexpr std::array<Kind, 6> kKinds = {{{.reason = "bundle", .status = 400},
                                           {.reason = "bundle_bytes", .status = 413},
                                           {.reason = "body_bytes", .status = 413},
                                           {.reason = "schema_violation", .status = 409},
                                           {.reason = "data_loss", .status = 409},
                                           {.reason = "no_previous", .status = 409}}};
  const auto found = std::ranges::find(kKinds, error.reason(), &Kind::reason);
  std::string body = R"({"success":false,"error":)";
  write_json_string(error.message(), body);
  body += R"(,"code":)";
  write_json_string(found == kKinds.end() ? "execution_error" : error.reason(), body);
  if (!error.stack().empty()) {
    body += R"(,"stack":)";
    write_json_string(error.stack(), body);
  }
  return json_response(found == kKinds.end() ? 500 : found->status, body + "}");
}

HttpResponse success(Value result) {
  return json_response(200, to_json(Object{{"success", true}, {"result", std::move(result)}}));
}

Value texts(const std::vector<std::string>& lines) {
  Array array;
  for (const std::string& line : lines)
    array.emplace_back(line);
  return array;
}

bool same_type(const schema::TypePtr& a, const schema::TypePtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return *a == *b;
}

bool same_signature(const runtime::Function& a, const runtime::Function& b) {
  return a.kind == b.kind && a.visibility == b.visibility && same_type(a.args, b.args) &&
         same_type(a.returns, b.returns);
}

/// Functions that come, go, or are declared otherwise.
Value compare_functions(const runtime::Bundle* before, const runtime::Bundle& after) {
  Array added;
  Array removed;
  Array changed;
  for (const auto& [name, function] : after.functions) {
    const runtime::Function* const old = before == nullptr ? nullptr : before->find(name);
    if (old == nullptr) {
      added.emplace_back(name);
    } else if (!same_signature(*old, function)) {
      changed.emplace_back(name);
    }
  }
  if (before != nullptr) {
    for (const auto& [name, function] : before->functions) {
      if (after.find(name) == nullptr) removed.emplace_back(name);
    }
  }
  return Object{{"added", std::move(added)},
                {"removed", std::move(removed)},
                {"changed", std::move(changed)}};
}

/// The changes of the schema as they are shown to people; tables of the system are no news.
Value describe_diff(const schema::SchemaDiff& diff) {
  Array lines;
  for (const schema::SchemaChange& change : diff.changes) {
    if (!change.table.starts_with('_')) lines.emplace_back(schema::describe(change));
  }
  return lines;
}

class Deployer {
 public:
  Deployer(const DeployEnvironment& environment, std::string_view query)
      : tenants_(*environment.tenants),
        bundles_(*environment.bundles),
        is_dry_run_(has_flag(query, "dryRun")),
        allow_(has_flag(query, "acceptDataLoss") ? Writer::AllowDataLoss::Yes
                                                 : Writer::AllowDataLoss::No) {}

  HttpResponse deploy(std::string_view text) {
    auto file = runtime::read_bundle_file(text);
    if (!file) return refusal(file.error());
    return put_into_force(*std::move(file), Way::Forward);
  }

  HttpResponse roll_back() {
    const auto& history = bundles_.history();
    if (history.size() < 2) {
      return refusal(Error(ErrorCode::FailedPrecondition,
                           "there is no earlier version to go back to: this server knows only the "
                           "one that runs",
                           "no_previous"));
    }
    auto file = bundles_.load(history[history.size() - 2]);
    if (!file) return refusal(file.error());
    return put_into_force(*std::move(file), Way::Back);
  }

 private:
  enum class Way : unsigned char { Forward, Back };

  HttpResponse put_into_force(runtime::BundleFile file, Way way) {
    const std::string version = file.version;
    auto bundle = runtime::load_bundle(std::move(file.source));
    if (!bundle) return refusal(bundle.error());
    auto checks = tenants_.check(*bundle);
    if (!checks) return refusal(checks.error());
    Value plan = make_plan(**bundle, version, *checks);
    if (is_dry_run_) return success(std::move(plan));
    // Kept first: if the process dies in between, the next start carries the deployment out.
    const std::string former = in_force();
    const runtime::BundlePtr running = tenants_.root()->host().bundle();
    const Status kept =
        way == Way::Back ? bundles_.forget_last() : bundles_.record(**bundle, now());
    if (!kept) return refusal(kept.error());
    auto outcome = tenants_.deploy(*bundle, allow_);
    if (!outcome) {
      restore(way, former, running);
      return refusal(outcome.error());
    }
    plan.as_object().set("failedTenants", texts(outcome->failed));
    return success(std::move(plan));
  }

  [[nodiscard]] std::string in_force() const {
    return bundles_.history().empty() ? std::string() : bundles_.history().back().hash;
  }

  /// Makes the history say again what runs. If that fails the next start tries the version that was
  /// refused, and says so.
  void restore(Way way, const std::string& former, const runtime::BundlePtr& running) {
    if (in_force() == former) return;
    Status restored;
    if (way == Way::Forward) restored = bundles_.forget_last();
    if (way == Way::Back && running != nullptr) restored = bundles_.record(*running, now());
    restored.ignore("the deployment's own error is what counts");
  }

  Value make_plan(const runtime::Bundle& bundle,
                  const std::string& version,
                  const std::vector<Tenants::Check>& checks) const {
    const runtime::BundlePtr before = tenants_.root()->host().bundle();
    Array losses;
    Array violations;
    for (const Tenants::Check& check : checks) {
      for (const std::string& loss : check.schema.losses)
        losses.emplace_back(Object{{"tenant", check.slug}, {"what", loss}});
      for (const std::string& violation : check.schema.violations)
        violations.emplace_back(Object{{"tenant", check.slug}, {"what", violation}});
    }
    return Object{{"hash", bundle.hash},
                  {"moonstone", version},
                  {"previous", before == nullptr ? Value(nullptr) : Value(before->hash)},
                  {"dryRun", is_dry_run_},
                  {"codeChanged", before == nullptr || before->hash != bundle.hash},
                  {"functions", compare_functions(before.get(), bundle)},
                  {"schema", describe_diff(checks.front().schema.diff)},
                  {"dataLosses", std::move(losses)},
                  {"violations", std::move(violations)},
                  {"tenants", static_cast<std::int64_t>(tenants_.list().size())}};
  }

  [[nodiscard]] std::int64_t now() const {
    Clock* const clock = tenants_.options().each.host.clock;
    return (clock == nullptr ? system_clock() : *clock).unix_ms();
  }

  Tenants& tenants_;
  BundleStore& bundles_;
  bool is_dry_run_;
  Writer::AllowDataLoss allow_;
};

HttpResponse list_versions(const DeployEnvironment& environment) {
  const runtime::BundlePtr running = environment.tenants->root()->host().bundle();
  Array versions;
  for (const DeployedBundle& entry : environment.bundles->history()) {
    versions.emplace_back(
        Object{{"hash", entry.hash}, {"at", entry.unix_ms}, {"moonstone", entry.version}});
  }
  return success(Object{{"current", running == nullptr ? Value(nullptr) : Value(running->hash)},
                        {"deployments", std::move(versions)}});
}

/// Why this server cannot be deployed to; nothing if it can.
std::optional<HttpResponse> refuse_deployment(const Exchange& exchange,
                                              const DeployEnvironment& environment) {
  if (environment.bundles == nullptr) {
    return error_response(409, "not_deployable",
                          "this server runs `moonstone dev` and takes its code from its folder; "
                          "deploy to a server that runs `moonstone start`");
  }
  if (exchange.tenant != environment.tenants->root()) {
    return error_response(400, "bad_request",
                          "a deployment is for all tenants: leave /t/... out of the address");
  }
  return std::nullopt;
}

void run_in_order(Exchange exchange, const DeployEnvironment& environment, std::string body) {
  environment.maintenance->post([environment, query = std::move(exchange.request.query),
                                 method = std::move(exchange.request.method),
                                 body = std::move(body),
                                 respond = std::move(exchange.respond)]() mutable {
    if (method == "GET") return respond(list_versions(environment));
    Deployer deployer(environment, query);
    respond(has_flag(query, "rollback") ? deployer.roll_back() : deployer.deploy(body));
  });
}

}  // namespace

bool carries_bundle(const HttpRequest& head) {
  return head.method == "POST" && head.path == kPath;
}

bool route_deploy(Exchange& exchange,
                  const Administration& rules,
                  const DeployEnvironment& environment) {
  const HttpRequest& request = exchange.request;
  if (request.path != kPath || (request.method != "POST" && request.method != "GET")) return false;
  auto refused = refuse_administration(rules, request);
  if (!refused) refused = refuse_deployment(exchange, environment);
  if (refused) {
    exchange.respond(*std::move(refused));
    return true;
  }
  ByteStreamPtr stream = std::move(exchange.request.stream);
  if (stream == nullptr) {
    std::string body = std::move(exchange.request.body);
    run_in_order(std::move(exchange), environment, std::move(body));
    return true;
  }
  read_all(std::move(stream), runtime::kBundleFileBytesMax,
           [exchange = std::move(exchange), environment](Result<std::string> body) mutable {
             if (!body) return exchange.respond(refusal(body.error()));
             run_in_order(std::move(exchange), environment, *std::move(body));
           });
  return true;
}

}  // namespace moonstone::protocol::functions
