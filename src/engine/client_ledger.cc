// Moonstone. Licence: see LICENSE.
#include "engine/client_ledger.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <span>
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

/// A reply of this size stays whole when the texts of others have to go.
constexpr std::size_t kLedgerThinBytes = 256;

/// How a reply begins. Nothing else can: quotes inside of texts are escaped.
constexpr std::string_view kReplyBegin = R"({"id":)";

/// How the reply of that mutation begins.
std::string begin_of(std::string_view mutation_id) {
  std::string begin(kReplyBegin);
  write_json_string(mutation_id, begin);
  return begin += ',';
}

struct Replies {
  std::size_t count = 0;
  std::uint64_t greatest_number = 0;  // 0: none is numbered
};
Replies replies_in(std::string_view chunk) {
  Replies replies;
  for (std::size_t at = chunk.find(kReplyBegin); at != std::string_view::npos;
       at = chunk.find(kReplyBegin)) {
    chunk.remove_prefix(at + kReplyBegin.size());
    ++replies.count;
    if (!chunk.starts_with('"')) continue;
    const std::string_view id = chunk.substr(1, chunk.find('"', 1) - 1);
    replies.greatest_number = std::max(replies.greatest_number, number_of(id));
  }
  return replies;
}

void append_text(std::string_view name, std::string_view text, std::string& reply) {
  reply.append(",\"").append(name).append("\":");
  write_json_string(text, reply);
}

/// At most `bytes_max` of the text, whole code points.
std::string_view beginning_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) >> 6U) == 2; };
  while (bytes_max > 0 && is_continuation(text[bytes_max]))
    --bytes_max;
  return text.substr(0, bytes_max);
}

std::string text_of(std::string_view mutation_id, const Result<MutationOutcome>& outcome) {
  std::string reply = begin_of(mutation_id);
  reply.append(R"("version":)").append(std::to_string(outcome ? outcome->version : 0));
  if (!outcome) {
    const std::string& message = outcome.error().message();
    append_text("error", message.empty() ? "failed" : beginning_of(message, kLedgerReplyBytesMax),
                reply);
    if (!outcome.error().reason().empty()) append_text("reason", outcome.error().reason(), reply);
  } else if (outcome->result_json && outcome->result_json->size() > kLedgerReplyBytesMax) {
    reply.append(R"(,"dropped":true)");
  } else if (outcome->result_json) {
    append_text("json", *outcome->result_json, reply);
  }
  return reply += '}';
}

/// The reply without what makes it long. Its id stays: whoever sends such a mutation again must not
/// have it applied again.
std::string thin_text_of(const Object& entry) {
  std::string reply = begin_of(text_member(entry, "id")) + R"("version":0)";
  const std::string error = text_member(entry, "error");
  if (error.empty()) return reply += R"(,"dropped":true})";
  append_text("error", beginning_of(error, kLedgerThinBytes), reply);
  append_text("reason", text_member(entry, "reason"), reply);
  return reply += '}';
}

/// `[` and the texts with commas between them `]`.
std::string array_of(std::span<const std::string> replies) {
  std::string text = "[";
  for (const std::string& reply : replies) {
    if (text.size() > 1) text += ',';
    text += reply;
  }
  return text += ']';
}

/// What a reply says; `entry` is one that was written by text_of, perhaps long ago.
Result<MutationOutcome> outcome_of(const Object& entry) {
  const std::string error = text_member(entry, "error");
  if (!error.empty()) return Error(ErrorCode::Internal, error, text_member(entry, "reason"));
  if (entry.find("dropped") != nullptr) {
    return Error(
        ErrorCode::FailedPrecondition,
        "mutation " + text_member(entry, "id") + " was applied before; its reply is no longer kept",
        "reply_forgotten");
  }
  MutationOutcome outcome{.result_json = std::nullopt,
                          .version = static_cast<Version>(integer_member(entry, "version"))};
  if (entry.find("json") != nullptr) outcome.result_json = text_member(entry, "json");
  return outcome;
}

/// The reply that begins at the beginning of the text and ends before a comma or a bracket.
std::optional<Result<MutationOutcome>> outcome_at(std::string_view text) {
  // Replies hold no objects, and braces inside of texts stand between quotes.
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      is_quoted = !is_quoted;
    } else if (text[i] == '}' && !is_quoted) {
      const auto entry = parse_json(text.substr(0, i + 1));
      if (!entry || !entry->is_object()) return std::nullopt;
      return outcome_of(entry->as_object());
    }
  }
  return std::nullopt;
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
  const std::uint64_t number = number_of(mutation_id);
  if (number > watermark_) return std::nullopt;  // the common case: a new mutation
  const std::string begin = begin_of(mutation_id);
  for (const std::string& reply : head_) {
    if (reply.starts_with(begin)) return outcome_at(reply);
  }
  for (const Chunk& chunk : std::views::reverse(sealed_)) {
    const std::size_t at = chunk.text.find(begin);
    if (at != std::string::npos) return outcome_at(std::string_view(chunk.text).substr(at));
  }
  // A later number failed in its moment while others were answered: it may be tried again.
  if (number == 0 || number > forgotten_) return std::nullopt;
  return Result<MutationOutcome>(Error(
      ErrorCode::FailedPrecondition,
      "mutation " + std::string(mutation_id) + " was processed before; its reply is no longer kept",
      "reply_forgotten"));
}

void ClientLedger::remember(std::string_view mutation_id, const Result<MutationOutcome>& outcome) {
  watermark_ = std::max(watermark_, number_of(mutation_id));
  head_bytes_ += head_.emplace_back(text_of(mutation_id, outcome)).size();
}

void ClientLedger::return_to(const Position& position) {
  watermark_ = position.watermark;
  while (head_.size() > position.head_size) {
    head_bytes_ -= head_.back().size();
    head_.pop_back();
  }
}

store::LedgerChange ClientLedger::seal() {
  store::LedgerChange change;
  std::size_t begin = 0;
  std::size_t bytes = 0;
  for (std::size_t end = 1; end <= head_.size(); ++end) {
    bytes += head_[end - 1].size();
    if (end - begin < kLedgerChunkReplies && bytes < kLedgerChunkBytes) continue;
    add_sealed({.number = next_number_++,
                .reply_count = end - begin,
                .text = array_of(std::span(head_).subspan(begin, end - begin))});
    change.written.push_back({.number = sealed_.back().number, .text = sealed_.back().text});
    head_bytes_ -= bytes;
    begin = end;
    bytes = 0;
  }
  head_.erase(head_.begin(), head_.begin() + static_cast<std::ptrdiff_t>(begin));
  while (!sealed_.empty() &&
         sealed_replies_ + head_.size() >= kLedgerRepliesMin + sealed_.front().reply_count) {
    drop_oldest(change);
  }
  for (Chunk& chunk : sealed_) {
    if (sealed_bytes_ <= kLedgerBytesMax) break;
    if (!chunk.is_thin) thin(chunk, change);
  }
  change.head = head_text();
  return change;
}

void ClientLedger::add_sealed(Chunk chunk) {
  sealed_replies_ += chunk.reply_count;
  sealed_bytes_ += chunk.text.size();
  sealed_.push_back(std::move(chunk));
}

void ClientLedger::drop_oldest(store::LedgerChange& change) {
  const Chunk& oldest = sealed_.front();
  change.dropped.push_back(oldest.number);
  forgotten_ = std::max(forgotten_, replies_in(oldest.text).greatest_number);
  sealed_replies_ -= oldest.reply_count;
  sealed_bytes_ -= oldest.text.size();
  sealed_.pop_front();
}

void ClientLedger::thin(Chunk& chunk, store::LedgerChange& change) {
  std::vector<std::string> replies;
  if (const auto parsed = parse_json(chunk.text); parsed && parsed->is_array()) {
    for (const Value& entry : parsed->as_array()) {
      if (!entry.is_object()) continue;
      std::string text = to_json(entry);
      if (text.size() > kLedgerThinBytes) text = thin_text_of(entry.as_object());
      replies.push_back(std::move(text));
    }
  }
  sealed_bytes_ -= chunk.text.size();
  chunk.text = array_of(replies);
  chunk.is_thin = true;
  sealed_bytes_ += chunk.text.size();
  change.written.push_back({.number = chunk.number, .text = chunk.text});
}

std::string ClientLedger::head_text() const {
  return R"({"watermark":)" + std::to_string(watermark_) + R"(,"forgotten":)" +
         std::to_string(forgotten_) + R"(,"replies":)" + array_of(head_) + '}';
}

ClientLedger ClientLedger::parse(store::StoredLedger stored) {
  ClientLedger ledger;
  bool has_lost_replies = false;
  for (store::LedgerChunk& chunk : stored.chunks) {
    ledger.next_number_ = chunk.number + 1;
    const std::size_t count = replies_in(chunk.text).count;
    has_lost_replies |= count == 0;
    ledger.add_sealed(
        {.number = chunk.number, .reply_count = count, .text = std::move(chunk.text)});
  }
  const auto head = parse_json(stored.head);
  if (!head || !head->is_object()) return ledger;
  ledger.watermark_ = static_cast<std::uint64_t>(integer_member(head->as_object(), "watermark"));
  // Former versions did not write it. Then nothing up to the watermark may run again.
  const bool has_forgotten = head->as_object().find("forgotten") != nullptr && !has_lost_replies;
  ledger.forgotten_ =
      has_forgotten ? static_cast<std::uint64_t>(integer_member(head->as_object(), "forgotten"))
                    : ledger.watermark_;
  const Value* replies = head->as_object().find("replies");
  if (replies == nullptr || !replies->is_array()) return ledger;
  for (const Value& reply : replies->as_array()) {
    std::string text = to_json(reply);
    if (!text.starts_with(kReplyBegin)) continue;
    ledger.head_bytes_ += text.size();
    ledger.head_.push_back(std::move(text));
  }
  return ledger;
}

}  // namespace moonstone::engine
