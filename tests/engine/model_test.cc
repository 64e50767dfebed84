// Moonstone. Licence: see LICENSE.
// Model test: random mutations drive the engine and a map side by side; after each step the
// documents, and at the end the replayed change log, must be the same.
#include <map>
#include <random>

#include "tests/engine/database_fixture.h"

namespace moonstone::engine {
namespace {

using Json = std::optional<std::string>;
using Model = std::map<std::string, Object>;  // documents by id, without system fields

std::uint64_t seed_of_run() {
  if (const char* given = std::getenv("MOONSTONE_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

class ModelTest : public DatabaseTest {
 protected:
  using Generator = std::mt19937_64;

  static Object random_document(Generator& random) {
    Object document;
    document.append("owner", std::string(1, static_cast<char>('a' + random() % 5)));
    document.append("balance", static_cast<double>(random() % 100));
    if (random() % 3 == 0) document.append("note", random() % 2 == 0 ? Value(nullptr) : Value("n"));
    return document;
  }

  static std::string random_id(Generator& random, const Model& model) {
    if (model.empty()) return "accounts:01JQ8Z3N6V0000000000000000";
    auto entry = model.begin();
    std::advance(entry, static_cast<std::ptrdiff_t>(random() % model.size()));
    return entry->first;
  }

  /// One random operation on both sides.
  static Status step(Generator& random, Transaction& tx, Model& model) {
    const std::string id = random_id(random, model);
    switch (random() % 5) {
      case 0:
      case 1: {
        Object document = random_document(random);
        MS_TRY(const std::string made, tx.insert("accounts", document));
        model.emplace(made, std::move(document));
        return {};
      }
      case 2: {
        Object fields;
        fields.append("balance", static_cast<double>(random() % 100));
        if (random() % 4 == 0) fields.append("note", Value());
        const Status patched = tx.patch(id, fields);
        EXPECT_EQ(patched.has_value(), model.contains(id));
        if (!patched) return {};
        model[id].set("balance", *fields.find("balance"));
        if (fields.find("note") != nullptr) model[id].erase("note");
        return {};
      }
      case 3: {
        Object document = random_document(random);
        const Status replaced = tx.replace(id, document);
        EXPECT_EQ(replaced.has_value(), model.contains(id));
        if (replaced) model[id] = std::move(document);
        return {};
      }
      default:
        MS_TRY_STATUS(tx.erase(id));
        model.erase(id);
        return {};
    }
  }

  void expect_equal(const Model& model, const std::vector<query::Row>& rows) {
    ASSERT_EQ(rows.size(), model.size());
    for (const query::Row& row : rows) {
      const auto expected = model.find(row.id);
      ASSERT_NE(expected, model.end()) << row.id;
      Object document = query::document_of(row);
      document.erase("_id");
      document.erase("_creationTime");
      EXPECT_EQ(canonical_json(Value(document)), canonical_json(Value(expected->second)));
    }
  }

  /// The documents that the change log alone tells of.
  Model replay_log() {
    Model replayed;
    std::uint64_t last = 0;
    while (true) {
      auto entries = database_->read_log(last, 500);
      EXPECT_TRUE(entries) << entries.error().message();
      if (!entries || entries->empty()) return replayed;
      for (const store::LogEntry& entry : *entries) {
        last = entry.sequence;
        if (entry.operation == store::LogEntry::Operation::Delete) {
          replayed.erase(entry.key);
          continue;
        }
        Object& document = replayed[entry.key];
        if (entry.old_fields.is_object()) {
          for (const Member& old : entry.old_fields.as_object())
            document.erase(old.name);
        }
        for (const Member& now : entry.new_fields.as_object())
          document.set(now.name, now.value);
      }
    }
  }
};

TEST_F(ModelTest, AgreesWithAMapUnderRandomMutations) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("MOONSTONE_SEED=" + std::to_string(seed));
  Generator random(seed);
  open();
  Model model;
  for (int round = 0; round < 200; ++round) {
    Model next = model;
    const bool fails = random() % 4 == 0;
    const std::uint64_t step_seed = random();
    auto outcome = mutate([&](Transaction& tx) -> Result<Json> {
      next = model;  // a body may run twice
      Generator steps(step_seed);
      for (std::uint64_t i = 0, count = 1 + steps() % 5; i < count; ++i) {
        MS_TRY_STATUS(step(steps, tx, next));
      }
      if (fails) return Error(ErrorCode::Internal, "undo", "user_code");
      return Json();
    });
    ASSERT_EQ(outcome.has_value(), !fails);
    if (!fails) model = std::move(next);
    if (round % 10 == 0) expect_equal(model, read_all("accounts"));
  }
  expect_equal(model, read_all("accounts"));
  const Model replayed = replay_log();
  ASSERT_EQ(replayed.size(), model.size());
  for (const auto& [id, document] : model) {
    ASSERT_TRUE(replayed.contains(id)) << id;
    EXPECT_EQ(canonical_json(Value(replayed.at(id))), canonical_json(Value(document)));
  }
}

}  // namespace
}  // namespace moonstone::engine
