// Moonstone. Licence: see LICENSE.
// FunctionHost, the aspect of explaining: one run of a query, watched.
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "protocol/functions/function_host.h"

namespace moonstone::protocol::functions {

live::RunResult FunctionHost::run_explained(const QueryRun& given, Explanation& explanation) {
  ReadRecorder recorder(*given.source);
  QueryRun watched = given;
  watched.source = &recorder;
  const auto start = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds work_start = thread_cpu_time();
  const live::RunResult result = run_query(watched);
  explanation.json = result.json;
  explanation.preparation = result.preparation;
  explanation.time = std::chrono::steady_clock::now() - start - result.preparation;
  explanation.work = thread_cpu_time() - work_start - result.preparation;
  explanation.documents = result.documents_read;
  explanation.bytes = result.bytes_read;
  explanation.reads_of_caller = result.reads;
  explanation.lasts = result.lasts;
  explanation.footprint = result.footprint;
  explanation.reads = recorder.take();
  // Nobody shares it, so nothing need wake it, and it is not kept.
  live::RunResult told;
  told.json = result.json;
  told.footprint = std::make_shared<const query::Footprint>();
  told.preparation = result.preparation;
  told.lasts = false;
  return told;
}

Result<Explanation> FunctionHost::explain(std::string_view function,
                                          Value args,
                                          engine::Session session) {
  auto prepared =
      prepare(function, std::move(args), runtime::FunctionKind::Query, Caller::Administrator);
  if (!prepared) {
    // Faces take the reasons of prepare() for errors about the function that they called.
    const Error& why = prepared.error();
    return Error(why.code(), std::string(why.message()), "explained_function");
  }
  PreparedCall call = *std::move(prepared);
  // Written on a reader's thread, read when that run has been answered.
  auto explanation = std::make_shared<std::optional<Explanation>>();
  const auto run = [this, explanation, name = call.function->name, args = std::move(call.args)](
                       engine::ReadSession& snapshot, const engine::Session& caller,
                       std::chrono::steady_clock::time_point deadline) {
    explanation->emplace().version = snapshot.snapshot().version;
    return run_explained({.function = &name,
                          .args = &args,
                          .session = &caller,
                          .source = &snapshot.source(),
                          .schema_version = snapshot.snapshot().schema_version,
                          .deadline = deadline},
                         **explanation);
  };
  auto promise = std::make_shared<std::promise<Status>>();
  auto answered = promise->get_future();
  live_.run_once({.key = "explain:" + std::to_string(++explained_),
                  .run = run,
                  .caller = live::make_caller(std::move(session))},
                 [promise](const Result<live::SharedText>& json) {
                   promise->set_value(json ? Status() : Status(json.error()));
                 });
  const Status done = answered.get();
  const bool has_run = explanation->has_value();
  if (!done && (!has_run || done.error().code() == ErrorCode::Unavailable)) return done.error();
  return std::move(**explanation);
}

}  // namespace moonstone::protocol::functions
