// Moonstone. Licence: see LICENSE.
#include "bench/engine/raw_peer.h"

#include <array>
#include <charconv>
#include <string_view>

#include <sqlite3.h>

namespace moonstone::bench {

namespace {

constexpr const char* kTables = R"sql(
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
CREATE TABLE items(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, grp TEXT, text TEXT,
  rank REAL, _null BLOB) STRICT;
CREATE INDEX items_by_group ON items(grp, rank);
CREATE TABLE counters(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, value REAL, _null BLOB)
  STRICT;
CREATE TABLE accounts(_row INTEGER PRIMARY KEY, _id TEXT NOT NULL UNIQUE, number REAL,
  balance REAL, _null BLOB) STRICT;
CREATE INDEX accounts_by_number ON accounts(number);
CREATE TABLE log(seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, namespace TEXT NOT NULL,
  tbl TEXT NOT NULL, key TEXT NOT NULL, op INTEGER NOT NULL, old TEXT, new TEXT, origin TEXT,
  time INTEGER NOT NULL) STRICT;
CREATE INDEX log_by_table ON log(namespace, tbl);
)sql";

std::string id_of(std::string_view table, std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(table) + ":" + std::string(26 - digits.size(), '0') + digits;
}

std::string text_of(double number) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), written.ptr};
}

void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  out += '"';
}

class Database {
 public:
  explicit Database(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
    run(kTables);
  }
  ~Database() { sqlite3_close_v2(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void check(int code) {
    if (code != SQLITE_OK) fail(sqlite3_errmsg(db_));
  }
  [[nodiscard]] sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement(Database& database, const char* sql) : database_(database) {
    database.check(sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int index, std::string_view text) {
    sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(int index, double number) {
    sqlite3_bind_double(statement_, index, number);
    return *this;
  }
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail(sqlite3_errmsg(database_.handle()));
    return code == SQLITE_ROW;
  }
  void reset() { sqlite3_reset(statement_); }
  void run() {
    step();
    reset();
  }
  [[nodiscard]] std::string_view text(int column) {
    const auto* const bytes =
        reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }
  [[nodiscard]] double number(int column) { return sqlite3_column_double(statement_, column); }

 private:
  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
};

class RawPeer final : public Peer {
 public:
  explicit RawPeer(const std::string& path) : database_(path) {
    database_.run("BEGIN IMMEDIATE");
    add_counter_.bind(1, id_of("counters", 1)).run();
    for (int number = 0; number < kAccounts; ++number) {
      add_account_.bind(1, id_of("accounts", static_cast<std::uint64_t>(number)))
          .bind(2, number)
          .run();
    }
    database_.run("COMMIT");
  }

  std::uint64_t insert_until(SteadyClock::time_point end) override {
    return in_groups(end, [this] { insert(); });
  }
  std::uint64_t increment_until(SteadyClock::time_point end) override {
    return in_groups(end, [this] { increment(); });
  }
  std::uint64_t transfer_until(SteadyClock::time_point end) override {
    return in_groups(end, [this] { transfer(); });
  }
  std::uint64_t get_until(SteadyClock::time_point end) override {
    return in_snapshot(end, [this] { get(); });
  }
  std::uint64_t page_until(SteadyClock::time_point end) override {
    return in_snapshot(end, [this] { page(); });
  }

 private:
  template <class Operation>
  std::uint64_t in_groups(SteadyClock::time_point end, Operation operation) {
    std::uint64_t count = 0;
    for (; SteadyClock::now() < end; count += kGroup) {
      database_.run("BEGIN IMMEDIATE");
      for (int i = 0; i < kGroup; ++i)
        operation();
      database_.run("COMMIT");
    }
    return count;
  }
  template <class Operation>
  std::uint64_t in_snapshot(SteadyClock::time_point end, Operation operation) {
    std::uint64_t count = 0;
    database_.run("BEGIN");
    for (; SteadyClock::now() < end; count += kBatch)
      for (int i = 0; i < kBatch; ++i)
        operation();
    database_.run("COMMIT");
    return count;
  }

  void insert() {
    const std::uint64_t number = ++inserted_;
    const std::string id = id_of("items", number);
    const std::string group = "g" + std::to_string(number % kGroupsOfItems);
    const auto rank = static_cast<double>(number);
    add_item_.bind(1, id).bind(2, group).bind(3, "hello").bind(4, rank).run();
    log("items", id, "",
        R"({"group":")" + group + R"(","text":"hello","rank":)" + text_of(rank) + "}");
  }

  void increment() {
    if (!first_counter_.step()) fail("the counter is missing");
    const std::string id(first_counter_.text(0));
    const double value = first_counter_.number(1);
    first_counter_.reset();
    set_counter_.bind(1, id).bind(2, value + 1).run();
    log("counters", id, R"({"value":)" + text_of(value) + "}",
        R"({"value":)" + text_of(value + 1) + "}");
  }

  void transfer() {
    const std::uint64_t number = ++transfers_;
    const std::uint64_t from = spread(number, kAccounts);
    move(from, -1);
    move((from + 1 + number % 100) % kAccounts, 1);
  }
  void move(std::uint64_t account, double amount) {
    if (!find_account_.bind(1, static_cast<double>(account)).step()) fail("an account is missing");
    const std::string id(find_account_.text(0));
    const double balance = find_account_.number(1);
    find_account_.reset();
    set_balance_.bind(1, id).bind(2, balance + amount).run();
    log("accounts", id, R"({"balance":)" + text_of(balance) + "}",
        R"({"balance":)" + text_of(balance + amount) + "}");
  }

  void log(std::string_view table,
           std::string_view id,
           std::string_view old,
           std::string_view image) {
    log_.bind(1, table).bind(2, id).bind(3, old).bind(4, image).run();
  }

  void get() {
    if (!get_.bind(1, id_of("items", 1 + spread(reads_++, inserted_))).step()) {
      fail("a row is missing");
    }
    read_.assign(get_.text(3));
    get_.reset();
  }

  void page() {
    page_.bind(1, "g" + std::to_string(reads_++ % kGroupsOfItems));
    read_ = "[";
    int count = 0;
    for (; page_.step(); ++count) {
      if (count > 0) read_ += ',';
      read_ += R"({"_id":)";
      append_string(page_.text(1), read_);
      read_ += R"(,"_creationTime":0,"group":)";
      append_string(page_.text(2), read_);
      read_ += R"(,"text":)";
      append_string(page_.text(3), read_);
      read_.append(R"(,"rank":)").append(text_of(page_.number(4))).append("}");
    }
    page_.reset();
    read_ += ']';
    if (count != kPageDocuments) fail("a page is not full");
  }

  Database database_;
  Statement add_item_{database_, "INSERT INTO items(_id, grp, text, rank) VALUES(?1, ?2, ?3, ?4)"};
  Statement add_counter_{database_, "INSERT INTO counters(_id, value) VALUES(?1, 0)"};
  Statement add_account_{database_,
                         "INSERT INTO accounts(_id, number, balance) VALUES(?1, ?2, 1000000)"};
  Statement first_counter_{database_, "SELECT _id, value FROM counters ORDER BY _row LIMIT 1"};
  Statement set_counter_{database_, "UPDATE counters SET value = ?2 WHERE _id = ?1"};
  Statement find_account_{database_, "SELECT _id, balance FROM accounts WHERE number = ?1"};
  Statement set_balance_{database_, "UPDATE accounts SET balance = ?2 WHERE _id = ?1"};
  Statement log_{database_,
                 "INSERT INTO log(version, namespace, tbl, key, op, old, new, time) "
                 "VALUES(1, '', ?1, ?2, 1, ?3, ?4, 1)"};
  Statement get_{database_, "SELECT _row, _id, grp, text, rank, _null FROM items WHERE _id = ?1"};
  Statement page_{database_,
                  "SELECT _row, _id, grp, text, rank, _null FROM items WHERE grp = ?1 "
                  "ORDER BY rank DESC, _row DESC LIMIT 10"};
  std::uint64_t inserted_ = 0;
  std::uint64_t transfers_ = 0;
  std::uint64_t reads_ = 0;
  std::string read_;
};

}  // namespace

std::unique_ptr<Peer> make_raw_peer(const std::string& path) {
  return std::make_unique<RawPeer>(path);
}

}  // namespace moonstone::bench
