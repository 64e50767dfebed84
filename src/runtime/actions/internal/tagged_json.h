// Moonstone. Licence: see LICENSE.
#pragma once
// Values between the server and a worker: JSON, with what JSON cannot carry in objects of one
// member: {"$undefined": true}, {"$number": "NaN"}, {"$bigint": "12"}, {"$bytes": "base64"}. An
// object of the user's that has one member whose name begins with `$` travels as {"$object": it}.
// The worker's half is worker/values.js. Threads: pure functions.

#include <string>

#include "base/value.h"

namespace moonstone::actions {

/// Integers that a JavaScript number cannot hold become bigints.
void write_tagged_json(const Value& value, std::string& out);

/// Puts the values in place of their tags. A tag that means nothing stays as it is. An integer
/// without a tag that a bigint would have had was a number, and is one again.
void resolve_tags(Value& value);

}  // namespace moonstone::actions
