// Moonstone. Licence: see LICENSE.
// A chat in a terminal: follows a channel of examples/chat and posts each line of its input.
#include <cstdio>
#include <future>
#include <iostream>
#include <mutex>
#include <string>

#include "moonstone/client.h"

namespace {

using moonstone::client::Client;
using moonstone::client::Loop;
using moonstone::client::Outcome;

int fail(const char* what, const moonstone::client::Failure& failure) {
  std::fprintf(stderr, "%s: %s (%s)\n", what, failure.message.c_str(), failure.code.c_str());
  return 1;
}

/// The text as a JSON string. A real program has a JSON library for this.
std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return json + "\"";
}

void print(const Outcome<std::string>& messages) {
  if (!messages) {
    fail("messages", messages.error());
  } else {
    std::printf("messages: %s\n", messages->c_str());
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string url = argc > 1 ? argv[1] : "ws://127.0.0.1:8788/ws";
  const std::string channel = quoted(argc > 2 ? argv[2] : "general");
  const std::string author = quoted(argc > 3 ? argv[3] : "C++");

  const auto loop = Loop::start();
  auto client = Client::connect(*loop, url);
  if (!client) return fail("connect", client.error());

  std::promise<void> listed;
  std::once_flag first;
  auto subscription = (*client)->subscribe("messages:list", "{\"channel\":" + channel + "}",
                                           [&](const Outcome<std::string>& messages) {
                                             print(messages);
                                             std::call_once(first, [&] { listed.set_value(); });
                                           });
  if (!subscription) return fail("subscribe", subscription.error());
  listed.get_future().wait();  // from now on, the answer to a message comes after its update

  std::string line;
  while (std::getline(std::cin, line)) {
    const auto sent =
        (*client)
            ->mutation("messages:send", "{\"channel\":" + channel + ",\"author\":" + author +
                                            ",\"body\":" + quoted(line) + "}")
            .get();
    if (!sent) return fail("send", sent.error());
  }
  return 0;
}
