// Moonstone. Licence: see LICENSE.
#include "protocol/functions/messages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "base/script_json.h"

namespace moonstone::protocol::functions {

namespace {

struct KindName {
  std::string_view name;
  MessageKind kind;
};

constexpr KindName kKinds[] = {
    {"query", MessageKind::Query},   {"mutation", MessageKind::Mutation},
    {"action", MessageKind::Action}, {"unsubscribe", MessageKind::Unsubscribe},
    {"ping", MessageKind::Ping},     {"hello", MessageKind::Hello},
    {"auth", MessageKind::Auth},
};

MessageKind kind_of(std::string_view name) {
  for (const KindName& entry : kKinds) {
    if (entry.name == name) return entry.kind;
  }
  return MessageKind::Unknown;
}

std::string text_member(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && value->is_text() ? value->as_text() : std::string();
}

SharedText share(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

/// The parts that never change, made once and shared by every frame.
const SharedText& closing_brace() {
  static const SharedText kText = share("}");
  return kText;
}

std::string head(std::string_view type, std::string_view id) {
  std::string text = R"({"type":")";
  text.append(type).append("\"");
  if (!id.empty()) text.append(R"(,"id":)").append(id);
  return text;
}

std::string_view result_member(const UpdateItem& update) {
  return update.is_late ? R"(,"late":true,"result":)" : R"(,"result":)";
}

/// What an update says before its result. The page that many have open gives its subscription the
/// same id in each of them, so the last head is kept; updates are encoded on one thread.
SharedText update_head(const UpdateItem& update) {
  thread_local UpdateItem last;
  thread_local SharedText text;
  if (text == nullptr || update.id != last.id || update.is_late != last.is_late) {
    last = {.id = update.id, .json = nullptr, .is_late = update.is_late};
    text = share(head("update", update.id) + std::string(result_member(update)));
  }
  return text;
}

}  // namespace

Result<ClientMessage> decode_client_message(std::string_view text) {
  MS_TRY(Value parsed, parse_script_json(text));
  if (!parsed.is_object()) {
    return Error(ErrorCode::InvalidArgument, "a frame must be a JSON object");
  }
  Object& object = parsed.as_object();
  ClientMessage message;
  message.kind = kind_of(text_member(object, "type"));
  message.bytes = text.size();
  if (const Value* id = object.find("id")) message.id = to_json(*id);
  if (message.id.size() > kWireIdBytesMax) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("an id has at most {} bytes of JSON text", kWireIdBytesMax),
                 "id_bytes");
  }
  message.function = text_member(object, "fn");
  message.client = text_member(object, "client");
  if (const Value* token = object.find("token")) {
    // Any other value is checked like a token, and refused as none.
    message.token = token->is_null() ? "" : token->is_text() ? token->as_text() : to_json(*token);
  }
  if (Value* args = object.find("args")) message.args = std::move(*args);
  return message;
}

std::string wire_id_of(std::string_view text) {
  const auto id = parse_script_json(member_text(text, "id"), {.bytes_max = kWireIdBytesMax});
  std::string json = id ? to_json(*id) : std::string();
  return json.size() > kWireIdBytesMax ? std::string() : json;
}

Frame encode_result(std::string_view id, SharedText json) {
  return {share(head("result", id) + R"(,"result":)"), std::move(json), closing_brace()};
}

Frame encode_updates(std::span<const UpdateItem> updates) {
  if (updates.size() == 1) {
    return {update_head(updates.front()), updates.front().json, closing_brace()};
  }
  Frame frame;
  frame.reserve(2 * updates.size() + 1);
  std::string before = R"({"type":"updates","items":[{"id":)";
  for (const UpdateItem& item : updates) {
    before.append(item.id).append(result_member(item));
    frame.push_back(share(std::move(before)));
    frame.push_back(item.json);
    before = R"(},{"id":)";
  }
  frame.push_back(share("}]}"));
  return frame;
}

Frame encode_mutation_result(std::string_view id,
                             const std::optional<std::string>& json,
                             std::span<const std::string> late) {
  std::string text = head("mutationResult", id);
  if (json) text.append(R"(,"result":)").append(*json);
  if (!late.empty()) text.append(fmt::format(R"(,"late":[{}])", fmt::join(late, ",")));
  text.append("}");
  return {share(std::move(text))};
}

Frame encode_action_result(std::string_view id, const SharedText& json) {
  std::string before = head("actionResult", id);
  if (json == nullptr) return {share(before + "}")};
  return {share(before + R"(,"result":)"), json, closing_brace()};
}

Frame encode_error(std::string_view id, std::string_view code, std::string_view message) {
  std::string text = head("error", id);
  text.append(R"(,"code":")").append(code).append(R"(","message":)");
  write_json_string(message, text);
  text.append("}");
  return {share(std::move(text))};
}

Frame encode_auth(std::string_view id, std::optional<std::int64_t> lasts_ms) {
  std::string text = head("auth", id);
  text.append(lasts_ms ? R"(,"authenticated":true,"expiresInMs":)" + std::to_string(*lasts_ms)
                       : R"(,"authenticated":false)");
  return {share(text + "}")};
}

Frame encode_reset() {
  static const SharedText kText = share(R"({"type":"reset"})");
  return {kText};
}

Frame encode_pong() {
  static const SharedText kText = share(R"({"type":"pong"})");
  return {kText};
}

Frame encode_hello(std::string_view server_version) {
  std::string text = R"({"type":"hello","server":)";
  write_json_string("moonstone/" + std::string(server_version), text);
  text.append(R"(,"capabilities":["mutation-ledger","auth"]})");
  return {share(std::move(text))};
}

std::string_view wire_code_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::PermissionDenied:
      return "forbidden";
    case ErrorCode::Conflict:
      return "conflict";
    case ErrorCode::Unauthenticated:
      return "unauthenticated";
    case ErrorCode::InvalidArgument:
    case ErrorCode::NotFound:
    case ErrorCode::AlreadyExists:
    case ErrorCode::FailedPrecondition:
    case ErrorCode::LimitExceeded:
    case ErrorCode::Cancelled:
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Unavailable:
    case ErrorCode::Unimplemented:
    case ErrorCode::Corruption:
    case ErrorCode::Internal:
      return "execution_error";
  }
  return "execution_error";
}

}  // namespace moonstone::protocol::functions
