// Moonstone. Licence: see LICENSE.
#include "tests/orm_writes/random_calls.h"

#include <array>
#include <initializer_list>
#include <span>
#include <utility>

namespace moonstone::orm {

const std::string_view kRandomCallsSchema = R"(
enum Status { open paid cancelled transitions { pay: open -> paid  cancel: [open, paid] -> cancelled } }
type Address { city String  zip Int? }

model Customer {
  id         Int @id
  name       String @trim @length(1, 20)
  email      String? @unique @lower
  vip        Boolean @default(false)
  address    Json? @type(Address)
  extra      Json?
  tags       String[]
  photo      Bytes?
  deletedAt  DateTime?
  orders     Order[]
  orderCount Int @from(Order, count: true)
  @@softDelete
}
model Order {
  id         Int @id
  number     Int @sequence(scope: customerId)
  status     Status @default(open)
  total      Float @default(0)
  createdAt  DateTime @default(now())
  customerId Int?
  customer   Customer? @relation(fields: [customerId], references: [id], onDelete: Cascade)
  labels     Label[]
}
model Label {
  id     Int @id
  name   String @unique
  orders Order[]
}
model Page {
  id         Int @id
  title      String
  body       String @default("")
  parentId   Int?
  parent     Page? @relation(fields: [parentId], references: [id])
  @@hasTemplates
  @@fts([title, body])
}
model Seat {
  row    Int @id
  place  String @id
  holder String?
}
)";

namespace {

constexpr std::array<const char*, 24> kMethods = {
    "findMany",   "findFirst",  "findUnique", "findFirstOrThrow", "findManyAndCount",
    "count",      "exists",     "aggregate",  "groupBy",          "findManyCursor",
    "search",     "create",     "update",     "updateMany",       "upsert",
    "upsertMany", "createMany", "remove",     "removeMany",       "delete",
    "deleteMany", "restore",    "transition", "optimizeFts"};
constexpr std::array<const char*, 18> kOperators = {
    "gt",      "gte",      "lt",      "lte",        "not",      "in",
    "notIn",   "contains", "between", "startsWith", "endsWith", "has",
    "hasSome", "hasEvery", "isEmpty", "eq",         "isNull",   "path"};
constexpr std::array<const char*, 8> kNestedWrites = {
    "create", "connect", "disconnect", "set", "update", "delete", "upsert", "connectOrCreate"};
constexpr std::array<const char*, 12> kTexts = {
    "",  "a",    "asc", "desc",       "open", "paid",
    "%", "\"'(", "1",   "2024-02-30", "pay",  "2024-01-01T00:00:00.000Z"};
constexpr std::array<const char*, 40> kOptions = {
    "where",       "data",        "select",        "include",     "orderBy",
    "limit",       "offset",      "distinct",      "cursor",      "by",
    "having",      "window",      "create",        "update",      "recursive",
    "withDeleted", "onlyDeleted", "withTemplates", "_count",      "_sum",
    "_avg",        "_min",        "_max",          "interval",    "fillGaps",
    "highlight",   "snippet",     "nested",        "maxDepth",    "via",
    "nulls",       "dir",         "AND",           "OR",          "NOT",
    "count",       "relation",    "filter",        "partitionBy", "conflictTarget"};

template <class List>
auto pick(Decisions& decisions, const List& list) {
  return list[decisions.below(std::size(list))];
}

class Maker {
 public:
  Maker(const schema::Catalog& catalog, Decisions& decisions)
      : catalog_(catalog), decisions_(decisions) {}

  MadeCall make() {
    model_ = decisions_.below(5);
    MadeCall call{.model = catalog_.models.at(model_).accessor,
                  .method = pick(decisions_, kMethods),
                  .arguments = {}};
    const schema::Model& model = catalog_.models[model_];
    if (call.method == "search" || call.method == "transition") {
      call.arguments = Array{scalar(), decisions_.one_in(2) ? options(model, 2) : scalar()};
    } else if (decisions_.one_in(30)) {
      call.arguments = any(3);
    } else {
      call.arguments = options_of(model, call.method);
    }
    call.has_raw_sql = has_raw_sql_;
    return call;
  }

 private:
  Value scalar() {
    switch (decisions_.below(10)) {
      case 0:
      case 1:
      case 2:
        return Value(static_cast<std::int64_t>(decisions_.below(6)));
      case 3:
        return -1.5;
      case 4:
        return nullptr;
      case 5:
        return decisions_.below(2) == 0;
      case 6:
        return Value(std::int64_t{9'223'372'036'854'775'807});
      case 7:
        return Bytes{.data = std::string("\0\xff", 2)};
      default:
        return pick(decisions_, kTexts);
    }
  }

  Value list(std::size_t depth) {
    Array elements;
    for (std::size_t left = decisions_.below(4); left > 0; --left)
      elements.push_back(any(depth));
    return elements;
  }

  /// Any value with names that mean something somewhere.
  Value any(std::size_t depth) {
    if (depth == 0) return scalar();
    switch (decisions_.below(4)) {
      case 0:
        return list(depth - 1);
      case 1: {
        Object object;
        for (std::size_t left = decisions_.below(4); left > 0; --left)
          object.set(any_name(), any(depth - 1));
        return object;
      }
      default:
        return scalar();
    }
  }

  std::string any_name() {
    switch (decisions_.below(4)) {
      case 0:
        return pick(decisions_, kOptions);
      case 1:
        return pick(decisions_, kOperators);
      case 2:
        return pick(decisions_, kNestedWrites);
      default:
        return field(catalog_.models[decisions_.below(5)]);
    }
  }

  std::string field(const schema::Model& model) {
    if (decisions_.one_in(40)) return "nothing";
    return pick(decisions_, model.fields).name;
  }

  Value fields(const schema::Model& model) {
    Array names;
    for (std::size_t left = 1 + decisions_.below(3); left > 0; --left)
      names.emplace_back(field(model));
    return names;
  }

  Value condition(const schema::Model& model, std::size_t depth) {
    Object where;
    for (std::size_t left = decisions_.below(3); left > 0; --left)
      where.set(field(model), operand(depth));
    if (depth > 0 && decisions_.one_in(4)) {
      Array alternatives;
      for (std::size_t left = decisions_.below(3); left > 0; --left)
        alternatives.push_back(condition(model, depth - 1));
      where.set(pick(decisions_, std::array{"AND", "OR", "NOT"}), std::move(alternatives));
    }
    return where;
  }

  Value operand(std::size_t depth) {
    if (decisions_.one_in(10)) return Object{{"city", Object{{"contains", scalar()}}}};
    if (decisions_.below(2) == 0) return scalar();
    if (decisions_.one_in(8)) return any(depth);
    Object operators;
    for (std::size_t left = 1 + decisions_.below(2); left > 0; --left)
      operators.set(pick(decisions_, kOperators), decisions_.one_in(3) ? list(1) : scalar());
    return operators;
  }

  Value order(const schema::Model& model) {
    const auto one = [&]() -> Value {
      Object key;
      if (!model.relations.empty() && decisions_.one_in(4)) {
        const schema::Relation& relation = pick(decisions_, model.relations);
        Object inner;
        if (decisions_.below(2) == 0) {
          inner.set("_count", direction());
        } else {
          inner.set(field(catalog_.models[relation.target]), direction());
        }
        key.set(relation.name, std::move(inner));
      } else {
        key.set(field(model), direction());
      }
      return key;
    };
    if (decisions_.below(2) == 0) return one();
    Array keys;
    for (std::size_t left = decisions_.below(3); left > 0; --left)
      keys.push_back(one());
    return keys;
  }

  Value direction() {
    if (decisions_.one_in(6)) return any(1);
    if (decisions_.one_in(4)) return Object{{"dir", "desc"}, {"nulls", "first"}};
    return decisions_.below(2) == 0 ? "asc" : "desc";
  }

  /// For select and include.
  Value projection(const schema::Model& model, std::size_t depth) {
    Object chosen;
    for (std::size_t left = decisions_.below(3); left > 0; --left)
      chosen.set(field(model), true);
    if (!model.relations.empty() && decisions_.below(2) == 0) {
      const schema::Relation& relation = pick(decisions_, model.relations);
      const schema::Model& target = catalog_.models[relation.target];
      chosen.set(relation.name, depth == 0 ? Value(true) : options(target, depth - 1));
    }
    if (decisions_.one_in(6)) chosen.set("_count", decisions_.below(2) == 0 ? Value(true) : any(3));
    return chosen;
  }

  Value data(const schema::Model& model, std::size_t depth) {
    Object values;
    for (const schema::ModelField& each : model.fields) {
      if (decisions_.below(2) == 0) values.set(each.name, fitting(each));
    }
    if (depth > 0 && !model.relations.empty() && decisions_.one_in(3)) {
      const schema::Relation& relation = pick(decisions_, model.relations);
      const schema::Model& target = catalog_.models[relation.target];
      values.set(relation.name, nested_write(target, depth - 1));
    }
    return values;
  }

  Value nested_write(const schema::Model& target, std::size_t depth) {
    const std::string name = pick(decisions_, kNestedWrites);
    const auto one = [&]() -> Value {
      if (decisions_.one_in(10)) {
        has_raw_sql_ = true;  // a condition that is text
        return any(2);
      }
      if (name == "create") return data(target, depth);
      if (name == "connect" || name == "disconnect" || name == "set" || name == "delete") {
        return condition(target, 0);
      }
      return Object{{"where", condition(target, 0)},
                    {"data", data(target, depth)},
                    {"create", data(target, depth)},
                    {"update", data(target, depth)}};
    };
    if (decisions_.below(2) == 0) return Object{{name, one()}};
    return Object{{name, Array{one(), one()}}};
  }

  /// Mostly what the field takes.
  Value fitting(const schema::ModelField& each) {
    if (decisions_.one_in(8)) return any(2);
    if (each.is_list) return Array{"a", "b"};
    switch (each.scalar) {
      case schema::ScalarKind::Integer:
      case schema::ScalarKind::Real:
        return Value(static_cast<std::int64_t>(decisions_.below(6)));
      case schema::ScalarKind::Boolean:
        return decisions_.below(2) == 0;
      case schema::ScalarKind::DateTime:
        return decisions_.below(2) == 0 ? Value("2024-01-01T00:00:00.000Z") : Value(nullptr);
      case schema::ScalarKind::Json:
        return Object{{"city", "Oslo"}};
      case schema::ScalarKind::Bytes:
        return Bytes{.data = "x"};
      case schema::ScalarKind::Text:
      case schema::ScalarKind::File:
        break;
    }
    return each.enum_name.empty() ? pick(decisions_, kTexts) : "paid";
  }

  /// Of a read or of an included relation.
  Value options(const schema::Model& model, std::size_t depth) {
    Object options;
    if (decisions_.below(2) == 0) options.set("where", condition(model, depth));
    if (decisions_.one_in(3)) options.set("orderBy", order(model));
    if (decisions_.one_in(3)) options.set("limit", decisions_.one_in(6) ? any(1) : scalar());
    if (decisions_.one_in(6)) options.set("offset", scalar());
    if (decisions_.one_in(4)) options.set("select", projection(model, depth));
    if (decisions_.one_in(4)) options.set("include", projection(model, depth));
    if (decisions_.one_in(8)) options.set("withDeleted", true);
    if (decisions_.one_in(12)) options.set("distinct", scalar());
    if (decisions_.one_in(16)) options.set("recursive", any(2));
    if (decisions_.one_in(16)) options.set("window", any(3));
    return options;
  }

  void add_groups(const schema::Model& model, Object& options) {
    if (decisions_.below(4) != 0) options.set("by", fields(model));
    for (const char* const aggregate : {"_count", "_sum", "_avg", "_min", "_max"}) {
      if (!decisions_.one_in(3)) continue;
      options.set(aggregate, decisions_.one_in(4) ? any(2) : Object{{field(model), true}});
    }
    if (decisions_.one_in(4)) options.set("having", Object{{"_count", operand(1)}});
    if (decisions_.one_in(6)) options.set("interval", Object{{field(model), "month"}});
    if (decisions_.one_in(6)) options.set("fillGaps", any(2));
  }

  void add_writes(const schema::Model& model, std::string_view method, Object& options) {
    if (method == "createMany" || method == "upsertMany") {
      Array rows;
      for (std::size_t left = decisions_.below(4); left > 0; --left)
        rows.push_back(data(model, 0));
      options.set("data", std::move(rows));
    } else if (method == "create" || method.starts_with("update")) {
      options.set("data", data(model, 2));
    }
    if (method == "upsert") {
      options.set("create", data(model, 2));
      options.set("update", data(model, 2));
    }
    if (method == "upsertMany" && decisions_.one_in(2)) {
      options.set(decisions_.below(2) == 0 ? "conflictTarget" : "update", fields(model));
    }
    if (method != "create" && method != "createMany") options.set("where", condition(model, 1));
    if (decisions_.one_in(5)) options.set("include", projection(model, 1));
    if (decisions_.one_in(5)) {
      options.set("select", decisions_.below(2) == 0 ? Value(false) : projection(model, 1));
    }
  }

  Value options_of(const schema::Model& model, std::string_view method) {
    const bool is_write = method.starts_with("create") || method.starts_with("up") ||
                          method.starts_with("remove") || method.starts_with("delete") ||
                          method == "restore";
    Value made = is_write ? Value(Object()) : options(model, 2);
    Object& options = made.as_object();
    if (is_write) add_writes(model, method, options);
    if (method == "groupBy" || method == "aggregate") add_groups(model, options);
    if (decisions_.one_in(20)) options.set(pick(decisions_, kOptions), any(3));
    if (decisions_.one_in(40)) {
      options.set("where", Object{{"$raw", pick(decisions_, kTexts)}});
      has_raw_sql_ = true;
    }
    // A condition that is text is SQL, too.
    const Value* const where = options.find("where");
    if (where != nullptr && where->is_text()) has_raw_sql_ = true;
    return made;
  }

  const schema::Catalog& catalog_;
  Decisions& decisions_;
  std::size_t model_ = 0;
  bool has_raw_sql_ = false;
};

}  // namespace

std::size_t Decisions::below(std::size_t count) {
  if (bytes_.empty()) return 0;
  const auto byte = static_cast<unsigned char>(bytes_.front());
  bytes_.remove_prefix(1);
  return byte % count;
}

MadeCall make_call(const schema::Catalog& catalog, Decisions& decisions) {
  return Maker(catalog, decisions).make();
}

}  // namespace moonstone::orm
