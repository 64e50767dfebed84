// Moonstone. Licence: see LICENSE.
#pragma once
// Bigints: values that come from JavaScript rather than from JSON text.
//
// In JSON an Integer is a number written without a fraction; from JavaScript, where numbers are
// Numbers, an Integer is a bigint, and `v.number()` must refuse it. check_and_convert cannot know
// the difference, so whoever reads from JavaScript asks this first.
// Threads: pure functions.

#include "base/result.h"
#include "base/value.h"
#include "schema/schema.h"
#include "schema/type.h"

namespace moonstone::schema {

/// Refuses an Integer where the type wants a scalar other than int64, with the text of functions.md
/// 3.3 ("Expected number, got bigint"). Values that do not fit otherwise pass; members of unions
/// are left to check_and_convert.
[[nodiscard]] Status refuse_bigints(const Type& type, const Value& value);

/// The same for the declared fields of a document.
[[nodiscard]] Status refuse_bigints(const Table& table, const Object& document);

}  // namespace moonstone::schema
