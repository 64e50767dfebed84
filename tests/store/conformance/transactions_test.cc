// Moonstone. Licence: see LICENSE.
// Transactions, marks, captured changes, the change log, the ledger, and what readers see of it.

#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "tests/store/conformance/fixture.h"

namespace moonstone::store::conformance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSchema = R"({"tables":{
  "notes":{"fields":{
    "text":{"type":"string"},
    "rank":{"type":"optional","value":{"type":"number"}},
    "tags":{"type":"optional","value":{"type":"array","value":{"type":"string"}}},
    "count":{"type":"optional","value":{"type":"int64"}},
    "nullable":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}}
  },"indexes":[{"name":"by_rank","fields":["rank"]}]},
  "others":{"fields":{"text":{"type":"string"}},"indexes":[]}
}})";

class TransactionsTest : public StoreConformanceTest {
 protected:
  void SetUp() override {
    StoreConformanceTest::SetUp();
    apply(kSchema);
  }

  Mark mark() {
    auto set = writer().mark();
    EXPECT_TRUE(set) << message_of(set);
    return set.value_or(Mark());
  }

  std::vector<query::Change> changes_since(const Mark& since) {
    auto changes = writer().changes_since(since);
    EXPECT_TRUE(changes) << message_of(changes);
    return changes ? *std::move(changes) : std::vector<query::Change>();
  }

  void update(std::int64_t n, Object fields) {
    const Status updated = writer().update(row("notes", n, std::move(fields)));
    ASSERT_TRUE(updated) << message_of(updated);
  }
  void erase(std::int64_t n) {
    const auto erased = writer().erase(table("notes"), id_of("notes", n));
    ASSERT_TRUE(erased) << message_of(erased);
  }
  std::size_t count(DocumentSource& source) { return select(source, all_of("notes")).size(); }

  std::vector<LogEntry> log(std::uint64_t after = 0, std::size_t limit = 1'000) {
    auto entries = store_->read_log(after, limit);
    EXPECT_TRUE(entries) << message_of(entries);
    return entries ? *std::move(entries) : std::vector<LogEntry>();
  }
};

TEST_P(TransactionsTest, ReadersSeeOneSnapshotUntilTheyTakeAnother) {
  const auto reader = reader_at_now();
  begin();
  insert("notes", 1, {{"text", "a"}});
  ASSERT_TRUE(writer().set_version(1));
  EXPECT_EQ(count(*reader), 0U) << "nothing uncommitted shows";
  EXPECT_EQ(count(writer()), 1U) << "the writer reads its own writes";
  commit();
  EXPECT_EQ(count(*reader), 0U) << "the snapshot stands";
  const auto info = reader->begin();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version, 1U);
  EXPECT_EQ(count(*reader), 1U);
}

TEST_P(TransactionsTest, ReadersAreConsistentWhileTheWriterWrites) {
  constexpr int kTransactions = 200;
  std::atomic<bool> stop = false;
  std::atomic<int> bad = 0;
  std::thread reading([&] {
    auto reader = store_->new_reader();
    while (reader && !stop) {
      const auto info = (*reader)->begin();
      ReadBudget budget;
      const auto counted = (*reader)->count(all_of("notes"), budget);
      if (!info || !counted || *counted != 2 * info->version) ++bad;
    }
  });
  for (int i = 0; i < kTransactions; ++i) {
    begin();
    insert("notes", 2 * i, {{"text", "a"}});
    insert("notes", 2 * i + 1, {{"text", "b"}});
    EXPECT_TRUE(writer().set_version(static_cast<Version>(i) + 1));
    commit();
  }
  stop = true;
  reading.join();
  EXPECT_EQ(bad, 0);
}

TEST_P(TransactionsTest, RollbackLeavesNothing) {
  begin();
  insert("notes", 1, {{"text", "a"}});
  writer().rollback();
  EXPECT_FALSE(writer().in_transaction());
  begin();
  EXPECT_EQ(count(writer()), 0U);
  EXPECT_THAT(changes_since(Mark()), IsEmpty());
}

TEST_P(TransactionsTest, CallsOutsideATransactionAreRefused) {
  EXPECT_FALSE(writer().insert(row("notes", 1, {{"text", "a"}})));
  EXPECT_FALSE(writer().commit());
  EXPECT_FALSE(writer().mark());
  begin();
  EXPECT_FALSE(writer().begin());
  EXPECT_FALSE(writer().checkpoint());
  EXPECT_TRUE(writer().in_transaction());
}

TEST_P(TransactionsTest, MarksNestAndStayUsable) {
  begin();
  const Mark outer = mark();
  insert("notes", 1, {{"text", "a"}});
  const Mark inner = mark();
  insert("notes", 2, {{"text", "b"}});
  ASSERT_TRUE(writer().rollback_to(inner));
  EXPECT_EQ(count(writer()), 1U);
  insert("notes", 3, {{"text", "c"}});
  ASSERT_TRUE(writer().rollback_to(inner));
  ASSERT_TRUE(writer().release(inner));
  EXPECT_THAT(changes_since(outer), SizeIs(1));
  insert("notes", 4, {{"text", "d"}});
  const Mark forgotten = mark();
  insert("notes", 5, {{"text", "e"}});
  EXPECT_EQ(forgotten.depth, 2U);
  ASSERT_TRUE(writer().rollback_to(outer)) << "over the mark inside it";
  EXPECT_EQ(count(writer()), 0U);
  EXPECT_THAT(changes_since(outer), IsEmpty());
  ASSERT_TRUE(writer().release(outer));
  insert("notes", 6, {{"text", "f"}});
  commit();
  EXPECT_EQ(count(*reader_at_now()), 1U);
}

TEST_P(TransactionsTest, ChangesCarryBothImages) {
  commit_rows("notes", {{{"text", "old"}, {"rank", 1.0}}, {{"text", "gone"}}});
  begin();
  const Mark start = mark();
  insert("notes", 3, {{"text", "new"}, {"nullable", nullptr}});
  update(1, {{"text", "changed"}, {"tags", Array{"x"}}});
  erase(2);
  const auto changes = changes_since(start);
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].key, id_of("notes", 3));
  EXPECT_FALSE(changes[0].before);
  ASSERT_TRUE(changes[0].after);
  EXPECT_EQ(field_of(*changes[0].after, "text"), Value("new"));
  EXPECT_TRUE(field_of(*changes[0].after, "nullable").is_null());
  EXPECT_EQ(changes[0].after->number, 3);
  EXPECT_EQ(changes[0].table, &table("notes"));
  EXPECT_EQ(changes[0].after->table, &table("notes"));
  ASSERT_TRUE(changes[1].before && changes[1].after);
  EXPECT_EQ(field_of(*changes[1].before, "rank"), Value(1.0));
  EXPECT_TRUE(field_of(*changes[1].after, "rank").is_undefined());
  EXPECT_EQ(field_of(*changes[1].after, "tags"), Value(Array{"x"}));
  ASSERT_TRUE(changes[2].before);
  EXPECT_FALSE(changes[2].after);
  EXPECT_EQ(field_of(*changes[2].before, "text"), Value("gone"));
}

TEST_P(TransactionsTest, ChangesAreFoldedPerRow) {
  commit_rows("notes", {{{"text", "a"}}, {{"text", "b"}}, {{"text", "c"}}});
  begin();
  const Mark start = mark();
  update(1, {{"text", "x"}});
  update(1, {{"text", "a"}});  // as it was
  update(2, {{"text", "x"}});
  update(2, {{"text", "y"}});
  insert("notes", 4, {{"text", "d"}});
  erase(4);                    // never seen
  update(3, {{"text", "c"}});  // the same again
  const auto changes = changes_since(start);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(field_of(*changes[0].before, "text"), Value("b"));
  EXPECT_EQ(field_of(*changes[0].after, "text"), Value("y"));
}

TEST_P(TransactionsTest, ChangesAreCountedFromTheMark) {
  begin();
  insert("notes", 1, {{"text", "a"}});
  const Mark second = mark();
  update(1, {{"text", "b"}});
  const auto changes = changes_since(second);
  ASSERT_EQ(changes.size(), 1U);
  ASSERT_TRUE(changes[0].before) << "it was there at the mark";
  EXPECT_EQ(field_of(*changes[0].before, "text"), Value("a"));
  ASSERT_TRUE(writer().rollback_to(second));
  EXPECT_THAT(changes_since(second), IsEmpty());
  EXPECT_THAT(changes_since(Mark()), SizeIs(1));
}

TEST_P(TransactionsTest, TheLogHoldsChangedFieldsOnly) {
  commit_rows("notes", {{{"text", "a"}, {"rank", 1.0}, {"count", std::int64_t{5}}}});
  begin();
  const Mark start = mark();
  update(1, {{"text", "a"}, {"count", std::int64_t{6}}, {"nullable", nullptr}});
  insert("notes", 2, {{"text", "n"}, {"tags", Array{"x"}}});
  const Origin origin{.client = "c1",
                      .mutation = "m1",
                      .function = "notes:edit",
                      .identity = Value(Object{{"sub", "u"}})};
  ASSERT_TRUE(writer().append_log(9, 1234, origin, changes_since(start)));
  const Mark second = mark();
  erase(2);
  ASSERT_TRUE(writer().append_log(10, 1235, {}, changes_since(second)));
  commit();
  const auto entries = log();
  ASSERT_EQ(entries.size(), 3U);
  const LogEntry& updated = entries[0];
  EXPECT_EQ(updated.sequence, 1U);
  EXPECT_EQ(updated.version, 9U);
  EXPECT_EQ(updated.table, "notes");
  EXPECT_EQ(updated.key, id_of("notes", 1));
  EXPECT_EQ(updated.operation, LogEntry::Operation::Update);
  EXPECT_EQ(updated.unix_ms, 1234);
  EXPECT_EQ(updated.old_fields, Value(Object{{"rank", 1}, {"count", std::int64_t{5}}}));
  EXPECT_EQ(updated.new_fields, Value(Object{{"count", std::int64_t{6}}, {"nullable", nullptr}}));
  EXPECT_EQ(updated.origin, Value(Object{{"client", "c1"},
                                         {"mutation", "m1"},
                                         {"function", "notes:edit"},
                                         {"identity", Object{{"sub", "u"}}}}));
  EXPECT_EQ(entries[1].operation, LogEntry::Operation::Insert);
  EXPECT_TRUE(entries[1].old_fields.is_undefined());
  EXPECT_EQ(entries[1].new_fields, Value(Object{{"text", "n"}, {"tags", Array{"x"}}}));
  EXPECT_EQ(entries[2].operation, LogEntry::Operation::Delete);
  EXPECT_EQ(entries[2].old_fields, Value(Object{{"text", "n"}, {"tags", Array{"x"}}}));
  EXPECT_TRUE(entries[2].new_fields.is_undefined());
  EXPECT_TRUE(entries[2].origin.is_undefined());
  EXPECT_THAT(log(1, 1), SizeIs(1));
  EXPECT_EQ(log(1, 1)[0].sequence, 2U);
  EXPECT_THAT(log(3), IsEmpty());
}

// What is on disk is never renumbered.
static_assert(static_cast<int>(LogEntry::Operation::Insert) == 1);
static_assert(static_cast<int>(LogEntry::Operation::Update) == 2);
static_assert(static_cast<int>(LogEntry::Operation::Delete) == 3);

TEST_P(TransactionsTest, TheLogIsUndoneWithItsMark) {
  begin();
  const Mark start = mark();
  insert("notes", 1, {{"text", "a"}});
  ASSERT_TRUE(writer().append_log(1, 1, {}, changes_since(start)));
  ASSERT_TRUE(writer().rollback_to(start));
  insert("notes", 2, {{"text", "b"}});
  ASSERT_TRUE(writer().append_log(1, 1, {}, changes_since(start)));
  commit();
  const auto entries = log();
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].key, id_of("notes", 2));
}

TEST_P(TransactionsTest, PruningKeepsTheNewest) {
  begin();
  for (std::int64_t n = 1; n <= 10; ++n) {
    const Mark start = mark();
    insert("notes", n, {{"text", "a"}});
    ASSERT_TRUE(writer().append_log(1, 100 * n, {}, changes_since(start)));
    ASSERT_TRUE(writer().release(start));
  }
  auto pruned = writer().prune_log({.entries_max = 1'000, .unix_ms_min = 300});
  ASSERT_TRUE(pruned) << message_of(pruned);
  EXPECT_EQ(pruned->deleted, 2U) << "by age";
  pruned = writer().prune_log({.entries_max = 5, .unix_ms_min = 0});
  ASSERT_TRUE(pruned);
  EXPECT_EQ(pruned->deleted, 3U) << "by count";
  pruned = writer().prune_log({.entries_max = 0, .unix_ms_min = 1'000'000});
  ASSERT_TRUE(pruned);
  EXPECT_EQ(pruned->deleted, 4U);
  commit();
  ASSERT_THAT(log(), SizeIs(1));
  EXPECT_EQ(log()[0].sequence, 10U);
  reopen();
  begin();
  insert("notes", 11, {{"text", "a"}});
  ASSERT_TRUE(writer().append_log(1, 1, {}, changes_since(Mark())));
  commit();
  EXPECT_EQ(log(10)[0].sequence, 11U) << "sequences never start again";
}

TEST_P(TransactionsTest, PruningGoesOnBehindAGap) {
  // More than one step deletes, and what was undone leaves a gap in the first of them.
  begin();
  std::int64_t appended = 0;
  const auto append = [&] {
    const Mark start = mark();
    insert("notes", ++appended, {{"text", "a"}});
    EXPECT_TRUE(writer().append_log(1, 1, {}, changes_since(start)));
    return start;
  };
  for (int i = 0; i < 2'000; ++i) {
    const Mark start = append();
    if (i == 7) ASSERT_TRUE(writer().rollback_to(start));
    ASSERT_TRUE(writer().release(start));
  }
  std::size_t deleted = 0;
  bool may_have_more = true;
  for (int steps = 0; may_have_more && steps < 10; ++steps) {
    const auto pruned = writer().prune_log({.entries_max = 10, .unix_ms_min = 0});
    ASSERT_TRUE(pruned) << message_of(pruned);
    deleted += pruned->deleted;
    may_have_more = pruned->may_have_more;
  }
  commit();
  EXPECT_FALSE(may_have_more);
  EXPECT_EQ(deleted, 1'989U);
  EXPECT_THAT(log(), SizeIs(10));
}

/// The head and the chunks of a client's ledger, as `head|number:text|..`; "none" without one.
std::string text_of(const Result<std::optional<StoredLedger>>& loaded) {
  if (!loaded) return "failed";
  if (!*loaded) return "none";
  std::string text = (*loaded)->head;
  for (const LedgerChunk& chunk : (*loaded)->chunks)
    text += "|" + std::to_string(chunk.number) + ":" + chunk.text;
  return text;
}

TEST_P(TransactionsTest, TheLedgerKeepsAHeadAndChunksPerClient) {
  begin();
  EXPECT_EQ(text_of(writer().load_ledger("c1")), "none");
  ASSERT_TRUE(writer().save_ledger("c1", {.head = "first", .written = {{9, "i"}, {10, "j"}}}, 100));
  ASSERT_TRUE(writer().save_ledger("c2", {.head = "other", .written = {{1, "a"}}}, 200));
  commit();
  begin();
  EXPECT_EQ(text_of(writer().load_ledger("c1")), "first|9:i|10:j");
  ASSERT_TRUE(writer().save_ledger(
      "c1", {.head = "second", .written = {{10, "thin"}, {11, "k"}}, .dropped = {9}}, 300));
  commit();
  reopen();
  begin();
  EXPECT_EQ(text_of(writer().load_ledger("c1")), "second|10:thin|11:k");
  EXPECT_EQ(text_of(writer().load_ledger("c2")), "other|1:a");
}

TEST_P(TransactionsTest, PruningForgetsSilentClientsWithAllTheirReplies) {
  begin();
  ASSERT_TRUE(writer().save_ledger("c1", {.head = "new", .written = {{1, "a"}}}, 300));
  ASSERT_TRUE(writer().save_ledger("c2", {.head = "old", .written = {{1, "a"}, {2, "b"}}}, 200));
  const auto pruned = writer().prune_ledger(250);
  ASSERT_TRUE(pruned) << message_of(pruned);
  EXPECT_EQ(pruned->deleted, 1U);
  EXPECT_FALSE(pruned->may_have_more);
  EXPECT_EQ(text_of(writer().load_ledger("c2")), "none");
  EXPECT_EQ(text_of(writer().load_ledger("c1")), "new|1:a");
  ASSERT_TRUE(writer().save_ledger("c2", {.head = "again"}, 400));
  EXPECT_EQ(text_of(writer().load_ledger("c2")), "again") << "no reply of its former life";
}

TEST_P(TransactionsTest, ALightMarkIsReturnedToOnlyWhileNothingWasWritten) {
  begin();
  insert("notes", 1, {{"text", "a"}});
  const auto light = writer().light_mark();
  ASSERT_TRUE(light) << message_of(light);
  EXPECT_TRUE(writer().rollback_to(*light));
  const Mark inner = mark();
  insert("notes", 2, {{"text", "b"}});
  ASSERT_TRUE(writer().rollback_to(inner)) << "a heavy mark above it";
  EXPECT_TRUE(writer().rollback_to(*light)) << "nothing is left of what was written";
  insert("notes", 3, {{"text", "c"}});
  EXPECT_THAT(changes_since(*light), SizeIs(1));
  EXPECT_EQ(reason_of(writer().rollback_to(*light)), "light_mark");
  EXPECT_TRUE(writer().in_transaction());
  EXPECT_TRUE(writer().release(*light));
  const Mark last = mark();
  EXPECT_EQ(last.depth, 1U) << "the mark above the light one is gone, too";
  ASSERT_TRUE(writer().release(last));
  commit();
  EXPECT_EQ(count(*reader_at_now()), 2U);
}

TEST_P(TransactionsTest, ResetDeletesEverythingButTheSchema) {
  begin();
  const Mark start = mark();
  insert("notes", 1, {{"text", "a"}});
  ASSERT_TRUE(writer().append_log(1, 1, {}, changes_since(start)));
  ASSERT_TRUE(writer().save_ledger("c1", {.head = "x", .written = {{1, "a"}}}, 1));
  ASSERT_TRUE(writer().set_version(5));
  commit();
  const auto reader = reader_at_now();
  const auto before = reader->begin();
  ASSERT_TRUE(before);
  const Status done = writer().reset({});
  ASSERT_TRUE(done) << message_of(done);
  const auto after = reader->begin();
  ASSERT_TRUE(after);
  EXPECT_EQ(count(*reader), 0U);
  EXPECT_THAT(log(), IsEmpty());
  EXPECT_GT(after->version, before->version);
  EXPECT_NE(after->epoch, before->epoch) << "positions in the log mean nothing any more";
  EXPECT_EQ(after->schema_version, before->schema_version);
  begin();
  EXPECT_EQ(text_of(writer().load_ledger("c1")), "none");
  ASSERT_TRUE(writer().save_ledger("c1", {.head = "y"}, 1));
  EXPECT_EQ(text_of(writer().load_ledger("c1")), "y");
  const Mark again = mark();
  insert("notes", 1, {{"text", "a"}});
  EXPECT_THAT(changes_since(again), SizeIs(1)) << "changes are captured again";
  EXPECT_EQ(select(writer(), all_of("notes"))[0].number, 2);
}

TEST_P(TransactionsTest, CheckpointsKeepEverything) {
  commit_rows("notes", {{{"text", "a"}}});
  auto reader = reader_at_now();
  commit_rows("others", {{{"text", "b"}}});
  EXPECT_TRUE(writer().checkpoint()) << "a reader in the way is no failure";
  EXPECT_EQ(count(*reader), 1U);
  reader->end();
  EXPECT_TRUE(writer().checkpoint());
  reader.reset();  // before its store
  reopen();
  EXPECT_EQ(count(*reader_at_now()), 1U);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Store, TransactionsTest, testing::ValuesIn(databases_under_test()));

}  // namespace moonstone::store::conformance
