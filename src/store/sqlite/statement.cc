// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/statement.h"

#include <utility>

#include <sqlite3.h>

#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store::sqlite {

namespace {

// A null pointer would bind NULL where empty text is meant.
const char* data_of(std::string_view text) {
  return text.data() != nullptr ? text.data() : "";
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      cached_(std::exchange(other.cached_, nullptr)),
      bind_code_(other.bind_code_) {}

Statement::~Statement() {
  if (cached_ == nullptr) return;
  sqlite3_reset(cached_->handle);
  sqlite3_clear_bindings(cached_->handle);
  cached_->in_use = false;
}

void Statement::bind_null(int position) {
  note(sqlite3_bind_null(cached_->handle, position));
}

void Statement::bind_integer(int position, std::int64_t value) {
  note(sqlite3_bind_int64(cached_->handle, position, value));
}

void Statement::bind_real(int position, double value) {
  note(sqlite3_bind_double(cached_->handle, position, value));
}

void Statement::bind_text(int position, std::string_view text) {
  note(sqlite3_bind_text64(cached_->handle, position, data_of(text), text.size(), SQLITE_STATIC,
                           SQLITE_UTF8));
}

void Statement::bind_blob(int position, std::string_view bytes) {
  note(sqlite3_bind_blob64(cached_->handle, position, data_of(bytes), bytes.size(), SQLITE_STATIC));
}

void Statement::bind_value(int position, const Value& value) {
  switch (value.kind()) {
    case ValueKind::Boolean:
      bind_integer(position, value.as_boolean() ? 1 : 0);
      break;
    case ValueKind::Integer:
      bind_integer(position, value.as_integer());
      break;
    case ValueKind::Number:
      bind_real(position, value.as_number());
      break;
    case ValueKind::Text:
      bind_text(position, value.as_text());
      break;
    case ValueKind::Bytes:
      bind_blob(position, value.as_bytes().data);
      break;
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Array:
    case ValueKind::Object:
      bind_null(position);
      break;
  }
}

Result<bool> Statement::step(std::string_view doing) {
  if (bind_code_ != 0) return sqlite_error(db_, bind_code_, doing);
  const int code = sqlite3_step(cached_->handle);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = sqlite_error(db_, code, doing);
  sqlite3_reset(cached_->handle);
  return error;
}

Status Statement::run(std::string_view doing) {
  while (true) {
    MS_TRY(const bool has_row, step(doing));
    if (!has_row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(cached_->handle);
  bind_code_ = 0;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(cached_->handle, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(cached_->handle, column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(cached_->handle, column);
  if (text == nullptr) return {};
  const int size = sqlite3_column_bytes(cached_->handle, column);
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)};
}

StatementCache::~StatementCache() {
  clear();
}

std::list<CachedStatement>::iterator StatementCache::find(std::string_view text) {
  // Mostly it is one of the last few, and comparing texts costs less than hashing one.
  constexpr std::size_t kTried = 4;
  auto entry = entries_.begin();
  for (std::size_t i = 0; i < kTried && entry != entries_.end(); ++i, ++entry) {
    if (entry->text == text) return entry;
  }
  const auto found = by_text_.find(text);
  return found == by_text_.end() ? entries_.end() : found->second;
}

Result<Statement> StatementCache::prepare(std::string_view text) {
  if (const auto found = find(text); found != entries_.end()) {
    if (found->in_use) {
      return Error(ErrorCode::Internal, "a prepared statement is used inside itself");
    }
    entries_.splice(entries_.begin(), entries_, found);
    entries_.front().in_use = true;
    return Statement(db_, &entries_.front());
  }
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, &tail);
  if (code != SQLITE_OK) return sqlite_error(db_, code, "prepare a statement");
  if (handle == nullptr || tail != text.data() + text.size()) {
    sqlite3_finalize(handle);
    return Error(ErrorCode::InvalidArgument, "the text is not one SQL statement", "sql");
  }
  ++compiled_;
  if (entries_.size() >= kStatementsMax) evict_one();
  entries_.push_front(CachedStatement{std::string(text), handle, true});
  by_text_.emplace(entries_.front().text, entries_.begin());
  return Statement(db_, &entries_.front());
}

void StatementCache::evict_one() {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (entry->in_use) continue;
    sqlite3_finalize(entry->handle);
    by_text_.erase(entry->text);
    entries_.erase(std::next(entry).base());
    return;
  }
}

void StatementCache::clear() {
  by_text_.clear();
  for (const CachedStatement& entry : entries_)
    sqlite3_finalize(entry.handle);
  entries_.clear();
}

}  // namespace moonstone::store::sqlite
