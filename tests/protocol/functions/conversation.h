// Moonstone. Licence: see LICENSE.
#pragma once
// Conversations: text files with the frames of clients and server, played against real sessions on
// a real database, without sockets.
//
//   # comment                       @run fn {args}      a mutation by nobody in particular
//   @connect a                      @close a
//   a> {frame}                      a client sends
//   a< {frame}                      the server's next frame; "$name" binds once and must match
//   later a< nothing                      nothing arrives once everything is settled
//   @deploy name                    puts the bundle of that name into force
// Key order is not compared.
// Threads: confined to the test.

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/value.h"
#include "protocol/functions/function_host.h"
#include "protocol/functions/function_session.h"

namespace moonstone::protocol::functions {

/// A sink that keeps what is sent. Threads: synchronised.
class RecordingSink final : public SocketSink {
 public:
  void send(Frame frame) override;
  [[nodiscard]] std::size_t queued_bytes() const override { return 0; }
  void close(CloseCode code, std::string_view reason) override;

  /// The next frame, waiting up to ten seconds; nothing if none came.
  [[nodiscard]] std::optional<std::string> next();
  [[nodiscard]] std::optional<std::string> next_now();

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> frames_;  // guarded by mutex_
};

/// Reads a bundle by name: the files under tests/protocol/functions/bundles.
[[nodiscard]] runtime::BundlePtr load_test_bundle(const std::string& name);

class Conversation {
 public:
  explicit Conversation(FunctionHost& host) : host_(host) {}
  ~Conversation();

  /// Plays a whole file; reports failures with file and line.
  void play(const std::string& path);

 private:
  struct Client {
    std::shared_ptr<RecordingSink> sink;
    std::unique_ptr<FunctionSession> session;
  };

  void play_line(const std::string& line);
  void play_directive(const std::string& line);
  void expect_frame(Client& client, const std::string& expected);
  void settle();
  bool matches(const Value& expected, const Value& actual);

  FunctionHost& host_;
  std::map<std::string, Client> clients_;
  std::map<std::string, Value> bound_;
};

}  // namespace moonstone::protocol::functions
