// Moonstone. Licence: see LICENSE.
//
// Whatever a call says, it is answered or refused with a reason; the database stays sound.

#include "tests/orm_writes/random_calls.h"

#include <random>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

using RandomCalls = OrmTest;

std::string random_bytes(std::mt19937& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes)
    byte = static_cast<char>(random() & 0xff);
  return bytes;
}

TEST_F(RandomCalls, AreAnsweredOrRefusedWithAReason) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  open(kRandomCallsSchema);
  int answered = 0;
  for (int round = 0; round < 3'000; ++round) {
    const std::string bytes = random_bytes(random, 200);
    Decisions decisions(bytes);
    const MadeCall call = make_call(*orm_->catalog(), decisions);
    const Status done = mutate([&](engine::Transaction& transaction) -> Status {
      MS_TRY_STATUS(orm_->write(
          transaction, caller_,
          {.model = call.model, .method = call.method, .arguments = call.arguments}, effects_));
      return {};
    });
    if (done) {
      ++answered;
      continue;
    }
    const Error& error = done.error();
    const std::string what =
        call.model + "." + call.method + " " + to_json(call.arguments) + ": " + error.message();
    EXPECT_NE(error.code(), ErrorCode::Internal) << what;
    EXPECT_FALSE(error.message().empty()) << what;
    if (!call.has_raw_sql) EXPECT_NE(error.reason(), "sql") << what;
  }
  EXPECT_GT(answered, 300);
}

}  // namespace
}  // namespace moonstone::orm
