// Moonstone. Licence: see LICENSE.
#pragma once
// Memory for ArrayBuffers with a quota: they lie outside the JavaScript heap, so its limit does not
// hold them. Beyond the quota `new ArrayBuffer` throws a RangeError and nothing else happens.
// Threads: synchronised, as V8 frees buffers on its worker threads.

#include <atomic>
#include <cstddef>
#include <memory>

#include <v8.h>

namespace moonstone::runtime {

class BufferAllocator {
 public:
  /// The allocator that V8 gets; it lives as long as its last buffer.
  [[nodiscard]] static std::shared_ptr<v8::ArrayBuffer::Allocator> create(std::size_t bytes_max);
};

}  // namespace moonstone::runtime
