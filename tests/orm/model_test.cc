// Moonstone. Licence: see LICENSE.
// Random reads of random rows against an oracle in memory. MOONSTONE_SEED=n repeats a run.
//
// Two models, Node (a tree over parentId, with items) and Item. The oracle knows a few operators,
// orders with the key last, bounds, one level of includes, counts and sums; it evaluates them on
// plain structs and prints JSON.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "base/json.h"
#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kSchema = R"(
model Node {
  id     Int @id
  name   String
  flag   Boolean
  score  Float?
  items  Item[]
}
model Item {
  id     Int @id
  kind   String?
  amount Int
  nodeId Int?
  node   Node? @relation(fields: [nodeId], references: [id])
}
)";

struct Node {
  int id = 0;
  std::string name;
  bool flag = false;
  std::optional<int> score;  // quarters, so that sums are exact
};

struct Item {
  int id = 0;
  std::optional<std::string> kind;
  int amount = 0;
  std::optional<int> node;
};

/// What one condition says of an item: JSON for the call, and the same as a function.
struct Condition {
  std::string json;
  std::function<bool(const Item&)> holds;
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), database_(parse_catalog(kSchema)) {
    orm_ = Orm::make(database_.catalog(), {});
    fill();
  }

  int pick(int below) { return static_cast<int>(random_() % static_cast<std::uint64_t>(below)); }

  std::string read(std::string_view model, std::string_view method, const std::string& arguments) {
    engine::DocumentReader reader(database_.source(), {});
    const auto outcome = orm_->read(
        reader, {}, {.model = model, .method = method, .arguments = parse_json(arguments).value()});
    if (!outcome) return "! " + outcome.error().message();
    std::string json;
    write_json(*outcome, json);
    return json;
  }

  Condition condition(int depth) {
    if (depth > 0 && pick(3) == 0) return combined(depth);
    switch (pick(6)) {
      case 0:
        return amount_range();
      case 1:
        return kind_equals();
      case 2:
        return node_in();
      case 3:
        return kind_pattern();
      case 4:
        return {R"({"kind":null})", [](const Item& item) { return !item.kind; }};
      default:
        return kind_not_in();
    }
  }

  std::vector<Node> nodes;
  std::vector<Item> items;

 private:
  void fill() {
    constexpr std::array<const char*, 4> kKinds = {"red", "Blue", "dark red", "x"};
    std::string sql = "BEGIN;";
    for (int id = 1; id <= 12; ++id) {
      Node node{.id = id, .name = fmt::format("n{}", pick(5)), .flag = pick(2) == 0, .score = {}};
      if (pick(3) != 0) node.score = pick(8);
      sql +=
          fmt::format("INSERT INTO node VALUES ({}, '{}', {}, {});", id, node.name,
                      node.flag ? 1 : 0, node.score ? std::to_string(*node.score / 4.0) : "NULL");
      nodes.push_back(std::move(node));
    }
    for (int id = 1; id <= 60; ++id) {
      Item item{.id = id, .kind = {}, .amount = pick(10), .node = {}};
      if (pick(4) != 0) item.kind = kKinds.at(static_cast<std::size_t>(pick(4)));
      if (pick(5) != 0) item.node = pick(12) + 1;
      sql += fmt::format("INSERT INTO item VALUES ({}, {}, {}, {});", id,
                         item.kind ? "'" + *item.kind + "'" : "NULL", item.amount,
                         item.node ? std::to_string(*item.node) : "NULL");
      items.push_back(std::move(item));
    }
    database_.run_sql(sql + "COMMIT;");
  }

  Condition amount_range() {
    const int low = pick(10);
    const int high = pick(10);
    return {fmt::format(R"({{"amount":{{"gte":{},"lt":{}}}}})", low, high),
            [low, high](const Item& item) { return item.amount >= low && item.amount < high; }};
  }

  Condition kind_equals() {
    const std::string kind = pick(2) == 0 ? "red" : "Blue";
    return {fmt::format(R"({{"kind":"{}"}})", kind),
            [kind](const Item& item) { return item.kind == kind; }};
  }

  Condition node_in() {
    std::vector<int> ids(static_cast<std::size_t>(pick(4)));
    for (int& id : ids)
      id = pick(12) + 1;
    std::string list;
    for (const int id : ids)
      list += (list.empty() ? "" : ",") + std::to_string(id);
    return {fmt::format(R"({{"nodeId":{{"in":[{}]}}}})", list), [ids](const Item& item) {
              return item.node && std::ranges::find(ids, *item.node) != ids.end();
            }};
  }

  Condition kind_pattern() {
    return {R"({"kind":{"contains":"RED"}})",
            [](const Item& item) { return item.kind && item.kind->contains("red"); }};
  }

  Condition kind_not_in() {
    return {R"({"kind":{"notIn":["red","x"]}})",
            [](const Item& item) { return item.kind != "red" && item.kind != "x"; }};
  }

  Condition combined(int depth) {
    Condition a = condition(depth - 1);
    Condition b = condition(depth - 1);
    const bool is_or = pick(2) == 0;
    return {fmt::format(R"({{"{}":[{},{}]}})", is_or ? "OR" : "AND", a.json, b.json),
            [a, b, is_or](const Item& item) {
              return is_or ? a.holds(item) || b.holds(item) : a.holds(item) && b.holds(item);
            }};
  }

  std::mt19937_64 random_;
  TestDatabase database_;
  std::unique_ptr<Orm> orm_;
};

/// An order of items: by one field, then by id.
struct ItemOrder {
  int field = 0;  // id, amount, kind
  bool is_descending = false;

  [[nodiscard]] std::string json() const {
    constexpr std::array<std::string_view, 3> kFields = {"id", "amount", "kind"};
    return fmt::format(R"([{{"{}":"{}"}},{{"id":"asc"}}])",
                       kFields.at(static_cast<std::size_t>(field)), is_descending ? "desc" : "asc");
  }

  void sort(std::vector<Item>& items) const {
    std::ranges::sort(items, [this](const Item& a, const Item& b) {
      const auto key = [this](const Item& item) {
        return std::pair(field == 1   ? item.amount
                         : field == 0 ? item.id
                                      : 0,
                         field == 2 ? item.kind : std::optional<std::string>());
      };
      if (key(a) != key(b)) return (key(a) < key(b)) != is_descending;
      return a.id < b.id;
    });
  }
};

std::vector<Item> kept(const World& world, const Condition& condition) {
  std::vector<Item> kept;
  std::ranges::copy_if(world.items, std::back_inserter(kept), condition.holds);
  return kept;
}

std::string id_rows(const std::vector<Item>& items) {
  std::string json;
  for (const Item& item : items)
    json += fmt::format(R"({}{{"id":{}}})", json.empty() ? "" : ",", item.id);
  return "[" + json + "]";
}

void cut(std::vector<Item>& items, std::size_t limit, std::size_t offset) {
  items.erase(items.begin(),
              items.begin() + static_cast<std::ptrdiff_t>(std::min(offset, items.size())));
  if (items.size() > limit) items.resize(limit);
}

class ModelTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const given = std::getenv("MOONSTONE_SEED");  // NOLINT(concurrency-mt-unsafe)
    const std::uint64_t seed =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::cout << "MOONSTONE_SEED=" << seed << "\n";
    world_ = std::make_unique<World>(seed);
  }

  ItemOrder random_order() {
    return {.field = world_->pick(3), .is_descending = world_->pick(2) == 0};
  }

  std::unique_ptr<World> world_;
};

constexpr int kRounds = 200;

TEST_F(ModelTest, RowsOrdersAndBounds) {
  for (int round = 0; round < kRounds; ++round) {
    const Condition condition = world_->condition(3);
    const ItemOrder order = random_order();
    const int limit = world_->pick(20);
    const int offset = world_->pick(6);
    std::vector<Item> expected = kept(*world_, condition);
    order.sort(expected);
    cut(expected, static_cast<std::size_t>(limit), static_cast<std::size_t>(offset));
    const std::string arguments =
        fmt::format(R"({{"where":{},"orderBy":{},"limit":{},"offset":{},"select":{{"id":true}}}})",
                    condition.json, order.json(), limit, offset);
    ASSERT_EQ(world_->read("item", "findMany", arguments), id_rows(expected)) << arguments;
  }
}

TEST_F(ModelTest, PagesGiveEveryRowOnce) {
  for (int round = 0; round < kRounds / 4; ++round) {
    const Condition condition = world_->condition(2);
    const ItemOrder order = random_order();
    std::vector<Item> expected = kept(*world_, condition);
    order.sort(expected);
    std::string ids;
    std::string cursor = "null";
    const int limit = world_->pick(7) + 1;
    do {
      const std::string arguments = fmt::format(
          R"({{"where":{},"orderBy":{},"limit":{},"cursor":{},"select":{{"id":true}}}})",
          condition.json, order.json(), limit, cursor);
      const Value page = parse_json(world_->read("item", "findManyCursor", arguments)).value();
      for (const Value& item : page.as_object().find("items")->as_array())
        ids += to_json(item) + ",";
      cursor = to_json(*page.as_object().find("nextCursor"));
    } while (cursor != "null");
    if (!ids.empty()) ids.pop_back();
    ASSERT_EQ("[" + ids + "]", id_rows(expected)) << condition.json << order.json();
  }
}

TEST_F(ModelTest, IncludesWithConditionsAndBounds) {
  for (int round = 0; round < kRounds / 2; ++round) {
    const Condition condition = world_->condition(2);
    const ItemOrder order = random_order();
    const int limit = world_->pick(5);
    std::string expected;
    for (const Node& node : world_->nodes) {
      std::vector<Item> own = kept(*world_, condition);
      const auto count = std::ranges::count(world_->items, std::optional(node.id), &Item::node);
      std::erase_if(own, [&](const Item& item) { return item.node != node.id; });
      order.sort(own);
      cut(own, static_cast<std::size_t>(limit), 0);
      expected += fmt::format(R"({}{{"id":{},"items":{},"_count":{{"items":{}}}}})",
                              expected.empty() ? "" : ",", node.id, id_rows(own), count);
    }
    const std::string arguments = fmt::format(
        R"({{"orderBy":{{"id":"asc"}},"select":{{"id":true,"items":{{"where":{},"orderBy":{},)"
        R"("limit":{},"select":{{"id":true}}}},"_count":true}}}})",
        condition.json, order.json(), limit);
    ASSERT_EQ(world_->read("node", "findMany", arguments), "[" + expected + "]") << arguments;
  }
}

TEST_F(ModelTest, CountsAndGroups) {
  for (int round = 0; round < kRounds / 2; ++round) {
    const Condition condition = world_->condition(3);
    const std::vector<Item> expected = kept(*world_, condition);
    std::map<std::optional<std::string>, std::pair<int, int>> groups;
    int sum = 0;
    for (const Item& item : expected) {
      sum += item.amount;
      groups[item.kind].first += 1;
      groups[item.kind].second += item.amount;
    }
    const std::string where = R"({"where":)" + condition.json;
    ASSERT_EQ(world_->read("item", "count", where + "}"), std::to_string(expected.size()));
    ASSERT_EQ(world_->read("item", "aggregate", where + R"(,"_sum":{"amount":true}})"),
              fmt::format(R"({{"_sum":{{"amount":{}}}}})",
                          expected.empty() ? "null" : std::to_string(sum)));
    const int least = world_->pick(6);
    std::string rows;
    for (const auto& [kind, totals] : groups) {
      if (totals.first < least) continue;
      rows += fmt::format(R"({}{{"kind":{},"_count":{},"_sum":{{"amount":{}}}}})",
                          rows.empty() ? "" : ",", kind ? "\"" + *kind + "\"" : "null",
                          totals.first, totals.second);
    }
    ASSERT_EQ(world_->read("item", "groupBy",
                           where +
                               R"(,"by":["kind"],"_count":true,"_sum":{"amount":true},)"
                               R"("orderBy":{"kind":"asc"},"having":{"_count":{"gte":)" +
                               std::to_string(least) + "}}}"),
              "[" + rows + "]")
        << condition.json;
  }
}

}  // namespace
}  // namespace moonstone::orm
