// Moonstone. Licence: see LICENSE.
#include "protocol/functions/log_hub.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/json.h"
#include "base/mutex.h"
#include "base/redact.h"

namespace moonstone::protocol::functions {
namespace {

/// What one read returns at most; see BodyReader.
constexpr std::size_t kPieceBytesMax = std::size_t{64} * 1024;
/// A line is cut to this: a console can print megabytes.
constexpr std::size_t kTextBytesMax = std::size_t{8} * 1024;

/// Cuts a text without leaving half a character behind.
std::string shortened(std::string text) {
  if (text.size() <= kTextBytesMax) return text;
  std::size_t end = kTextBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  text.resize(end);
  return text + "…";
}

}  // namespace

/// Reads of one follower. Its own lock is taken before the hub's, and none is held while a callback
/// runs or a follower ends.
class LogHub::Follower final : public BodyReader {
 public:
  Follower(LogHub& hub, LogFilter filter, std::uint64_t sequence)
      : hub_(hub), filter_(std::move(filter)), sequence_(sequence) {}

  void watch(const std::shared_ptr<Follower>& self, const std::stop_token& gone) {
    gone_.emplace(gone, [weak = std::weak_ptr(self)] {
      if (const auto follower = weak.lock()) follower->finish();
    });
  }

  void read(Done done) override {
    {
      const MutexLock lock(mutex_);
      waiting_ = std::move(done);
    }
    wake();
  }

  /// Answers a waiting read if there is something to say.
  void wake() {
    Done done;
    std::string piece;
    {
      const MutexLock lock(mutex_);
      if (!waiting_) return;
      if (!has_finished_) {
        const auto state = hub_.state_.lock();
        piece = take(*state, filter_, sequence_);
        if (piece.empty() && !state->has_ended) return;
      }
      done = std::exchange(waiting_, nullptr);
    }
    done(std::move(piece));
  }

  void finish() {
    {
      const MutexLock lock(mutex_);
      has_finished_ = true;
    }
    wake();
  }

 private:
  LogHub& hub_;
  const LogFilter filter_;
  Mutex mutex_;  // taken before the hub's
  std::uint64_t sequence_ MS_GUARDED_BY(mutex_);
  Done waiting_ MS_GUARDED_BY(mutex_);
  bool has_finished_ MS_GUARDED_BY(mutex_) = false;
  std::optional<std::stop_callback<std::function<void()>>> gone_;
};

bool LogHub::fits(const LogFilter& filter, const Line& line) {
  if (line.level < filter.least || line.unix_ms < filter.since_unix_ms) return false;
  if (filter.tenant && line.tenant != *filter.tenant) return false;
  if (filter.request && line.request != *filter.request) return false;
  if (!filter.function) return true;
  return filter.function->ends_with(':') ? line.function.starts_with(*filter.function)
                                         : line.function == *filter.function;
}

std::string LogHub::take(const State& state, const LogFilter& filter, std::uint64_t& sequence) {
  std::string piece;
  if (!state.lines.empty() && sequence + 1 < state.lines.front().sequence) {
    const std::uint64_t missed = state.lines.front().sequence - sequence - 1;
    piece = R"({"event":"lines_missed","module":"log","count":)" + std::to_string(missed) + "}\n";
    sequence = state.lines.front().sequence - 1;
  }
  const auto first = std::ranges::upper_bound(state.lines, sequence, {}, &Line::sequence);
  for (auto line = first; line != state.lines.end(); ++line) {
    const bool is_wanted = fits(filter, *line);
    // One that is longer by itself is a piece of its own: escapes make a text six times as long.
    const bool is_full = !piece.empty() && piece.size() + line->json.size() > kPieceBytesMax;
    if (is_wanted && is_full) break;
    sequence = line->sequence;
    if (is_wanted) piece += line->json;
  }
  return piece;
}

std::uint64_t LogHub::start_of(const State& state, const LogFilter& filter, std::size_t lines_max) {
  std::uint64_t start = state.last_sequence;
  for (auto line = state.lines.rbegin(); line != state.lines.rend() && lines_max > 0; ++line) {
    start = line->sequence - 1;
    if (fits(filter, *line)) --lines_max;
  }
  return start;
}

std::vector<std::shared_ptr<LogHub::Follower>> LogHub::followers_of(State& state) {
  std::vector<std::shared_ptr<Follower>> alive;
  std::erase_if(state.followers, [&alive](const std::weak_ptr<Follower>& weak) {
    auto follower = weak.lock();
    if (follower == nullptr) return true;
    alive.push_back(std::move(follower));
    return false;
  });
  return alive;
}

void LogHub::log(LogLevel level,
                 std::string_view module,
                 std::string_view event,
                 std::initializer_list<Member> fields) {
  next_.log(level, module, event, fields);
  Line line;
  line.level = level;
  line.unix_ms = clock_.unix_ms();
  Object json{
      {"ts", line.unix_ms}, {"level", to_string(level)}, {"module", module}, {"event", event}};
  for (const Member& field : fields) {
    if (field.value.is_undefined()) continue;
    Value value = redact(field.name, field.value);
    if (value.is_text()) {
      value = shortened(value.as_text());
      if (field.name == "tenant") line.tenant = value.as_text();
      if (field.name == "function") line.function = value.as_text();
      if (field.name == "request") line.request = value.as_text();
    }
    json.set(field.name, std::move(value));
  }
  line.json = to_json(std::move(json)) + "\n";
  std::vector<std::shared_ptr<Follower>> followers;
  state_.with_lock([&](State& state) {
    line.sequence = ++state.last_sequence;
    state.bytes += line.json.size();
    state.lines.push_back(std::move(line));
    while (state.lines.size() > kLogLinesMax || state.bytes > kLogBytesMax) {
      state.bytes -= state.lines.front().json.size();
      state.lines.pop_front();
    }
    if (!state.followers.empty()) followers = followers_of(state);
  });
  for (const auto& follower : followers)
    follower->wake();
}

std::string LogHub::recent(const LogFilter& filter, std::size_t lines_max) const {
  const auto state = state_.lock();
  std::uint64_t sequence = start_of(*state, filter, lines_max);
  std::string all;
  for (std::string piece = take(*state, filter, sequence); !piece.empty();
       piece = take(*state, filter, sequence)) {
    all += piece;
  }
  return all;
}

BodyReaderPtr LogHub::follow(LogFilter filter, std::size_t lines_max, const std::stop_token& gone) {
  std::shared_ptr<Follower> follower;
  state_.with_lock([&](State& state) {
    std::erase_if(state.followers, [](const auto& weak) { return weak.expired(); });
    if (state.followers.size() >= kLogFollowersMax) return;
    const std::uint64_t start = start_of(state, filter, lines_max);
    follower = std::make_shared<Follower>(*this, std::move(filter), start);
    state.followers.push_back(follower);
  });
  if (follower != nullptr) follower->watch(follower, gone);
  return follower;
}

void LogHub::end() {
  std::vector<std::shared_ptr<Follower>> followers;
  state_.with_lock([&](State& state) {
    state.has_ended = true;
    followers = followers_of(state);
  });
  for (const auto& follower : followers)
    follower->finish();
}

}  // namespace moonstone::protocol::functions
