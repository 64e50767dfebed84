// Moonstone. Licence: see LICENSE.
#include "bench/load/meter.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace moonstone::bench {

namespace {

double us_of(Latency::Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

std::optional<Latency::Duration> processor_time(int pid) {
  clockid_t clock = 0;
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void Meter::measure(Time from, Time until) {
  from_ = from;
  until_ = until;
  if (from_ <= now()) first_ = sample();
}

void Meter::answered(Time began, Time answered) {
  answers_ += 1;
  if (!first_ && answered >= from_) first_ = sample();
  if (began < from_ || began >= until_) return;
  latency_.add(answered - began);
  last_answer_ = std::max(last_answer_, answered);
}

void Meter::failed(std::string why) {
  if (!failure_) failure_ = std::move(why);
}

Meter::Sample Meter::sample() const {
  return {.answers = answers_,
          .generator = processor_time(0).value_or(Latency::Duration(0)),
          .server = server_pid_ == 0 ? std::nullopt : processor_time(server_pid_)};
}

Measured Meter::measured() const {
  Measured measured{.latency = latency_,
                    .answers = answers_,
                    .seconds = Seconds(std::max(until_, last_answer_) - from_).count(),
                    .cost = std::nullopt};
  const Sample last = sample();
  if (!first_ || last.answers <= first_->answers) return measured;
  const auto answers = static_cast<double>(last.answers - first_->answers);
  measured.cost = Cost{.generator_us = us_of(last.generator - first_->generator) / answers,
                       .server_us = std::nullopt};
  if (last.server && first_->server) {
    measured.cost->server_us = us_of(*last.server - *first_->server) / answers;
  }
  return measured;
}

}  // namespace moonstone::bench
