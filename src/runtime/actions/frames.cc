// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/frames.h"

namespace moonstone::actions {
namespace {

constexpr std::size_t kHeadBytes = 9;
constexpr auto kLastKind = static_cast<unsigned char>(FrameKind::Stop);

void append_number(std::uint32_t number, std::string& out) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out += static_cast<char>(static_cast<unsigned char>(number >> shift));
  }
}

std::uint32_t read_number(std::string_view bytes) {
  std::uint32_t number = 0;
  for (unsigned i = 0; i < 4; ++i) {
    number |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return number;
}

}  // namespace

void append_frame(const WorkerFrame& frame, std::string& out) {
  append_number(static_cast<std::uint32_t>(frame.payload.size()), out);
  out += static_cast<char>(frame.kind);
  append_number(frame.number, out);
  out += frame.payload;
}

Status FrameReader::feed(std::string_view bytes,
                         const std::function<void(const WorkerFrame&)>& take) {
  pending_ += bytes;
  std::string_view rest = pending_;
  while (rest.size() >= kHeadBytes) {
    const std::size_t length = read_number(rest);
    const auto kind = static_cast<unsigned char>(rest[4]);
    if (kind > kLastKind || length > kFrameBytesMax) {
      return Error(ErrorCode::InvalidArgument, "a worker sent something that is not a frame");
    }
    if (rest.size() - kHeadBytes < length) break;
    take({.kind = static_cast<FrameKind>(kind),
          .number = read_number(rest.substr(5)),
          .payload = rest.substr(kHeadBytes, length)});
    rest.remove_prefix(kHeadBytes + length);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return {};
}

}  // namespace moonstone::actions
