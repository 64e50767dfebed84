// Moonstone. Licence: see LICENSE.
// moonstone run <function> [json]: calls a function on a running server and prints its result; with
// --watch a query's result again whenever it changes.
// Source: functions.md section 16.

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/script_json.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/watch_query.h"

namespace moonstone::cli {
namespace {

std::string request_body(const RunOptions& options) {
  std::string body = R"({"fn":)";
  write_json_string(options.function, body);
  return body.append(R"(,"args":)").append(options.arguments).append("}");
}

ExitCode fail(const Error& error, Terminal& terminal) {
  const bool is_server = error.code() == ErrorCode::FailedPrecondition;
  if (is_server) {
    terminal.error_line(fmt::format("Error [{}]: {}", error.reason(), error.message()));
  } else if (error.reason() == "unreachable") {
    terminal.error_line(error.message());
  } else {
    terminal.error(error.message());
  }
  return ExitCode::Failure;
}

}  // namespace

ExitCode run_function(const RunOptions& options, Terminal& terminal) {
  if (!parse_script_json(options.arguments)) {
    terminal.error_line(fmt::format("Invalid JSON args: {}", options.arguments));
    return ExitCode::Failure;
  }
  if (options.mode == RunOptions::Mode::Watch) {
    const Status watched = watch_query(options, terminal);
    return watched ? ExitCode::Success : fail(watched.error(), terminal);
  }
  HttpCall call = options.remote.call_to("POST", "/__admin/run");
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = request_body(options);
  const auto result = ask(options.remote, call);
  if (!result) return fail(result.error(), terminal);
  // An undefined result is printed as null, so that the output is JSON.
  print_json(terminal, result->is_undefined() ? Value(nullptr) : *result);
  return ExitCode::Success;
}

}  // namespace moonstone::cli
