// Moonstone. Licence: see LICENSE.
#pragma once
// Caller: on whose behalf a query runs, and SessionReads: what a run looked at of it.
//
// Answers are shared as widely as they are true: a run that read nothing of its caller holds for
// everybody, one that read the identity for all callers with the same one.
// Threads: a Caller is immutable, SessionReads a plain value.

#include <compare>
#include <memory>
#include <string>

#include "engine/session.h"

namespace moonstone::live {

/// What a run read of its caller's session.
struct SessionReads {
  bool identity = false;
  bool base_url = false;

  [[nodiscard]] bool empty() const { return !identity && !base_url; }
  [[nodiscard]] bool includes(SessionReads other) const {
    return (identity || !other.identity) && (base_url || !other.base_url);
  }
  friend SessionReads operator|(SessionReads a, SessionReads b) {
    return {.identity = a.identity || b.identity, .base_url = a.base_url || b.base_url};
  }
  friend auto operator<=>(const SessionReads&, const SessionReads&) = default;
};

class Caller {
 public:
  explicit Caller(engine::Session session);

  [[nodiscard]] const engine::Session& session() const { return session_; }
  /// Equal for two callers exactly if their identities have the same claims.
  [[nodiscard]] const std::string& identity_key() const { return identity_key_; }

 private:
  engine::Session session_;
  std::string identity_key_;
};
/// Shared by all subscriptions of a connection and the runs under way.
using CallerPtr = std::shared_ptr<const Caller>;

[[nodiscard]] CallerPtr make_caller(engine::Session session);
/// Nobody in particular: no identity, no address.
[[nodiscard]] const CallerPtr& anonymous_caller();

/// Which callers a query answers: those who agree on what its runs may read. The answer of a run
/// that read nothing else holds for all of them.
struct Variant {
  SessionReads reads;
  std::string identity;  // empty unless it is read
  std::string base_url;  // empty unless it is read
  friend auto operator<=>(const Variant&, const Variant&) = default;
};

[[nodiscard]] Variant variant_of(SessionReads reads, const Caller& caller);
/// Whether the caller is one of those of the variant.
[[nodiscard]] bool covers(const Variant& variant, const Caller& caller);

}  // namespace moonstone::live
