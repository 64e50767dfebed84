// Moonstone. Licence: see LICENSE.
#include "cli/watch_query.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/script_json.h"
#include "cli/report.h"
#include "cli/web_socket.h"

namespace moonstone::cli {
namespace {

std::string subscription(const RunOptions& options) {
  std::string frame = R"({"type":"query","id":"watch","fn":)";
  write_json_string(options.function, frame);
  return frame.append(R"(,"args":)").append(options.arguments).append("}");
}

std::string_view text_of(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? std::string_view(member->as_text())
                                                : std::string_view();
}

class Watch {
 public:
  Watch(const RunOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal), subscription_(subscription(options)) {}

  Status run() {
    MS_TRY(const Url url, parse_url(options_.remote.address_of("/ws")));
    if (Status opened = socket_.open(url, {}); !opened) {
      return explain(options_.remote, opened.error());
    }
    MS_TRY_STATUS(socket_.send(subscription_));
    JsonLimits limits;
    limits.bytes_max = kMessageBytesMax;
    while (true) {
      MS_TRY(const std::optional<std::string> message, socket_.receive());
      if (!message) {
        return Error(ErrorCode::Unavailable,
                     fmt::format("{} closed the connection", options_.remote.url), "unreachable");
      }
      const auto frame = parse_script_json(*message, limits);
      if (frame && frame->is_object()) MS_TRY_STATUS(take(frame->as_object()));
    }
  }

 private:
  Status take(const Object& frame) {
    const std::string_view type = text_of(frame, "type");
    if (type == "result" || type == "update") {
      print(frame);
    } else if (type == "updates") {
      const Value* const items = frame.find("items");
      if (items == nullptr || !items->is_array()) return {};
      for (const Value& item : items->as_array()) {
        if (item.is_object()) print(item.as_object());
      }
    } else if (type == "reset") {
      return socket_.send(subscription_);
    } else if (type == "error") {
      return fail(frame);
    }
    return {};
  }

  void print(const Object& item) {
    has_result_ = true;
    const Value* const result = item.find("result");
    print_json(terminal_, result == nullptr ? Value(nullptr) : *result);
  }

  /// A query that fails at first is not subscribed to; a later failure may pass.
  Status fail(const Object& frame) {
    Error error(ErrorCode::FailedPrecondition, std::string(text_of(frame, "message")),
                text_of(frame, "code"));
    if (!has_result_) return error;
    terminal_.error_line(fmt::format("Error [{}]: {}", error.reason(), error.message()));
    return {};
  }

  const RunOptions& options_;
  Terminal& terminal_;
  std::string subscription_;
  WebSocket socket_;
  bool has_result_ = false;
};

}  // namespace

Status watch_query(const RunOptions& options, Terminal& terminal) {
  return Watch(options, terminal).run();
}

}  // namespace moonstone::cli
