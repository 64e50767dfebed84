// Moonstone. Licence: see LICENSE.
#include "base/ulid.h"

#include <algorithm>
#include <cstddef>

namespace moonstone {
namespace {

// Text: 10 digits of milliseconds (the first holds 3 bits), then 16 digits of randomness.
constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kTimeDigits = 10;
constexpr std::size_t kRandomBytes = 10;
constexpr std::int64_t kUnixMsMax = (std::int64_t{1} << 48) - 1;

using RandomPart = std::array<std::uint8_t, kRandomBytes>;

constexpr std::uint8_t kNoDigit = 0xFF;

/// Nothing for lower case and for look-alikes, which other readers of Crockford's base32 accept:
/// ids compare as text, so each has one spelling.
constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t value = 0; value < kDigits.size(); ++value) {
    values[static_cast<unsigned char>(kDigits[value])] = static_cast<std::uint8_t>(value);
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> kDigitValues = make_digit_values();

std::uint8_t digit_value(char digit) {
  return kDigitValues[static_cast<unsigned char>(digit)];
}

/// Every row that is read has its id decoded, so there is no branch per digit: kNoDigit is the
/// only value with its high bit set.
bool is_well_formed(std::string_view ulid) {
  // A first digit above 7 would not fit 48 bits.
  if (ulid.size() != kUlidLength || ulid.front() > '7') return false;
  unsigned seen = 0;
  for (const char digit : ulid) {
    seen |= digit_value(digit);
  }
  return seen < kDigits.size();
}

void append_time(std::int64_t unix_ms, std::string& out) {
  for (std::size_t place = kTimeDigits; place-- > 0;) {
    out.push_back(kDigits[static_cast<std::size_t>(unix_ms >> (5 * place)) & 31U]);
  }
}

/// Five bytes are eight digits exactly.
void append_random(const RandomPart& random, std::string& out) {
  for (std::size_t start = 0; start < kRandomBytes; start += 5) {
    std::uint64_t bits = 0;
    for (std::size_t index = 0; index < 5; ++index) {
      bits = bits << 8U | random[start + index];
    }
    for (std::size_t place = 8; place-- > 0;) {
      out.push_back(kDigits[static_cast<std::size_t>(bits >> (5 * place)) & 31U]);
    }
  }
}

/// `digits` are 16 valid ones.
RandomPart parse_random(std::string_view digits) {
  RandomPart random{};
  for (std::size_t start = 0; start < kRandomBytes; start += 5) {
    std::uint64_t bits = 0;
    for (const char digit : digits.substr(start / 5 * 8, 8)) {
      bits = bits << 5U | digit_value(digit);
    }
    for (std::size_t index = 5; index-- > 0; bits >>= 8U) {
      random[start + index] = static_cast<std::uint8_t>(bits);
    }
  }
  return random;
}

RandomPart make_random(Random& source) {
  RandomPart random{};
  std::uint64_t bits = source.next();
  for (std::size_t index = 0; index < kRandomBytes; ++index, bits >>= 8U) {
    if (index == sizeof(bits)) bits = source.next();
    random[index] = static_cast<std::uint8_t>(bits);
  }
  return random;
}

/// Adds one; false if it wraps around to zero.
bool increment(RandomPart& random) {
  for (std::size_t index = kRandomBytes; index-- > 0;) {
    if (++random[index] != 0) return true;
  }
  return false;
}

}  // namespace

std::string UlidGenerator::next(std::int64_t unix_ms) {
  unix_ms = std::clamp(unix_ms, std::int64_t{0}, kUnixMsMax);
  if (unix_ms > last_ms_) {
    last_ms_ = unix_ms;
    last_random_ = make_random(random_);
  } else if (!increment(last_random_)) {
    // The random part is used up: borrow the next millisecond.
    ++last_ms_;
    last_random_ = make_random(random_);
  }
  std::string ulid;
  ulid.reserve(kUlidLength);
  append_time(last_ms_, ulid);
  append_random(last_random_, ulid);
  return ulid;
}

void UlidGenerator::start_after(std::string_view ulid) {
  const std::optional<std::int64_t> unix_ms = ulid_unix_ms(ulid);
  if (!unix_ms) return;
  const RandomPart random = parse_random(ulid.substr(kTimeDigits));
  if (*unix_ms < last_ms_ || (*unix_ms == last_ms_ && random <= last_random_)) return;
  last_ms_ = *unix_ms;
  last_random_ = random;
}

std::optional<std::int64_t> ulid_unix_ms(std::string_view ulid) {
  if (!is_well_formed(ulid)) return std::nullopt;
  std::int64_t unix_ms = 0;
  for (const char digit : ulid.substr(0, kTimeDigits)) {
    unix_ms = unix_ms << 5 | digit_value(digit);
  }
  return unix_ms;
}

std::string least_ulid_at(std::int64_t unix_ms) {
  std::string ulid;
  ulid.reserve(kUlidLength);
  append_time(std::clamp(unix_ms, std::int64_t{0}, kUnixMsMax), ulid);
  ulid.append(kUlidLength - kTimeDigits, kDigits.front());
  return ulid;
}

}  // namespace moonstone
