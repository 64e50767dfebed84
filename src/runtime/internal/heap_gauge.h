// Moonstone. Licence: see LICENSE.
#pragma once
// HeapGauge: notes the size of one isolate's heap after each of its collections, so that others may
// read the sum without entering the isolate.
// Threads: confined to the isolate's thread; the sums are atomic.

#include <cstddef>

#include <v8.h>

namespace moonstone::runtime {

class HeapGauge {
 public:
  /// The isolate outlives it.
  explicit HeapGauge(v8::Isolate* isolate);
  HeapGauge(const HeapGauge&) = delete;
  HeapGauge& operator=(const HeapGauge&) = delete;
  ~HeapGauge();

 private:
  static void on_collected(v8::Isolate* isolate,
                           v8::GCType type,
                           v8::GCCallbackFlags flags,
                           void* gauge);
  void measure();

  v8::Isolate* isolate_;
  std::size_t used_bytes_ = 0;
  std::size_t committed_bytes_ = 0;
};

}  // namespace moonstone::runtime
