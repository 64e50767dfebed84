// Moonstone. Licence: see LICENSE.
#include "bench/load/meter.h"

#include <algorithm>
#include <utility>

namespace moonstone::bench {

namespace {

constexpr std::chrono::seconds kPatience{60};

}  // namespace

void Meter::measure(Time from, Time until) {
  const std::lock_guard lock(mutex_);
  from_ = from;
  until_ = until;
}

bool Meter::is_over() const {
  const std::lock_guard lock(mutex_);
  return failure_ || now() >= until_;
}

void Meter::answered(Time began) {
  const Time answered = now();
  const std::lock_guard lock(mutex_);
  answers_ += 1;
  if (began < from_ || began >= until_) return;
  latency_.add(answered - began);
  last_answer_ = std::max(last_answer_, answered);
}

void Meter::failed(std::string why) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(why);
  changed_.notify_all();
}

std::optional<std::string> Meter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Measured Meter::measured() const {
  const std::lock_guard lock(mutex_);
  return {.latency = latency_,
          .answers = answers_,
          .seconds = Seconds(std::max(until_, last_answer_) - from_).count()};
}

void Arrivals::add() {
  const std::lock_guard lock(meter_.mutex_);
  count_ += 1;
  if (count_ == awaited_) meter_.changed_.notify_all();
}

bool Arrivals::wait_for(std::size_t count, const char* what) {
  std::unique_lock lock(meter_.mutex_);
  awaited_ = count;
  const Time patient_until = std::max(now(), meter_.until_) + kPatience;
  meter_.changed_.wait_until(lock, patient_until,
                             [&] { return count_ >= count || meter_.failure_; });
  if (meter_.failure_) return false;
  if (count_ >= count) return true;
  meter_.failure_ = "waited in vain for " + std::string(what) + ": " + std::to_string(count_) +
                    " of " + std::to_string(count);
  return false;
}

void Arrivals::reset() {
  const std::lock_guard lock(meter_.mutex_);
  count_ = 0;
  awaited_ = 0;
}

}  // namespace moonstone::bench
