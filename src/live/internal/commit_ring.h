// Moonstone. Licence: see LICENSE.
#pragma once
// CommitRing: the last commits, replayed over a footprint that was recorded on an older snapshot.
//
// Commits are numbered as they arrive. Whoever starts a run notes the number of the newest commit;
// its snapshot, begun afterwards, contains at least all up to there. Of the later ones the version
// tells whether the snapshot contains them.
// Invariant: a commit is forgotten only together with all before it.
// Threads: confined.

#include <cstdint>
#include <deque>

#include "engine/database.h"
#include "query/footprint.h"
#include "store/store.h"

namespace moonstone::live {

/// Changes kept over all commits of a ring: bounds the memory of their row images. A commit that
/// does not fit makes the oldest ones go; runs that began before those run again.
inline constexpr std::size_t kRingChangesMax = 65'536;
/// Bytes of these images. Documents may be megabytes each, of which the count of changes says
/// nothing.
inline constexpr std::size_t kRingBytesMax = std::size_t{64} * 1024 * 1024;
/// Checks of a dependency against a change in one replay, a tenth of a second or so. A footprint
/// and a history that need more are taken as touched: running again is cheaper.
inline constexpr std::size_t kRingChecksMax = 200'000;

/// The number of a commit in the order of arrival; 0: none yet.
struct CommitNumber {
  std::uint64_t value = 0;
  friend auto operator<=>(const CommitNumber&, const CommitNumber&) = default;
};

enum class Touched : unsigned char {
  No,
  Yes,
  TooOld,  // some commits in question are forgotten, or too many: assume yes
};

/// Whether a state contains the commit; `seen` is the newest commit known when it was begun.
[[nodiscard]] bool contains_commit(const store::SnapshotInfo& snapshot,
                                   CommitNumber seen,
                                   const engine::Commit& commit,
                                   CommitNumber number);

/// What the images of its rows take, about.
[[nodiscard]] std::size_t size_bytes_of(const engine::Commit& commit);

class CommitRing {
 public:
  CommitRing(std::size_t commits_max,
             std::size_t changes_max,
             std::size_t checks_max = kRingChecksMax)
      : commits_max_(commits_max), changes_max_(changes_max), checks_max_(checks_max) {}

  /// Adds a commit and returns its number.
  CommitNumber push(engine::CommitPtr commit);
  [[nodiscard]] CommitNumber newest() const { return newest_; }

  /// Whether a commit that the snapshot does not contain may have changed what the footprint
  /// stands for. Cost: O(their changes * dependencies), at most the bound of checks.
  [[nodiscard]] Touched touched_since(const query::Footprint& footprint,
                                      const store::SnapshotInfo& snapshot,
                                      CommitNumber seen) const;

 private:
  void forget_oldest();

  std::size_t commits_max_;
  std::size_t changes_max_;
  std::size_t checks_max_;
  struct Kept {
    engine::CommitPtr commit;
    std::size_t bytes = 0;
  };
  std::deque<Kept> commits_;  // the last one is number newest_
  std::size_t changes_ = 0;
  std::size_t bytes_ = 0;
  CommitNumber newest_;
  engine::CommitPtr last_forgotten_;  // versions never fall, so it stands for those before it
  engine::CommitPtr last_forgotten_everything_;
  CommitNumber last_forgotten_everything_number_;
};

}  // namespace moonstone::live
