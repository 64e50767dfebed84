// Moonstone. Licence: see LICENSE.
#include "runtime/internal/buffer_allocator.h"

#include <cstdlib>

namespace moonstone::runtime {
namespace {

class QuotaAllocator final : public v8::ArrayBuffer::Allocator {
 public:
  explicit QuotaAllocator(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void* Allocate(std::size_t length) override {
    if (!take(length)) return nullptr;
    return keep_or_give_back(std::calloc(length == 0 ? 1 : length, 1), length);
  }
  void* AllocateUninitialized(std::size_t length) override {
    if (!take(length)) return nullptr;
    return keep_or_give_back(std::malloc(length == 0 ? 1 : length), length);
  }
  void Free(void* data, std::size_t length) override {
    std::free(data);
    used_bytes_.fetch_sub(length);
  }

 private:
  bool take(std::size_t length) {
    std::size_t used = used_bytes_.load();
    do {
      if (length > bytes_max_ - used) return false;
    } while (!used_bytes_.compare_exchange_weak(used, used + length));
    return true;
  }
  void* keep_or_give_back(void* data, std::size_t length) {
    if (data == nullptr) used_bytes_.fetch_sub(length);
    return data;
  }

  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_bytes_ = 0;  // never above bytes_max_
};

}  // namespace

std::shared_ptr<v8::ArrayBuffer::Allocator> BufferAllocator::create(std::size_t bytes_max) {
  return std::make_shared<QuotaAllocator>(bytes_max);
}

}  // namespace moonstone::runtime
