// Moonstone. Licence: see LICENSE.
#include "tests/protocol/functions/conversation.h"

#include <chrono>
#include <fstream>
#include <future>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone::protocol::functions {

namespace {

constexpr std::chrono::seconds kPatience{10};

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

void RecordingSink::send(Frame frame) {
  std::string text;
  for (const auto& part : frame)
    text += *part;
  const std::lock_guard lock(mutex_);
  frames_.push_back(std::move(text));
  arrived_.notify_all();
}

void RecordingSink::close(CloseCode code, std::string_view /*reason*/) {
  const std::lock_guard lock(mutex_);
  frames_.push_back("close " + std::to_string(static_cast<int>(code)));
  arrived_.notify_all();
}

std::optional<std::string> RecordingSink::next() {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_for(lock, kPatience, [this] { return !frames_.empty(); })) return std::nullopt;
  std::string frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

std::optional<std::string> RecordingSink::next_now() {
  const std::lock_guard lock(mutex_);
  if (frames_.empty()) return std::nullopt;
  std::string frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

runtime::BundlePtr load_test_bundle(const std::string& name) {
  auto bundle = runtime::load_bundle(
      {.code = read_file(MS_SOURCE_DIR "/tests/protocol/functions/bundles/" + name + ".js"),
       .source_map = ""});
  EXPECT_TRUE(bundle) << bundle.error().message();
  return bundle ? *bundle : nullptr;
}

Conversation::~Conversation() {
  for (auto& [name, client] : clients_)
    client.session->on_closed();
}

void Conversation::play(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    SCOPED_TRACE(path + ":" + std::to_string(number) + ": " + line);
    if (!line.empty() && line[0] != '#') play_line(line);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

void Conversation::play_line(const std::string& line) {
  if (line[0] == '@') return play_directive(line);
  const std::size_t mark = line.find_first_of("<>");
  ASSERT_NE(mark, std::string::npos);
  const auto client = clients_.find(line.substr(0, mark));
  ASSERT_NE(client, clients_.end()) << "not connected";
  const std::string text = line.substr(mark + 2);
  if (line[mark] == '>') {
    client->second.session->on_text(text);
  } else {
    expect_frame(client->second, text);
  }
}

void Conversation::play_directive(const std::string& line) {
  std::istringstream words(line.substr(1));
  std::string verb;
  std::string name;
  words >> verb >> name;
  if (verb == "connect") {
    auto sink = std::make_shared<RecordingSink>();
    auto session = std::make_unique<FunctionSession>(host_, sink, SessionLimits{});
    clients_[name] = {.sink = std::move(sink), .session = std::move(session)};
  } else if (verb == "close") {
    clients_.at(name).session->on_closed();
    clients_.erase(name);
  } else if (verb == "run") {
    std::string args;
    std::getline(words, args);
    auto call = host_.prepare(name, parse_json(args.empty() ? "{}" : args).value(),
                              runtime::FunctionKind::Mutation, Caller::Administrator);
    ASSERT_TRUE(call) << call.error().message();
    std::promise<Result<engine::MutationOutcome>> promise;
    host_.mutate(*std::move(call), {}, "", [&promise](Result<engine::MutationOutcome> outcome) {
      promise.set_value(std::move(outcome));
    });
    const auto outcome = promise.get_future().get();
    ASSERT_TRUE(outcome) << outcome.error().message();
  } else if (verb == "deploy") {
    const auto deployed = host_.deploy(load_test_bundle(name), store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(deployed) << deployed.error().message();
  } else {
    FAIL() << "unknown directive";
  }
}

void Conversation::settle() {
  // A mutation that does nothing comes behind all queued ones; then the live engine catches up.
  engine::MutationCall nothing;
  nothing.body = [](engine::Transaction&) -> Result<std::optional<std::string>> {
    return std::optional<std::string>();
  };
  EXPECT_TRUE(host_.database().run(std::move(nothing)));
  host_.live().drain();
}

void Conversation::expect_frame(Client& client, const std::string& expected) {
  if (expected == "nothing") {
    settle();
    const auto frame = client.sink->next_now();
    EXPECT_FALSE(frame.has_value()) << *frame;
    return;
  }
  const auto frame = client.sink->next();
  ASSERT_TRUE(frame.has_value()) << "no frame came";
  const auto actual = parse_json(*frame);
  ASSERT_TRUE(actual) << *frame;
  const auto wanted = parse_json(expected);
  ASSERT_TRUE(wanted) << wanted.error().message();
  EXPECT_TRUE(matches(*wanted, *actual)) << *frame;
}

bool Conversation::matches(const Value& expected, const Value& actual) {
  if (expected.is_text() && expected.as_text().starts_with('$')) {
    const auto [entry, is_new] = bound_.emplace(expected.as_text(), actual);
    return is_new || canonical_json(entry->second) == canonical_json(actual);
  }
  if (expected.kind() != actual.kind()) {
    return canonical_json(expected) == canonical_json(actual);
  }
  if (expected.is_array()) {
    const Array& wanted = expected.as_array();
    const Array& got = actual.as_array();
    if (wanted.size() != got.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!matches(wanted[i], got[i])) return false;
    }
    return true;
  }
  if (expected.is_object()) {
    const Object& wanted = expected.as_object();
    const Object& got = actual.as_object();
    if (wanted.size() != got.size()) return false;
    for (const Member& member : wanted) {
      const Value* other = got.find(member.name);
      if (other == nullptr || !matches(member.value, *other)) return false;
    }
    return true;
  }
  return canonical_json(expected) == canonical_json(actual);
}

}  // namespace moonstone::protocol::functions
