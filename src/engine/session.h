// Moonstone. Licence: see LICENSE.
#pragma once
// Session: on whose behalf something is read or written. Every access to documents goes through
// one. Threads: a plain value.

#include <string>

#include "base/value.h"

namespace moonstone::engine {

struct Session {
  Value identity;      // verified claims; undefined: anonymous
  std::string client;  // announced client id; empty: none, and no ledger
  /// Where the caller reaches the server ("https://host/t/acme"), for addresses that it is given.
  std::string base_url = {};
  /// The request or socket behind it, for logs; nothing may depend on it.
  std::string request = {};
};

}  // namespace moonstone::engine
