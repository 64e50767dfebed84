// Moonstone. Licence: see LICENSE.
#pragma once
// HeapTotals: what the V8 heaps of the process hold, for metrics.
// Threads: synchronised.

#include <cstddef>

namespace moonstone::runtime {

struct HeapTotals {
  std::size_t isolates = 0;
  std::size_t used_bytes = 0;       // objects, at the latest collection of each heap
  std::size_t committed_bytes = 0;  // what V8 has of the system for them
};

[[nodiscard]] HeapTotals heap_totals();

}  // namespace moonstone::runtime
