// Moonstone. Licence: see LICENSE.
#include "protocol/functions/action_services.h"

#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "runtime/jobs/schedule.h"

namespace moonstone::protocol::functions {
namespace {

namespace jobs = runtime::jobs;
using runtime::FunctionKind;

std::string json_text(std::string_view text) {
  std::string json;
  write_json_string(text, json);
  return json;
}

struct KindWords {
  FunctionKind kind;
  std::string_view word;
};

KindWords words_of(actions::ActionServices::Kind kind) {
  switch (kind) {
    case actions::ActionServices::Kind::Query:
      return {.kind = FunctionKind::Query, .word = "Query"};
    case actions::ActionServices::Kind::Mutation:
      return {.kind = FunctionKind::Mutation, .word = "Mutation"};
    case actions::ActionServices::Kind::Action:
      break;
  }
  return {.kind = FunctionKind::Action, .word = "Action"};
}

Error no_files() {
  return {ErrorCode::FailedPrecondition, "ctx.storage has no files here", "files"};
}

class Services final : public actions::ActionServices {
 public:
  explicit Services(CallServices parts) : parts_(std::move(parts)) {}

  void run(Run request, Done done) override {
    const KindWords words = words_of(request.kind);
    FunctionCall call{.function = request.function,
                      .args = std::move(request.args),
                      .kind = words.kind,
                      .caller = Caller::Administrator,
                      .session = parts_.session,
                      .cancelled = std::move(request.stop)};
    // A ledger entry belongs to the client's own mutations.
    call.session.client.clear();
    parts_.host->call(
        std::move(call), [words, name = std::move(request.function),
                          done = std::move(done)](Result<FunctionResult> result) mutable {
          if (!result) {
            const Error& error = result.error();
            const bool is_missing = error.reason() == "function" || error.reason() == "kind";
            return done(is_missing
                            ? Error(ErrorCode::NotFound,
                                    fmt::format("{} not found: {}", words.word, name), "function")
                            : error);
          }
          done(*result ? std::optional<std::string>(***result) : std::nullopt);
        });
  }

  void schedule(Schedule request, Done done) override {
    jobs::SchedulerCall call{.when = std::move(request.time),
                             .function = std::move(request.function),
                             .args = std::move(request.args),
                             .options = std::move(request.options),
                             .origin = parts_.function};
    const bool is_delay = request.when == Schedule::When::After;
    write("ctx.scheduler", std::move(done),
          [call = std::move(call), is_delay, limits = parts_.host->options().runtime.jobs](
              engine::Transaction& transaction) -> Result<std::optional<std::string>> {
            MS_TRY(const std::string id, is_delay ? jobs::run_after(transaction, call, limits)
                                                  : jobs::run_at(transaction, call, limits));
            return json_text(id);
          });
  }

  void cancel_job(std::string id, Done done) override {
    write("ctx.scheduler", std::move(done),
          [id = std::move(id)](
              engine::Transaction& transaction) -> Result<std::optional<std::string>> {
            MS_TRY_STATUS(jobs::cancel(transaction, id));
            return std::optional<std::string>();
          });
  }

  void file_url(std::string id, Value options, Done done) override {
    if (parts_.files == nullptr) return done(no_files());
    const auto expires_in_s = files::read_expiry(options);
    if (!expires_in_s) return done(expires_in_s.error());
    parts_.files->get_url(parts_.session, std::move(id), *expires_in_s,
                          [done = std::move(done)](Result<std::optional<std::string>> url) mutable {
                            if (!url) return done(std::move(url).error());
                            done(*url ? json_text(**url) : std::string("null"));
                          });
  }

  void file_metadata(std::string id, Done done) override {
    if (parts_.files == nullptr) return done(no_files());
    parts_.files->find(std::move(id), [done = std::move(done)](
                                          Result<std::optional<files::FileRecord>> record) mutable {
      if (!record) return done(std::move(record).error());
      if (!*record) return done(std::string("null"));
      const files::FileRecord& file = **record;
      done(to_json(Object{{"storageId", file.storage_id},
                          {"sha256", file.sha256},
                          {"contentType", file.content_type},
                          {"size", static_cast<std::int64_t>(file.size)}}));
    });
  }

  void delete_file(std::string id, Done done) override {
    if (parts_.files == nullptr) return done(no_files());
    parts_.files->remove(parts_.session, std::move(id),
                         [done = std::move(done)](Status removed) mutable {
                           if (!removed) return done(std::move(removed).error());
                           done(std::optional<std::string>());
                         });
  }

  void upload_url(Done done) override {
    if (parts_.files == nullptr) return done(no_files());
    parts_.files->generate_upload_url(parts_.session, as_text(std::move(done)));
  }

  void store_file(Store request, Done done) override {
    if (parts_.files == nullptr) return done(no_files());
    parts_.files->store({.type = std::move(request.content_type),
                         .bytes = std::move(request.bytes),
                         .announced_bytes = request.size},
                        std::nullopt, as_text(std::move(done)));
  }

  void forward(Forward /*request*/, Responded done) override {
    done({.status = 500, .headers = {}, .body = "only the gate passes requests on"});
  }

  void log(LogLevel level, std::string_view text) override {
    const HostOptions& options = parts_.host->options();
    options.logger->log(level, "functions", "console",
                        {{"function", parts_.function},
                         {"text", text},
                         {"tenant", options.tenant},
                         {"request", parts_.session.request}});
  }

 private:
  static files::FileService::Stored as_text(Done done) {
    return [done = std::move(done)](Result<std::string> text) mutable {
      if (!text) return done(std::move(text).error());
      done(json_text(*text));
    };
  }

  /// Runs `body` in a transaction of its own.
  void write(std::string_view what, Done done, engine::MutationBody body) {
    engine::MutationCall call;
    call.session = parts_.session;
    call.session.client.clear();
    call.function = what;
    call.body = std::move(body);
    call.done = [done = std::move(done)](Result<engine::MutationOutcome> outcome) mutable {
      if (!outcome) return done(std::move(outcome).error());
      done(std::move(outcome->result_json));
    };
    parts_.host->database().submit(std::move(call));
  }

  CallServices parts_;
};

}  // namespace

std::shared_ptr<actions::ActionServices> make_action_services(CallServices parts) {
  return std::make_shared<Services>(std::move(parts));
}

}  // namespace moonstone::protocol::functions
