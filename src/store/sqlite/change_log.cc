// Moonstone. Licence: see LICENSE.
// `old` and `new` hold the changed fields as one storage JSON object. An insert has all fields in
// `new`, a delete all in `old`; an update has each changed field where it was or is present.
#include "store/sqlite/internal/change_log.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/json.h"
#include "query/storage_json.h"

namespace moonstone::store::sqlite {

namespace {

using Operation = LogEntry::Operation;

/// Entries deleted by one call of prune: keeps the writer's pause near a millisecond.
constexpr std::int64_t kPruneBatch = 1'000;

/// Documents belong to the one namespace that there is.
constexpr std::string_view kNamespace;

/// Appends `"name":value` to an object that is being written.
void append_member(std::string_view name, const Value& value, std::string& object) {
  object += object.empty() ? '{' : ',';
  write_json_string(name, object);
  object += ':';
  query::write_storage_json(value, object);
}

/// The fields of `row` that are present, and different in `other` if there is one.
std::string fields_text(const query::Row& row, const std::optional<query::Row>& other) {
  std::string object;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (row.values[i].is_undefined()) continue;
    if (other && row.values[i] == other->values[i]) continue;
    append_member(row.table->fields[i].name, row.values[i], object);
  }
  object += object.empty() ? "{}" : "}";
  return object;
}

std::string origin_text(const Origin& origin) {
  std::string object;
  if (!origin.client.empty()) append_member("client", origin.client, object);
  if (!origin.mutation.empty()) append_member("mutation", origin.mutation, object);
  if (!origin.function.empty()) append_member("function", origin.function, object);
  if (!origin.identity.is_undefined()) append_member("identity", origin.identity, object);
  if (!object.empty()) object += '}';
  return object;
}

void bind_text_or_null(Statement& statement, int position, std::string_view text) {
  if (text.empty()) {
    statement.bind_null(position);
  } else {
    statement.bind_text(position, text);
  }
}

Operation operation_of(const query::Change& change) {
  if (!change.before) return Operation::Insert;
  return change.after ? Operation::Update : Operation::Delete;
}

Result<Value> parsed_column(const Statement& select, int column) {
  if (select.is_null(column)) return Value();
  return query::parse_storage_json(select.text(column));
}

}  // namespace

Result<std::int64_t> ChangeLog::next_sequence() {
  if (!next_sequence_) {
    MS_TRY(const std::int64_t last,
           connection_.integer_of("SELECT coalesce(max(seq),0) FROM _moonstone_log",
                                  "read the change log"));
    next_sequence_ = last + 1;
  }
  return *next_sequence_;
}

Status ChangeLog::append(Version version,
                         std::int64_t unix_ms,
                         const Origin& origin,
                         const std::vector<query::Change>& changes) {
  if (changes.empty()) return {};
  MS_TRY(std::int64_t sequence, next_sequence());
  MS_TRY(Statement insert,
         connection_.prepare("INSERT INTO _moonstone_log(seq,version,namespace,tbl,key,op,old,new,"
                             "origin,time) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"));
  const std::string from = origin_text(origin);
  insert.bind_integer(2, static_cast<std::int64_t>(version));
  insert.bind_text(3, kNamespace);
  bind_text_or_null(insert, 9, from);
  insert.bind_integer(10, unix_ms);
  for (const query::Change& change : changes) {
    const std::string before = change.before ? fields_text(*change.before, change.after) : "";
    const std::string after = change.after ? fields_text(*change.after, change.before) : "";
    insert.bind_integer(1, sequence);
    insert.bind_text(4, change.table->name);
    insert.bind_text(5, change.key);
    insert.bind_integer(6, static_cast<std::int64_t>(operation_of(change)));
    bind_text_or_null(insert, 7, before);
    bind_text_or_null(insert, 8, after);
    MS_TRY_STATUS(insert.run("write the change log"));
    next_sequence_ = ++sequence;
  }
  appended_ = version;
  return {};
}

Result<PruneOutcome> ChangeLog::prune(const LogRetention& retention) {
  // The newest entry stays: its number is what keeps sequences from starting again.
  MS_TRY(Statement bounds,
         connection_.prepare("SELECT coalesce(min(seq),0),coalesce(max(seq),0) FROM "
                             "_moonstone_log"));
  MS_TRY(const bool has_row, bounds.step("prune the change log"));
  if (!has_row) return PruneOutcome{};
  const std::int64_t first = bounds.integer(0);
  const std::int64_t last = bounds.integer(1);
  bounds.reset();
  if (first == 0 || first == last) return PruneOutcome{};
  constexpr std::int64_t kEntriesLimit = std::int64_t{1} << 62;
  const std::int64_t kept = std::min<std::int64_t>(
      kEntriesLimit,
      static_cast<std::int64_t>(std::min<std::uint64_t>(retention.entries_max, kEntriesLimit)));
  const std::int64_t end = std::min(first + kPruneBatch, last);
  // Undone calls leave gaps, so the difference of two numbers is at least the count of entries.
  MS_TRY(Statement erase,
         connection_.prepare("DELETE FROM _moonstone_log WHERE seq<?1 AND (seq<=?2 OR time<?3)"));
  erase.bind_integer(1, end);
  erase.bind_integer(2, last - kept);
  erase.bind_integer(3, retention.unix_ms_min);
  MS_TRY_STATUS(erase.run("prune the change log"));
  const std::int64_t deleted = connection_.changes();
  // Not by the number of deleted ones: there are gaps.
  MS_TRY(Statement oldest,
         connection_.prepare("SELECT seq,time FROM _moonstone_log ORDER BY seq LIMIT 1"));
  MS_TRY(const bool has_oldest, oldest.step("prune the change log"));
  const bool may_have_more =
      has_oldest && oldest.integer(0) < last &&
      (oldest.integer(0) <= last - kept || oldest.integer(1) < retention.unix_ms_min);
  return PruneOutcome{.deleted = static_cast<std::size_t>(deleted), .may_have_more = may_have_more};
}

Result<std::vector<LogEntry>> read_log_entries(Connection& connection,
                                               std::uint64_t after,
                                               std::size_t limit) {
  MS_TRY(Statement select,
         connection.prepare("SELECT seq,version,tbl,key,op,old,new,origin,time FROM _moonstone_log "
                            "WHERE seq>?1 ORDER BY seq LIMIT ?2"));
  constexpr std::uint64_t kIntegerMax = std::uint64_t{1} << 62;
  select.bind_integer(1, static_cast<std::int64_t>(std::min(after, kIntegerMax)));
  select.bind_integer(2, static_cast<std::int64_t>(std::min<std::uint64_t>(limit, kIntegerMax)));
  std::vector<LogEntry> entries;
  while (true) {
    MS_TRY(const bool has_row, select.step("read the change log"));
    if (!has_row) return entries;
    MS_TRY(Value old_fields, parsed_column(select, 5));
    MS_TRY(Value new_fields, parsed_column(select, 6));
    MS_TRY(Value origin, parsed_column(select, 7));
    entries.push_back({.sequence = static_cast<std::uint64_t>(select.integer(0)),
                       .version = static_cast<Version>(select.integer(1)),
                       .table = std::string(select.text(2)),
                       .key = std::string(select.text(3)),
                       .operation = static_cast<Operation>(select.integer(4)),
                       .old_fields = std::move(old_fields),
                       .new_fields = std::move(new_fields),
                       .origin = std::move(origin),
                       .unix_ms = select.integer(8)});
  }
}

}  // namespace moonstone::store::sqlite
