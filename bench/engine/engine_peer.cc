// Moonstone. Licence: see LICENSE.
#include "bench/engine/engine_peer.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engine/database.h"
#include "query/row.h"

namespace moonstone::bench {

namespace {

using query::CompareOp;
using query::Expr;

constexpr std::string_view kSchema = R"json({"tables":{
  "items":{"fields":{"group":{"type":"string"},"text":{"type":"string"},"rank":{"type":"number"}},
    "indexes":[{"name":"by_group","fields":["group","rank"]}]},
  "counters":{"fields":{"value":{"type":"number"}},"indexes":[]},
  "accounts":{"fields":{"number":{"type":"number"},"balance":{"type":"number"}},
    "indexes":[{"name":"by_number","fields":["number"]}]}}})json";

using Work = std::function<Status(engine::Transaction& tx, std::uint64_t number)>;

/// Keeps kGroup mutations under way until the time is over.
class MutationLoop {
 public:
  MutationLoop(engine::Database& database, const Work& work, SteadyClock::time_point end)
      : database_(database), work_(work), end_(end) {}

  /// `number`: of the last mutation before; the loop counts on.
  std::uint64_t run(std::atomic<std::uint64_t>& number) {
    number_ = &number;
    for (int i = 0; i < kGroup; ++i)
      submit();
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [this] { return under_way_ == 0; });
    return done_;
  }

 private:
  void submit() {
    ++under_way_;
    engine::MutationCall call;
    call.function = "bench:work";
    call.body =
        [this, number = ++*number_](engine::Transaction& tx) -> Result<std::optional<std::string>> {
      MS_TRY_STATUS(work_(tx, number));
      return std::optional<std::string>();
    };
    call.done = [this](const Result<engine::MutationOutcome>& outcome) {
      if (!outcome) fail(outcome.error().message());
      ++done_;
      if (SteadyClock::now() < end_) submit();
      const std::lock_guard lock(mutex_);
      if (--under_way_ == 0) finished_.notify_all();
    };
    database_.submit(std::move(call));
  }

  engine::Database& database_;
  const Work& work_;
  SteadyClock::time_point end_;
  std::atomic<std::uint64_t>* number_ = nullptr;
  std::atomic<int> under_way_{0};
  std::atomic<std::uint64_t> done_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
};

Object object_of(const char* name, double number) {
  Object object;
  object.append(name, number);
  return object;
}

Status insert(engine::Transaction& tx, std::uint64_t number) {
  Object document;
  document.append("group", "g" + std::to_string(number % kGroupsOfItems));
  document.append("text", "hello");
  document.append("rank", static_cast<double>(number));
  MS_TRY_STATUS(tx.insert("items", std::move(document)));
  return {};
}

Status increment(engine::Transaction& tx, std::uint64_t /*number*/) {
  MS_TRY(const auto rows,
         tx.select({.table = "counters", .where = nullptr, .order = {}, .limit = 1}));
  if (rows.empty()) fail("the counter is missing");
  return tx.patch(rows[0].id, object_of("value", rows[0].values[0].to_double() + 1));
}

Status move(engine::Transaction& tx, std::uint64_t account, double amount) {
  MS_TRY(const auto rows,
         tx.select({.table = "accounts",
                    .where = Expr::compare(CompareOp::Eq, Expr::make_field("number"),
                                           Expr::make_literal(static_cast<double>(account))),
                    .order = {},
                    .limit = 2}));
  if (rows.size() != 1) fail("an account is missing");
  return tx.patch(rows[0].id, object_of("balance", rows[0].values[1].to_double() + amount));
}

Status transfer(engine::Transaction& tx, std::uint64_t number) {
  const std::uint64_t from = spread(number, kAccounts);
  MS_TRY_STATUS(move(tx, from, -1));
  return move(tx, (from + 1 + number % 100) % kAccounts, 1);
}

Status open_accounts(engine::Transaction& tx) {
  MS_TRY_STATUS(tx.insert("counters", object_of("value", 0)));
  for (int number = 0; number < kAccounts; ++number) {
    Object account = object_of("number", number);
    account.append("balance", 1e6);
    MS_TRY_STATUS(tx.insert("accounts", std::move(account)));
  }
  return {};
}

std::unique_ptr<engine::Database> open(const std::string& path) {
  engine::DatabaseOptions options;
  options.store.path = path;
  auto database = engine::Database::open(std::move(options));
  if (!database) fail(database.error().message());
  auto schema = schema::parse_schema_json(*parse_json(kSchema));
  if (!schema) fail(schema.error().message());
  const auto applied =
      (*database)->apply_schema(*std::move(schema), store::Writer::AllowDataLoss::No);
  if (!applied) fail(applied.error().message());
  return *std::move(database);
}

class EnginePeer final : public Peer {
 public:
  explicit EnginePeer(const std::string& path) : database_(open(path)) {
    bool is_open = false;
    std::atomic<std::uint64_t> number = 0;
    const Work once = [&is_open](engine::Transaction& tx, std::uint64_t) {
      return std::exchange(is_open, true) ? Status() : open_accounts(tx);
    };
    MutationLoop(*database_, once, SteadyClock::now()).run(number);
  }

  std::uint64_t insert_until(SteadyClock::time_point end) override {
    return MutationLoop(*database_, insert, end).run(inserted_);
  }
  std::uint64_t increment_until(SteadyClock::time_point end) override {
    return MutationLoop(*database_, increment, end).run(increments_);
  }
  std::uint64_t transfer_until(SteadyClock::time_point end) override {
    return MutationLoop(*database_, transfer, end).run(transfers_);
  }

  std::uint64_t get_until(SteadyClock::time_point end) override {
    if (ids_.empty()) read_ids();
    return in_snapshot(end, [this](engine::DocumentReader& reader) {
      const schema::Table& table = *reader.table("items").value();
      if (!reader.get(table, ids_[spread(reads_++, ids_.size())]).value()) fail("a row is missing");
    });
  }
  std::uint64_t page_until(SteadyClock::time_point end) override {
    return in_snapshot(end, [this](engine::DocumentReader& reader) { page(reader); });
  }

 private:
  template <class Operation>
  std::uint64_t in_snapshot(SteadyClock::time_point end, Operation operation) {
    auto session = database_->new_reader().value();
    if (!session->begin()) fail("there is no snapshot");
    std::uint64_t count = 0;
    for (; SteadyClock::now() < end; count += kBatch) {
      for (int i = 0; i < kBatch; ++i) {
        engine::DocumentReader reader(session->source(), {});
        operation(reader);
      }
    }
    return count;
  }

  void read_ids() {
    auto session = database_->new_reader().value();
    if (!session->begin()) fail("there is no snapshot");
    engine::DocumentReader reader(session->source(), {});
    const auto rows =
        reader.select({.table = "items", .where = nullptr, .order = {}, .limit = 50'000});
    for (const auto& row : rows.value())
      ids_.push_back(row.id);
  }

  void page(engine::DocumentReader& reader) {
    const auto rows =
        reader.select({.table = "items",
                       .where = Expr::compare(
                           CompareOp::Eq, Expr::make_field("group"),
                           Expr::make_literal("g" + std::to_string(reads_++ % kGroupsOfItems))),
                       .order = {{.field = "rank", .direction = query::Direction::Descending}},
                       .tie_break = query::Direction::Descending,
                       .limit = kPageDocuments});
    if (!rows) fail(rows.error().message());
    if (rows->size() != kPageDocuments) fail("a page is not full");
    read_ = "[";
    for (const query::Row& row : *rows) {
      if (read_.size() > 1) read_ += ',';
      query::write_document_json(row, read_);
    }
    read_ += ']';
  }

  std::unique_ptr<engine::Database> database_;
  std::atomic<std::uint64_t> inserted_ = 0;
  std::atomic<std::uint64_t> increments_ = 0;
  std::atomic<std::uint64_t> transfers_ = 0;
  std::uint64_t reads_ = 0;
  std::vector<std::string> ids_;
  std::string read_;
};

}  // namespace

std::unique_ptr<Peer> make_engine_peer(const std::string& path) {
  return std::make_unique<EnginePeer>(path);
}

}  // namespace moonstone::bench
