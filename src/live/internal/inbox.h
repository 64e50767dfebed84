// Moonstone. Licence: see LICENSE.
#pragma once
// Inbox: what other threads leave for the strand: commits in order, and everything else in order.
//
// The two are apart so that the strand can fetch commits ahead of the rest; wishes to be told of a
// delivery are apart from both, because they are heard within a batch, too. Wishes are not bounded
// here: each of their senders is (a connection's subscriptions, one outcome per run). Commits are:
// beyond the bounds below they melt into one commit that stands for everything.
// Threads: synchronised; take_* are called by the strand alone.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/database.h"
#include "live/internal/live_query.h"

namespace moonstone::live {

/// Row changes and commits that may wait. A strand that is so far behind runs everything once
/// sooner than it has looked at each change.
inline constexpr std::size_t kInboxChangesMax = 65'536;
inline constexpr std::size_t kInboxCommitsMax = 4'096;
/// Bytes of their rows. One commit is taken whatever it holds.
inline constexpr std::size_t kInboxBytesMax = kRingBytesMax;

using Wish = std::move_only_function<void()>;

/// A wish to be told when a subscriber has what a version brought; see LiveQueries.
struct DeliveryWish {
  SubscriberPtr subscriber;
  Version version = 0;
  Delivered then;
};

class Inbox {
 public:
  Inbox();
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  void push_commit(engine::CommitPtr commit);
  /// Ignored after close(). Within a Batch of the calling thread the strand is woken at its end.
  void push_wish(Wish wish);
  void push_delivery_wish(DeliveryWish wish);
  void close();
  [[nodiscard]] bool is_closed() const;
  [[nodiscard]] bool is_empty() const;

  /// Waits until there is something, the inbox is closed, or `until` has come; false: it has come.
  bool wait(std::optional<Instant> until);
  /// Waits for a commit up to `version` until `until`, and takes it; nothing: there is none.
  [[nodiscard]] engine::CommitPtr wait_for_commit(Version version, Instant until);
  [[nodiscard]] std::deque<engine::CommitPtr> take_commits();
  [[nodiscard]] std::vector<Wish> take_wishes();
  [[nodiscard]] std::vector<DeliveryWish> take_delivery_wishes();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // shared with wakings that are deferred
};

}  // namespace moonstone::live
