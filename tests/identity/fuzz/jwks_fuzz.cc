// Moonstone. Licence: see LICENSE.
//
// Key sets of any bytes: reading never crashes, keeps its bounds, and keys that were accepted can
// be used.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "identity/key_set.h"

namespace identity = moonstone::identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto set = identity::parse_key_set(text);
  if (!set) return 0;
  MS_CHECK(!set->keys.empty() && set->keys.size() <= identity::kKeysMax, "the bounds of a set");
  for (const identity::VerificationKey& key : set->keys) {
    MS_CHECK(key.algorithm() != identity::Algorithm::Hs256, "no secret comes from a key set");
    MS_CHECK(!key.verifies("text", std::string(64, 's')), "nobody signed this");
  }
  return 0;
}
