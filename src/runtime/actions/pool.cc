// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/pool.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "runtime/actions/find_program.h"
#include "runtime/actions/internal/header_text.h"
#include "runtime/actions/internal/tagged_json.h"
#include "runtime/actions/worker_script.h"

namespace moonstone::actions {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{500};
/// One event loop runs several calls that wait for the network; beyond it a second core helps.
constexpr std::size_t kCallsBeforeAnother = 4;
/// A worker that does not answer counts as this many calls.
constexpr std::size_t kBusyWeight = 1000;
/// For workers of a former program.
constexpr std::chrono::milliseconds kRetiredIdleMax{500};
constexpr std::chrono::milliseconds kBackOffFirst{100};
constexpr unsigned kBackOffDoublingsMax = 7;  // 12.8 s
/// A worker that ran this long before it failed counts as healthy before.
constexpr std::chrono::seconds kHealthyAfter{10};

std::size_t load_of(const Worker& worker, Worker::TimePoint now) {
  return worker.open_calls() + (worker.is_busy(now) ? kBusyWeight : 0);
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  write_json_string(text, out);
}

/// The members that describe a request to fetch.
void append_request(std::string& out,
                    const std::string& url,
                    const protocol::HttpRequest& request,
                    std::uint32_t stream) {
  append_text(out, "method", request.method);
  append_text(out, "url", url);
  out += R"(,"headers":[)";
  const char* separator = "";
  for (const protocol::Header& header : request.headers) {
    out.append(separator).append("[");
    separator = ",";
    write_json_string(header.name, out);
    out += ',';
    write_json_string(header_text_of(header.value), out);
    out += ']';
  }
  out += ']';
  if (stream != 0) out += fmt::format(R"(,"stream":{})", stream);
}

Status write_text(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (file) return {};
  return Error(ErrorCode::Unavailable, fmt::format("cannot write {}", path));
}

Error node_missing(const Error& cause) {
  return {
      ErrorCode::Unavailable,
      fmt::format("actions, HTTP routes and files marked \"use node\" need Node 18 or newer, but "
                  "{}. Install it, or name its path in the setting actions.node",
                  cause.message()),
      "node_missing"};
}

ByteStreamPtr body_of(protocol::HttpRequest& request) {
  if (request.stream != nullptr) return std::move(request.stream);
  return request.body.empty() ? nullptr : stream_of(std::move(request.body));
}

}  // namespace

const CallOrigin& origin_of(const CallRequest& request) {
  return std::visit([](const auto& call) -> const CallOrigin& { return call.origin; }, request);
}

Pool::Pool(std::shared_ptr<EventLoop> loop, PoolOptions options)
    : loop_(std::move(loop)), options_(std::move(options)) {
  if (options_.logger == nullptr) options_.logger = &null_logger();
}

// --- starting
// ------------------------------------------------------------------------------------

void Pool::submit(Submission submission) {
  if (is_stopping_) {
    return submission.done(Error(ErrorCode::Unavailable, "the server is stopping"));
  }
  if (calls_.size() >= options_.calls_max) {
    return submission.done(Error(
        ErrorCode::LimitExceeded,
        fmt::format("more than {} actions and HTTP requests are running at once; try again later",
                    options_.calls_max),
        "actions"));
  }
  current_ = origin_of(submission.request).program.hash;
  const std::uint32_t id = ++last_call_;
  Call& call = calls_[id];
  call.id = id;
  call.request = std::move(submission.request);
  call.done = std::move(submission.done);
  call.deadline = loop_->after(options_.call_max, [this, id] {
    cancel(id, ErrorCode::DeadlineExceeded,
           fmt::format("it took longer than {} ms (actions.run_ms)", options_.call_max.count()));
  });
  call.caller_left =
      std::make_unique<StopCallback>(origin_of(call.request).stop, [this, id, loop = loop_.get()] {
        loop->post([this, id] { cancel(id, ErrorCode::Cancelled, "the caller has gone"); });
      });
  assign(call);
}

void Pool::assign(Call& call) {
  auto worker = worker_for(origin_of(call.request).program);
  if (!worker) {
    answer(call, std::move(worker).error());
    return finish(call.id);
  }
  if (*worker == nullptr) return wait_for_worker(call);
  call.worker = *worker;
  send_call(call);
}

Result<Worker*> Pool::worker_for(const NodeProgram& program) {
  const auto now = steady_clock::now();
  Worker* best = nullptr;
  std::size_t count = 0;
  bool is_starting = false;
  for (const auto& [id, worker] : workers_) {
    if (!worker->accepts() || worker->program() != program.hash) continue;
    if (worker->started_calls() >= options_.calls_per_worker) {
      worker->retire();
      continue;
    }
    ++count;
    is_starting |= !worker->is_ready();
    if (best == nullptr || load_of(*worker, now) < load_of(*best, now)) best = worker.get();
  }
  const bool wants_more = best == nullptr || (load_of(*best, now) >= kCallsBeforeAnother &&
                                              count < options_.workers_max && !is_starting);
  if (!wants_more || now < not_before_) return best;
  auto started = start_worker(program);
  if (best == nullptr) return started;
  // The new one is not ready yet; the calls after this one will find it.
  return best;
}

Result<Worker*> Pool::start_worker(const NodeProgram& program) {
  auto node = find_program(options_.node);
  if (!node) return node_missing(node.error());
  MS_TRY(const std::string bundle, write_files(program));
  const std::uint64_t id = ++last_worker_;
  MS_TRY(auto worker,
         Worker::start(
             loop_, *this, id, program.hash,
             {.child = {.executable = *std::move(node),
                        .arguments = {"--enable-source-maps", "--no-warnings",
                                      fmt::format("--max-old-space-size={}", options_.heap_mib),
                                      options_.folder + "/worker.mjs"},
                        .environment = options_.environment,
                        .folder = options_.working_folder},
              .heap_mib = options_.heap_mib,
              .silence_max = options_.silence_max}));
  std::string start = R"({"t":"start")";
  append_text(start, "bundle", bundle);
  worker->send_message(
      start + fmt::format(R"(,"limits":{{"resultBytes":{}}}}})", options_.result_bytes_max));
  Worker* const started = worker.get();
  workers_[id] = std::move(worker);
  options_.logger->log(LogLevel::Debug, "actions", "worker_started",
                       {{"worker", static_cast<std::int64_t>(id)}});
  if (!std::exchange(is_ticking_, true)) loop_->after(kTick, [this] { tick(); });
  return started;
}

Result<std::string> Pool::write_files(const NodeProgram& program) {
  std::string bundle = fmt::format("{}/bundle.{}.mjs", options_.folder, program.hash);
  if (!std::exchange(has_folder_, true)) {
    std::error_code failed;
    fs::remove_all(options_.folder, failed);
    fs::create_directories(options_.folder, failed);
    if (failed) {
      has_folder_ = false;
      return Error(ErrorCode::Unavailable,
                   fmt::format("cannot make the folder {}: {}", options_.folder, failed.message()));
    }
    MS_TRY_STATUS(write_text(options_.folder + "/worker.mjs", worker_script()));
  }
  if (!written_.insert(program.hash).second) return bundle;
  std::string code = *program.code;
  if (program.source_map != nullptr && !program.source_map->empty()) {
    // worker/calls.js takes this root off again. The map is an object of esbuild's.
    MS_TRY_STATUS(write_text(bundle + ".map", R"({"sourceRoot":"file:///moonstone-sources/_/_/",)" +
                                                  program.source_map->substr(1)));
    code += fmt::format("\n//# sourceMappingURL=bundle.{}.mjs.map\n", program.hash);
  }
  MS_TRY_STATUS(write_text(bundle, code));
  return bundle;
}

void Pool::send_call(Call& call) {
  const std::string message = message_of(call);
  call.worker->count_call();
  if (message.size() > kFrameBytesMax) {
    call.worker->count_end(steady_clock::now());
    call.worker = nullptr;
    answer(call, Error(ErrorCode::LimitExceeded, "the arguments are too large", "args_bytes"));
    return finish(call.id);
  }
  call.worker->send_message(message);
}

std::string Pool::message_of(Call& call) {
  const CallOrigin& origin = origin_of(call.request);
  std::string out = fmt::format(R"({{"id":{},"now":{})", call.id, origin.now_unix_ms);
  append_text(out, "label", origin.name);
  if (!origin.identity.is_missing()) {
    out += R"(,"identity":)";
    write_json(origin.identity, out);
  }
  if (auto* const action = std::get_if<ActionCall>(&call.request)) {
    out += R"(,"t":"action")";
    append_text(out, "module", action->module);
    append_text(out, "name", action->export_name);
    out += R"(,"args":)";
    write_tagged_json(action->args, out);
    return out + '}';
  }
  const auto offer = [&](protocol::HttpRequest& request) {
    if (ByteStreamPtr body = body_of(request)) {
      call.request_stream = call.worker->streams().offer(std::move(body));
    }
    return call.request_stream;
  };
  if (auto* const route = std::get_if<RouteCall>(&call.request)) {
    out += R"(,"t":"route","route":{)";
    out += fmt::format(R"("prefix":{},"index":{})", route->list == RouteCall::List::Prefix,
                       route->index);
    append_text(out, "module", route->module);
    out += '}';
    append_text(out, "place", origin.name);
    append_request(out, route->url, route->request, offer(route->request));
    return out + '}';
  }
  auto& gate = std::get<GateCall>(call.request);
  out += R"(,"t":"gate")";
  if (gate.kind == GateCall::Kind::Upgrade) out += R"(,"upgrade":true)";
  append_text(out, "tenantOfHost", gate.tenant_of_host);
  append_request(out, gate.url, gate.request, offer(gate.request));
  return out + '}';
}

void Pool::wait_for_worker(Call& call) {
  waiting_.push_back(call.id);
  if (waiting_.size() == 1) loop_->at(not_before_, [this] { assign_waiting(); });
}

void Pool::assign_waiting() {
  for (const std::uint32_t id : std::exchange(waiting_, {})) {
    if (const auto found = calls_.find(id); found != calls_.end()) assign(found->second);
  }
}

void Pool::note_failed_start() {
  not_before_ =
      steady_clock::now() + kBackOffFirst * (1 << std::min(failures_, kBackOffDoublingsMax));
  ++failures_;
}

// --- ending
// --------------------------------------------------------------------------------------

void Pool::answer(Call& call, Result<CallResult> result) {
  if (call.deadline) loop_->cancel(*std::exchange(call.deadline, std::nullopt));
  if (call.done == nullptr) return;
  CallDone done = std::exchange(call.done, nullptr);
  if (!result) {
    // The user's own message stays as it is.
    const Error& error = result.error();
    if (error.reason() != "user_code" && error.reason() != "node_missing") {
      return done(Error(error).with_context(origin_of(call.request).name));
    }
  }
  done(std::move(result));
}

void Pool::cancel(std::uint32_t id, ErrorCode code, const std::string& why) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Call& call = found->second;
  call.asks.request_stop();
  answer(call, Error(code, why, code == ErrorCode::Cancelled ? "cancelled" : "deadline"));
  if (call.worker == nullptr) return finish(id);
  if (code == ErrorCode::DeadlineExceeded) call.worker->note_overdue();
  std::string message = fmt::format(R"({{"t":"cancel","id":{})", id);
  append_text(message, "message", why);
  call.worker->send_message(message + '}');
}

void Pool::finish(std::uint32_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Call& call = found->second;
  answer(call, Error(ErrorCode::Internal, "it ended without an answer"));
  call.asks.request_stop();
  if (call.worker != nullptr) {
    if (call.request_stream != 0) call.worker->streams().withdraw(call.request_stream);
    call.worker->count_end(steady_clock::now());
  }
  calls_.erase(found);
}

void Pool::shut_down() {
  is_stopping_ = true;
  while (!calls_.empty()) {
    Call& call = calls_.begin()->second;
    const bool has_begun = call.worker != nullptr;
    answer(call, Error(has_begun ? ErrorCode::Cancelled : ErrorCode::Unavailable,
                       "the server is stopping"));
    finish(call.id);
  }
  workers_.clear();
}

void Pool::tick() {
  is_ticking_ = !workers_.empty();
  if (!is_ticking_) return;
  loop_->after(kTick, [this] { tick(); });
  const auto now = steady_clock::now();
  for (const auto& [id, worker] : workers_) {
    worker->tick(now);
    end_idle(*worker, now);
  }
}

void Pool::end_idle(Worker& worker, Worker::TimePoint now) {
  if (worker.open_calls() > 0 || worker.has_ended()) return;
  const bool is_former = worker.program() != current_;
  const bool is_retired = is_former || !worker.accepts();
  const auto idle_max = is_retired ? kRetiredIdleMax : options_.idle_max;
  if (now - worker.idle_since() > idle_max) {
    worker.end(Error(ErrorCode::Cancelled, "it was idle", "idle"));
  }
}

void Pool::on_ended(std::uint64_t id, const Error& why) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;
  Worker& worker = *found->second;
  const bool is_idle = why.reason() == "idle";
  if (!is_idle) {
    options_.logger->log(LogLevel::Warn, "actions", "worker_lost", {{"why", why.message()}});
    const bool was_healthy = steady_clock::now() - worker.started_at() > kHealthyAfter;
    if (was_healthy) failures_ = 0;
    note_failed_start();
  }
  for (auto call = calls_.begin(); call != calls_.end();) {
    const auto current = call++;
    if (current->second.worker != &worker) continue;
    answer(current->second, why);
    finish(current->first);
  }
  workers_.erase(found);
}

}  // namespace moonstone::actions
