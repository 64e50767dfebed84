// Moonstone. Licence: see LICENSE.
#pragma once
// ClientLedger: what one client's mutations were answered, so that a mutation sent again after a
// lost connection is answered from memory instead of being applied twice.
//
// It holds a window of the latest replies and, for clients that number their mutations, a
// watermark: the greatest number ever answered. A number at or below the watermark that has left
// the window was processed, but its reply is gone. Threads: a plain value, confined to the writer.
// Source: design.md decision 12; functions.md 21.18.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/database.h"

namespace moonstone::engine {

/// Replies kept per client. Clients pipeline a handful of mutations; this leaves room for bursts,
/// and bounds the row that each group writes per client.
inline constexpr std::size_t kLedgerRepliesMax = 64;
/// A longer reply is remembered as applied, without its text, so that rows stay small.
inline constexpr std::size_t kLedgerReplyBytesMax = 16 * 1024;

class ClientLedger {
 public:
  /// What is known of a mutation id: nothing (run it), or the reply to give.
  [[nodiscard]] std::optional<Result<MutationOutcome>> find(std::string_view mutation_id) const;

  void remember(std::string_view mutation_id, const Result<MutationOutcome>& outcome);

  /// The persisted form (JSON text), and back. Unreadable text yields an empty ledger.
  [[nodiscard]] std::string serialise() const;
  [[nodiscard]] static ClientLedger parse(std::string_view text);

 private:
  struct Reply {
    std::string id;
    Version version = 0;
    std::optional<std::string> json;
    std::string error;   // a failure's message; empty: success
    std::string reason;  // of the failure
    bool reply_dropped = false;
    std::string text;  // the persisted form, made once
  };
  /// Shared by the committed ledger and its copies in groups that are under way; never changed.
  using ReplyPtr = std::shared_ptr<const Reply>;

  static std::string text_of(const Reply& reply);
  static ReplyPtr parse_reply(const Value& entry);

  std::uint64_t watermark_ = 0;
  std::deque<ReplyPtr> replies_;  // oldest first, at most kLedgerRepliesMax
};

/// Whether a failure says something about the call itself, so that running it again would only
/// repeat it. Failures of the moment (full queue, full disk, time) are not remembered.
[[nodiscard]] bool is_lasting_failure(const Error& error);

}  // namespace moonstone::engine
