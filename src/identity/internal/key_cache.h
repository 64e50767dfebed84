// Moonstone. Licence: see LICENSE.
#pragma once
// KeyCache: the key set of one provider, kept fresh from one place.
//
// Checks use the set at hand. Once it is older than its time to live it is fetched anew in the
// background; while that fails the old one serves on, until it is too old to be believed. A token
// whose key is unknown has the set fetched as well, but not more often than every few seconds.
// Invariants: at most one fetch at a time; every waiter is answered exactly once.
// Threads: synchronised. Fetching happens on a thread of its own; answers come from there.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/mutex.h"
#include "identity/key_fetcher.h"
#include "identity/key_set.h"

namespace moonstone::identity {

/// Between fetches for the sake of unknown keys: whoever sends random key ids causes no more.
inline constexpr std::chrono::seconds kRefetchAfter{10};
/// After a fetch that failed.
inline constexpr std::chrono::seconds kRetryAfter{2};
/// A set that could not be renewed for so long may hold keys that have been withdrawn.
inline constexpr std::chrono::hours kKeysAgeMax{24};
/// Checks that wait for a fetch; beyond, they are refused with Unavailable.
inline constexpr std::size_t kKeyWaitersMax = 1'000;

struct KeySource {
  std::string provider;  // for the log
  std::string place;
  std::chrono::seconds time_to_live{600};
};

class KeyCache {
 public:
  KeyCache(KeySource source, KeyFetcherPtr fetcher, Clock& clock, Logger& logger);
  /// Ends a fetch under way and answers who waits with Unavailable.
  ~KeyCache();
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;

  /// Fetches and waits; for the start. Errors: those of the fetcher and of parse_key_set.
  [[nodiscard]] Status load();
  /// The set at hand, or null if there is none (or none any more). Starts a fetch if it is time.
  [[nodiscard]] KeySetPtr find();
  /// Another set than `known` (perhaps null), fetched if need be. `done` is called exactly once,
  /// perhaps before this returns; with `known` itself if it is too soon to ask again.
  /// Errors: Unavailable.
  using Done = std::move_only_function<void(Result<KeySetPtr>)>;
  void find_newer(const KeySetPtr& known, Done done);

 private:
  using Instant = std::chrono::steady_clock::time_point;

  void start_fetch() MS_REQUIRES(mutex_);
  [[nodiscard]] bool may_fetch() MS_REQUIRES(mutex_);
  void fetch();
  Result<KeySetPtr> fetch_set(std::stop_token stop);
  [[nodiscard]] Error unavailable() const;

  const KeySource source_;
  const KeyFetcherPtr fetcher_;
  Clock& clock_;
  Logger& logger_;
  std::stop_source stop_;

  Mutex mutex_;
  KeySetPtr keys_ MS_GUARDED_BY(mutex_);
  std::optional<Instant> fetched_at_ MS_GUARDED_BY(mutex_);
  std::optional<Instant> tried_at_ MS_GUARDED_BY(mutex_);
  bool is_fetching_ MS_GUARDED_BY(mutex_) = false;
  std::vector<Done> waiters_ MS_GUARDED_BY(mutex_);

  ThreadExecutor executor_{"keys"};  // last: its thread uses all of the above
};

}  // namespace moonstone::identity
