// Moonstone. Licence: see LICENSE.
#pragma once
// InFlight: what a socket has asked and not yet been answered, by the number of the request.
// Threads: confined.

#include <cstdint>
#include <deque>
#include <optional>

#include "bench/load/meter.h"
#include "bench/load/request_kinds.h"

namespace moonstone::bench {

struct Pending {
  Ticket ticket;
  Time began{};
};

class InFlight {
 public:
  /// Numbers rise.
  void add(std::uint64_t id, const Pending& pending) { pending_.push_back({id, pending}); }

  /// Nothing: it was not asked, or is answered already. Cost: as many as were asked before it and
  /// are still under way; answers of mutations come in order.
  [[nodiscard]] std::optional<Pending> take(std::uint64_t id) {
    for (auto it = pending_.begin(); it != pending_.end() && it->id <= id; ++it) {
      if (it->id != id) continue;
      const Pending found = it->pending;
      pending_.erase(it);
      return found;
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    std::uint64_t id = 0;
    Pending pending;
  };
  std::deque<Entry> pending_;
};

}  // namespace moonstone::bench
