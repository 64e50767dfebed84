// Moonstone. Licence: see LICENSE.
// A program with a live database inside: open, apply a schema, insert, query, subscribe, close.
#include <cstdio>
#include <future>
#include <string>

#include "moonstone/moonstone.h"

namespace {

using moonstone::embed::Database;
using moonstone::embed::Outcome;

constexpr const char* kSchema = R"json({
  "tables": {
    "notes": {
      "fields": {"topic": {"type": "string"}, "text": {"type": "string"}},
      "indexes": [{"name": "by_topic", "fields": ["topic"]}]
    }
  }
})json";

constexpr const char* kAboutMoons =
    R"json({"op":"eq","a":{"op":"field","path":"topic"},"b":{"op":"literal","value":"moons"}})json";

int fail(const char* what, const moonstone::embed::Failure& failure) {
  std::fprintf(stderr, "%s: %s (%s)\n", what, failure.message.c_str(), failure.code.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "notes.db";
  auto database = Database::open({.path = path});
  if (!database) return fail("open", database.error());

  auto changes = (*database)->apply_schema(kSchema);
  if (!changes) return fail("schema", changes.error());
  for (const std::string& change : *changes)
    std::printf("schema: %s\n", change.c_str());

  std::promise<std::string> first_note;
  bool seen = false;
  auto subscription = (*database)->subscribe(
      {.table = "notes", .filter_json = kAboutMoons, .order_by = {}, .limit = 1},
      [&](const Outcome<std::string>& documents) {
        if (seen || !documents || *documents == "[]") return;
        seen = true;
        first_note.set_value(*documents);
      });
  if (!subscription) return fail("subscribe", subscription.error());

  auto id = (*database)->insert("notes", R"({"topic":"moons","text":"Moonstone has layers."})");
  if (!id) return fail("insert", id.error());

  std::printf("pushed: %s\n", first_note.get_future().get().c_str());
  auto count =
      (*database)->count({.table = "notes", .filter_json = {}, .order_by = {}, .limit = {}});
  if (!count) return fail("count", count.error());
  std::printf("notes about anything: %llu\n", static_cast<unsigned long long>(*count));
  return 0;
}
