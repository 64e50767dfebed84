// Moonstone. Licence: see LICENSE.
#include "runtime/internal/heap_gauge.h"

#include <atomic>

#include "runtime/heap_totals.h"

namespace moonstone::runtime {
namespace {

struct Sums {
  std::atomic<std::size_t> isolates{0};
  std::atomic<std::size_t> used_bytes{0};
  std::atomic<std::size_t> committed_bytes{0};
};

/// One for the process, like V8 itself.
Sums& sums() {
  static Sums all;
  return all;
}

}  // namespace

HeapGauge::HeapGauge(v8::Isolate* isolate) : isolate_(isolate) {
  sums().isolates += 1;
  measure();
  isolate_->AddGCEpilogueCallback(on_collected, this);
}

HeapGauge::~HeapGauge() {
  isolate_->RemoveGCEpilogueCallback(on_collected, this);
  sums().isolates -= 1;
  sums().used_bytes -= used_bytes_;
  sums().committed_bytes -= committed_bytes_;
}

void HeapGauge::on_collected(v8::Isolate* /*isolate*/,
                             v8::GCType /*type*/,
                             v8::GCCallbackFlags /*flags*/,
                             void* gauge) {
  static_cast<HeapGauge*>(gauge)->measure();
}

/// Differences may wrap around; their sums are right again.
void HeapGauge::measure() {
  v8::HeapStatistics now;
  isolate_->GetHeapStatistics(&now);
  sums().used_bytes += now.used_heap_size() - used_bytes_;
  sums().committed_bytes += now.total_physical_size() - committed_bytes_;
  used_bytes_ = now.used_heap_size();
  committed_bytes_ = now.total_physical_size();
}

HeapTotals heap_totals() {
  return {.isolates = sums().isolates,
          .used_bytes = sums().used_bytes,
          .committed_bytes = sums().committed_bytes};
}

}  // namespace moonstone::runtime
