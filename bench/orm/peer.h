// Moonstone. Licence: see LICENSE.
#pragma once
// Peer: somebody who does the same work on a database of its own, call by call.
//
// Both have the tables of kPeople and kPosts (the schema stands in orm_peer.cc), in a file with WAL
// and synchronous NORMAL and the same cache, and a log row for each row written. What is read is
// handed out as objects, and a call returns the sum of the keys in it, so that both can be
// compared. Threads: confined.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace moonstone::bench {

inline constexpr std::int64_t kPeople = 5'000;
inline constexpr std::int64_t kPosts = 20'000;
inline constexpr std::int64_t kTopics = 500;
inline constexpr std::int64_t kTimes = 977;
inline constexpr std::int64_t kBatchRows = 10'000;
inline constexpr std::int64_t kPageRows = 20;
inline constexpr std::int64_t kManyRows = 100;
inline constexpr std::int64_t kCacheKib = 16 * 1024;

struct Person {
  std::int64_t id = 0;
  std::string email;
  std::string name;
  std::int64_t age = 0;
  std::string created_at;
};

struct Post {
  std::int64_t id = 0;
  std::string title;
  std::string body;
  std::int64_t author_id = 0;
};

[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "orm_against_raw: %s\n", why.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): the end of a measurement that means nothing
}

/// The time that every kTimes-th person has.
inline std::string time_text(std::int64_t number) {
  const std::time_t seconds = 1'700'000'000 + number % kTimes;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
  return {text.data(), size};
}

inline Person make_person(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return {.id = 0,
          .email = "p" + digits + "@example.org",
          .name = "Person " + digits,
          .age = number % 90,
          .created_at = time_text(number)};
}

inline Post make_post(std::int64_t number) {
  Post post{.id = 0,
            .title = "Title " + std::to_string(number) + " about topic" +
                     std::to_string(number % kTopics),
            .body = {},
            .author_id = number % kPeople + 1};
  for (int i = 0; i < 3; ++i)
    post.body += "A body of some length, as texts have it. ";
  return post;
}

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::int64_t find_unique(std::int64_t id) = 0;
  /// kManyRows people with greater ids.
  virtual std::int64_t find_many(std::int64_t after) = 0;
  /// The same with their posts.
  virtual std::int64_t find_many_with_posts(std::int64_t after) = 0;
  /// kPageRows people behind one, by id; and by (createdAt desc, id) behind (time, 100).
  virtual std::int64_t page_by_id(std::int64_t after) = 0;
  virtual std::int64_t page_by_time(const std::string& time) = 0;
  /// The best kPageRows posts with that word.
  virtual std::int64_t search(const std::string& word) = 0;
  /// People of at least that age.
  virtual std::int64_t count(std::int64_t age) = 0;
  virtual std::int64_t create(const Person& person) = 0;
  virtual std::int64_t update(std::int64_t id, std::int64_t age) = 0;
  /// kBatchRows people from that number on, in one transaction.
  virtual std::int64_t create_many(std::int64_t first) = 0;
};

}  // namespace moonstone::bench
