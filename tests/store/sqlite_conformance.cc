// Moonstone. Licence: see LICENSE.
// The conformance suite on SQLite files.

#include <memory>
#include <vector>

#include "store/sqlite/sqlite_store.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/support.h"

namespace moonstone::store::conformance {
namespace {

class SqliteUnderTest final : public DatabaseUnderTest {
 public:
  [[nodiscard]] Result<std::unique_ptr<Store>> open() override {
    // Syncs are what the tests of durability count; here they only cost time.
    return open_sqlite_store({.path = folder_.file("data.db"), .durability = Durability::Normal});
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

std::vector<MakeDatabase> databases_under_test() {
  return {[] { return std::make_unique<SqliteUnderTest>(); }};
}

}  // namespace moonstone::store::conformance
