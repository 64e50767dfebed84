// Moonstone. Licence: see LICENSE.
#pragma once
// The frames between the server and a worker, on a stream socket.
//
//   frame = length of the payload (4 bytes) | kind (1) | number (4) | payload     little-endian
//   Message: JSON text {"t": ...}; number unused.
//   Chunk, End, Broken, Pull, Stop: of the byte stream with that number. Whoever takes a stream
//   sends Pull and is answered by exactly one Chunk, End (no more) or Broken (payload: why), so
//   that nothing piles up; Stop: the taker wants no more. The server numbers its streams evenly,
//   the worker oddly.
// Threads: confined to one thread each.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::actions {

enum class FrameKind : unsigned char { Message, Chunk, End, Broken, Pull, Stop };

struct WorkerFrame {
  FrameKind kind = FrameKind::Message;
  std::uint32_t number = 0;
  std::string_view payload;
};

/// A message holds at most one value of 4 MiB, which as escaped text may be six times as long.
inline constexpr std::size_t kFrameBytesMax = std::size_t{32} * 1024 * 1024;

void append_frame(const WorkerFrame& frame, std::string& out);

/// Cuts what arrives into frames.
class FrameReader {
 public:
  /// Calls `take` for every complete frame; its payload is valid during the call.
  /// Errors: InvalidArgument for an unknown kind or too large a frame; the reader is then unusable.
  [[nodiscard]] Status feed(std::string_view bytes,
                            const std::function<void(const WorkerFrame&)>& take);

 private:
  std::string pending_;
};

}  // namespace moonstone::actions
