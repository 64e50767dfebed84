// Moonstone. Licence: see LICENSE.
#pragma once
// Time buckets: the labels that a store gives them, and all labels between two times.
// Threads: pure functions. Source: litestone.md 14.2.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/select.h"

namespace moonstone::orm {

/// Buckets that one answer may have: ten years of hours.
inline constexpr std::size_t kBucketsMax = 100'000;

/// Seconds since 1970 of ISO text: a date, or a date and a time with or without an offset.
[[nodiscard]] std::optional<std::int64_t> parse_unix_seconds(std::string_view text);

/// "2024", "2024-Q1", "2024-01", "2024-W05" (weeks begin on Monday; the days before the first one
/// are week 00), "2024-01-31", "2024-01-31T09".
[[nodiscard]] std::string bucket_label(query::TimeUnit unit, std::int64_t unix_seconds);

/// The labels of all buckets from that of `first` to that of `last`, each once, in order.
/// Errors: LimitExceeded (reason "buckets") if they are too many.
[[nodiscard]] Result<std::vector<std::string>> bucket_labels(query::TimeUnit unit,
                                                             std::int64_t first,
                                                             std::int64_t last);

}  // namespace moonstone::orm
