// Moonstone. Licence: see LICENSE.
#include "identity/internal/key_cache.h"

#include <utility>

namespace moonstone::identity {

KeyCache::KeyCache(KeySource source, KeyFetcherPtr fetcher, Clock& clock, Logger& logger)
    : source_(std::move(source)), fetcher_(std::move(fetcher)), clock_(clock), logger_(logger) {}

KeyCache::~KeyCache() {
  stop_.request_stop();
  executor_.stop(ThreadExecutor::Rest::Drop);
  std::vector<Done> waiters;
  {
    const MutexLock lock(mutex_);
    waiters.swap(waiters_);
  }
  for (Done& waiter : waiters)
    waiter(unavailable());
}

Error KeyCache::unavailable() const {
  return {ErrorCode::Unavailable,
          "the keys of auth provider " + source_.provider +
              " cannot be fetched at the moment; try again shortly",
          "keys_unavailable"};
}

Status KeyCache::load() {
  MS_TRY(KeySetPtr keys, fetch_set(stop_.get_token()));
  const MutexLock lock(mutex_);
  keys_ = std::move(keys);
  fetched_at_ = tried_at_ = clock_.monotonic();
  return {};
}

bool KeyCache::may_fetch() {
  if (is_fetching_) return false;
  if (!tried_at_) return true;
  const bool has_failed = fetched_at_ != tried_at_;
  return clock_.monotonic() - *tried_at_ >= (has_failed ? kRetryAfter : kRefetchAfter);
}

KeySetPtr KeyCache::find() {
  const MutexLock lock(mutex_);
  const auto age = fetched_at_ ? clock_.monotonic() - *fetched_at_ : kKeysAgeMax;
  if (age >= kKeysAgeMax) keys_ = nullptr;
  if (age >= source_.time_to_live && may_fetch()) start_fetch();
  return keys_;
}

void KeyCache::find_newer(const KeySetPtr& known, Done done) {
  Result<KeySetPtr> answer = unavailable();
  {
    const MutexLock lock(mutex_);
    const bool is_newer = keys_ != nullptr && keys_ != known;
    if (!is_newer && may_fetch()) start_fetch();
    if (!is_newer && is_fetching_ && waiters_.size() < kKeyWaitersMax) {
      waiters_.push_back(std::move(done));
      return;
    }
    if (keys_ != nullptr) answer = keys_;
  }
  done(std::move(answer));
}

void KeyCache::start_fetch() {
  is_fetching_ = executor_.post([this] { fetch(); });
  tried_at_ = clock_.monotonic();
}

void KeyCache::fetch() {
  Result<KeySetPtr> fetched = fetch_set(stop_.get_token());
  std::vector<Done> waiters;
  {
    const MutexLock lock(mutex_);
    is_fetching_ = false;
    tried_at_ = clock_.monotonic();
    if (fetched) {
      keys_ = *fetched;
      fetched_at_ = tried_at_;
    }
    waiters.swap(waiters_);
  }
  for (Done& waiter : waiters)
    waiter(fetched ? fetched : Result<KeySetPtr>(unavailable()));
}

Result<KeySetPtr> KeyCache::fetch_set(std::stop_token stop) {
  auto text = fetcher_->fetch(source_.place, stop);
  auto set = text ? parse_key_set(*text)
                  : Result<KeySet>(std::move(text).error().with_context("not fetched"));
  if (!set) {
    if (!stop.stop_requested()) {
      logger_.log(LogLevel::Warn, "identity", "keys_unavailable",
                  {{"provider", source_.provider}, {"error", set.error().message()}});
    }
    return std::move(set).error().with_context(source_.place);
  }
  for (const std::string& skipped : set->skipped) {
    logger_.log(LogLevel::Warn, "identity", "key_skipped",
                {{"provider", source_.provider}, {"why", skipped}});
  }
  return std::make_shared<const KeySet>(*std::move(set));
}

}  // namespace moonstone::identity
