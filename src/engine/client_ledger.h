// Moonstone. Licence: see LICENSE.
#pragma once
// ClientLedger: what one client's mutations were answered, so that a mutation sent again after a
// lost connection is answered from memory instead of being applied twice.
//
// It holds a window of the latest replies and, for clients that number their mutations, the
// greatest number that has left the window: up to that one they were processed, but their replies
// are gone. A later one that is not in the window was never answered, or failed in its moment
// (is_lasting_failure), perhaps while those behind it were answered: it may run.
//
// Every group writes a client's head: the watermark and the latest few replies. A full head becomes
// a chunk, which is written once and dropped as a whole. In memory, replies are what they are on
// disk; one is read only when it is asked for, which is rare. On disk:
//
//   head:  {"watermark":7,"forgotten":0,"replies":[<reply>,..]}
//   chunk: [<reply>,..]
//   reply: {"id":"7","version":12,"json":"null"}, with "error", "reason" or "dropped" as it was
//
// Invariants: (1) the window has at least the latest kLedgerRepliesMin replies; (2) no numbered
// mutation above the watermark was answered, so what is new needs no search; (3) the store holds
// what the last seal() said, or this ledger is read from it again.
// Threads: a plain value, confined to the writer.
// Source: design.md decision 12; functions.md 21.18; docs/decisions/0017.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/database.h"

namespace moonstone::engine {

/// Replies kept per client at least. Clients pipeline a handful of mutations; this leaves room for
/// bursts.
inline constexpr std::size_t kLedgerRepliesMin = 64;
/// A head is full with so many replies or bytes: it is written again with each of them, and rows
/// beyond a kilobyte take pages of their own (store/sqlite/internal/ledger.h).
inline constexpr std::size_t kLedgerChunkReplies = 8;
inline constexpr std::size_t kLedgerChunkBytes = 768;
/// Of so many replies, the oldest have left the window.
inline constexpr std::size_t kLedgerRepliesMax = kLedgerRepliesMin + kLedgerChunkReplies;
/// A longer reply is remembered as applied, without its text.
inline constexpr std::size_t kLedgerReplyBytesMax = 16 * 1024;
/// What the replies of one client may take; the long ones of the oldest lose their texts first.
inline constexpr std::size_t kLedgerBytesMax = 256 * 1024;

class ClientLedger {
 public:
  /// What is known of a mutation id: nothing (run it), or the reply to give.
  [[nodiscard]] std::optional<Result<MutationOutcome>> find(std::string_view mutation_id) const;

  void remember(std::string_view mutation_id, const Result<MutationOutcome>& outcome);

  /// Where it stood when a group began, and back there; only until the next seal().
  struct Position {
    std::size_t head_size = 0;
    std::uint64_t watermark = 0;
  };
  [[nodiscard]] Position position() const { return {head_.size(), watermark_}; }
  void return_to(const Position& position);

  /// What the store must write for what was remembered since the last time. If that is not
  /// committed, the ledger must be read again.
  [[nodiscard]] store::LedgerChange seal();
  /// The ledger as stored, also by versions that knew only heads. Unreadable parts are empty.
  [[nodiscard]] static ClientLedger parse(store::StoredLedger stored);

  /// What the replies take.
  [[nodiscard]] std::size_t size_bytes() const { return head_bytes_ + sealed_bytes_; }

 private:
  struct Chunk {
    std::uint64_t number = 0;
    std::size_t reply_count = 0;
    std::string text;
    bool is_thin = false;  // its long replies have lost their texts
  };

  void add_sealed(Chunk chunk);
  void drop_oldest(store::LedgerChange& change);
  void thin(Chunk& chunk, store::LedgerChange& change);
  [[nodiscard]] std::string head_text() const;

  std::uint64_t watermark_ = 0;    // the greatest number ever answered
  std::uint64_t forgotten_ = 0;    // the greatest number that has left the window
  std::vector<std::string> head_;  // replies, oldest first
  std::size_t head_bytes_ = 0;
  std::deque<Chunk> sealed_;  // oldest first
  std::size_t sealed_replies_ = 0;
  std::size_t sealed_bytes_ = 0;
  std::uint64_t next_number_ = 1;  // of the chunk that the head becomes
};

/// Whether a failure says something about the call itself, so that running it again would only
/// repeat it. Failures of the moment (full queue, full disk, time) are not remembered.
[[nodiscard]] bool is_lasting_failure(const Error& error);

}  // namespace moonstone::engine
