// Moonstone. Licence: see LICENSE.
#pragma once
// WriterTurn: a transaction whose steps come one after the other from outside, such as those of an
// interactive transaction of the ORM, or of a program that embeds the database.
//
// While a turn lasts, nobody else writes; mutations of others wait in their queue. So it has a
// lease: when that ends, the turn is rolled back as soon as somebody else wants to write.
// Threads: use(), commit() and rollback() are synchronised, though one caller is meant; the
// transaction belongs to the thread that runs the work.
// Lifetime: a turn ends before its Database.
// Source: design.md decision 21; litestone.md 20.

#include <chrono>
#include <functional>
#include <string>

#include "base/result.h"
#include "engine/session.h"
#include "engine/transaction.h"

namespace moonstone::engine {

struct TurnOptions {
  Session session;
  std::string function;  // for the log
  /// How long the turn may keep others waiting; also the deadline of its reads.
  std::chrono::milliseconds lease{30'000};
  /// How long to wait for somebody else's turn.
  std::chrono::milliseconds wait_max{5'000};
};

class WriterTurn {
 public:
  /// Rolls back what was not committed.
  virtual ~WriterTurn() = default;
  /// Runs one step, on the calling thread. A step that fails leaves the turn open; whoever wants to
  /// undo only that step sets a mark.
  /// Errors: those of `step`; DeadlineExceeded (reason "turn_expired"), FailedPrecondition (reason
  /// "turn_ended"); those of a lost transaction, after which the turn has ended.
  [[nodiscard]] virtual Status use(const std::function<Status(Transaction&)>& step) = 0;
  /// Makes it durable, tells the observers, and returns the version that contains it.
  /// Errors: as use(); those of a failed COMMIT: then nothing of it has happened.
  [[nodiscard]] virtual Result<store::Version> commit() = 0;
  virtual void rollback() = 0;
};

}  // namespace moonstone::engine
