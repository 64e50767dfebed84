// Moonstone. Licence: see LICENSE.
//
// Calls of models from any bytes, all in one transaction that is given up at the end: none crashes,
// and whatever is refused says why.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "tests/orm_writes/orm_fixture.h"
#include "tests/orm_writes/random_calls.h"

namespace moonstone::orm {
namespace {

class Calls final : public OrmTest {
 public:
  Calls() { open(kRandomCallsSchema); }
  void TestBody() override {}

  void play(std::string_view bytes) {
    const Status given_up = mutate([&](engine::Transaction& transaction) -> Status {
      Decisions decisions(bytes);
      while (!decisions.are_over())
        play_one(transaction, make_call(*orm_->catalog(), decisions));
      return Error(ErrorCode::Conflict, "given up");
    });
    MS_CHECK(!given_up, "a transaction that was given up is not kept");
  }

 private:
  void play_one(engine::Transaction& transaction, const MadeCall& call) {
    const auto answer = orm_->write(
        transaction, caller_,
        {.model = call.model, .method = call.method, .arguments = call.arguments}, effects_);
    if (answer) {
      std::string json;
      write_json(*answer, json);
      MS_CHECK(!json.empty(), "an answer that no wire can carry");
      return;
    }
    MS_CHECK(!answer.error().message().empty(), "refused, and no reason");
    MS_CHECK(answer.error().code() != ErrorCode::Internal, "our fault, not the caller's");
    MS_CHECK(call.has_raw_sql || answer.error().reason() != "sql", "SQL that SQLite refuses");
  }
};

}  // namespace
}  // namespace moonstone::orm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static moonstone::orm::Calls calls;
  calls.play(std::string(data, data + size));
  return 0;
}
