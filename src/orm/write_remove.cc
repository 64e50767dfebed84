// Moonstone. Licence: see LICENSE.
// remove, delete, restore: rows that go, or only seem to (litestone.md 9.8, 25).

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/computed.h"
#include "orm/internal/date_text.h"
#include "orm/internal/errors.h"
#include "orm/internal/write_call.h"
#include "orm/internal/write_result.h"
#include "orm/internal/write_rows.h"

namespace moonstone::orm {

using schema::kDeletedAtField;
using schema::Relation;
using schema::RelationKind;

namespace {

/// A new value of `deletedAt`.
std::array<FieldValue, 1> deleted_at(const ModelRules& rules, Value value) {
  return {FieldValue{.rule = rules.find(kDeletedAtField), .value = std::move(value)}};
}

Array keys_of(const query::RowSet& rows, const std::string& field) {
  Array keys;
  keys.reserve(rows.count);
  for (std::size_t i = 0; i < rows.count; ++i) {
    Value key = cell_of(rows, i, field);
    if (!key.is_missing()) keys.push_back(std::move(key));
  }
  return keys;
}

/// The conditions that together find the children of the rows: one for all of them, or one for each
/// row where the key has several fields. Nothing may be removed because half of its key is the
/// same.
std::vector<std::vector<FieldMatch>> matches_of_children(const query::RowSet& parents,
                                                         const Relation& relation) {
  std::vector<std::vector<FieldMatch>> conditions;
  if (relation.own_fields.size() == 1) {
    Array keys = keys_of(parents, relation.own_fields.front());
    if (keys.empty()) return conditions;
    conditions.push_back(
        {{.field = relation.target_fields.front(), .value = Value(std::move(keys))}});
    return conditions;
  }
  for (std::size_t row = 0; row < parents.count; ++row) {
    std::vector<FieldMatch> matches;
    for (std::size_t i = 0; i < relation.own_fields.size(); ++i) {
      Value key = cell_of(parents, row, relation.own_fields[i]);
      if (key.is_missing() || key.is_null()) break;
      matches.push_back({.field = relation.target_fields[i], .value = std::move(key)});
    }
    // A key with NULL in it is nobody's.
    if (matches.size() == relation.own_fields.size()) conditions.push_back(std::move(matches));
  }
  return conditions;
}

/// Walks from rows to their children, breadth first. Every step touches only rows that are not yet
/// as they shall be, so the walk ends even where models refer to each other in circles.
class Cascade {
 public:
  /// Children get the time of their parents, or lose it again.
  enum class Direction : unsigned char { Remove, Restore };
  Cascade(WriteCall& call, Direction direction, std::string time)
      : call_(call), direction_(direction), time_(std::move(time)) {}

  Status run(const schema::Model& model, query::RowSet rows) {
    waiting_.push_back({.model = &model, .rows = std::move(rows)});
    while (!waiting_.empty()) {
      const Rows parents = std::move(waiting_.front());
      waiting_.pop_front();
      for (const Relation& relation : parents.model->relations) {
        if (relation.kind == RelationKind::HasMany) MS_TRY_STATUS(step(parents.rows, relation));
      }
    }
    return {};
  }

 private:
  struct Rows {
    const schema::Model* model;
    query::RowSet rows;
  };

  Status step(const query::RowSet& parents, const Relation& relation) {
    const schema::Model& child = call_.target_of(relation);
    const bool is_soft = child.has_soft_delete;
    const bool is_deleted_for_good = relation.is_hard_delete && direction_ == Direction::Remove;
    if (!is_soft && !is_deleted_for_good) return {};
    for (std::vector<FieldMatch>& matches : matches_of_children(parents, relation)) {
      Target target{.model = child};
      target.matches = std::move(matches);
      MS_TRY_STATUS(step_to(target, is_deleted_for_good));
    }
    return {};
  }

  Status step_to(Target& target, bool is_deleted_for_good) {
    if (is_deleted_for_good) {
      MS_TRY_STATUS(delete_rows(call_, target, Returning::Nothing));
      return {};
    }
    Value new_time(time_);
    if (direction_ == Direction::Remove) {
      target.deleted = DeletedRows::Hidden;
    } else {
      target.matches.push_back({.field = kDeletedAtField, .value = Value(time_)});
      new_time = nullptr;
    }
    MS_TRY(store::Writer::Written changed,
           update_rows(call_, target, deleted_at(call_.rules_of(target.model), std::move(new_time)),
                       Returning::Rows));
    if (changed.rows.count > 0) {
      waiting_.push_back({.model = &target.model, .rows = std::move(changed.rows)});
    }
    return {};
  }

  WriteCall& call_;
  Direction direction_;
  std::string time_;
  std::deque<Rows> waiting_;
};

/// Marks the rows of the target as deleted, with their children if the model says so.
Result<store::Writer::Written> remove_softly(WriteCall& call,
                                             const Target& target,
                                             Returning returning) {
  const std::string now = iso_now(call.transaction.now_unix_ms());
  const bool cascades = target.model.soft_delete_cascades;
  MS_TRY(store::Writer::Written written,
         update_rows(call, target, deleted_at(call.rules_of(target.model), Value(now)),
                     cascades ? Returning::Rows : returning));
  if (cascades && written.count > 0) {
    MS_TRY_STATUS(Cascade(call, Cascade::Direction::Remove, now).run(target.model, written.rows));
  }
  return written;
}

Result<store::Writer::Written> remove_rows(WriteCall& call, Target target, Returning returning) {
  if (!target.model.has_soft_delete) return delete_rows(call, target, returning);
  // What is deleted already stays as it is, whatever flags say.
  target.deleted = DeletedRows::Hidden;
  return remove_softly(call, target, returning);
}

/// The part that remove and delete of one row share: hooks and outcome.
template <class Run>
Result<Record> take_record(WriteCall& call,
                           const schema::Model& model,
                           const Value& arguments,
                           Run&& run) {
  Record record;
  const auto body = [&](const Value& hooked) -> Result<Outcome> {
    MS_TRY(store::Writer::Written written, run(hooked));
    record.row = std::make_shared<const query::RowSet>(std::move(written.rows));
    Outcome outcome{.form = Outcome::Form::Row, .rows = record.row};
    MS_TRY_STATUS(add_computed(call.core, call.caller, {}, outcome));
    return outcome;
  };
  MS_TRY(record.outcome, run_hooked(call, model, arguments, body));
  return record;
}

/// The same for many rows.
template <class Run>
Result<Outcome> take_many(WriteCall& call,
                          const schema::Model& model,
                          const Value& arguments,
                          Run&& run) {
  return run_hooked(call, model, arguments, [&](const Value& hooked) -> Result<Outcome> {
    MS_TRY(const store::Writer::Written written, run(hooked));
    return count_outcome(written.count);
  });
}

}  // namespace

Result<Record> remove_record(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "remove", &arguments);
  MS_TRY_STATUS(scope.check());
  MS_TRY(Record record, take_record(call, model, arguments, [&](const Value& hooked) {
           const std::string where_missing =
               fmt::format("remove on \"{}\" requires a where clause", model.table);
           Target target = live_target(model, hooked);
           target.where_missing = where_missing;
           return remove_rows(call, target, Returning::Rows);
         }));
  MS_TRY_STATUS(note_event(call, model, "remove", record.row));
  return record;
}

Result<Record> delete_record(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "delete", &arguments);
  MS_TRY_STATUS(scope.check());
  return take_record(call, model, arguments, [&](const Value& hooked) {
    const std::string where_missing = fmt::format(
        "delete on \"{}\" requires a where clause — use deleteMany({{}}) to delete all "
        "rows",
        model.table);
    const Target target{
        .model = model, .where = argument_of(hooked, "where"), .where_missing = where_missing};
    return delete_rows(call, target, Returning::Rows);
  });
}

Result<Outcome> remove_many(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "removeMany", &arguments);
  return take_many(call, model, arguments, [&](const Value& hooked) {
    return remove_rows(call, live_target(model, hooked), Returning::Nothing);
  });
}

Result<Outcome> delete_many(WriteCall& call, const schema::Model& model, const Value& arguments) {
  const WriteScope scope(call, "deleteMany", &arguments);
  return take_many(call, model, arguments, [&](const Value& hooked) {
    const Target target{.model = model, .where = argument_of(hooked, "where")};
    return delete_rows(call, target, Returning::Nothing);
  });
}

namespace {

/// When the rows that a restore means were deleted: children were deleted with them.
Result<query::RowSetPtr> read_deleted(WriteCall& call,
                                      const schema::Model& model,
                                      const Value& arguments) {
  Object options{{"onlyDeleted", true}, {"withTemplates", true}};
  if (const Value* const where = argument_of(arguments, "where")) options.append("where", *where);
  const Value read_arguments(std::move(options));
  MS_TRY(const Outcome found, run_read(call.core, call.transaction,
                                       {.model = model,
                                        .method = Method::FindMany,
                                        .caller = call.caller,
                                        .arguments = read_arguments}));
  return found.rows;
}

/// The rows of one time, as a set of their own.
query::RowSet rows_of_time(const query::RowSet& rows, const Value& time) {
  query::RowSet chosen;
  chosen.model = rows.model;
  chosen.shape = rows.shape;
  for (std::size_t i = 0; i < rows.count; ++i) {
    if (!(cell_of(rows, i, kDeletedAtField) == time)) continue;
    const auto row = rows.row(i);
    chosen.cells.insert(chosen.cells.end(), row.begin(), row.end());
    ++chosen.count;
  }
  return chosen;
}

Status restore_children(WriteCall& call, const schema::Model& model, const query::RowSet& deleted) {
  std::vector<std::string> done;
  for (std::size_t i = 0; i < deleted.count; ++i) {
    const Value time = cell_of(deleted, i, kDeletedAtField);
    if (!time.is_text() || std::ranges::find(done, time.as_text()) != done.end()) continue;
    done.push_back(time.as_text());
    MS_TRY_STATUS(Cascade(call, Cascade::Direction::Restore, time.as_text())
                      .run(model, rows_of_time(deleted, time)));
  }
  return {};
}

}  // namespace

Result<Outcome> restore_records(WriteCall& call,
                                const schema::Model& model,
                                const Value& arguments) {
  const WriteScope scope(call, "restore", &arguments);
  if (!model.has_soft_delete) {
    return bad_argument(
        "restore() is only available on soft-delete tables (deletedAt field). Use delete() for "
        "hard deletes.");
  }
  return run_hooked(call, model, arguments, [&](const Value& hooked) -> Result<Outcome> {
    query::RowSetPtr deleted;
    if (model.soft_delete_cascades) {
      MS_TRY(deleted, read_deleted(call, model, hooked));
    }
    const Target target{
        .model = model, .where = argument_of(hooked, "where"), .deleted = DeletedRows::Only};
    MS_TRY(store::Writer::Written written,
           update_rows(call, target, deleted_at(call.rules_of(model), nullptr), Returning::Rows));
    if (deleted != nullptr) MS_TRY_STATUS(restore_children(call, model, *deleted));
    Outcome outcome{.form = Outcome::Form::Rows,
                    .rows = std::make_shared<const query::RowSet>(std::move(written.rows))};
    MS_TRY_STATUS(add_computed(call.core, call.caller, {}, outcome));
    return outcome;
  });
}

}  // namespace moonstone::orm
