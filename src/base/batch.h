// Moonstone. Licence: see LICENSE.
#pragma once
// Batch: what a thread does in one go, so that it wakes each other thread once and not for each
// piece.
//
// Waking a thread costs a system call and, on a busy machine, often the processor at once. A loop
// that handles many messages opens a batch; whoever hands something to a sleeping thread within it
// may defer the waking to its end. Nobody may wait for that thread before.
// Threads: each thread has its own.

#include <cstddef>
#include <functional>

namespace moonstone {

/// Pieces after which what was deferred is done although the batch goes on: other processors shall
/// not be idle meanwhile.
inline constexpr std::size_t kBatchPiecesMax = 16;

class Batch {
 public:
  using Task = std::move_only_function<void()>;

  enum class Begun : unsigned char { Now, Before };
  /// One more piece, in a batch that is opened if there is none. `Now`: the caller sees to it that
  /// end() is called soon, on this thread.
  [[nodiscard]] static Begun begin_piece();
  /// Does what was deferred.
  static void end();
  [[nodiscard]] static bool is_open();
  /// Calls `task` at the end of the batch that is open.
  static void defer(Task task);
};

}  // namespace moonstone
