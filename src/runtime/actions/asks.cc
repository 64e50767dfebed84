// Moonstone. Licence: see LICENSE.
// What workers say to the pool: answers of calls, and what code in a call asks the server for.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/script_json.h"
#include "runtime/actions/internal/header_text.h"
#include "runtime/actions/internal/pool.h"
#include "runtime/actions/internal/tagged_json.h"

namespace moonstone::actions {
namespace {

using protocol::Header;
using protocol::HttpRequest;
using protocol::HttpResponse;
using Kind = ActionServices::Kind;

constexpr int kNodeMajorLeast = 18;

std::string_view text_in(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? std::string_view(member->as_text())
                                                : std::string_view();
}

double number_in(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  if (member == nullptr || (!member->is_integer() && !member->is_number())) return 0;
  return member->to_double();
}

std::uint32_t id_in(const Object& object, std::string_view name) {
  const double number = number_in(object, name);
  return number >= 0 && number < 4294967296.0 ? static_cast<std::uint32_t>(number) : 0;
}

/// The number that a text is; 0, which is no id, for any other.
std::uint32_t number_of(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc() && stop == end ? number : 0;
}

std::vector<Header> headers_in(const Object& object) {
  std::vector<Header> headers;
  const Value* const list = object.find("headers");
  if (list == nullptr || !list->is_array()) return headers;
  for (const Value& entry : list->as_array()) {
    if (!entry.is_array() || entry.as_array().size() != 2) continue;
    const Array& pair = entry.as_array();
    if (pair[0].is_text() && pair[1].is_text()) {
      headers.push_back({.name = pair[0].as_text(), .value = header_bytes_of(pair[1].as_text())});
    }
  }
  return headers;
}

Value take_value(Object& message) {
  Value* const value = message.find("value");
  if (value == nullptr) return {};
  resolve_tags(*value);
  return std::move(*value);
}

Error user_error(const Object& message) {
  return Error(ErrorCode::Internal, std::string(text_in(message, "message")), "user_code")
      .with_stack(std::string(text_in(message, "stack")));
}

int major_of(std::string_view version) {
  int major = 0;
  if (version.starts_with('v')) {
    std::from_chars(version.data() + 1, version.data() + version.size(), major);
  }
  return major;
}

LogLevel level_of(double number) {
  const auto last = static_cast<double>(LogLevel::Error);
  return number >= 0 && number <= last ? static_cast<LogLevel>(static_cast<int>(number))
                                       : LogLevel::Info;
}

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

/// Puts path and query of an absolute URL into a request.
void set_target(std::string_view url, HttpRequest& request) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url.remove_prefix(std::min(url.find('/'), url.size()));
  url = url.substr(0, url.find('#'));
  const std::size_t question = url.find('?');
  request.path = percent_decoded(url.substr(0, question));
  if (request.path.empty()) request.path = "/";
  if (question != std::string_view::npos) request.query = url.substr(question + 1);
}

std::string forwarded_head(std::uint32_t call, std::uint32_t ask, const HttpResponse& response) {
  std::string out = fmt::format(R"({{"t":"reply","call":{},"ask":{},"status":{},"headers":[)", call,
                                ask, response.status);
  const char* separator = "";
  for (const Header& header : response.headers) {
    out.append(separator).append("[");
    separator = ",";
    write_json_string(header.name, out);
    out += ',';
    write_json_string(header_text_of(header.value), out);
    out += ']';
  }
  return out + ']';
}

}  // namespace

void Pool::on_message(Worker& worker, Value message) {
  if (!message.is_object()) return;
  Object& object = message.as_object();
  const std::string_view type = text_in(object, "t");
  if (type == "pong") return worker.note_pong();
  if (type == "hello") return on_hello(worker, object);
  if (type == "ready") {
    worker.note_ready();
    failures_ = 0;
    return;
  }
  if (type == "unusable") return on_unusable(worker, object);
  if (type == "tainted") return worker.retire();
  if (type == "log") return on_log(object);
  if (type == "ask") {
    Call* const call = find_call(object, "call");
    return call != nullptr && call->worker == &worker ? on_ask(*call, object) : void();
  }
  Call* const call = find_call(object, "id");
  if (call == nullptr || call->worker != &worker) return;
  if (type == "result") return on_result(*call, object);
  if (type == "error") return on_error(*call, object);
  if (type == "response") return on_response(*call, object);
  if (type == "pass") {
    HttpRequest target;
    set_target(text_in(object, "url"), target);
    answer(*call, CallResult(GatePass{.tenant = std::string(text_in(object, "tenant")),
                                      .path = std::move(target.path),
                                      .query = std::move(target.query),
                                      .headers = headers_in(object)}));
  }
  finish(call->id);  // "pass" and "end"
}

void Pool::on_unreadable(Worker& worker, std::string_view message, const Error& why) {
  // Others have calls in this worker, too: only the one whose value cannot be taken fails.
  const auto number = number_of(member_text(message, "ask"));
  if (Call* const asking =
          number == 0 ? nullptr : find_call_of(worker, member_text(message, "call"))) {
    return reply_to(*asking, number)(why);
  }
  if (Call* const call = find_call_of(worker, member_text(message, "id"))) {
    answer(*call, Error(why).with_context("what it returns"));
    return finish(call->id);
  }
  worker.end(Error(why).with_context("a message of its worker"));
}

void Pool::on_output(Worker& /*worker*/, std::string_view line) {
  options_.logger->log(LogLevel::Info, "actions", "output", {{"text", line}});
}

Pool::Call* Pool::find_call(const Object& message, std::string_view member) {
  const auto found = calls_.find(id_in(message, member));
  return found == calls_.end() ? nullptr : &found->second;
}

Pool::Call* Pool::find_call_of(const Worker& worker, std::string_view id) {
  const auto found = calls_.find(number_of(id));
  return found == calls_.end() || found->second.worker != &worker ? nullptr : &found->second;
}

void Pool::on_hello(Worker& worker, const Object& message) {
  const std::string_view version = text_in(message, "version");
  if (major_of(version) >= kNodeMajorLeast) return;
  worker.end(Error(ErrorCode::Unavailable,
                   fmt::format("actions need Node {} or newer, but {} is {}; install it, or name "
                               "its path in the setting actions.node",
                               kNodeMajorLeast, options_.node, version),
                   "node_missing"));
}

void Pool::on_unusable(Worker& worker, const Object& message) {
  worker.end(Error(ErrorCode::Internal,
                   fmt::format("the modules of the bundle failed to load: {}",
                               text_in(message, "message")),
                   "user_code")
                 .with_stack(std::string(text_in(message, "stack"))));
}

void Pool::on_log(const Object& message) {
  const LogLevel level = level_of(number_in(message, "level"));
  const std::string_view text = text_in(message, "text");
  const Call* const call = find_call(message, "call");
  const auto& services = call == nullptr ? nullptr : origin_of(call->request).services;
  if (services != nullptr) return services->log(level, text);
  // What goes on after the end of its call, or outside of any.
  std::string_view name = text_in(message, "label");
  if (name.empty()) name = "actions";
  options_.logger->log(level, "functions", "console", {{"function", name}, {"text", text}});
}

void Pool::on_result(Call& call, Object& message) {
  answer(call, CallResult(take_value(message)));
  finish(call.id);
}

void Pool::on_error(Call& call, const Object& message) {
  answer(call, user_error(message));
  finish(call.id);
}

void Pool::on_response(Call& call, Object& message) {
  HttpResponse response{.status = static_cast<int>(number_in(message, "status")),
                        .headers = headers_in(message),
                        .body = {}};
  const std::uint32_t forwarded = id_in(message, "forwarded");
  const std::uint32_t stream = id_in(message, "stream");
  if (forwarded != 0) {
    if (const auto found = call.forwarded.find(forwarded); found != call.forwarded.end()) {
      response.body = std::move(found->second->body);
      response.stream = std::move(found->second->stream);
      response.stream_bytes = found->second->stream_bytes;
    }
  } else if (stream != 0) {
    response.stream = call.worker->streams().take(stream);
    if (message.find("length") != nullptr) {
      response.stream_bytes = static_cast<std::uint64_t>(number_in(message, "length"));
    }
  } else if (auto body = from_base64(text_in(message, "body"))) {
    response.body = *std::move(body);
  }
  answer(call, CallResult(std::move(response)));
  if (stream == 0) finish(call.id);
}

ActionServices::Done Pool::reply_to(const Call& call, std::uint32_t ask) {
  return [this, loop = loop_, id = call.id, ask](Result<std::optional<std::string>> result) {
    std::string reply = fmt::format(R"({{"t":"reply","call":{},"ask":{})", id, ask);
    if (!result) {
      reply += R"(,"error":)";
      write_json_string(result.error().message(), reply);
    } else if (*result) {
      reply += R"(,"value":)" + **result;
    }
    reply += '}';
    loop->post([this, id, reply = std::move(reply)] {
      const auto found = calls_.find(id);
      if (found != calls_.end() && found->second.worker != nullptr) {
        found->second.worker->send_message(reply);
      }
    });
  };
}

void Pool::on_ask(Call& call, Object& message) {
  const std::uint32_t ask = id_in(message, "ask");
  const std::string_view operation = text_in(message, "op");
  if (operation == "forward") return on_forward(call, ask, message);
  ActionServices& services = *origin_of(call.request).services;
  ActionServices::Done done = reply_to(call, ask);
  std::string id(text_in(message, "id"));
  std::string function(text_in(message, "fn"));
  const auto run = [&](Kind kind) {
    services.run({.kind = kind,
                  .function = std::move(function),
                  .args = take_value(message),
                  .stop = call.asks.get_token()},
                 std::move(done));
  };
  if (operation == "runQuery") return run(Kind::Query);
  if (operation == "runMutation") return run(Kind::Mutation);
  if (operation == "runAction") return run(Kind::Action);
  using When = ActionServices::Schedule::When;
  const auto schedule = [&](When when) {
    Value given = take_value(message);
    const auto parameter = [&](std::string_view name) {
      Value* const member = given.is_object() ? given.as_object().find(name) : nullptr;
      return member == nullptr ? Value() : std::move(*member);
    };
    services.schedule({.when = when,
                       .time = parameter("time"),
                       .function = parameter("fn"),
                       .args = parameter("args"),
                       .options = parameter("options")},
                      std::move(done));
  };
  if (operation == "runAfter") return schedule(When::After);
  if (operation == "runAt") return schedule(When::At);
  if (operation == "cancel") return services.cancel_job(std::move(id), std::move(done));
  if (operation == "fileUrl") {
    return services.file_url(std::move(id), take_value(message), std::move(done));
  }
  if (operation == "fileMetadata") return services.file_metadata(std::move(id), std::move(done));
  if (operation == "deleteFile") return services.delete_file(std::move(id), std::move(done));
  if (operation == "uploadUrl") return services.upload_url(std::move(done));
  if (operation == "store") {
    return services.store_file(
        {.content_type = std::string(text_in(message, "contentType")),
         .size = static_cast<std::uint64_t>(std::max(0.0, number_in(message, "size"))),
         .bytes = call.worker->streams().take(id_in(message, "stream"))},
        std::move(done));
  }
  done(Error(ErrorCode::InvalidArgument, fmt::format("unknown operation {}", operation)));
}

void Pool::on_forward(Call& call, std::uint32_t ask, Object& message) {
  const auto* const gate = std::get_if<GateCall>(&call.request);
  if (gate == nullptr) {
    return reply_to(
        call, ask)(Error(ErrorCode::InvalidArgument, "only the worker entry may pass requests on"));
  }
  HttpRequest request{.method = std::string(text_in(message, "method")),
                      .path = {},
                      .query = {},
                      .headers = headers_in(message),
                      .body = {},
                      .remote_address = gate->request.remote_address,
                      .from_loopback = gate->request.from_loopback,
                      .encrypted = gate->request.encrypted,
                      .id = gate->request.id,
                      // The answer's body may go on when the gate has answered.
                      .gone = gate->request.gone};
  set_target(text_in(message, "url"), request);
  if (text_in(message, "body") == "original") {
    request.stream = call.worker->streams().take_back(call.request_stream);
  } else if (const std::uint32_t stream = id_in(message, "stream"); stream != 0) {
    request.stream = call.worker->streams().take(stream);
  }
  origin_of(call.request)
      .services->forward(
          {.tenant = std::string(text_in(message, "tenant")), .request = std::move(request)},
          [this, loop = loop_, id = call.id, ask](HttpResponse response) {
            auto shared = std::make_shared<HttpResponse>(std::move(response));
            loop->post([this, id, ask, shared] { send_forwarded(id, ask, std::move(*shared)); });
          });
}

namespace {

/// Gives the worker a body that the pool may hand on itself as long as the worker has not begun
/// to read it.
class SharedBody final : public ByteStream {
 public:
  explicit SharedBody(std::shared_ptr<HttpResponse> response) : response_(std::move(response)) {}
  void read(Done done) override {
    if (response_->stream == nullptr) {
      response_->stream = stream_of(std::exchange(response_->body, {}));
    }
    response_->stream->read(std::move(done));
  }

 private:
  std::shared_ptr<HttpResponse> response_;  // shared with the pool
};

}  // namespace

void Pool::send_forwarded(std::uint32_t id, std::uint32_t ask, HttpResponse response) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second.worker == nullptr) return;
  Call& call = found->second;
  auto shared = std::make_shared<HttpResponse>(std::move(response));
  std::string head = forwarded_head(id, ask, *shared);
  const bool has_body = shared->stream != nullptr || !shared->body.empty();
  if (has_body) {
    const std::uint32_t stream = call.worker->streams().offer(std::make_shared<SharedBody>(shared));
    head += fmt::format(R"(,"stream":{})", stream);
    call.forwarded[ask] = std::move(shared);
  }
  call.worker->send_message(head + '}');
}

}  // namespace moonstone::actions
