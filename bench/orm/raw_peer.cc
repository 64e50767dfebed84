// Moonstone. Licence: see LICENSE.
#include "bench/orm/raw_peer.h"

#include <map>
#include <string_view>
#include <vector>

#include <sqlite3.h>

namespace moonstone::bench {

namespace {

constexpr const char* kTables = R"sql(
PRAGMA page_size=8192;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
PRAGMA foreign_keys=ON;
CREATE TABLE user (id INTEGER NOT NULL PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  age INTEGER NOT NULL, createdAt TEXT NOT NULL) STRICT;
CREATE INDEX user_created ON user(createdAt);
CREATE TABLE post (id INTEGER NOT NULL PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL,
  authorId INTEGER NOT NULL REFERENCES user(id)) STRICT;
CREATE INDEX post_author ON post(authorId);
CREATE VIRTUAL TABLE post_fts USING fts5(title, content="post", content_rowid="id");
CREATE TRIGGER post_fts_insert AFTER INSERT ON post BEGIN
  INSERT INTO post_fts(rowid, title) VALUES (NEW.id, NEW.title); END;
CREATE TABLE log (seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, tbl TEXT NOT NULL,
  key TEXT NOT NULL, op INTEGER NOT NULL, old TEXT, new TEXT, time INTEGER NOT NULL) STRICT;
)sql";

void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  out += '"';
}

std::string json_of(const Person& person) {
  std::string json = R"({"id":)" + std::to_string(person.id) + R"(,"email":)";
  append_string(person.email, json);
  json += R"(,"name":)";
  append_string(person.name, json);
  json += R"(,"age":)" + std::to_string(person.age) + R"(,"createdAt":)";
  append_string(person.created_at, json);
  return json + "}";
}

/// One prepared statement, used once at a time.
class Statement {
 public:
  Statement(sqlite3* db, const std::string& sql) : db_(db) {
    check(sqlite3_prepare_v3(db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value) {
    sqlite3_bind_int64(handle_, ++bound_, value);
    return *this;
  }
  /// The text lives until the statement was reset.
  Statement& bind(std::string_view text) {
    sqlite3_bind_text(handle_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    return *this;
  }
  Statement& bind_null() {
    sqlite3_bind_null(handle_, ++bound_);
    return *this;
  }

  bool step() {
    const int code = sqlite3_step(handle_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
    return code == SQLITE_ROW;
  }
  void reset() {
    sqlite3_reset(handle_);
    bound_ = 0;
  }
  void run() {
    while (step()) {
    }
    reset();
  }

  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(handle_, column);
  }
  [[nodiscard]] std::string text(int column) const {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
  }
  [[nodiscard]] Person person() const {
    return {.id = integer(0),
            .email = text(1),
            .name = text(2),
            .age = integer(3),
            .created_at = text(4)};
  }
  [[nodiscard]] Post post() const {
    return {.id = integer(0), .title = text(1), .body = text(2), .author_id = integer(3)};
  }

 private:
  void check(int code) const {
    if (code != SQLITE_OK) fail(sqlite3_errmsg(db_));
  }

  sqlite3* db_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

class Connection {
 public:
  explicit Connection(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) fail(sqlite3_errmsg(db_));
    run(kTables);
    run("PRAGMA cache_size=-" + std::to_string(kCacheKib));
  }
  ~Connection() { sqlite3_close_v2(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  void run(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      fail(sqlite3_errmsg(db_));
  }
  [[nodiscard]] sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

std::string placeholders(std::int64_t count) {
  std::string list = "?";
  for (std::int64_t i = 1; i < count; ++i)
    list += ",?";
  return list;
}

class RawPeer final : public Peer {
 public:
  explicit RawPeer(const std::string& path) : connection_(path) {
    begin_.run();
    for (std::int64_t i = 0; i < kPeople; ++i)
      insert(make_person(i));
    for (std::int64_t i = 0; i < kPosts; ++i) {
      const Post post = make_post(i);
      insert_post_.bind(post.title).bind(post.body).bind(post.author_id).run();
    }
    commit_.run();
  }

  std::int64_t find_unique(std::int64_t id) override {
    Person person;
    unique_.bind(id);
    if (unique_.step()) person = unique_.person();
    unique_.reset();
    return person.id;
  }

  std::int64_t find_many(std::int64_t after) override {
    return sum_of(people(many_, [&] { many_.bind(after); }));
  }

  std::int64_t find_many_with_posts(std::int64_t after) override {
    const std::vector<Person> found = people(many_, [&] { many_.bind(after); });
    std::map<std::int64_t, std::vector<Post>> posts;
    for (const Person& person : found)
      children_.bind(person.id);
    while (children_.step()) {
      Post post = children_.post();
      const std::int64_t author = post.author_id;
      posts[author].push_back(std::move(post));
    }
    children_.reset();
    std::int64_t sum = sum_of(found);
    for (const auto& [author, list] : posts) {
      for (const Post& post : list)
        sum += post.id;
    }
    return sum;
  }

  std::int64_t page_by_id(std::int64_t after) override {
    std::vector<Person> found = people(page_by_id_, [&] { page_by_id_.bind(after); });
    if (found.size() > kPageRows) found.pop_back();
    cursor_ = std::to_string(found.back().id);
    return sum_of(found);
  }

  std::int64_t page_by_time(const std::string& time) override {
    std::vector<Person> found =
        people(page_by_time_, [&] { page_by_time_.bind(time).bind(time).bind(time).bind(100); });
    if (found.size() > kPageRows) found.pop_back();
    cursor_ = found.back().created_at + " " + std::to_string(found.back().id);
    return sum_of(found);
  }

  std::int64_t search(const std::string& word) override {
    std::vector<std::pair<Post, double>> found;
    search_.bind(word);
    while (search_.step())
      found.emplace_back(search_.post(), static_cast<double>(search_.integer(4)));
    search_.reset();
    std::int64_t sum = 0;
    for (const auto& [post, rank] : found)
      sum += post.id;
    return sum;
  }

  std::int64_t count(std::int64_t age) override {
    count_.bind(age);
    const std::int64_t count = count_.step() ? count_.integer(0) : -1;
    count_.reset();
    return count;
  }

  std::int64_t create(const Person& person) override {
    begin_.run();
    ++version_;
    const std::int64_t id = insert(person);
    commit_.run();
    return id;
  }

  std::int64_t update(std::int64_t id, std::int64_t age) override {
    begin_.run();
    ++version_;
    Person person;
    update_.bind(age).bind(id);
    while (update_.step())
      person = update_.person();
    update_.reset();
    log(person.id, 2, R"({"age":)" + std::to_string(person.age) + "}");
    commit_.run();
    return person.id;
  }

  std::int64_t create_many(std::int64_t first) override {
    begin_.run();
    ++version_;
    for (std::int64_t i = 0; i < kBatchRows; ++i)
      insert(make_person(first + i));
    commit_.run();
    return kBatchRows;
  }

 private:
  template <class Bind>
  static std::vector<Person> people(Statement& statement, Bind bind) {
    std::vector<Person> found;
    bind();
    while (statement.step())
      found.push_back(statement.person());
    statement.reset();
    return found;
  }

  static std::int64_t sum_of(const std::vector<Person>& people) {
    std::int64_t sum = 0;
    for (const Person& person : people)
      sum += person.id;
    return sum;
  }

  /// In the running transaction.
  std::int64_t insert(const Person& person) {
    Person written;
    insert_.bind(person.email).bind(person.name).bind(person.age).bind(person.created_at);
    while (insert_.step())
      written = insert_.person();
    insert_.reset();
    log(written.id, 1, json_of(written));
    return written.id;
  }

  void log(std::int64_t id, std::int64_t operation, const std::string& fields) {
    const std::string key = "user:" + std::to_string(id);
    log_.bind(version_).bind("user").bind(key).bind(operation).bind_null().bind(fields);
    log_.bind(static_cast<std::int64_t>(std::time(nullptr)) * 1000);
    log_.run();
  }

  [[nodiscard]] sqlite3* db() const { return connection_.handle(); }

  Connection connection_;
  Statement begin_{db(), "BEGIN IMMEDIATE"};
  Statement commit_{db(), "COMMIT"};
  Statement insert_{db(),
                    "INSERT INTO user(email,name,age,createdAt) VALUES(?,?,?,?) RETURNING "
                    "id,email,name,age,createdAt"};
  Statement insert_post_{db(), "INSERT INTO post(title,body,authorId) VALUES(?,?,?)"};
  Statement log_{db(), "INSERT INTO log(version,tbl,key,op,old,new,time) VALUES(?,?,?,?,?,?,?)"};
  Statement unique_{db(), "SELECT id,email,name,age,createdAt FROM user WHERE id=?"};
  Statement many_{db(),
                  "SELECT id,email,name,age,createdAt FROM user WHERE id>? ORDER BY id LIMIT 100"};
  Statement children_{db(), "SELECT id,title,body,authorId FROM post WHERE authorId IN (" +
                                placeholders(kManyRows) + ")"};
  Statement page_by_id_{
      db(), "SELECT id,email,name,age,createdAt FROM user WHERE id>? ORDER BY id LIMIT 21"};
  Statement page_by_time_{
      db(),
      "SELECT id,email,name,age,createdAt FROM user WHERE createdAt<=? AND (createdAt<? OR "
      "(createdAt=? AND id>?)) ORDER BY createdAt DESC, id LIMIT 21"};
  Statement search_{db(),
                    "SELECT post.id,title,body,authorId,f.rank FROM (SELECT rowid,rank FROM "
                    "post_fts WHERE post_fts MATCH ?) f CROSS JOIN post ON post.id=f.rowid ORDER "
                    "BY f.rank,f.rowid LIMIT 20"};
  Statement count_{db(), "SELECT count(*) FROM user WHERE age>=?"};
  Statement update_{db(), "UPDATE user SET age=? WHERE id=? RETURNING id,email,name,age,createdAt"};
  std::int64_t version_ = 0;
  std::string cursor_;  // of the last page
};

}  // namespace

std::unique_ptr<Peer> make_raw_peer(const std::string& path) {
  return std::make_unique<RawPeer>(path);
}

}  // namespace moonstone::bench
