// Moonstone. Licence: see LICENSE.
#include "identity/key_set.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace moonstone::identity {
namespace {

constexpr JsonLimits kJsonLimits{
    .bytes_max = kKeySetBytesMax, .depth_max = 16, .nodes_max = 20'000};

Error not_a_key_set(std::string_view what) {
  return {ErrorCode::InvalidArgument, "not a key set: " + std::string(what)};
}

}  // namespace

Result<KeySet> parse_key_set(std::string_view text) {
  auto parsed = parse_json(text, kJsonLimits);
  if (!parsed) return not_a_key_set(parsed.error().message());
  if (!parsed->is_object() || repeats_member(text)) {
    return not_a_key_set("it is not an object, or names a member twice");
  }
  const Value* list = parsed->as_object().find("keys");
  if (list == nullptr || !list->is_array()) return not_a_key_set("it has no list \"keys\"");
  KeySet set;
  std::size_t number = 0;
  for (const Value& element : list->as_array()) {
    const std::string name = "key " + std::to_string(++number) + ": ";
    if (set.keys.size() == kKeysMax) {
      set.skipped.push_back(name + "only " + std::to_string(kKeysMax) + " keys are kept");
      break;
    }
    auto key = element.is_object()
                   ? VerificationKey::from_json(element.as_object())
                   : Result<VerificationKey>(not_a_key_set("an element is not an object"));
    if (key) {
      set.keys.push_back(*std::move(key));
    } else {
      set.skipped.push_back(name + key.error().message());
    }
  }
  if (set.keys.empty()) {
    return not_a_key_set(set.skipped.empty() ? std::string("it is empty")
                                             : "no key of use in it; " + set.skipped.front());
  }
  return set;
}

SignatureCheck check_signature(const KeySet& keys, const ParsedToken& token) {
  SignatureCheck outcome = SignatureCheck::UnknownKey;
  for (const VerificationKey& key : keys.keys) {
    const bool may_be = token.key_id.empty() || key.id().empty() || key.id() == token.key_id;
    if (!may_be) continue;
    if (key.algorithm() != token.algorithm) {
      if (outcome == SignatureCheck::UnknownKey) outcome = SignatureCheck::OtherAlgorithm;
      continue;
    }
    if (key.verifies(token.signed_text, token.signature)) return SignatureCheck::Valid;
    outcome = SignatureCheck::Invalid;
  }
  return outcome;
}

}  // namespace moonstone::identity
