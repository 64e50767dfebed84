// Moonstone. Licence: see LICENSE.
#include "live/internal/commit_ring.h"

#include <algorithm>
#include <utility>

namespace moonstone::live {

namespace {

bool is_touched(const query::Footprint& footprint, const engine::Commit& commit) {
  return std::ranges::any_of(commit.changes, [&footprint](const query::Change& change) {
    return std::ranges::any_of(footprint, [&change](const query::Dependency& dependency) {
      return dependency.table == change.table->name && query::may_change(dependency, change);
    });
  });
}

}  // namespace

std::size_t size_bytes_of(const engine::Commit& commit) {
  const auto of_row = [](const std::optional<query::Row>& row) {
    std::size_t bytes = 0;
    if (row) {
      for (const Value& value : row->values)
        bytes += moonstone::size_bytes_of(value);
    }
    return bytes;
  };
  std::size_t bytes = 0;
  for (const query::Change& change : commit.changes)
    bytes += sizeof(query::Change) + of_row(change.before) + of_row(change.after);
  return bytes;
}

bool contains_commit(const store::SnapshotInfo& snapshot,
                     CommitNumber seen,
                     const engine::Commit& commit,
                     CommitNumber number) {
  if (number <= seen) return true;
  if (commit.schema_version > snapshot.schema_version) return false;
  if (commit.version != snapshot.version) return commit.version < snapshot.version;
  // A schema change or an outsider's write may leave the version as it was: then nobody can tell
  // on which side of it the snapshot is.
  return !commit.everything;
}

CommitNumber CommitRing::push(engine::CommitPtr commit) {
  const std::size_t bytes = size_bytes_of(*commit);
  changes_ += commit->changes.size();
  bytes_ += bytes;
  commits_.push_back({.commit = std::move(commit), .bytes = bytes});
  ++newest_.value;
  const auto is_too_much = [this] { return changes_ > changes_max_ || bytes_ > kRingBytesMax; };
  while (commits_.size() > commits_max_ || (is_too_much() && !commits_.empty())) {
    forget_oldest();
  }
  return newest_;
}

void CommitRing::forget_oldest() {
  const CommitNumber number{newest_.value - commits_.size() + 1};
  const engine::CommitPtr& oldest = commits_.front().commit;
  changes_ -= oldest->changes.size();
  bytes_ -= commits_.front().bytes;
  // Only what contains_commit() asks is kept; the row images go.
  auto remains = std::make_shared<engine::Commit>();
  remains->version = oldest->version;
  remains->schema_version = oldest->schema_version;
  remains->everything = oldest->everything;
  last_forgotten_ = remains;
  if (oldest->everything) {
    last_forgotten_everything_ = std::move(remains);
    last_forgotten_everything_number_ = number;
  }
  commits_.pop_front();
}

Touched CommitRing::touched_since(const query::Footprint& footprint,
                                  const store::SnapshotInfo& snapshot,
                                  CommitNumber seen) const {
  const CommitNumber forgotten{newest_.value - commits_.size()};
  if (last_forgotten_ && !contains_commit(snapshot, seen, *last_forgotten_, forgotten)) {
    return Touched::TooOld;
  }
  if (last_forgotten_everything_ && !contains_commit(snapshot, seen, *last_forgotten_everything_,
                                                     last_forgotten_everything_number_)) {
    return Touched::TooOld;
  }
  const std::uint64_t skipped = seen.value > forgotten.value ? seen.value - forgotten.value : 0;
  std::size_t checks = 0;
  for (std::size_t i = skipped; i < commits_.size(); ++i) {
    const engine::Commit& commit = *commits_[i].commit;
    const CommitNumber number{forgotten.value + i + 1};
    if (contains_commit(snapshot, seen, commit, number)) continue;
    if (commit.everything) return Touched::Yes;
    checks += commit.changes.size() * footprint.size();
    if (checks > checks_max_) return Touched::TooOld;
    if (is_touched(footprint, commit)) return Touched::Yes;
  }
  return Touched::No;
}

}  // namespace moonstone::live
