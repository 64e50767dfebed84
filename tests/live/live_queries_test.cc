// Moonstone. Licence: see LICENSE.
// LiveQueries with its threads, on a real database.
#include "live/live_queries.h"

#include <atomic>
#include <future>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

#include "base/batch.h"
#include "tests/live/live_fixture.h"

namespace moonstone::live {
namespace {

using query::CompareOp;
using query::Expr;
using testing::Collector;
using testing::field_is;
using testing::Gate;
using testing::items_where;
using testing::kPatience;
using testing::select_run;

class LiveQueriesTest : public testing::LiveFixture {
 protected:
  /// Waits as the reply to a write does; how many subscriptions it names as late.
  std::size_t late_ones(const SubscriberPtr& subscriber) {
    std::promise<std::size_t> count;
    live_->when_delivered(
        subscriber, database_->version(),
        [&count](std::span<const SubscriptionId> late) { count.set_value(late.size()); });
    return count.get_future().get();
  }
};

/// `run` behind a gate at which it waits after its snapshot has begun.
RunFunction gated(const std::shared_ptr<Gate>& gate, RunFunction run) {
  return [gate, run = std::move(run)](engine::ReadSession& session, const engine::Session& caller,
                                      auto deadline) {
    gate->pass();
    return run(session, caller, deadline);
  };
}

TEST_F(LiveQueriesTest, DeliversTheFirstResultAndWhatAWriteChanges) {
  open();
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "group 1", select_run(in_group(1)));
  ASSERT_TRUE(collector->wait_for_count(1));
  EXPECT_EQ(collector->last(1), "[]");
  const std::string id = insert(1, 7);
  live_->drain();
  ASSERT_EQ(collector->count(), 2U);
  EXPECT_NE(collector->last(1).find(id), std::string::npos);
  EXPECT_EQ(collector->heard().back().version, database_->version());
  patch(id, "group", 2);
  live_->drain();
  EXPECT_EQ(collector->last(1), "[]");
}

TEST_F(LiveQueriesTest, OneWriteRunsExactlyTheTouchedAmongTwentyThousand) {
  open();
  constexpr int kQueries = 10'000;
  const auto collector = std::make_shared<Collector>();
  for (int i = 0; i < kQueries; ++i) {
    subscribe(collector, static_cast<std::uint64_t>(i), "equal " + std::to_string(i),
              select_run(in_group(i)));
    const auto range = Expr::all_of({field_is(CompareOp::Gte, "rank", i * 10.0),
                                     field_is(CompareOp::Lt, "rank", i * 10.0 + 10)});
    subscribe(collector, static_cast<std::uint64_t>(kQueries + i), "range " + std::to_string(i),
              select_run(items_where(range)));
    if (i % 2'000 == 1'999) live_->drain();  // the queue of first runs is bounded
  }
  live_->drain();
  const auto before = live_->counters();
  ASSERT_EQ(before.queries, 2U * kQueries);
  ASSERT_EQ(before.subscriptions, 2U * kQueries);
  ASSERT_EQ(before.runs, 2U * kQueries);
  ASSERT_EQ(collector->count(), 2U * kQueries);

  const std::string id = insert(4'321, 55'555);
  live_->drain();
  const auto after_insert = live_->counters();
  EXPECT_EQ(after_insert.reruns - before.reruns, 2U);
  EXPECT_EQ(after_insert.candidates - before.candidates, 2U);
  ASSERT_EQ(collector->count(), 2U * kQueries + 2);
  EXPECT_NE(collector->last(4'321).find(id), std::string::npos);
  EXPECT_NE(collector->last(kQueries + 5'555).find(id), std::string::npos);

  // Moving the row touches both groups and the range in which it stays.
  patch(id, "group", 17);
  live_->drain();
  const auto after_move = live_->counters();
  EXPECT_EQ(after_move.reruns - after_insert.reruns, 3U);
  EXPECT_EQ(after_move.candidates - after_insert.candidates, 3U);

  insert(-1, -1);
  live_->drain();
  EXPECT_EQ(live_->counters().reruns, after_move.reruns);
  EXPECT_EQ(live_->counters().candidates, after_move.candidates);
}

TEST_F(LiveQueriesTest, AThousandSubscribersOfOneKeyShareRunsAndBytes) {
  open();
  std::vector<std::shared_ptr<Collector>> collectors;
  for (int i = 0; i < 1'000; ++i) {
    collectors.push_back(std::make_shared<Collector>());
    subscribe(collectors.back(), 1, "group 1", select_run(in_group(1)));
  }
  live_->drain();
  EXPECT_EQ(live_->counters().runs, 1U);
  for (int commit = 1; commit <= 3; ++commit) {
    insert(1, commit);
    live_->drain();
    EXPECT_EQ(live_->counters().reruns, static_cast<std::uint64_t>(commit));
  }
  const SharedText shared = collectors.front()->heard().back().json;
  for (const auto& collector : collectors) {
    ASSERT_EQ(collector->count(), 4U);
    EXPECT_EQ(collector->heard().back().json.get(), shared.get());
  }
}

TEST_F(LiveQueriesTest, ThreadsWithoutWorkReleaseTheirCaches) {
  LiveOptions options = patient_options();
  options.thread_idle_max = std::chrono::milliseconds(1);
  open(options);
  // The first run is a reader's, the second one the strand's.
  const auto releases = std::make_shared<std::counting_semaphore<>>(0);  // outlives the threads
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "group 1",
            [releases, run = select_run(in_group(1))](engine::ReadSession& session, auto deadline) {
              add_thread_cache([releases] { releases->release(); });
              return run(session, engine::Session{}, deadline);
            });
  ASSERT_TRUE(collector->wait_for_count(1));
  releases->acquire();
  insert(1, 7);
  releases->acquire();
  insert(1, 8);
  ASSERT_TRUE(collector->wait_for_count(3));
}

TEST_F(LiveQueriesTest, AnUnchangedResultIsSuppressed) {
  open();
  const auto collector = std::make_shared<Collector>();
  const std::string id = insert(1, 1);
  subscribe(collector, 1, "size", [](engine::ReadSession& session, auto deadline) {
    engine::DocumentReader reader(session.source(), testing::budget_until(deadline));
    const auto rows = reader.select(in_group(1));
    return testing::make_result(std::to_string(rows.value().size()), reader);
  });
  live_->drain();
  patch(id, "rank", 2);
  live_->drain();
  EXPECT_EQ(live_->counters().reruns, 1U);
  EXPECT_EQ(live_->counters().suppressed, 1U);
  EXPECT_EQ(collector->count(), 1U);
}

TEST_F(LiveQueriesTest, CommitsBetweenSnapshotAndRegistrationAreNotLost) {
  open();
  const auto collector = std::make_shared<Collector>();
  const auto gate = std::make_shared<Gate>();
  subscribe(collector, 1, "group 1", gated(gate, select_run(in_group(1))));
  ASSERT_TRUE(gate->wait_for_arrivals(1));
  std::string id;
  for (int i = 0; i < 3; ++i)
    id = insert(1, i);
  EXPECT_EQ(collector->count(), 0U);
  gate->open();
  live_->drain();
  EXPECT_NE(collector->last(1).find(id), std::string::npos);
  EXPECT_EQ(collector->count(), 1U) << "its first result is already the newest";
}

TEST_F(LiveQueriesTest, RepliesFollowTheUpdatesTheyCaused) {
  open();
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "group 1", select_run(in_group(1)));
  live_->drain();
  for (std::size_t i = 1; i <= 20; ++i) {
    std::promise<std::size_t> heard_at_reply;
    auto call =
        make_call([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
          MS_TRY_STATUS(transaction.insert("items", item(1, static_cast<double>(i))));
          return std::optional<std::string>();
        });
    call.done = [&](Result<engine::MutationOutcome> outcome) {
      live_->when_delivered(collector, outcome.value().version,
                            [&heard_at_reply, collector](std::span<const SubscriptionId> /*late*/) {
                              heard_at_reply.set_value(collector->count());
                            });
    };
    database_->submit(std::move(call));
    EXPECT_EQ(heard_at_reply.get_future().get(), 1 + i);
  }
}

TEST_F(LiveQueriesTest, ASlowQueryDelaysNobody) {
  open();
  const auto slow = std::make_shared<Collector>();
  const auto quick = std::make_shared<Collector>();
  const auto gate = std::make_shared<Gate>();
  gate->open();
  const RunFunction run = select_run(in_group(1));
  subscribe(slow, 1, "slow", [gate, run](engine::ReadSession& session, auto deadline) {
    if (is_fast_lane(deadline)) {
      RunResult result = run(session, {}, deadline);
      result.json = Error(ErrorCode::DeadlineExceeded, "the run took too long");
      return result;
    }
    gate->pass();
    return run(session, {}, deadline);
  });
  subscribe(quick, 1, "quick", run);
  live_->drain();
  gate->close();
  for (int i = 1; i <= 5; ++i) {
    insert(1, i);
    EXPECT_EQ(late_ones(quick), 0U) << "the reply comes, and after its push";
    EXPECT_EQ(quick->count(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(late_ones(slow), 1U) << "its own subscriber is not held back either";
  }
  EXPECT_EQ(slow->count(), 1U);
  // A new subscription is not held up either: the slow lane leaves it a reader.
  const auto late = std::make_shared<Collector>();
  subscribe(late, 1, "late", select_run(in_group(1)));
  ASSERT_TRUE(late->wait_for_count(1));
  gate->open();
  live_->drain();
  EXPECT_EQ(slow->last(1), quick->last(1));
  EXPECT_EQ(live_->counters().moved_slow, 1U);
}

TEST_F(LiveQueriesTest, ASlowSubscriberSkipsVersionsAndConverges) {
  open();
  const auto lazy = std::make_shared<Collector>();
  const auto quick = std::make_shared<Collector>();
  subscribe(lazy, 1, "group 1", select_run(in_group(1)));
  subscribe(lazy, 2, "group 2", select_run(in_group(2)));
  subscribe(quick, 1, "group 1", select_run(in_group(1)));
  live_->drain();
  lazy->set_ready(false);
  for (int i = 0; i < 5; ++i) {
    insert(1, i);
    insert(2, i);
    live_->drain();
  }
  EXPECT_EQ(quick->count(), 6U);
  EXPECT_EQ(lazy->count(), 2U);
  lazy->set_ready(true);
  live_->resume(lazy);
  live_->drain();
  const auto heard = lazy->heard();
  ASSERT_EQ(heard.size(), 4U);
  EXPECT_EQ(heard[2].batch, heard[3].batch) << "one batch, one version";
  EXPECT_EQ(heard[3].version, database_->version());
  EXPECT_EQ(lazy->last(1), quick->last(1));
  EXPECT_EQ(live_->counters().reruns, 5U + 1U) << "group 2 ran once, at the end";
}

TEST_F(LiveQueriesTest, AFailingReRunKeepsTheSubscription) {
  open();
  const auto collector = std::make_shared<Collector>();
  const RunFunction run = select_run(in_group(1));
  const auto fails = std::make_shared<std::atomic<bool>>(false);
  subscribe(collector, 1, "x", [run, fails](engine::ReadSession& session, auto deadline) {
    RunResult result = run(session, {}, deadline);
    if (*fails) result.json = Error(ErrorCode::InvalidArgument, "thrown", "user_code");
    return result;
  });
  live_->drain();
  *fails = true;
  insert(1, 1);
  live_->drain();
  EXPECT_EQ(collector->count(), 1U);
  *fails = false;
  const std::string id = insert(1, 2);
  live_->drain();
  EXPECT_EQ(collector->count(), 2U);
  EXPECT_NE(collector->last(1).find(id), std::string::npos);
}

TEST_F(LiveQueriesTest, WhoLeavesDuringARunHearsNothing) {
  open();
  const auto gone = std::make_shared<Collector>();
  const auto removed = std::make_shared<Collector>();
  const auto stays = std::make_shared<Collector>();
  const auto gate = std::make_shared<Gate>();
  for (const auto& collector : {gone, removed, stays}) {
    subscribe(collector, 1, "group 1", gated(gate, select_run(in_group(1))));
  }
  ASSERT_TRUE(gate->wait_for_arrivals(1));
  live_->unsubscribe(gone, {1});
  live_->remove(removed);
  gate->open();
  live_->drain();
  EXPECT_EQ(gone->count(), 0U);
  EXPECT_EQ(removed->count(), 0U);
  EXPECT_EQ(stays->count(), 1U);
  live_->remove(stays);
  insert(1, 1);
  live_->drain();
  EXPECT_EQ(stays->count(), 1U);
  EXPECT_EQ(live_->counters().subscriptions, 0U);
  EXPECT_EQ(stays.use_count(), 1) << "a removed subscriber is let go";
}

TEST_F(LiveQueriesTest, DestructionDuringRunsEndsAllCalls) {
  open();
  const auto collector = std::make_shared<Collector>();
  const auto gate = std::make_shared<Gate>();
  gate->open();
  subscribe(collector, 1, "fast", gated(gate, select_run(in_group(1))));
  live_->drain();
  gate->close();
  // One run waits on the strand, one on a reader, one caller for its single answer.
  insert(1, 1);
  ASSERT_TRUE(gate->wait_for_arrivals(2));
  subscribe(collector, 2, "first", gated(gate, select_run(in_group(2))));
  std::promise<std::string> answer;
  live_->run_once({.key = "once", .run = gated(gate, select_run(in_group(3)))},
                  [&answer](const Result<SharedText>& json) {
                    answer.set_value(json ? **json : json.error().reason());
                  });
  std::thread destroyer([this] { live_.reset(); });
  gate->open();
  destroyer.join();
  const std::size_t heard = collector->count();
  const std::string once = answer.get_future().get();
  EXPECT_TRUE(once == "shutting_down" || once == "[]") << once;
  insert(1, 2);
  EXPECT_EQ(collector->count(), heard);
}

/// The first rows in some order; the rank of a row that is not among them, and of one that is
/// (negative: a new row never is).
struct PageCase {
  std::string name;
  std::vector<query::SortKey> order;
  query::Direction tie_break = query::Direction::Ascending;
  double beyond = 0;
  double within = 0;
};

TEST_F(LiveQueriesTest, AWriteBeyondAFullPageCausesNoRun) {
  using query::Direction;
  const PageCase cases[] = {
      {"ascending",
       {{.field = "rank", .direction = Direction::Ascending}},
       Direction::Ascending,
       8.5,
       3.5},
      {"descending",
       {{.field = "rank", .direction = Direction::Descending}},
       Direction::Descending,
       3.5,
       8.5},
      {"compound",
       {{.field = "group", .direction = Direction::Descending},
        {.field = "rank", .direction = Direction::Ascending}},
       Direction::Ascending,
       4.5,
       3.5},
      {"ties",
       {{.field = "group", .direction = Direction::Ascending}},
       Direction::Ascending,
       0,
       -1},
  };
  open();
  std::vector<std::string> ids;
  for (int rank = 0; rank < 10; ++rank)
    ids.push_back(insert(1, rank));
  std::uint64_t number = 0;
  for (const PageCase& one : cases) {
    SCOPED_TRACE(one.name);
    const auto collector = std::make_shared<Collector>();
    query::Query page = items_where(field_is(CompareOp::Gte, "rank", 0.0));
    page.order = one.order;
    page.tie_break = one.tie_break;
    page.limit = 5;
    subscribe(collector, ++number, one.name, select_run(page));
    live_->drain();
    const auto reruns_after = [this](const auto& write) {
      const std::uint64_t before = live_->counters().reruns;
      write();
      live_->drain();
      return live_->counters().reruns - before;
    };
    std::string id;
    EXPECT_EQ(reruns_after([&] { id = insert(1, one.beyond); }), 0U) << "beyond the last row";
    EXPECT_EQ(reruns_after([&] { patch(id, "rank", -5); }), 0U) << "leaves the filter there";
    EXPECT_EQ(reruns_after([&] { insert(1, -7); }), 0U) << "not in the filter";
    if (one.within >= 0) {
      EXPECT_EQ(reruns_after([&] { patch(id, "rank", one.within); }), 1U) << "comes to the page";
      EXPECT_NE(collector->last(number).find(id), std::string::npos);
      EXPECT_EQ(reruns_after([&] { patch(id, "rank", one.within + 0.1); }), 1U) << "on the page";
      EXPECT_EQ(reruns_after([&] { erase(id); }), 1U) << "goes from the page";
      EXPECT_EQ(collector->last(number).find(id), std::string::npos);
    }
    live_->unsubscribe(collector, {number});
  }
}

TEST_F(LiveQueriesTest, WhatIsAskedWithinABatchIsAnsweredAfterIt) {
  open();
  live_->drain();
  for (int i = 0; i < 50; ++i) {
    const auto collector = std::make_shared<Collector>();
    ASSERT_EQ(Batch::begin_piece(), Batch::Begun::Now);
    subscribe(collector, 1, "one " + std::to_string(i), select_run(in_group(1)));
    subscribe(collector, 2, "two " + std::to_string(i), select_run(in_group(2)));
    Batch::end();
    ASSERT_TRUE(collector->wait_for_count(2));
    // Also by a thread that has no batch, while this one has deferred its waking.
    ASSERT_EQ(Batch::begin_piece(), Batch::Begun::Now);
    live_->unsubscribe(collector, {1});
    std::thread([&] { live_->drain(); }).join();
    EXPECT_EQ(live_->counters().subscriptions, static_cast<std::uint64_t>(i) + 1);
    Batch::end();
  }
}

TEST_F(LiveQueriesTest, RunOnceSharesTheLiveAnswer) {
  open();
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "group 1", select_run(in_group(1)));
  live_->drain();
  std::promise<SharedText> answer;
  live_->run_once({.key = "group 1", .run = select_run(in_group(1))},
                  [&answer](const Result<SharedText>& json) { answer.set_value(*json); });
  EXPECT_EQ(answer.get_future().get().get(), collector->heard().front().json.get());
  EXPECT_EQ(live_->counters().runs, 1U);
}

TEST_F(LiveQueriesTest, AResetRunsEverythingAgain) {
  open();
  insert(1, 1);
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "group 1", select_run(in_group(1)));
  live_->drain();
  ASSERT_TRUE(database_->reset());
  live_->drain();
  EXPECT_EQ(collector->last(1), "[]");
  const std::string id = insert(1, 2);
  live_->drain();
  EXPECT_NE(collector->last(1).find(id), std::string::npos);
}

TEST_F(LiveQueriesTest, CodeAndSchemaChangeTogether) {
  open();
  insert(1, 1);
  const auto collector = std::make_shared<Collector>();
  const auto code_for = [](std::uint64_t schema_version, const std::string& text) {
    return [schema_version, text](engine::ReadSession& session, auto deadline) {
      engine::DocumentReader reader(session.source(), testing::budget_until(deadline));
      if (session.snapshot().schema_version != schema_version) {
        return testing::make_result(
            Error(ErrorCode::FailedPrecondition, "other schema", "stale_code"), reader);
      }
      const auto rows = reader.select(in_group(1));
      return testing::make_result(text + std::to_string(rows.value().size()), reader);
    };
  };
  const std::uint64_t version = database_->schema_version();
  subscribe(collector, 1, "x", code_for(version, "old "));
  live_->drain();
  EXPECT_EQ(collector->last(1), "old 1");
  std::string next(testing::kItemsSchema);
  next.replace(next.find("\"by_rank\""), 9, "\"by_rank2\"");
  const auto applied = database_->apply_schema(
      schema::parse_schema_json(parse_json(next).value()).value(), store::Writer::AllowDataLoss::No,
      [&](const store::Writer::SchemaOutcome& outcome) {
        live_->replace_runs([&, next_version = outcome.schema_version](const std::string&) {
          return std::optional<RunFunction>(code_for(next_version, "new "));
        });
      });
  ASSERT_TRUE(applied) << applied.error().message();
  ASSERT_NE(applied->schema_version, version);
  live_->drain();
  EXPECT_EQ(collector->last(1), "new 1");
  EXPECT_EQ(collector->count(), 2U);
  insert(1, 2);
  live_->drain();
  EXPECT_EQ(collector->last(1), "new 2");
}

}  // namespace
}  // namespace moonstone::live
