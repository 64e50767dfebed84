// Moonstone. Licence: see LICENSE.
#include "cli/remote.h"

#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/script_json.h"

namespace moonstone::cli {
namespace {

/// Of an answer that is not ours, such as a proxy's page.
constexpr std::size_t kForeignTextShown = 200;

std::string text_member(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

Result<Value> parse_answer(const HttpReply& reply) {
  JsonLimits limits;
  limits.bytes_max = kResponseBodyBytesMax;
  return parse_script_json(reply.body, limits);
}

}  // namespace

std::string Remote::address_of(std::string_view path) const {
  std::string address = url;
  while (address.ends_with('/'))
    address.pop_back();
  return address.append(path);
}

HttpCall Remote::call_to(std::string_view method, std::string_view path) const {
  HttpCall call{.method = std::string(method), .url = address_of(path)};
  if (!admin_key.empty()) call.headers.emplace_back("Authorization", "Bearer " + admin_key);
  return call;
}

Error error_of(const HttpReply& reply) {
  const auto body = parse_answer(reply);
  if (!body || !body->is_object()) {
    return {ErrorCode::FailedPrecondition, reply.body.substr(0, kForeignTextShown),
            fmt::format("http_{}", reply.status)};
  }
  const Object& answer = body->as_object();
  std::string message = text_member(answer, "error");
  std::string code = text_member(answer, "code");
  return Error(ErrorCode::FailedPrecondition,
               message.empty() ? "the server gave no reason" : std::move(message),
               code.empty() ? fmt::format("http_{}", reply.status) : std::move(code))
      .with_stack(text_member(answer, "stack"));
}

Error explain(const Remote& remote, const Error& error) {
  if (error.code() != ErrorCode::Unavailable) return error;
  return {
      ErrorCode::Unavailable,
      fmt::format("Cannot reach {}: {}. Is Moonstone running there?", remote.url, error.message()),
      "unreachable"};
}

Result<Value> ask(const Remote& remote, const HttpCall& made) {
  const auto reply = call(made);
  if (!reply) return explain(remote, reply.error());
  if (reply->status != 200) return error_of(*reply);
  auto body = parse_answer(*reply);
  if (!body || !body->is_object()) {
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("{} answered, but not as Moonstone does", remote.url), "foreign");
  }
  Value* const result = body->as_object().find("result");
  return result == nullptr ? Value() : std::move(*result);
}

Result<Value> ask_function(const Remote& remote, std::string_view function, const Value& args) {
  HttpCall call = remote.call_to("POST", "/__admin/run");
  call.headers.emplace_back("Content-Type", "application/json");
  call.body = to_json(Object{{"fn", function}, {"args", args}});
  return ask(remote, call);
}

Result<Value> ask_json(const Remote& remote, std::string_view path) {
  const auto reply = call(remote.call_to("GET", path));
  if (!reply) return explain(remote, reply.error());
  if (reply->status != 200) return error_of(*reply);
  auto body = parse_answer(*reply);
  if (body && body->is_object()) return body;
  return Error(ErrorCode::FailedPrecondition,
               fmt::format("{} answered, but not as Moonstone does", remote.url), "foreign");
}

}  // namespace moonstone::cli
