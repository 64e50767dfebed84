// Moonstone. Licence: see LICENSE.
#pragma once
// RequestBody: the body of one request between the connection, which fills it, and the application,
// which reads it whenever it likes.
//
// The connection stops reading from its socket while this is full, so that a body of any size costs
// a fixed amount of memory; it reads on when asked for more.
// Threads: synchronised. `demand` and the callbacks of reads run without the lock.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "protocol/transport.h"

namespace moonstone::server {

/// Bytes that wait here before the connection pauses. With the piece that the connection has in its
/// hands, one request holds at most twice as much.
inline constexpr std::size_t kBodyQueueBytes = std::size_t{64} * 1024;

class RequestBody {
 public:
  /// `demand` is called, from any thread, when a paused connection should read on.
  explicit RequestBody(std::move_only_function<void()> demand) : demand_(std::move(demand)) {}

  enum class Flow : unsigned char {
    Read,      // more is welcome
    Pause,     // until demanded
    Discarded  // nobody wants it any more
  };
  /// A piece that arrived, at most 64 KiB.
  [[nodiscard]] Flow push(std::string piece);
  /// No more comes: the body is complete, or what became of it.
  void finish();
  void fail(const Error& error);

  /// Whether the application has given its reader away.
  [[nodiscard]] bool is_released() const;

  /// The application's end of it.
  [[nodiscard]] static protocol::BodyReaderPtr reader_of(std::shared_ptr<RequestBody> body);

 private:
  class Reader;

  void read(protocol::BodyReader::Done done);
  void release();
  /// Answers a reader that waits, with `piece`.
  void answer_waiting(Result<std::string> piece);

  mutable Mutex mutex_;
  std::move_only_function<void()> demand_;
  std::string queue_ MS_GUARDED_BY(mutex_);
  protocol::BodyReader::Done waiting_ MS_GUARDED_BY(mutex_);
  std::optional<Error> failure_ MS_GUARDED_BY(mutex_);
  bool is_complete_ MS_GUARDED_BY(mutex_) = false;
  bool is_paused_ MS_GUARDED_BY(mutex_) = true;  // nothing is read before it is asked for
  bool is_released_ MS_GUARDED_BY(mutex_) = false;
};

}  // namespace moonstone::server
