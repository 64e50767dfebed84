// Moonstone. Licence: see LICENSE.
#pragma once
// The page at /_dashboard in development: documents, functions and the log of a running server. One
// text without requests to anywhere else; it speaks the functions protocol and the routes of
// administration like any other client.
// Threads: pure. Source: functions.md 21.21.

#include <string_view>

namespace moonstone::protocol::functions {

[[nodiscard]] std::string_view dashboard_page();

}  // namespace moonstone::protocol::functions
