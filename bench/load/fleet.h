// Moonstone. Licence: see LICENSE.
#pragma once
// Fleet: many clients of one server, on the threads of one loop. Threads: confined; the callbacks
// of its clients come from the loop.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/scenarios.h"
#include "moonstone/client.h"

namespace moonstone::bench {

class Fleet {
 public:
  /// What a lost or refused connection means: the end of the run, or another attempt.
  enum class Loss : unsigned char { Fails, Retries };

  /// Lifetime: `run` and all that callbacks use outlive the fleet. Its end waits for them.
  explicit Fleet(Run& run, Loss loss = Loss::Fails)
      : run_(run), loss_(loss), connected_(run.meter) {}
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  /// Begins to connect one client more. A null pointer: the run has failed.
  client::Client* add();
  /// Adds clients and waits for their connections. False: the run has failed.
  [[nodiscard]] bool connect(std::size_t count);
  /// Runs a mutation on the first client and waits for its answer; "": the run has failed.
  [[nodiscard]] std::string ask(std::string_view mutation, std::string_view arguments_json);

  [[nodiscard]] client::Client& operator[](std::size_t index) { return *clients_[index]; }
  /// Connections that were lost or not made.
  [[nodiscard]] std::size_t losses() const { return losses_; }

 private:
  void state_changed(client::State state, const std::string& why);

  Run& run_;
  const Loss loss_;
  Arrivals connected_;
  std::atomic<std::size_t> losses_ = 0;
  std::unique_ptr<client::Loop> loop_ = client::Loop::start(run_.options.threads);
  std::vector<std::unique_ptr<client::Client>> clients_;  // end before their loop
};

}  // namespace moonstone::bench
