// Moonstone. Licence: see LICENSE.
#pragma once
// ByteStream: bytes of unknown number, piece by piece, whoever sends them: bodies of requests and
// answers, files.
// Threads: said at each type.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace moonstone {

/// Threads: calls must not overlap; they may come from any thread.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// A piece of at most 64 KiB; an empty one is the end.
  using Done = std::move_only_function<void(Result<std::string>)>;
  /// Calls `done` exactly once, perhaps before it returns. Errors: Cancelled when the other side
  /// is gone or was too slow; LimitExceeded when the bytes are more than allowed; others by source.
  virtual void read(Done done) = 0;
};
/// Shared by the side that moves the bytes and the side that makes or takes them.
using ByteStreamPtr = std::shared_ptr<ByteStream>;

inline constexpr std::size_t kStreamPieceBytesMax = std::size_t{64} * 1024;

/// Reads all that is left, at most `bytes_max` (else LimitExceeded, reason "body_bytes").
void read_all(ByteStreamPtr stream, std::size_t bytes_max, ByteStream::Done done);

/// A stream of these bytes.
[[nodiscard]] ByteStreamPtr stream_of(std::string bytes);

}  // namespace moonstone
