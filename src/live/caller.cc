// Moonstone. Licence: see LICENSE.
#include "live/caller.h"

#include <utility>

#include "base/json.h"

namespace moonstone::live {

Caller::Caller(engine::Session session)
    : session_(std::move(session)),
      // Not JSON, so that no identity can be taken for nobody.
      identity_key_(session_.identity.is_missing() ? std::string("-")
                                                   : canonical_json(session_.identity)) {}

CallerPtr make_caller(engine::Session session) {
  return std::make_shared<const Caller>(std::move(session));
}

const CallerPtr& anonymous_caller() {
  static const CallerPtr kNobody = make_caller({});
  return kNobody;
}

Variant variant_of(SessionReads reads, const Caller& caller) {
  return {.reads = reads,
          .identity = reads.identity ? caller.identity_key() : std::string(),
          .base_url = reads.base_url ? caller.session().base_url : std::string()};
}

bool covers(const Variant& variant, const Caller& caller) {
  return (!variant.reads.identity || variant.identity == caller.identity_key()) &&
         (!variant.reads.base_url || variant.base_url == caller.session().base_url);
}

}  // namespace moonstone::live
