// Moonstone. Licence: see LICENSE.
// Any bytes as a client frame: decoded or refused, never more; what is echoed is valid JSON, also
// of a frame that is refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "protocol/functions/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto message = moonstone::protocol::functions::decode_client_message(text);
  const std::string id = message ? message->id : moonstone::protocol::functions::wire_id_of(text);
  std::string frame;
  for (const auto& part :
       moonstone::protocol::functions::encode_error(id, "execution_error", "x")) {
    frame += *part;
  }
  moonstone::JsonLimits limits;
  limits.bytes_max *= 2;
  limits.depth_max += 2;
  limits.nodes_max += 8;
  if (!moonstone::parse_json(frame, limits)) std::abort();
  return 0;
}
