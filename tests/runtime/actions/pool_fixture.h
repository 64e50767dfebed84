// Moonstone. Licence: see LICENSE.
#pragma once
// A pool of real Node workers with a bundle written in the test, and services that the test plays.

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/guarded.h"
#include "base/json.h"
#include "base/mutex.h"
#include "runtime/actions/action_pool.h"

namespace moonstone::actions {

/// The parts of a request that tests set.
struct RequestParts {
  std::string method = "GET";
  std::string path = "/x";
  std::string query = {};
  std::vector<protocol::Header> headers = {};
  std::string body = {};

  [[nodiscard]] protocol::HttpRequest request() const {
    protocol::HttpRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.headers = headers;
    request.body = body;
    return request;
  }
};

inline std::string header_in(const std::vector<protocol::Header>& headers, std::string_view name) {
  for (const protocol::Header& header : headers) {
    if (protocol::same_header_name(header.name, name)) return header.value;
  }
  return {};
}

/// A value that another thread sets; take() waits for it.
template <class T>
class Awaited {
 public:
  void set(T value) {
    const MutexLock lock(state_->mutex);
    state_->value.emplace(std::move(value));
    state_->arrived.notify_all();
  }
  T take() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const MutexLock lock(state_->mutex);
    while (!state_->value) {
      if (state_->arrived.wait_until(state_->mutex, give_up) == Condition::Wake::TimedOut) break;
    }
    EXPECT_TRUE(state_->value) << "nothing came within a minute";
    if (!state_->value) std::abort();  // the test cannot go on
    return *std::exchange(state_->value, std::nullopt);
  }

 private:
  struct State {
    Mutex mutex;
    Condition arrived;
    std::optional<T> value MS_GUARDED_BY(mutex);
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();  // shared with the setter
};

/// Answers as the test says; unanswered asks are kept.
class FakeServices final : public ActionServices {
 public:
  using Answer = Result<std::optional<std::string>>;

  void run(Run request, Done done) override {
    const std::string kind = request.kind == Kind::Query      ? "query"
                             : request.kind == Kind::Mutation ? "mutation"
                                                              : "action";
    if (request.function == "wait") {
      stop_.emplace(request.stop, [waiting = &stopped] { waiting->set(true); });
      kept_.push_back(std::move(done));
      return asked.set("wait");
    }
    if (request.function == "nothing") return done(std::optional<std::string>());
    if (request.function == "missing") {
      return done(Error(ErrorCode::NotFound, "Query not found: missing"));
    }
    done("[\"" + kind + "\",\"" + request.function + "\"," + to_json(request.args) + "]");
  }
  void schedule(Schedule request, Done done) override {
    const std::string when = request.when == Schedule::When::After ? "after " : "at ";
    note(when + to_json(request.time) + " " + to_json(request.function) + " " +
         to_json(request.args) + " " + to_json(request.options));
    done("\"job:1\"");
  }
  void cancel_job(std::string id, Done done) override {
    note("cancel " + id);
    done(std::optional<std::string>());
  }
  void file_url(std::string id, Value /*options*/, Done done) override {
    done("\"http://x/" + id + "\"");
  }
  void file_metadata(std::string /*id*/, Done done) override { done("null"); }
  void delete_file(std::string id, Done done) override {
    note("delete " + id);
    done(std::optional<std::string>());
  }
  void upload_url(Done done) override { done("\"http://x/upload\""); }
  void store_file(Store request, Done done) override {
    note("store " + request.content_type + " " + std::to_string(request.size));
    read_all(std::move(request.bytes), std::size_t{64} << 20,
             [done = std::move(done)](Result<std::string> bytes) mutable {
               if (!bytes) return done(std::move(bytes).error());
               done("\"stored " + std::to_string(bytes->size()) + "\"");
             });
  }
  void forward(Forward request, Responded done) override {
    note(request.tenant + ": " + request.request.method + " " + request.request.path + "?" +
         request.request.query + " " + std::string(request.request.header("x-user")));
    auto body = request.request.stream;
    if (body == nullptr) return done(answer_);
    read_all(std::move(body), std::size_t{64} << 20,
             [this, done = std::move(done)](const Result<std::string>& bytes) mutable {
               protocol::HttpResponse response = answer_;
               response.body = bytes ? "got " + *bytes : bytes.error().message();
               done(std::move(response));
             });
  }
  void log(LogLevel level, std::string_view text) override {
    note(std::string(to_string(level)) + ": " + std::string(text));
    if (text == "logged") logged.set(true);
  }

  void answer_forwards(protocol::HttpResponse response) { answer_ = std::move(response); }
  std::vector<std::string> notes() {
    return notes_.with_lock([](std::vector<std::string>& notes) { return notes; });
  }

  Awaited<std::string> asked;
  Awaited<bool> stopped;
  Awaited<bool> logged;

 private:
  void note(std::string text) {
    notes_.with_lock([&](std::vector<std::string>& notes) { notes.push_back(std::move(text)); });
  }

  Guarded<std::vector<std::string>> notes_;
  protocol::HttpResponse answer_{.headers = {{"x-a", "1"}}, .body = "answer"};
  std::optional<std::stop_callback<std::function<void()>>> stop_;
  std::vector<Done> kept_;
};

class PoolTest : public testing::Test {
 protected:
  PoolTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
  }
  ~PoolTest() override {
    pool_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  PoolOptions options() const {
    PoolOptions options;
    options.folder = folder_ + "/workers";
    options.working_folder = folder_;
    options.environment = {"GREETING=hello"};
    return options;
  }
  void open(PoolOptions options) { pool_ = std::make_unique<ActionPool>(std::move(options)); }
  ActionPool& pool() {
    if (pool_ == nullptr) open(options());
    return *pool_;
  }

  static NodeProgram program(std::string code, std::string hash = "1") {
    return {.hash = std::move(hash),
            .code = std::make_shared<const std::string>(std::move(code)),
            .source_map = nullptr};
  }
  CallOrigin origin(std::string name) const {
    return {.program = program_,
            .services = services_,
            .identity = {},
            .now_unix_ms = 1234,
            .name = std::move(name),
            .stop = {}};
  }

  Awaited<Result<Value>> start(std::string name, Value args = Object(), std::stop_token stop = {}) {
    ActionCall call{
        .origin = origin("m:" + name), .module = "m", .export_name = name, .args = std::move(args)};
    call.origin.stop = std::move(stop);
    Awaited<Result<Value>> answer;
    pool().run(std::move(call),
               [answer](Result<Value> result) mutable { answer.set(std::move(result)); });
    return answer;
  }
  Result<Value> run(std::string name, Value args = Object()) {
    return start(std::move(name), std::move(args)).take();
  }
  /// The result as JSON, "undefined", or the error's message.
  std::string shown(const Result<Value>& result) const {
    if (!result) return "error: " + result.error().message();
    return result->is_undefined() ? "undefined" : to_json(*result);
  }

  std::string folder_;
  NodeProgram program_;
  std::shared_ptr<FakeServices> services_ = std::make_shared<FakeServices>();
  std::unique_ptr<ActionPool> pool_;
};

}  // namespace moonstone::actions
