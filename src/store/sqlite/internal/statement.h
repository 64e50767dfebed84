// Moonstone. Licence: see LICENSE.
#pragma once
// Statement: a prepared statement in use. StatementCache: those of one connection, by their text.
//
// No text is compiled twice while it stays in the cache. A Statement goes back to the cache, reset
// and without bindings, when it is destroyed; it must not outlive its cache.
// Threads: confined to the connection's thread.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/value.h"

struct sqlite3;
struct sqlite3_stmt;

namespace moonstone::store::sqlite {

/// Prepared statements kept per connection. A statement holds about 4 KiB, and a database with all
/// its connections should stay below 2 MiB; beyond this the least recently used one goes.
inline constexpr std::size_t kStatementsMax = 96;

struct CachedStatement {
  std::string text;
  sqlite3_stmt* handle = nullptr;
  bool in_use = false;
};

class Statement {
 public:
  Statement(sqlite3* db, CachedStatement* cached) : db_(db), cached_(cached) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Positions start at 1. Text and bytes are not copied: they must live until the last step().
  // The first failure is kept and reported by step().
  void bind_null(int position);
  void bind_integer(int position, std::int64_t value);
  void bind_real(int position, double value);
  void bind_text(int position, std::string_view text);
  void bind_blob(int position, std::string_view bytes);
  /// A database value (query::comparable); booleans as 0 and 1, undefined as NULL.
  void bind_value(int position, const Value& value);

  /// Whether there is a row. `doing` names the operation in the error.
  [[nodiscard]] Result<bool> step(std::string_view doing);
  /// Steps to the end and makes the statement ready for the next bindings.
  [[nodiscard]] Status run(std::string_view doing);
  void reset();

  // Columns start at 0; views live until the next step() or reset().
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] sqlite3_stmt* handle() const { return cached_->handle; }

 private:
  void note(int code) {
    if (code != 0 && bind_code_ == 0) bind_code_ = code;
  }

  sqlite3* db_;
  CachedStatement* cached_;
  int bind_code_ = 0;
};

class StatementCache {
 public:
  explicit StatementCache(sqlite3* db) : db_(db) {}
  StatementCache(const StatementCache&) = delete;
  StatementCache& operator=(const StatementCache&) = delete;
  ~StatementCache();

  /// The statement of that text, compiled if it is not in the cache.
  /// Errors: Internal for text that SQLite refuses; those of sqlite_error; InvalidArgument (reason
  /// "sql") for text that is more than one statement, or none.
  [[nodiscard]] Result<Statement> prepare(std::string_view text);
  /// Finalises all; none may be in use.
  void clear();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// How often a text was compiled; tests count it.
  [[nodiscard]] std::uint64_t compiled() const { return compiled_; }

 private:
  std::list<CachedStatement>::iterator find(std::string_view text);
  void evict_one();

  sqlite3* db_;
  std::list<CachedStatement> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<CachedStatement>::iterator> by_text_;
  std::uint64_t compiled_ = 0;
};

}  // namespace moonstone::store::sqlite
