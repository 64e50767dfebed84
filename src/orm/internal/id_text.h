// Moonstone. Licence: see LICENSE.
#pragma once
// The ids that schemas can ask for as defaults, made of the random numbers of a call.
// Threads: pure functions but for the source of numbers. Source: litestone.md 5.5.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "engine/transaction.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// Random numbers of one transaction: the same again when its call is replayed. Calls within the
/// transaction share the stream.
class TransactionRandom final : public Random {
 public:
  explicit TransactionRandom(engine::Transaction& transaction);
  [[nodiscard]] std::uint64_t next() override;

 private:
  std::uint64_t seed_;
  std::uint64_t& taken_;  // lives in the transaction
};

/// RFC 4122, version 4.
[[nodiscard]] std::string make_uuid(Random& random);
/// 48 bits of time and 80 random bits in Crockford's base32.
[[nodiscard]] std::string make_ulid(Random& random, std::int64_t unix_ms);
/// "c", the time, then random characters: 25 of [a-z0-9].
[[nodiscard]] std::string make_cuid(Random& random, std::int64_t unix_ms);
/// 21 characters of A-Za-z0-9_-.
[[nodiscard]] std::string make_nanoid(Random& random);

/// Whether defaults of the kind are made by make_id().
[[nodiscard]] bool makes_id(schema::FieldDefault::Kind kind);
/// Requires a kind that makes ids.
[[nodiscard]] std::string make_id(schema::FieldDefault::Kind kind,
                                  Random& random,
                                  std::int64_t unix_ms);

}  // namespace moonstone::orm
