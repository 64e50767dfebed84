// Moonstone. Licence: see LICENSE.
#pragma once
// The minimal page at /_dashboard in development: which tables and functions there are.
// Threads: pure. Source: functions.md 21.21.

#include <string>

#include "runtime/bundle.h"

namespace moonstone::protocol::functions {

/// `bundle` may be null: nothing is deployed yet.
[[nodiscard]] std::string dashboard_page(const runtime::Bundle* bundle);

}  // namespace moonstone::protocol::functions
