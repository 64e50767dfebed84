// Moonstone. Licence: see LICENSE.
#pragma once
// Plays the engine around a LiveState without threads or a store: answers come from a table of
// scripted outcomes, and everything that happens is told as text.

#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "live/internal/live_state.h"
#include "tests/live/live_test_support.h"

namespace moonstone::live::testing {

/// Notes what it hears: "first 1 x", "error 1 not_found", "update@7 1=x 2=y".
class RecordingSubscriber final : public Subscriber {
 public:
  void on_first_result(SubscriptionId subscription, const Result<SharedText>& json) override {
    const std::string id = std::to_string(subscription.value);
    heard.push_back(json ? "first " + id + " " + **json
                         : "error " + id + " " + std::string(to_string(json.error().code())));
    texts.push_back(json ? *json : std::make_shared<const std::string>(json.error().message()));
  }
  void on_updates(std::span<const Update> updates, Version version) override {
    std::string line = "update@" + std::to_string(version);
    for (const Update& update : updates) {
      line += " " + std::to_string(update.subscription.value) + "=" + *update.json;
      if (update.is_late) line += " (late)";
      texts.push_back(update.json);
    }
    heard.push_back(line);
  }
  [[nodiscard]] bool ready() const override { return is_ready; }

  std::vector<std::string> take() { return std::exchange(heard, {}); }

  std::vector<std::string> heard;
  std::vector<SharedText> texts;
  bool is_ready = true;
};

/// What the next runs of a query end with.
struct Outcome {
  Result<std::string> json = std::string("null");
  std::vector<query::Dependency> footprint;
  std::chrono::milliseconds elapsed{1};
  SessionReads reads = {};  // the text then ends with "#subject" and "@base URL"
};

inline CallerPtr caller_named(const std::string& subject, const std::string& base_url = "") {
  engine::Session session;
  if (!subject.empty()) session.identity = Object{{"subject", subject}};
  session.base_url = base_url;
  return make_caller(std::move(session));
}

/// What a run that reads this of its caller adds to its text.
inline std::string traces_of(SessionReads reads, const engine::Session& caller) {
  std::string text;
  if (reads.identity) {
    const bool is_anonymous = caller.identity.is_missing();
    text +=
        "#" + (is_anonymous ? "nobody" : caller.identity.as_object().find("subject")->as_text());
  }
  if (reads.base_url) text += "@" + caller.base_url;
  return text;
}

/// Run functions get it and do not look at it.
class NoSession final : public engine::ReadSession {
 public:
  Result<store::SnapshotInfo> begin() override { return info_; }
  void end() override {}
  [[nodiscard]] const store::SnapshotInfo& snapshot() const override { return info_; }
  [[nodiscard]] store::DocumentSource& source() override { std::abort(); }

 private:
  store::SnapshotInfo info_;
};

class StateHarness {
 public:
  explicit StateHarness(const LiveOptions& options = {}) : state(options) {}
  StateHarness(const StateHarness&) = delete;
  StateHarness& operator=(const StateHarness&) = delete;

  static std::shared_ptr<RecordingSubscriber> make_subscriber() {
    return std::make_shared<RecordingSubscriber>();
  }
  /// A query whose runs end as the script for its key says at that time.
  QueryDefinition define(const std::string& key,
                         const std::string& code = "",
                         CallerPtr caller = nullptr) {
    const auto run = [this, key, code](engine::ReadSession&, const engine::Session& session,
                                       Instant) {
      const Outcome& outcome = script[key];
      const std::string traces = code + traces_of(outcome.reads, session);
      ran = key + traces;
      elapsed = outcome.elapsed;
      RunResult result;
      result.footprint = footprint_of(outcome.footprint);
      result.reads = outcome.reads;
      if (outcome.json) {
        result.json = std::make_shared<const std::string>(*outcome.json + traces);
      } else {
        const Error& error = outcome.json.error();
        result.json = Error(error.code(), error.message() + traces, error.reason());
      }
      return result;
    };
    return {.key = key, .run = run, .caller = std::move(caller)};
  }
  void subscribe_as(const CallerPtr& caller,
                    const SubscriberPtr& subscriber,
                    std::uint64_t id,
                    const std::string& key) {
    state.subscribe(subscriber, {id}, define(key, "", caller));
  }
  void subscribe(const SubscriberPtr& subscriber, std::uint64_t id, const std::string& key) {
    state.subscribe(subscriber, {id}, define(key));
  }

  /// What the run of a job comes to in a snapshot of the newest version, not yet fed.
  FinishedRun perform(const RunJob& job) {
    NoSession session;
    FinishedRun run;
    run.job = job;
    run.snapshot = snapshot();
    run.result = (*job.run)(session, job.caller->session(), now);
    run.work = elapsed;
    run.at = now;
    runs.push_back((job.lane == Lane::Fast ? "fast " : "reader ") + ran);
    return run;
  }
  [[nodiscard]] store::SnapshotInfo snapshot() const {
    return {.version = version, .schema_version = schema_version, .epoch = 0};
  }

  /// One round as the engine does it; jobs for readers gather in `reader_jobs`.
  void round() {
    state.tick(now);
    if (state.has_fast_work()) {
      state.begin_batch();
      while (const auto job = state.next_fast_job()) {
        state.finish(perform(*job));
        while (state.deliver_completed()) {
        }
      }
    }
    for (RunJob& job : state.take_reader_jobs())
      reader_jobs.push_back(std::move(job));
    state.deliver();
  }
  RunJob take_reader_job() {
    RunJob job = std::move(reader_jobs.front());
    reader_jobs.pop_front();
    return job;
  }
  /// Rounds until no reader has anything to do.
  void settle() {
    round();
    while (!reader_jobs.empty()) {
      state.finish(perform(take_reader_job()));
      round();
    }
  }

  query::Change insert(std::int64_t a, std::int64_t b = 0) {
    return make_change(std::nullopt, make_row(items, ++last_row, {a, b}));
  }
  void commit(std::vector<query::Change> changes) {
    state.commit(make_commit(++version, std::move(changes), schema_version));
  }
  /// A committed insert, and all that follows.
  void write(std::int64_t a, std::int64_t b = 0) {
    commit({insert(a, b)});
    settle();
  }
  std::vector<std::string> take_runs() { return std::exchange(runs, {}); }

  schema::Table items = make_table("items");
  LiveState state;
  std::map<std::string, Outcome> script;
  std::deque<RunJob> reader_jobs;
  std::vector<std::string> runs;
  std::string ran;
  std::chrono::milliseconds elapsed{0};
  Instant now;
  engine::Version version = 0;
  std::uint64_t schema_version = 1;
  std::int64_t last_row = 0;
};

}  // namespace moonstone::live::testing
