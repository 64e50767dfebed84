// Moonstone. Licence: see LICENSE.
#pragma once
// The Range header: which part of a file a client asks for. Source: RFC 9110, 14.
// Threads: pure functions.

#include <cstdint>
#include <string>
#include <string_view>

namespace moonstone::protocol {

/// `count` bytes from `first` on.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

struct RangeChoice {
  enum class Kind : unsigned char {
    Whole,         // answer 200 with everything
    Part,          // answer 206 with `range`
    Unsatisfiable  // answer 416: nothing of what is asked for exists
  };
  Kind kind = Kind::Whole;
  ByteRange range;
};

/// What to send of `bytes_total` bytes for a Range header, which may be empty. A header that is not
/// understood counts as absent, as RFC 9110 wants. Several ranges get the whole: it is always
/// right, no client of ours needs them, and small overlapping ones are an attack.
[[nodiscard]] RangeChoice choose_range(std::string_view header, std::uint64_t bytes_total);

/// Whether a Range header may be obeyed under this If-Range header (empty: yes). `tag` is the
/// ETag of what would be sent, with its quotes; weak tags and dates never match.
[[nodiscard]] bool allows_range(std::string_view if_range, std::string_view tag);

/// The Content-Range header: "bytes 0-99/1234".
[[nodiscard]] std::string content_range_of(const ByteRange& range, std::uint64_t bytes_total);
/// The one of a 416: "bytes */1234".
[[nodiscard]] std::string unsatisfied_range_of(std::uint64_t bytes_total);

}  // namespace moonstone::protocol
