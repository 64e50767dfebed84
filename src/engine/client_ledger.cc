// Moonstone. Licence: see LICENSE.
#include "engine/client_ledger.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"

namespace moonstone::engine {

namespace {

/// The number of a numbered mutation id; 0 for any other text.
std::uint64_t number_of(std::string_view id) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  return error == std::errc() && end == id.data() + id.size() ? number : 0;
}

std::string text_member(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && value->is_text() ? value->as_text() : std::string();
}

std::int64_t integer_member(const Object& object, std::string_view name) {
  const Value* value = object.find(name);
  return value != nullptr && value->is_integer() ? value->as_integer() : 0;
}

}  // namespace

bool is_lasting_failure(const Error& error) {
  switch (error.code()) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::PermissionDenied:
    case ErrorCode::NotFound:
    case ErrorCode::AlreadyExists:
    case ErrorCode::FailedPrecondition:
      return true;
    case ErrorCode::Internal:
      return error.reason() == "user_code";
    case ErrorCode::Unauthenticated:
    case ErrorCode::Conflict:
    case ErrorCode::LimitExceeded:
    case ErrorCode::Cancelled:
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Unavailable:
    case ErrorCode::Unimplemented:
    case ErrorCode::Corruption:
      return false;
  }
  return false;
}

std::optional<Result<MutationOutcome>> ClientLedger::find(std::string_view mutation_id) const {
  const auto found = std::ranges::find(
      replies_, mutation_id, [](const ReplyPtr& reply) { return std::string_view(reply->id); });
  if (found == replies_.end()) {
    const std::uint64_t number = number_of(mutation_id);
    if (number == 0 || number > watermark_) return std::nullopt;
    return Result<MutationOutcome>(Error(ErrorCode::FailedPrecondition,
                                         "mutation " + std::string(mutation_id) +
                                             " was processed before; its reply is no longer kept",
                                         "reply_forgotten"));
  }
  const Reply& reply = **found;
  if (!reply.error.empty()) {
    return Result<MutationOutcome>(Error(ErrorCode::Internal, reply.error, reply.reason));
  }
  if (reply.reply_dropped) {
    return Result<MutationOutcome>(Error(ErrorCode::FailedPrecondition,
                                         "mutation " + std::string(mutation_id) +
                                             " was applied before; its reply was too long to keep",
                                         "reply_forgotten"));
  }
  return MutationOutcome{.result_json = reply.json, .version = reply.version};
}

void ClientLedger::remember(std::string_view mutation_id, const Result<MutationOutcome>& outcome) {
  auto reply = std::make_shared<Reply>();
  reply->id = std::string(mutation_id);
  if (outcome) {
    reply->version = outcome->version;
    reply->reply_dropped =
        outcome->result_json && outcome->result_json->size() > kLedgerReplyBytesMax;
    if (!reply->reply_dropped) reply->json = outcome->result_json;
  } else {
    reply->error = outcome.error().message().empty() ? "failed" : outcome.error().message();
    reply->reason = outcome.error().reason();
  }
  reply->text = text_of(*reply);
  watermark_ = std::max(watermark_, number_of(mutation_id));
  replies_.push_back(std::move(reply));
  if (replies_.size() > kLedgerRepliesMax) replies_.pop_front();
}

std::string ClientLedger::text_of(const Reply& reply) {
  Object entry;
  entry.append("id", reply.id);
  entry.append("version", static_cast<std::int64_t>(reply.version));
  if (reply.json) entry.append("json", *reply.json);
  if (!reply.error.empty()) entry.append("error", reply.error);
  if (!reply.reason.empty()) entry.append("reason", reply.reason);
  if (reply.reply_dropped) entry.append("dropped", true);
  return to_json(Value(std::move(entry)));
}

std::string ClientLedger::serialise() const {
  std::string text = R"({"watermark":)" + std::to_string(watermark_) + R"(,"replies":[)";
  for (const ReplyPtr& reply : replies_) {
    if (!text.ends_with(R"([)")) text.push_back(',');
    text.append(reply->text);
  }
  return text.append("]}");
}

ClientLedger::ReplyPtr ClientLedger::parse_reply(const Value& entry) {
  if (!entry.is_object()) return nullptr;
  const Object& fields = entry.as_object();
  auto reply = std::make_shared<Reply>();
  reply->id = text_member(fields, "id");
  reply->version = static_cast<Version>(integer_member(fields, "version"));
  if (fields.find("json") != nullptr) reply->json = text_member(fields, "json");
  reply->error = text_member(fields, "error");
  reply->reason = text_member(fields, "reason");
  reply->reply_dropped = fields.find("dropped") != nullptr;
  reply->text = text_of(*reply);
  return reply;
}

ClientLedger ClientLedger::parse(std::string_view text) {
  ClientLedger ledger;
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return ledger;
  const Object& object = parsed->as_object();
  ledger.watermark_ = static_cast<std::uint64_t>(integer_member(object, "watermark"));
  const Value* replies = object.find("replies");
  if (replies == nullptr || !replies->is_array()) return ledger;
  for (const Value& entry : replies->as_array()) {
    if (ReplyPtr reply = parse_reply(entry)) ledger.replies_.push_back(std::move(reply));
  }
  return ledger;
}

}  // namespace moonstone::engine
