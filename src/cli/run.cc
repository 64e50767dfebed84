// Moonstone. Licence: see LICENSE.
// moonstone run <function> [json]: calls a function on a running server and prints its result.
// Source: functions.md section 16.

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/http_client.h"

namespace moonstone::cli {
namespace {

std::string text_member(const Object& object, std::string_view name, std::string fallback) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::move(fallback);
}

ExitCode fail(Terminal& terminal, std::string_view code, std::string_view message) {
  terminal.error_line(fmt::format("Error [{}]: {}", code, message));
  return ExitCode::Failure;
}

/// Prints what the server said. An undefined result is printed as null, so that the output is JSON.
ExitCode print_reply(const HttpReply& reply, Terminal& terminal) {
  JsonLimits limits;
  limits.bytes_max = kResponseBodyBytesMax;
  const auto body = parse_json(reply.body, limits);
  if (!body || !body->is_object()) {
    return fail(terminal, fmt::format("http_{}", reply.status), reply.body.substr(0, 200));
  }
  const Object& answer = body->as_object();
  if (reply.status != 200) {
    return fail(terminal, text_member(answer, "code", fmt::format("http_{}", reply.status)),
                text_member(answer, "error", "the server gave no reason"));
  }
  const Value* const result = answer.find("result");
  terminal.line(to_json_indented(result == nullptr ? Value(nullptr) : *result));
  return ExitCode::Success;
}

std::string request_body(const RunOptions& options) {
  std::string body = R"({"fn":)";
  write_json_string(options.function, body);
  return body.append(R"(,"args":)").append(options.arguments).append("}");
}

}  // namespace

ExitCode run_function(const RunOptions& options, Terminal& terminal) {
  if (!parse_json(options.arguments)) {
    terminal.error_line(fmt::format("Invalid JSON args: {}", options.arguments));
    return ExitCode::Failure;
  }
  std::string base = options.url;
  while (base.ends_with('/'))
    base.pop_back();
  HttpPost request{.url = base + "/__admin/run", .headers = {}, .body = request_body(options)};
  if (!options.admin_key.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options.admin_key);
  }
  const auto reply = post(request);
  if (reply) return print_reply(*reply, terminal);
  if (reply.error().code() == ErrorCode::Unavailable) {
    terminal.error_line(fmt::format("Cannot reach {}: {}. Is `moonstone dev` running there?",
                                    options.url, reply.error().message()));
  } else {
    terminal.error(reply.error().message());
  }
  return ExitCode::Failure;
}

}  // namespace moonstone::cli
