// Moonstone. Licence: see LICENSE.
//
// Tokens of any bytes: parsing and judging never crash, and what was not signed with the secret is
// never accepted.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "identity/claims.h"
#include "identity/json_web_token.h"
#include "identity/key_set.h"

namespace identity = moonstone::identity;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  (void)identity::looks_like_token(text);
  (void)identity::from_base64url(text);
  const auto token = identity::parse_token(text);
  if (!token) {
    MS_CHECK(token.error().code() == moonstone::ErrorCode::Unauthenticated, "one kind of refusal");
    return 0;
  }
  MS_CHECK(text.starts_with(token->signed_text), "the signed text is that of the token");
  identity::KeySet keys;
  keys.keys.push_back(
      *identity::VerificationKey::from_secret("a secret that is in no file of the corpus"));
  MS_CHECK(identity::check_signature(keys, *token) != identity::SignatureCheck::Valid,
           "nobody knows this secret");
  const auto checked = identity::check_claims(*token, {}, 1'795'000'000'000);
  if (checked) MS_CHECK(checked->identity.is_object(), "an identity is an object");
  return 0;
}
