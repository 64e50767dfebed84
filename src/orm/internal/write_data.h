// Moonstone. Licence: see LICENSE.
#pragma once
// What becomes of the data of a write before it is stored: unknown names are refused, values are
// transformed, checked and converted to what columns hold.
// Threads: pure functions but for the Host's checks. Source: litestone.md 5, 9.3.

#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/core.h"
#include "orm/internal/model_rules.h"

namespace moonstone::orm {

/// A value as its column takes it.
struct FieldValue {
  const FieldRule* rule = nullptr;
  Value value;
};

/// The stored fields that `data` has, in the order of the model, ready to be bound. Relations must
/// have been taken out before. Errors: ValidationError (litestone.md 9.3, 28); of patterns.
[[nodiscard]] Result<std::vector<FieldValue>> prepare_data(const Core& core,
                                                           const ModelRules& rules,
                                                           Object data);

}  // namespace moonstone::orm
