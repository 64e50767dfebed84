// Moonstone. Licence: see LICENSE.
#include "orm/internal/id_text.h"

#include <fmt/format.h>

#include "base/check.h"

namespace moonstone::orm {

namespace {

using Kind = schema::FieldDefault::Kind;

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kNanoid =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
static_assert(kNanoid.size() == 64);

/// Hands out a few bits at a time.
class Bits {
 public:
  explicit Bits(Random& random) : random_(random) {}

  /// `count` < 32.
  std::size_t take(unsigned count) {
    if (left_ < count) {
      bits_ = random_.next();
      left_ = 64;
    }
    const std::uint64_t taken = bits_ & ((std::uint64_t{1} << count) - 1);
    bits_ >>= count;
    left_ -= count;
    return taken;
  }

 private:
  Random& random_;
  std::uint64_t bits_ = 0;
  unsigned left_ = 0;
};

std::string base36_of(std::int64_t number) {
  std::string digits;
  for (auto rest = static_cast<std::uint64_t>(number); rest != 0; rest /= 36)
    digits.insert(digits.begin(), kBase36[rest % 36]);
  return digits;
}

}  // namespace

TransactionRandom::TransactionRandom(engine::Transaction& transaction)
    // Functions draw from the seed, too: what they saw must not tell which ids come.
    : seed_(transaction.random_seed() ^ 0x6F726D2D69647321),
      taken_(transaction.tally("orm.random")) {}

std::uint64_t TransactionRandom::next() {
  constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;  // that of SeededRandom
  return SeededRandom(seed_ + kStep * taken_++).next();
}

std::string make_uuid(Random& random) {
  const std::uint64_t high = (random.next() & ~std::uint64_t{0xF000}) | 0x4000;
  const std::uint64_t low =
      (random.next() & ~(std::uint64_t{3} << 62U)) | (std::uint64_t{2} << 62U);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                     high & 0xFFFFU, low >> 48U, low & 0xFFFFFFFFFFFFU);
}

std::string make_ulid(Random& random, std::int64_t unix_ms) {
  std::string id(26, '0');
  auto stamp = static_cast<std::uint64_t>(unix_ms);
  for (std::size_t i = 10; i-- > 0; stamp >>= 5U)
    id[i] = kCrockford[stamp & 31U];
  Bits bits(random);
  for (std::size_t i = 10; i < id.size(); ++i)
    id[i] = kCrockford[bits.take(5)];
  return id;
}

std::string make_cuid(Random& random, std::int64_t unix_ms) {
  constexpr std::size_t kLength = 25;
  std::string id = "c" + base36_of(unix_ms);
  Bits bits(random);
  while (id.size() < kLength) {
    const std::size_t drawn = bits.take(6);
    if (drawn < kBase36.size()) id += kBase36[drawn];
  }
  return id;
}

std::string make_nanoid(Random& random) {
  std::string id(21, '\0');
  Bits bits(random);
  for (char& c : id)
    c = kNanoid[bits.take(6)];
  return id;
}

bool makes_id(Kind kind) {
  return kind == Kind::Uuid || kind == Kind::Ulid || kind == Kind::Cuid || kind == Kind::Nanoid;
}

std::string make_id(Kind kind, Random& random, std::int64_t unix_ms) {
  switch (kind) {
    case Kind::Uuid:
      return make_uuid(random);
    case Kind::Ulid:
      return make_ulid(random, unix_ms);
    case Kind::Cuid:
      return make_cuid(random, unix_ms);
    case Kind::Nanoid:
      return make_nanoid(random);
    case Kind::None:
    case Kind::Literal:
    case Kind::Now:
    case Kind::Auth:
    case Kind::Field:
      break;
  }
  MS_CHECK(false, "a default of another kind makes no id");
  return {};
}

}  // namespace moonstone::orm
