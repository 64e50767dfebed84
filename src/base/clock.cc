// Moonstone. Licence: see LICENSE.
#include "base/clock.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <sys/random.h>

namespace moonstone {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t unix_ms() override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point monotonic() override {
    return std::chrono::steady_clock::now();
  }
};

class SystemRandom final : public Random {
 public:
  [[nodiscard]] std::uint64_t next() override {
    // Every mutation takes a number, and asking the kernel takes half a microsecond: each thread
    // asks for some at once. None is handed out twice, nor kept after it was.
    thread_local Numbers numbers;
    if (numbers.left == 0) numbers.refill();
    return std::exchange(numbers.values[--numbers.left], 0);
  }

 private:
  struct Numbers {
    std::array<std::uint64_t, 32> values{};
    std::size_t left = 0;

    void refill() {
      // Requests of up to 256 bytes are never cut short; they fail only before the kernel has
      // seeded its pool or without the system call, and then no id may be made.
      static_assert(sizeof(values) <= 256);
      if (::getrandom(values.data(), sizeof(values), 0) != static_cast<ssize_t>(sizeof(values))) {
        std::abort();
      }
      left = values.size();
    }
  };
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

std::uint64_t SeededRandom::next() {
  // SplitMix64: a Weyl sequence and a finaliser. Only the addition is shared state, so one atomic
  // step hands every caller its own place in the sequence.
  constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
  std::uint64_t mixed = state_.fetch_add(kStep) + kStep;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

std::chrono::nanoseconds thread_cpu_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace moonstone
