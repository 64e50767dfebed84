// Moonstone. Licence: see LICENSE.
// Frames from a worker: however the bytes are cut into pieces, the same frames come out; and values
// survive being tagged and resolved.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "runtime/actions/internal/frames.h"
#include "runtime/actions/internal/tagged_json.h"

namespace {

using std::string_view_literals::operator""sv;
using moonstone::actions::FrameReader;
using moonstone::actions::WorkerFrame;

std::string read_in_pieces(std::string_view bytes, std::size_t piece_bytes) {
  FrameReader reader;
  std::string seen;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    const bool is_good =
        reader
            .feed(piece,
                  [&](const WorkerFrame& frame) { moonstone::actions::append_frame(frame, seen); })
            .has_value();
    if (!is_good) return seen + "!";
  }
  return seen;
}

void check_tags(std::string_view text) {
  auto value = moonstone::parse_json(text);
  if (!value) return;
  moonstone::actions::resolve_tags(*value);
  std::string tagged;
  moonstone::actions::write_tagged_json(*value, tagged);
  auto again = moonstone::parse_json(tagged);
  if (!again) return;  // the tags may pass a limit of depth or size
  moonstone::actions::resolve_tags(*again);
  std::string retagged;
  moonstone::actions::write_tagged_json(*again, retagged);
  MS_CHECK(tagged == retagged, "a value would change on its way to a worker");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  MS_CHECK(read_in_pieces(bytes, 1) == read_in_pieces(bytes, size),
           "frames would depend on how the bytes arrive");
  check_tags(bytes);
  return 0;
}
