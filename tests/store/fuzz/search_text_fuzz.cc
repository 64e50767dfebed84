// Moonstone. Licence: see LICENSE.
// Any text as a search: documents, or an error that blames the text; and the next search works.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/json.h"
#include "query/search.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/store/support.h"

namespace {

using moonstone::ErrorCode;
using moonstone::store::ReadBudget;

constexpr std::string_view kSchema = R"({"tables":{"notes":{"fields":{"text":{"type":"string"}},
  "indexes":[],"searchIndexes":[{"name":"s","searchField":"text"}]}}})";

class SearchedNotes {
 public:
  SearchedNotes() {
    store_ = *moonstone::store::open_sqlite_store(
        {.path = folder_.file("data.db"), .durability = moonstone::store::Durability::Normal});
    moonstone::store::Writer& writer = store_->writer();
    auto schema = moonstone::schema::parse_schema_json(*moonstone::parse_json(kSchema));
    if (!writer.apply_schema(*std::move(schema), moonstone::store::Writer::AllowDataLoss::No) ||
        !writer.begin()) {
      std::abort();
    }
    int number = 0;
    for (const char* text : {"fix the bug", "bug bug", "a b c d e", "über straße", "", "fixture"}) {
      moonstone::query::Row row;
      row.table = writer.schema()->find_table("notes");
      row.id = "notes:01JQ8Z3N6V000000000000000" + std::to_string(++number);
      row.values = {text};
      if (!writer.insert(row)) std::abort();
    }
    if (!writer.commit()) std::abort();
    reader_ = *store_->new_reader();
    if (!reader_->begin()) std::abort();
  }

  [[nodiscard]] moonstone::Status search(std::string text) {
    moonstone::query::Query query;
    query.table = "notes";
    MS_TRY_STATUS(moonstone::query::apply_search(*reader_->schema()->find_table("notes"), "text",
                                                 std::move(text), query));
    ReadBudget budget;
    budget.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    MS_TRY(const std::uint64_t all, reader_->count(query, budget));
    query.limit = 3;
    MS_TRY(const auto rows, reader_->select(query, budget));
    if (rows.size() != std::min<std::uint64_t>(all, 3)) std::abort();
    return moonstone::ok();
  }

 private:
  moonstone::store::TemporaryFolder folder_;
  std::unique_ptr<moonstone::store::Store> store_;
  std::unique_ptr<moonstone::store::Reader> reader_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static SearchedNotes notes;
  const moonstone::Status found =
      notes.search(std::string(reinterpret_cast<const char*>(data), size));
  if (!found && found.error().code() != ErrorCode::InvalidArgument &&
      found.error().code() != ErrorCode::LimitExceeded) {
    std::abort();
  }
  if (!notes.search("bug")) std::abort();
  return 0;
}
