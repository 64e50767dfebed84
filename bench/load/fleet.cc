// Moonstone. Licence: see LICENSE.
#include "bench/load/fleet.h"

#include <limits>

namespace moonstone::bench {

namespace {

/// Connections that are being made at once, well below the backlog of a listening socket.
constexpr std::size_t kConnectingMax = 256;
constexpr std::chrono::milliseconds kRetryDelay{100};

}  // namespace

client::Client* Fleet::add() {
  client::Options options;
  options.messages_per_second = 0;
  options.waiting_calls_max = std::numeric_limits<std::size_t>::max();
  options.backoff_base = kRetryDelay;
  options.backoff_attempts_max = loss_ == Loss::Fails ? 0 : std::numeric_limits<std::size_t>::max();
  options.on_state = [this](client::State state, const std::string& why) {
    state_changed(state, why);
  };
  auto client = client::Client::connect(*loop_, run_.options.url, std::move(options));
  if (!client) {
    run_.meter.failed(client.error().message);
    return nullptr;
  }
  return clients_.emplace_back(*std::move(client)).get();
}

bool Fleet::connect(std::size_t count) {
  const std::size_t before = clients_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= kConnectingMax && !connected_.wait_for(before + i - kConnectingMax, "connections")) {
      return false;
    }
    if (add() == nullptr) return false;
  }
  return connected_.wait_for(before + count, "connections");
}

std::string Fleet::ask(std::string_view mutation, std::string_view arguments_json) {
  auto answer = clients_.front()->mutation(mutation, arguments_json).get();
  if (answer) return *std::move(answer);
  run_.meter.failed(std::string(mutation) + ": " + answer.error().message);
  return {};
}

void Fleet::state_changed(client::State state, const std::string& why) {
  if (state == client::State::Connected) {
    connected_.add();
  } else if (state == client::State::Disconnected) {
    losses_ += 1;
    if (loss_ == Loss::Fails) run_.meter.failed("no connection: " + why);
  }
}

}  // namespace moonstone::bench
