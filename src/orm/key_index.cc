// Moonstone. Licence: see LICENSE.
#include "orm/internal/key_index.h"

#include <bit>
#include <functional>
#include <string_view>

namespace moonstone::orm {
namespace {

std::size_t hash_of(const Value& key) {
  switch (key.kind()) {
    case ValueKind::Text:
      return std::hash<std::string_view>{}(key.as_text());
    case ValueKind::Bytes:
      return std::hash<std::string_view>{}(key.as_bytes().data);
    case ValueKind::Integer:
    case ValueKind::Number:
      return std::hash<double>{}(key.to_double());
    case ValueKind::Boolean:
      return key.as_boolean() ? 2 : 1;
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Array:
    case ValueKind::Object:
      break;
  }
  return 0;
}

/// Spreads hashes whose low bits are alike: numbers hash to their own bits.
std::size_t mixed(std::size_t hash) {
  constexpr std::size_t kOddConstant = 0x9E3779B97F4A7C15;
  hash *= kOddConstant;
  return hash ^ (hash >> 32U);
}

}  // namespace

KeyIndex::KeyIndex(std::size_t count_max) : slots_(std::bit_ceil(count_max * 2 + 2), kNone) {
  keys_.reserve(count_max);
}

std::uint32_t KeyIndex::add(const Value& key) {
  if (key.is_missing()) return kNone;
  const std::size_t slot = slot_of(key);
  if (slots_[slot] == kNone) {
    slots_[slot] = static_cast<std::uint32_t>(keys_.size());
    keys_.push_back(&key);
  }
  return slots_[slot];
}

std::uint32_t KeyIndex::find(const Value& key) const {
  return key.is_missing() ? kNone : slots_[slot_of(key)];
}

/// Where the key is, or where it would go.
std::size_t KeyIndex::slot_of(const Value& key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = mixed(hash_of(key)) & mask;
  while (slots_[slot] != kNone && *keys_[slots_[slot]] != key)
    slot = (slot + 1) & mask;
  return slot;
}

}  // namespace moonstone::orm
