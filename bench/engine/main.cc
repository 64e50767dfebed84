// Moonstone. Licence: see LICENSE.
// The engine next to raw prepared statements in the same process, on the same disk: durable inserts
// in groups, with a log row each, and point reads inside an open snapshot. Prints JSON lines:
// {"scenario":..,"per_second":..}.
//
//   against_raw <folder for the files> [seconds per scenario]
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "base/json.h"
#include "engine/database.h"

namespace {

using moonstone::Object;
using moonstone::Result;
namespace engine = moonstone::engine;
using SteadyClock = std::chrono::steady_clock;

/// Mutations under way at once; also the size of a raw group, so that both sync equally often.
constexpr int kGroup = 160;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "against_raw: %s\n", why.c_str());
  std::exit(1);
}

void print(const char* scenario, std::uint64_t count, SteadyClock::time_point start) {
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  std::printf("{\"scenario\":\"%s\",\"count\":%llu,\"per_second\":%.0f}\n", scenario,
              static_cast<unsigned long long>(count), static_cast<double>(count) / seconds);
  std::fflush(stdout);
}

/// The same table, index and log as Moonstone makes, through prepared statements.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA wal_autocheckpoint=0");
    run("CREATE TABLE items(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, grp TEXT, text "
        "TEXT, "
        "rank REAL, _null BLOB) STRICT");
    run("CREATE INDEX items_by_group ON items(grp, rank)");
    run("CREATE TABLE log(seq INTEGER PRIMARY KEY, version INTEGER, namespace TEXT, tbl TEXT, key "
        "TEXT, "
        "op INTEGER, old TEXT, new TEXT, origin TEXT, time INTEGER) STRICT");
    run("CREATE INDEX log_by_table ON log(namespace, tbl, seq)");
    prepare("INSERT INTO items(_id, grp, text, rank) VALUES(?1, ?2, ?3, ?4)", &insert_);
    prepare(
        "INSERT INTO log(version, namespace, tbl, key, op, new, time) VALUES(?1, '', 'items', ?2, "
        "1, "
        "?3, 1)",
        &log_);
    prepare("SELECT _row, _id, grp, text, rank, _null FROM items WHERE _id = ?1", &get_);
  }
  ~RawDatabase() {
    for (sqlite3_stmt* statement : {insert_, log_, get_})
      sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

  void insert(std::int64_t number) {
    const std::string id = id_of(number);
    const std::string image = R"({"grp":"g","text":"hello","rank":)" + std::to_string(number) + "}";
    bind(insert_, 1, id);
    bind(insert_, 2, "g" + std::to_string(number % 100));
    bind(insert_, 3, "hello");
    sqlite3_bind_double(insert_, 4, static_cast<double>(number));
    step(insert_);
    sqlite3_bind_int64(log_, 1, number);
    bind(log_, 2, id);
    bind(log_, 3, image);
    step(log_);
  }

  bool get(const std::string& id, std::string& text) {
    bind(get_, 1, id);
    const bool found = sqlite3_step(get_) == SQLITE_ROW;
    if (found) text.assign(reinterpret_cast<const char*>(sqlite3_column_text(get_, 3)));
    sqlite3_reset(get_);
    return found;
  }

  static std::string id_of(std::int64_t number) {
    std::string digits = std::to_string(number);
    return "items:" + std::string(26 - digits.size(), '0') + digits;
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK) fail(sqlite3_errmsg(db_));
  }
  void prepare(const char* sql, sqlite3_stmt** statement) {
    check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, nullptr));
  }
  static void bind(sqlite3_stmt* statement, int index, const std::string& text) {
    sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
  }
  void step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_errmsg(db_));
    sqlite3_reset(statement);
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* log_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
};

/// Keeps kGroup mutations under way until the time is over.
class EngineInserts {
 public:
  EngineInserts(engine::Database& database, SteadyClock::time_point end)
      : database_(database), end_(end) {}

  std::uint64_t run() {
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
    call.function = "bench:add";
    const std::int64_t number = ++number_;
    call.body = [number](engine::Transaction& tx) -> Result<std::optional<std::string>> {
      Object document;
      document.append("group", "g" + std::to_string(number % 100));
      document.append("text", "hello");
      document.append("rank", static_cast<double>(number));
      MS_TRY_STATUS(tx.insert("items", std::move(document)));
      return std::optional<std::string>();
    };
    call.done = [this](const Result<engine::MutationOutcome>& outcome) {
      if (!outcome) fail(outcome.error().message());
      ++done_;
      if (SteadyClock::now() < end_) submit();
      if (--under_way_ == 0) {
        const std::lock_guard lock(mutex_);
        finished_.notify_all();
      }
    };
    database_.submit(std::move(call));
  }

  engine::Database& database_;
  SteadyClock::time_point end_;
  std::atomic<int> under_way_{0};
  std::atomic<std::int64_t> number_{0};
  std::atomic<std::uint64_t> done_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
};

void bench_raw(const std::string& folder, std::chrono::duration<double> time) {
  RawDatabase raw(folder + "/raw.db");
  const auto start = SteadyClock::now();
  std::int64_t number = 0;
  while (SteadyClock::now() - start < time) {
    raw.run("BEGIN IMMEDIATE");
    for (int i = 0; i < kGroup; ++i)
      raw.insert(++number);
    raw.run("COMMIT");
  }
  print("raw SQLite insert with log row, groups of 160, FULL", static_cast<std::uint64_t>(number),
        start);
  raw.run("BEGIN");
  const auto read_start = SteadyClock::now();
  std::uint64_t reads = 0;
  std::string text;
  while (SteadyClock::now() - read_start < time) {
    for (int i = 0; i < 100; ++i) {
      const auto key =
          static_cast<std::int64_t>(1 + reads++ * 7919 % static_cast<std::uint64_t>(number));
      if (!raw.get(RawDatabase::id_of(key), text)) fail("a row is missing");
    }
  }
  print("raw SQLite point read in a snapshot", reads, read_start);
}

void bench_engine_reads(engine::Database& database, std::chrono::duration<double> time) {
  auto session = database.new_reader().value();
  if (!session->begin()) fail("begin");
  std::vector<std::string> ids;
  {
    engine::DocumentReader reader(session->source(), {});
    const auto rows =
        reader.select({.table = "items", .where = nullptr, .order = {}, .limit = 50'000});
    for (const auto& row : rows.value())
      ids.push_back(row.id);
  }
  const auto start = SteadyClock::now();
  std::uint64_t reads = 0;
  while (SteadyClock::now() - start < time) {
    engine::DocumentReader reader(session->source(), {});
    reader.stop_recording();
    const auto& table = *reader.table("items").value();
    for (int i = 0; i < 100; ++i) {
      if (!reader.get(table, ids[reads++ * 7919 % ids.size()]).value()) fail("a row is missing");
    }
  }
  print("engine point read in a snapshot", reads, start);
}

void bench_engine(const std::string& folder, std::chrono::duration<double> time) {
  engine::DatabaseOptions options;
  options.store.path = folder + "/engine.db";
  auto database = engine::Database::open(std::move(options));
  if (!database) fail(database.error().message());
  const auto json =
      moonstone::parse_json(R"json({"tables":{"items":{"fields":{"group":{"type":"string"},
      "text":{"type":"string"},"rank":{"type":"number"}},
      "indexes":[{"name":"by_group","fields":["group","rank"]}]}}})json");
  auto schema = moonstone::schema::parse_schema_json(*json);
  if (!(*database)->apply_schema(*std::move(schema), moonstone::store::Writer::AllowDataLoss::No)) {
    fail("schema");
  }
  const auto start = SteadyClock::now();
  const auto end = start + std::chrono::duration_cast<SteadyClock::duration>(time);
  const std::uint64_t done = EngineInserts(**database, end).run();
  print("engine insert, group commit, log included, FULL", done, start);
  bench_engine_reads(**database, time);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) fail("usage: against_raw <folder> [seconds]");
  const std::chrono::duration<double> time(argc > 2 ? std::strtod(argv[2], nullptr) : 2);
  bench_raw(argv[1], time);
  bench_engine(argv[1], time);
  return 0;
}
