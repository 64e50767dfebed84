// Moonstone. Licence: see LICENSE.
// The outcomes of migrations as the objects that litestone.md 35 describes.
#include <fmt/format.h>

#include "store/migrations.h"

namespace moonstone::store {

namespace {

Array texts(const std::vector<std::string>& lines) {
  return {lines.begin(), lines.end()};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

Value text_or_null(const std::optional<std::string>& text) {
  return text ? Value(*text) : Value(nullptr);
}

Object gap_of(const SchemaGap& gap) {
  Object out;
  out.set("summary", joined(gap.summary));
  out.set("sql", gap.sql.empty() ? Value(nullptr) : Value(gap.sql));
  out.set("blocked", texts(gap.blocked));
  out.set("unknown", texts(gap.unknown));
  return out;
}

}  // namespace

std::string_view to_string(MigrationState state) {
  switch (state) {
    case MigrationState::Applied:
      return "applied";
    case MigrationState::Pending:
      return "pending";
    case MigrationState::Modified:
      return "modified";
    case MigrationState::Orphaned:
      return "orphaned";
  }
  return "";
}

std::string_view to_string(Verification::State state) {
  switch (state) {
    case Verification::State::InSync:
      return "in-sync";
    case Verification::State::Pending:
      return "pending";
    case Verification::State::Drift:
      return "drift";
  }
  return "";
}

std::string_view to_string(AutoMigration::State state) {
  switch (state) {
    case AutoMigration::State::InSync:
      return "in-sync";
    case AutoMigration::State::Migrated:
      return "migrated";
    case AutoMigration::State::Skipped:
      return "skipped";
  }
  return "";
}

Value to_value(const CreatedMigration& created) {
  Object out;
  out.set("created", created.created);
  if (!created.created) {
    out.set("message", created.message);
    return out;
  }
  out.set("name", created.name);
  out.set("filePath", created.path);
  out.set("summary", joined(created.summary));
  out.set("sql", created.sql);
  return out;
}

Value to_value(const ApplyOutcome& outcome) {
  Object out;
  Array applied;
  for (const AppliedMigration& entry : outcome.applied) {
    Object object;
    object.set("file", entry.file);
    object.set("ok", entry.ok);
    if (entry.ok) {
      object.set("elapsed", fmt::to_string(entry.elapsed_ms));
    } else {
      object.set("error", entry.error);
    }
    applied.emplace_back(std::move(object));
  }
  out.set("applied", std::move(applied));
  out.set("pending", static_cast<std::int64_t>(outcome.pending));
  if (!outcome.message.empty()) out.set("message", outcome.message);
  if (outcome.has_failed()) {
    out.set("failed", outcome.applied.back().file);
    out.set("error", outcome.applied.back().error);
  }
  return out;
}

Value to_value(const std::vector<MigrationStatus>& status) {
  Array out;
  for (const MigrationStatus& entry : status) {
    Object object;
    object.set("file", entry.file);
    object.set("state", to_string(entry.state));
    object.set("applied_at", text_or_null(entry.applied_at));
    object.set("tampered", entry.state == MigrationState::Modified);
    object.set("sql", text_or_null(entry.sql));
    out.emplace_back(std::move(object));
  }
  return out;
}

Value to_value(const Verification& verification) {
  Object out;
  out.set("state", to_string(verification.state));
  out.set("message", verification.message);
  if (verification.state == Verification::State::InSync) return out;
  if (verification.state == Verification::State::Pending) {
    out.set("pending", texts(verification.pending));
  }
  out.set("diff", gap_of(verification.gap));
  return out;
}

Value to_value(const AutoMigration& outcome) {
  Object out;
  out.set("state", to_string(outcome.state));
  if (outcome.state == AutoMigration::State::Skipped) {
    out.set("reason", outcome.reason);
    return out;
  }
  out.set("applied", static_cast<std::int64_t>(outcome.applied));
  if (outcome.state == AutoMigration::State::Migrated) out.set("sql", outcome.sql);
  return out;
}

}  // namespace moonstone::store
