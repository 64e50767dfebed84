// Moonstone. Licence: see LICENSE.
#include "engine/client_ledger.h"

#include <string>

#include <gtest/gtest.h>

namespace moonstone::engine {
namespace {

MutationOutcome outcome(std::string json, Version version) {
  return {.result_json = std::move(json), .version = version};
}

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
  ClientLedger ledger;
  for (std::size_t i = 1; i <= kLedgerRepliesMax + 1; ++i) {
    ledger.remember(std::to_string(i), outcome("null", i));
  }
  const auto known = ledger.find("1");
  ASSERT_TRUE(known.has_value());
  ASSERT_FALSE(known->has_value());
  EXPECT_EQ(known->error().reason(), "reply_forgotten");
  EXPECT_TRUE(ledger.find("2")->has_value());
}

TEST(ClientLedgerTest, ForgetsUnnumberedMutationsThatLeftTheWindow) {
  ClientLedger ledger;
  for (std::size_t i = 0; i <= kLedgerRepliesMax; ++i) {
    ledger.remember("id-" + std::to_string(i), outcome("null", i));
  }
  EXPECT_FALSE(ledger.find("id-0").has_value());
  EXPECT_TRUE(ledger.find("id-1").has_value());
}

TEST(ClientLedgerTest, RemembersFailuresWithTheirText) {
  ClientLedger ledger;
  ledger.remember("3", Error(ErrorCode::Internal, "no such seat", "user_code"));
  const ClientLedger copy = ClientLedger::parse(ledger.serialise());
  const auto known = copy.find("3");
  ASSERT_TRUE(known.has_value());
  ASSERT_FALSE(known->has_value());
  EXPECT_EQ(known->error().message(), "no such seat");
}

TEST(ClientLedgerTest, SurvivesItsPersistedForm) {
  ClientLedger ledger;
  ledger.remember("1", outcome("{\"x\":1}", 3));
  ledger.remember("2", MutationOutcome{.result_json = std::nullopt, .version = 4});
  ledger.remember("3", outcome(std::string(kLedgerReplyBytesMax + 1, '1'), 5));
  const ClientLedger copy = ClientLedger::parse(ledger.serialise());
  EXPECT_EQ((*copy.find("1"))->result_json, "{\"x\":1}");
  EXPECT_FALSE((*copy.find("2"))->result_json.has_value());
  EXPECT_EQ((*copy.find("2"))->version, 4U);
  ASSERT_FALSE(copy.find("3")->has_value());
  EXPECT_EQ(copy.find("3")->error().reason(), "reply_forgotten");
}

TEST(ClientLedgerTest, TakesUnreadableTextAsEmpty) {
  EXPECT_FALSE(ClientLedger::parse("{oops").find("1").has_value());
  EXPECT_FALSE(ClientLedger::parse("[1,2]").find("1").has_value());
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
