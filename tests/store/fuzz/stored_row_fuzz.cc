// Moonstone. Licence: see LICENSE.
// A file that another program has written: any bytes in the columns of a document and of the change
// log. Reading gives rows or an error that blames the file.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "base/check.h"
#include "base/json.h"
#include "schema/schema.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/store/support.h"

namespace {

using moonstone::ErrorCode;
namespace store = moonstone::store;

constexpr std::string_view kSchema = R"({"tables":{"notes":{"fields":{
  "any":{"type":"any"},
  "list":{"type":"optional","value":{"type":"array","value":{"type":"number"}}},
  "mixed":{"type":"optional","value":{"type":"union","value":[
    {"type":"string"},{"type":"number"},{"type":"boolean"},{"type":"null"}]}},
  "bytes":{"type":"optional","value":{"type":"bytes"}}},"indexes":[]}}})";

class Damaged {
 public:
  Damaged() {
    const std::string path = folder_.file("data.db");
    store_ = *store::open_sqlite_store({.path = path, .durability = store::Durability::Normal});
    store::Writer& writer = store_->writer();
    auto schema = moonstone::schema::parse_schema_json(*moonstone::parse_json(kSchema));
    MS_CHECK(schema.has_value(), "the schema must be good");
    MS_CHECK(writer.apply_schema(*std::move(schema), store::Writer::AllowDataLoss::No) &&
                 writer.begin().has_value(),
             "the schema must fit");
    moonstone::query::Row row;
    row.table = writer.schema()->find_table("notes");
    row.id = "notes:01JQ8Z3N6V0000000000000001";
    row.values = {nullptr, moonstone::Value(), moonstone::Value(), moonstone::Value()};
    MS_CHECK(writer.insert(row).has_value() && writer.commit().has_value(), "a row must fit");
    MS_CHECK(sqlite3_open(path.c_str(), &other_) == SQLITE_OK, "another program opens the file");
    run("INSERT INTO _moonstone_log(seq,version,namespace,tbl,key,op,time) VALUES(99,1,'','',"
        "'',1,0)",
        {});
    reader_ = *store_->new_reader();
  }

  void damage(const char* sql, std::string_view bytes) { run(sql, bytes); }

  void read() {
    MS_CHECK(reader_->begin().has_value(), "a snapshot is there");
    store::ReadBudget budget;
    budget.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    moonstone::query::Query query;
    query.table = "notes";
    expect_blame(reader_->select(query, budget));
    reader_->end();
    expect_blame(store_->read_log(0, 10));
  }

 private:
  template <class T>
  static void expect_blame(const moonstone::Result<T>& read) {
    MS_CHECK(read || read.error().code() == ErrorCode::Corruption ||
                 read.error().code() == ErrorCode::InvalidArgument ||
                 read.error().code() == ErrorCode::LimitExceeded,
             "the error blames the file");
  }

  void run(const char* sql, std::string_view bytes) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(other_, sql, -1, &statement, nullptr) != SQLITE_OK) return;
    sqlite3_bind_text(statement, 1, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
    sqlite3_step(statement);  // a constraint may refuse it
    sqlite3_finalize(statement);
  }

  store::TemporaryFolder folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Reader> reader_;
  sqlite3* other_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Damaged file;
  if (size == 0) return 0;
  constexpr auto kDamages = std::to_array<const char*>({
      "UPDATE notes SET \"any\"=?1",
      "UPDATE notes SET list=?1",
      "UPDATE notes SET mixed=CAST(?1 AS BLOB)",
      "UPDATE notes SET _null=CAST(?1 AS BLOB)",
      "UPDATE notes SET _id=?1",
      "UPDATE _moonstone_log SET old=?1 WHERE seq=99",
      "UPDATE _moonstone_log SET new=?1, op=length(?1) WHERE seq=99",
      "UPDATE _moonstone_log SET origin=?1 WHERE seq=99",
  });
  file.damage(kDamages[data[0] % kDamages.size()],
              std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  file.read();
  return 0;
}
