// Moonstone. Licence: see LICENSE.
// Kills a process in the middle of its writes, again and again, and compares what it had
// acknowledged with what the file holds. (A power cut is tested with the cut VFS.)
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engine/database_fixture.h"

namespace moonstone::engine {
namespace {

using Json = std::optional<std::string>;

constexpr int kRounds = 20;
constexpr int kWriters = 4;

/// One acknowledged mutation: it wrote two documents with this text, so half of it would show.
std::string text_of(int round, int writer, int number) {
  return std::to_string(round) + "/" + std::to_string(writer) + "/" + std::to_string(number);
}

/// Each writer is one client over all rounds, which numbers its mutations.
std::string client_of(int writer) {
  return "client-" + std::to_string(writer);
}
std::string id_of(int round, int number) {
  return std::to_string(round * 1'000'000 + number + 1);
}

/// The child: several threads write pairs for ever and report each acknowledgement on the pipe.
[[noreturn]] void write_until_killed(const std::string& path, int round, int report) {
  DatabaseOptions options;
  options.store.path = path;
  auto database = Database::open(std::move(options));
  if (!database) _exit(1);
  if (!(*database)->apply_schema(parse_test_schema(), store::Writer::AllowDataLoss::No)) _exit(2);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&database, round, writer, report] {
      for (int number = 0;; ++number) {
        const std::string text = text_of(round, writer, number);
        MutationCall call;
        call.session.client = client_of(writer);
        call.mutation_id = id_of(round, number);
        call.body = [&text](Transaction& tx) -> Result<Json> {
          for (int half = 0; half < 2; ++half) {
            Object event;
            event.append("text", text);
            MS_TRY_STATUS(tx.insert("events", std::move(event)));
          }
          return Json();
        };
        if (!(*database)->run(std::move(call))) _exit(3);
        const std::string line = text + "\n";  // shorter than PIPE_BUF: written in one piece
        if (write(report, line.data(), line.size()) < 0) _exit(4);
      }
    });
  }
  for (std::thread& writer : writers)
    writer.join();
  _exit(5);
}

/// Reads acknowledgements until `enough`, kills the child, and reads what was still in the pipe.
std::vector<std::string> kill_after(pid_t child, int pipe_end, std::size_t enough) {
  std::string received;
  std::size_t lines = 0;
  bool killed = false;
  char buffer[4096];
  while (true) {
    if (!killed && lines >= enough) {
      kill(child, SIGKILL);
      killed = true;
    }
    const ssize_t count = read(pipe_end, buffer, sizeof buffer);
    if (count <= 0) break;
    received.append(buffer, static_cast<std::size_t>(count));
    lines += static_cast<std::size_t>(std::count(buffer, buffer + count, '\n'));
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);
  std::vector<std::string> acknowledged;
  std::size_t start = 0;
  for (std::size_t end = 0; (end = received.find('\n', start)) != std::string::npos;
       start = end + 1) {
    acknowledged.push_back(received.substr(start, end - start));
  }
  return acknowledged;
}

TEST_F(DatabaseTest, LosesNothingAcknowledgedWhenItIsKilled) {
  std::mt19937 random(20);
  std::set<std::string> acknowledged;
  std::map<int, std::string> newest;  // the last id that each writer knows to be answered
  const std::string path = folder_.file("data.db");
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      write_until_killed(path, round, ends[1]);
    }
    close(ends[1]);
    for (std::string& text : kill_after(child, ends[0], 5 + random() % 100)) {
      int writer = 0;
      int number = 0;
      ASSERT_EQ(std::sscanf(text.c_str(), "%*d/%d/%d", &writer, &number), 2);
      newest[writer] = id_of(round, number);
      acknowledged.insert(std::move(text));
    }
    close(ends[0]);
  }
  open();
  for (const auto& [writer, last] : newest) {
    bool ran = false;
    const auto again = mutate(
        [&ran](Transaction&) -> Result<Json> {
          ran = true;
          return Json();
        },
        {.identity = {}, .client = client_of(writer)}, last);
    EXPECT_FALSE(ran) << "writer " << writer << " sent " << last << " again";
    EXPECT_TRUE(again) << again.error().message();
  }
  std::map<std::string, int> documents;
  for (const query::Row& row : read_all("events"))
    ++documents[row.values[0].as_text()];
  for (const std::string& text : acknowledged) {
    EXPECT_TRUE(documents.contains(text)) << "lost: " << text;
  }
  for (const auto& [text, count] : documents)
    EXPECT_EQ(count, 2) << "in part: " << text;
  // What was committed but not acknowledged is at most what was under way at each kill.
  EXPECT_LE(documents.size(), acknowledged.size() + kRounds * kWriters);
}

}  // namespace
}  // namespace moonstone::engine
