// Moonstone. Licence: see LICENSE.
#include "engine/client_ledger.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace moonstone::engine {
namespace {

MutationOutcome outcome(std::string json, Version version) {
  return {.result_json = std::move(json), .version = version};
}

/// A client, and what the store holds of it.
struct StoredClient {
  ClientLedger ledger;
  store::StoredLedger stored;
  std::size_t written_bytes = 0;
  std::size_t longest_bytes = 0;
  Version answered = 0;

  void save() {
    const store::LedgerChange change = ledger.seal();
    stored.head = change.head;
    note_written(change.head);
    for (const store::LedgerChunk& chunk : change.written) {
      note_written(chunk.text);
      std::erase_if(stored.chunks, [&](const auto& old) { return old.number == chunk.number; });
      stored.chunks.push_back(chunk);
    }
    for (const std::uint64_t number : change.dropped)
      std::erase_if(stored.chunks, [&](const auto& old) { return old.number == number; });
    std::ranges::sort(stored.chunks, {}, &store::LedgerChunk::number);
  }
  void note_written(const std::string& text) {
    written_bytes += text.size();
    longest_bytes = std::max(longest_bytes, text.size());
  }
  /// One mutation in a group of its own; its version is the number of them so far.
  void answer(std::string_view id, std::string json = "null") {
    ledger.remember(id, outcome(std::move(json), ++answered));
    save();
  }
  void restart() { ledger = ClientLedger::parse(stored); }
};

TEST(ClientLedgerTest, AnswersARememberedMutationWithItsReply) {
  ClientLedger ledger;
  ledger.remember("1", outcome("\"a\"", 7));
  const auto known = ledger.find("1");
  ASSERT_TRUE(known.has_value());
  ASSERT_TRUE(known->has_value());
  EXPECT_EQ((*known)->result_json, "\"a\"");
  EXPECT_EQ((*known)->version, 7U);
  EXPECT_FALSE(ledger.find("2").has_value());
}

TEST(ClientLedgerTest, SaysThatAReplyBehindTheWatermarkIsGone) {
  StoredClient client;
  for (std::size_t i = 1; i <= kLedgerRepliesMax; ++i)
    client.answer(std::to_string(i));
  const auto known = client.ledger.find("1");
  ASSERT_TRUE(known.has_value());
  ASSERT_FALSE(known->has_value());
  EXPECT_EQ(known->error().reason(), "reply_forgotten");
  const std::size_t oldest_kept = kLedgerRepliesMax - kLedgerRepliesMin + 1;
  EXPECT_TRUE(client.ledger.find(std::to_string(oldest_kept))->has_value());
  EXPECT_FALSE(client.ledger.find(std::to_string(kLedgerRepliesMax + 1)).has_value());
}

TEST(ClientLedgerTest, LetsRunWhatFailedInItsMomentWhileLaterOnesWereAnswered) {
  StoredClient client;
  for (std::size_t i = 1; i <= kLedgerRepliesMin; ++i) {
    if (i != 60) client.answer(std::to_string(i));
  }
  EXPECT_FALSE(client.ledger.find("60").has_value());
  client.restart();
  EXPECT_FALSE(client.ledger.find("60").has_value());
  // Once its neighbours have left the window, nobody can tell it from them.
  for (std::size_t i = 0; i < kLedgerRepliesMax; ++i)
    client.answer(std::to_string(kLedgerRepliesMin + 1 + i));
  EXPECT_EQ(client.ledger.find("60")->error().reason(), "reply_forgotten");
  client.restart();
  EXPECT_EQ(client.ledger.find("60")->error().reason(), "reply_forgotten");
}

TEST(ClientLedgerTest, RunsNothingUpToTheWatermarkIfItCannotKnow) {
  StoredClient client;
  client.stored.head = R"({"watermark":7,"replies":[]})";  // as former versions wrote it
  client.restart();
  EXPECT_EQ(client.ledger.find("7")->error().reason(), "reply_forgotten");
  EXPECT_FALSE(client.ledger.find("8").has_value());

  client.stored.head = R"({"watermark":7,"forgotten":0,"replies":[]})";
  client.stored.chunks = {{.number = 1, .text = "damaged"}};
  client.restart();
  EXPECT_EQ(client.ledger.find("7")->error().reason(), "reply_forgotten");
}

TEST(ClientLedgerTest, ForgetsUnnumberedMutationsThatLeftTheWindow) {
  StoredClient client;
  for (std::size_t i = 1; i <= kLedgerRepliesMax; ++i)
    client.answer("id-" + std::to_string(i));
  EXPECT_FALSE(client.ledger.find("id-1").has_value());
  for (std::size_t i = kLedgerRepliesMax - kLedgerRepliesMin + 1; i <= kLedgerRepliesMax; ++i)
    EXPECT_TRUE(client.ledger.find("id-" + std::to_string(i)).has_value()) << i;
}

TEST(ClientLedgerTest, WritesLittleForEachReply) {
  StoredClient client;
  for (std::size_t i = 1; i <= 1'000; ++i)
    client.answer(std::to_string(i), "\"messages:01ARZ3NDEKTSV4RRFFQ69G5FAV\"");
  EXPECT_LT(client.written_bytes / 1'000, 700U) << "on average, the head included";
  EXPECT_LE(client.longest_bytes, 1'000U) << "the longest row";
  EXPECT_LE(client.stored.chunks.size(), kLedgerRepliesMax / kLedgerChunkReplies + 1)
      << "what left the window is deleted";
}

TEST(ClientLedgerTest, TheWindowKeepsItsRepliesAcrossRestarts) {
  StoredClient client;
  for (std::size_t i = 1; i <= 200; ++i) {
    client.answer(std::to_string(i), std::to_string(i * i));
    if (i % 7 == 0) client.restart();
  }
  client.restart();
  for (std::size_t i = 200 - kLedgerRepliesMin + 1; i <= 200; ++i) {
    const auto known = client.ledger.find(std::to_string(i));
    ASSERT_TRUE(known && *known) << i;
    EXPECT_EQ((*known)->result_json, std::to_string(i * i));
    EXPECT_EQ((*known)->version, i);
  }
  EXPECT_EQ(client.ledger.find("1")->error().reason(), "reply_forgotten");
}

TEST(ClientLedgerTest, AManyFoldGroupIsCutIntoChunks) {
  StoredClient client;
  for (std::size_t i = 1; i <= 30; ++i)
    client.ledger.remember(std::to_string(i), outcome("null", i));
  client.save();
  EXPECT_EQ(client.stored.chunks.size(), 3U);
  client.restart();
  for (std::size_t i = 1; i <= 30; ++i)
    EXPECT_TRUE(client.ledger.find(std::to_string(i))->has_value()) << i;
}

TEST(ClientLedgerTest, ReturnsToWhereAGroupBegan) {
  StoredClient client;
  for (std::size_t i = 1; i <= 10; ++i)
    client.answer(std::to_string(i));
  const ClientLedger::Position before = client.ledger.position();
  const std::size_t bytes = client.ledger.size_bytes();
  client.ledger.remember("11", outcome("\"lost\"", 11));
  client.ledger.remember("13", outcome("\"lost\"", 12));
  client.ledger.return_to(before);
  EXPECT_FALSE(client.ledger.find("11").has_value());
  EXPECT_FALSE(client.ledger.find("12").has_value()) << "the watermark fell back, too";
  EXPECT_TRUE(client.ledger.find("10").has_value());
  EXPECT_EQ(client.ledger.size_bytes(), bytes);
}

TEST(ClientLedgerTest, RemembersFailuresWithTheirText) {
  StoredClient client;
  client.ledger.remember("3", Error(ErrorCode::Internal, "no such \"seat\" }", "user_code"));
  client.save();
  client.restart();
  const auto known = client.ledger.find("3");
  ASSERT_TRUE(known.has_value());
  ASSERT_FALSE(known->has_value());
  EXPECT_EQ(known->error().message(), "no such \"seat\" }");
  EXPECT_EQ(known->error().reason(), "user_code");
}

TEST(ClientLedgerTest, FindsRepliesWhateverTheirTextsHold) {
  StoredClient client;
  const std::string id = R"(a"},{"id":"b)";
  const std::string json = R"({"id":"c","version":1})";
  client.answer(id, json);
  for (int i = 0; i < 20; ++i)
    client.answer("filler-" + std::to_string(i));
  client.restart();
  ASSERT_TRUE(client.ledger.find(id));
  EXPECT_EQ((*client.ledger.find(id))->result_json, json);
  EXPECT_FALSE(client.ledger.find("b").has_value());
  EXPECT_FALSE(client.ledger.find("c").has_value());
}

TEST(ClientLedgerTest, AResultOfNothingIsNotNull) {
  StoredClient client;
  client.ledger.remember("2", MutationOutcome{.result_json = std::nullopt, .version = 4});
  client.save();
  client.restart();
  EXPECT_FALSE((*client.ledger.find("2"))->result_json.has_value());
  EXPECT_EQ((*client.ledger.find("2"))->version, 4U);
}

TEST(ClientLedgerTest, ALongReplyIsRememberedWithoutItsText) {
  StoredClient client;
  client.answer("1", std::string(kLedgerReplyBytesMax, '1'));
  client.answer("2", std::string(kLedgerReplyBytesMax + 1, '1'));
  client.restart();
  EXPECT_TRUE(client.ledger.find("1")->has_value()) << "at the limit";
  ASSERT_FALSE(client.ledger.find("2")->has_value());
  EXPECT_EQ(client.ledger.find("2")->error().reason(), "reply_forgotten");
  client.ledger.remember(
      "3", Error(ErrorCode::Internal, std::string(kLedgerReplyBytesMax - 1, 'x') + "\u00e4",
                 "user_code"));
  EXPECT_EQ(client.ledger.find("3")->error().message(), std::string(kLedgerReplyBytesMax - 1, 'x'))
      << "whole code points";
}

TEST(ClientLedgerTest, ManyLongRepliesLoseTheirTextsButNotTheirIds) {
  StoredClient client;
  const std::string json(kLedgerReplyBytesMax, '1');
  for (int i = 1; i <= 60; ++i)
    client.answer("id-" + std::to_string(i), json);
  client.answer("short", "7");
  EXPECT_LE(client.ledger.size_bytes(), kLedgerBytesMax + 2 * kLedgerReplyBytesMax);
  client.restart();
  EXPECT_LE(client.ledger.size_bytes(), kLedgerBytesMax + 2 * kLedgerReplyBytesMax);
  for (int i = 1; i <= 60; ++i)
    EXPECT_TRUE(client.ledger.find("id-" + std::to_string(i)).has_value()) << i;
  EXPECT_EQ(client.ledger.find("id-1")->error().reason(), "reply_forgotten");
  EXPECT_EQ((*client.ledger.find("id-60"))->result_json, json);
  EXPECT_EQ((*client.ledger.find("short"))->result_json, "7");
}

TEST(ClientLedgerTest, ReadsWhatFormerVersionsWrote) {
  std::string head = R"({"watermark":100,"replies":[)";
  for (int i = 37; i <= 100; ++i) {
    if (i > 37) head += ',';
    head += R"({"id":")" + std::to_string(i) + R"(","version":)" + std::to_string(i) +
            R"(,"json":"\"r\""})";
  }
  StoredClient client;
  client.stored.head = head + "]}";
  client.restart();
  EXPECT_EQ((*client.ledger.find("37"))->result_json, "\"r\"");
  EXPECT_EQ(client.ledger.find("36")->error().reason(), "reply_forgotten");
  EXPECT_FALSE(client.ledger.find("101").has_value());
  client.answer("101");
  EXPECT_LT(client.stored.head.size(), 1'000U) << "its head is cut into chunks";
  client.restart();
  EXPECT_EQ((*client.ledger.find("100"))->result_json, "\"r\"");
  EXPECT_TRUE(client.ledger.find("101")->has_value());
}

TEST(ClientLedgerTest, TakesUnreadableTextAsEmpty) {
  EXPECT_FALSE(ClientLedger::parse({.head = "{oops"}).find("1").has_value());
  EXPECT_FALSE(ClientLedger::parse({.head = "[1,2]"}).find("1").has_value());
  ClientLedger damaged = ClientLedger::parse(
      {.head = R"({"watermark":1,"replies":[7]})", .chunks = {{3, R"([{"id":"x",)"}}});
  EXPECT_FALSE(damaged.find("x").has_value());
  damaged.remember("y", outcome("1", 1));
  EXPECT_TRUE(damaged.find("y").has_value());
}

TEST(ClientLedgerTest, TellsLastingFailuresFromThoseOfTheMoment) {
  EXPECT_TRUE(is_lasting_failure(Error(ErrorCode::InvalidArgument, "x")));
  EXPECT_TRUE(is_lasting_failure(Error(ErrorCode::Internal, "x", "user_code")));
  EXPECT_FALSE(is_lasting_failure(Error(ErrorCode::Internal, "x")));
  EXPECT_FALSE(is_lasting_failure(Error(ErrorCode::Unavailable, "x", "disk_full")));
  EXPECT_FALSE(is_lasting_failure(Error(ErrorCode::LimitExceeded, "x", "queue_full")));
  EXPECT_FALSE(is_lasting_failure(Error(ErrorCode::DeadlineExceeded, "x")));
}

}  // namespace
}  // namespace moonstone::engine
