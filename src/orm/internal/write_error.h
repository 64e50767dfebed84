// Moonstone. Licence: see LICENSE.
#pragma once
// The errors of writes, with the names, texts and properties that programs know them by.
// Threads: pure functions. Source: litestone.md 26, 28, 34.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/orm.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// "Validation failed — a.b: message, c: message"; reason "ValidationError".
[[nodiscard]] Error validation_error(const std::vector<RuleFailure>& failures);
/// The same of one field.
[[nodiscard]] Error validation_error(std::string_view field, std::string message);

/// Where a state machine stands, and where it shall go.
struct TransitionStep {
  const schema::Model* model = nullptr;
  std::string_view field;
  std::string_view from;
  std::string_view to;
};
/// `allowed`: the transitions that the state has.
[[nodiscard]] Error transition_violation(const TransitionStep& step,
                                         const std::vector<std::string>& allowed);
[[nodiscard]] Error transition_conflict(const TransitionStep& step);
[[nodiscard]] Error transition_not_found(const schema::Model& model,
                                         std::string_view transition,
                                         const std::vector<std::string>& available);

/// 'a', 'b'
[[nodiscard]] std::string quoted_list(const std::vector<std::string>& names);

}  // namespace moonstone::orm
