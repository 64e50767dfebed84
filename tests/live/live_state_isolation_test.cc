// Moonstone. Licence: see LICENSE.
// Random histories of subscribers with changing identities and of queries that read their caller
// now and then: nobody ever hears of somebody else, and everybody ends with the right answer.
#include <algorithm>
#include <array>
#include <map>

#include <gtest/gtest.h>

#include "live/internal/live_state.h"
#include "tests/live/state_harness.h"

namespace moonstone::live {
namespace {

using testing::caller_named;
using testing::Dice;
using testing::Outcome;
using testing::RecordingSubscriber;
using testing::rows_equal;
using testing::seed_or;
using testing::StateHarness;
using testing::traces_of;

constexpr int kHistories = 150;
constexpr int kSteps = 120;
constexpr std::size_t kKeys = 3;
constexpr std::size_t kPeople = 5;

std::string key_name(std::size_t key) {
  return "q" + std::to_string(key);
}

class History {
 public:
  explicit History(std::uint64_t seed) : dice_(seed) {
    for (std::size_t key = 0; key < kKeys; ++key)
      write(key);
  }

  void run() {
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      take_step();
      check_what_was_heard();
    }
    for (const auto& person : people_)
      make_ready(*person);
    finish_all();
    check_what_was_heard();
    check_final_answers();
  }

 private:
  struct Person {
    std::shared_ptr<RecordingSubscriber> recorder = StateHarness::make_subscriber();
    CallerPtr caller = anonymous_caller();
    /// The texts that are known per subscription; no entry: not subscribed.
    std::map<std::uint64_t, std::string> last;
    std::size_t texts_seen = 0;
  };

  void take_step() {
    Person& person = *people_[dice_.below(kPeople)];
    const std::size_t key = dice_.below(kKeys);
    switch (dice_.below(12)) {
      case 0:
      case 1:
      case 2:
        return subscribe(person, key);
      case 3:
        person.last.erase(key);
        return engine_.state.unsubscribe(person.recorder, {key});
      case 4:
        person.caller = random_caller();
        return engine_.state.change_caller(person.recorder, person.caller);
      case 5:
      case 6:
        return write(key);
      case 7:
        return deploy();
      case 8:
        return ask_once(key);
      case 9:
        if (dice_.one_in(2)) {
          person.recorder->is_ready = false;
        } else {
          make_ready(person);
        }
        return;
      case 10:
        return run_a_reader();
      default:
        return engine_.round();
    }
  }

  CallerPtr random_caller() {
    static const std::vector<std::string> kSubjects{"", "ann", "ben", "cy"};
    static const std::vector<std::string> kAddresses{"http://x", "http://y"};
    return caller_named(dice_.choose(kSubjects), dice_.choose(kAddresses));
  }

  void subscribe(Person& person, std::size_t key) {
    engine_.subscribe_as(person.caller, person.recorder, key, key_name(key));
    person.last[key] = "";
  }

  /// Changes the data of a query, and perhaps whether its runs look at their caller.
  void write(std::size_t key) {
    const auto row = static_cast<std::int64_t>(key);
    Outcome outcome{.json = key_name(key) + "v" + std::to_string(++writes_),
                    .footprint = {rows_equal(engine_.items, "a", row)},
                    .elapsed = std::chrono::milliseconds(dice_.one_in(4) ? 50 : 1),
                    .reads = {.identity = dice_.one_in(3), .base_url = dice_.one_in(4)}};
    if (dice_.one_in(6)) outcome.json = Error(ErrorCode::InvalidArgument, "no");
    engine_.script[key_name(key)] = std::move(outcome);
    engine_.commit({engine_.insert(row)});
  }

  void deploy() {
    engine_.state.replace_runs([this](const std::string& key) -> std::optional<RunFunction> {
      return engine_.define(key).run;
    });
  }

  void ask_once(std::size_t key) {
    const CallerPtr caller = random_caller();
    engine_.state.run_once(engine_.define(key_name(key), "", caller),
                           [caller](const Result<SharedText>& json) {
                             const std::string text = json ? **json : json.error().message();
                             expect_own(text, *caller);
                           });
  }

  /// Begins a run, or ends one: what it answers may be old news by then.
  void run_a_reader() {
    if (!engine_.reader_jobs.empty() && dice_.one_in(2)) {
      finished_.push_back(engine_.perform(engine_.take_reader_job()));
    } else if (!finished_.empty()) {
      const std::size_t chosen = dice_.below(finished_.size());
      FinishedRun run = std::move(finished_[chosen]);
      finished_.erase(finished_.begin() + static_cast<std::ptrdiff_t>(chosen));
      engine_.state.finish(std::move(run));
    }
  }

  void make_ready(Person& person) {
    person.recorder->is_ready = true;
    engine_.state.resume(person.recorder);
  }

  void finish_all() {
    for (FinishedRun& run : std::exchange(finished_, {}))
      engine_.state.finish(std::move(run));
    engine_.settle();
  }

  /// A trace in a text must be the caller's own.
  static void expect_own(const std::string& text, const Caller& caller) {
    const std::size_t identity = text.find('#');
    const std::size_t address = text.find('@');
    const SessionReads reads{.identity = identity != std::string::npos,
                             .base_url = address != std::string::npos};
    const std::string own = traces_of(reads, caller.session());
    EXPECT_TRUE(text.ends_with(own))
        << text << " reached " << traces_of({true, true}, caller.session());
  }

  void check_what_was_heard() {
    for (const auto& person : people_) {
      const auto& texts = person->recorder->texts;
      for (; person->texts_seen < texts.size(); ++person->texts_seen)
        expect_own(*texts[person->texts_seen], *person->caller);
      for (const std::string& line : person->recorder->take())
        note(*person, line);
    }
  }

  /// Keeps what a subscription heard last; after an error on its first run it is gone.
  static void note(Person& person, const std::string& line) {
    if (line.starts_with("error ")) {
      person.last.erase(static_cast<std::uint64_t>(line[6] - '0'));
    } else if (line.starts_with("first ")) {
      person.last[static_cast<std::uint64_t>(line[6] - '0')] = line.substr(8);
    } else {
      for (std::size_t space = line.find(' '); space != std::string::npos;) {
        const std::size_t next = line.find(' ', space + 1);
        const std::string part = line.substr(space + 1, next - space - 1);
        person.last[static_cast<std::uint64_t>(part[0] - '0')] = part.substr(2);
        space = next;
      }
    }
  }

  void check_final_answers() {
    for (const auto& person : people_) {
      for (const auto& [key, text] : person->last) {
        const Outcome& outcome = engine_.script[key_name(key)];
        if (!outcome.json) continue;  // keeps what it had
        EXPECT_EQ(text, *outcome.json + traces_of(outcome.reads, person->caller->session()));
      }
    }
    EXPECT_TRUE(engine_.state.is_settled());
  }

  static LiveOptions options() {
    LiveOptions options;
    options.fast_run_max = std::chrono::milliseconds(20);
    options.idle_queries_max = 4;
    return options;
  }

  Dice dice_;
  StateHarness engine_{options()};
  std::vector<std::unique_ptr<Person>> people_ = make_people();
  std::vector<FinishedRun> finished_;
  int writes_ = 0;

  static std::vector<std::unique_ptr<Person>> make_people() {
    std::vector<std::unique_ptr<Person>> people;
    for (std::size_t i = 0; i < kPeople; ++i)
      people.push_back(std::make_unique<Person>());
    return people;
  }
};

TEST(LiveStateIsolationTest, NobodyHearsOfSomebodyElse) {
  const std::uint64_t first = seed_or(1);
  for (std::uint64_t seed = first; seed < first + kHistories; ++seed) {
    SCOPED_TRACE("MOONSTONE_SEED=" + std::to_string(seed));
    History(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace moonstone::live
