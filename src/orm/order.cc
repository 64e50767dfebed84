// Moonstone. Licence: see LICENSE.
#include "orm/internal/order.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/where.h"

namespace moonstone::orm {
namespace {

using query::AggregateFunction;
using query::Direction;
using query::NullsOrder;
using query::OrderKey;
using query::Term;
using schema::Model;
using schema::Relation;
using schema::RelationKind;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::string_view name_of(RelationKind kind) {
  switch (kind) {
    case RelationKind::BelongsTo:
      return "belongsTo";
    case RelationKind::HasMany:
      return "hasMany";
    case RelationKind::ManyToMany:
      return "manyToMany";
  }
  return "";
}

Result<Direction> parse_direction(const Value& value) {
  const std::string text = value.is_text() ? lower(value.as_text()) : std::string();
  if (text == "asc") return Direction::Ascending;
  if (text == "desc") return Direction::Descending;
  return bad_argument(fmt::format("orderBy direction must be 'asc' or 'desc', got: {}",
                                  value.is_text() ? value.as_text() : printed(value)));
}

Result<NullsOrder> parse_nulls(const Value* value) {
  if (value == nullptr || value->is_missing()) return NullsOrder::Default;
  const std::string text = value->is_text() ? lower(value->as_text()) : std::string();
  if (text == "first") return NullsOrder::First;
  if (text == "last") return NullsOrder::Last;
  return bad_argument(fmt::format("orderBy nulls must be 'first' or 'last', got: {}",
                                  value->is_text() ? value->as_text() : printed(*value)));
}

bool is_aggregate_name(std::string_view name) {
  return name == "_count" || (name.starts_with('_') && find_aggregate(name.substr(1)));
}

/// Whether an object beside a name asks for an aggregate of a relation.
bool asks_for_aggregate(const Value& value) {
  return value.is_object() && std::ranges::any_of(value.as_object(), [](const Member& member) {
           return is_aggregate_name(member.name);
         });
}

class Decoder {
 public:
  Decoder(const schema::Catalog& catalog, const Model& model, OrderNames names)
      : catalog_(catalog), model_(model), names_(names) {}

  Status decode_entry(const Value& entry) {
    if (!entry.is_object()) {
      return bad_argument(
          fmt::format("orderBy must be an object or a list of objects, got: {}", printed(entry)));
    }
    for (const auto& [name, value] : entry.as_object()) {
      if (value.is_undefined()) continue;
      MS_TRY_STATUS(decode_member(name, value));
    }
    return {};
  }

  [[nodiscard]] std::vector<OrderKey> take() && { return std::move(keys_); }

 private:
  Status decode_member(std::string_view name, const Value& value) {
    const Relation* const relation = model_.find_relation(name);
    if (asks_for_aggregate(value)) {
      if (relation == nullptr) {
        return bad_argument(
            fmt::format("orderBy: relation '{}' not found on '{}'", name, model_.name));
      }
      return decode_aggregates(*relation, value.as_object());
    }
    if (relation != nullptr) return decode_relation(model_, *relation, value, {});
    if (name == kDepthName && names_ == OrderNames::FieldsAndDepth) {
      MS_TRY(OrderKey depth, decode_direction(value));
      depth.term = std::make_shared<Term>(Term{.kind = Term::Kind::Depth});
      keys_.push_back(std::move(depth));
      return {};
    }
    MS_TRY(const schema::ModelField* const field, find_readable(model_, name, "orderBy"));
    MS_TRY(OrderKey key, decode_direction(value));
    key.term = make_field_term(field->name);
    keys_.push_back(std::move(key));
    return {};
  }

  /// Over belongs-to relations to a field: only directions stand at the leaves.
  Status decode_relation(const Model& model,
                         const Relation& relation,
                         const Value& value,
                         std::vector<std::string> via) {
    if (relation.kind != RelationKind::BelongsTo) {
      return bad_argument(
          fmt::format("orderBy: '{}' is a {} relation — only belongsTo (single-row) relations can "
                      "be used in orderBy",
                      relation.name, name_of(relation.kind)));
    }
    if (!value.is_object()) {
      return bad_argument(fmt::format("orderBy: relation '{}' of '{}' needs an object of fields",
                                      relation.name, model.name));
    }
    via.push_back(relation.name);
    const Model& target = catalog_.models[relation.target];
    for (const auto& [name, inner] : value.as_object()) {
      if (const Relation* const next = target.find_relation(name)) {
        MS_TRY_STATUS(decode_relation(target, *next, inner, via));
        continue;
      }
      MS_TRY(const schema::ModelField* const field, find_readable(target, name, "orderBy"));
      MS_TRY(const Direction direction, parse_direction(inner));
      keys_.push_back({.term = std::make_shared<Term>(Term{.field = field->name, .via = via}),
                       .direction = direction});
    }
    return {};
  }

  Status decode_aggregates(const Relation& relation, const Object& aggregates) {
    if (relation.kind == RelationKind::BelongsTo) {
      return bad_argument(fmt::format(
          "orderBy: '{}' is a belongsTo relation — order by its fields instead of aggregates",
          relation.name));
    }
    for (const auto& [name, value] : aggregates) {
      if (name == "_count") {
        MS_TRY(const Direction direction, parse_direction(value));
        add_aggregate(relation, AggregateFunction::Count, "", direction);
        continue;
      }
      MS_TRY_STATUS(decode_aggregate(relation, name, value));
    }
    return {};
  }

  Status decode_aggregate(const Relation& relation, std::string_view name, const Value& value) {
    const auto function = name.starts_with('_') ? find_aggregate(name.substr(1)) : std::nullopt;
    if (!function || !value.is_object()) {
      return bad_argument(
          fmt::format("orderBy: '{}' of relation '{}' is none of _count, _sum, _avg, _min, _max",
                      name, relation.name));
    }
    if (relation.kind == RelationKind::ManyToMany) {
      return bad_argument(fmt::format(
          "orderBy: '{}' is a manyToMany relation — only _count can be used", relation.name));
    }
    const Model& target = catalog_.models[relation.target];
    for (const auto& [field_name, direction_value] : value.as_object()) {
      MS_TRY(const schema::ModelField* const field, find_readable(target, field_name, "orderBy"));
      MS_TRY(const Direction direction, parse_direction(direction_value));
      add_aggregate(relation, *function, field->name, direction);
    }
    return {};
  }

  void add_aggregate(const Relation& relation,
                     AggregateFunction function,
                     std::string_view field,
                     Direction direction) {
    query::Aggregate aggregate;
    aggregate.function = function;
    aggregate.field = field;
    keys_.push_back({.term = std::make_shared<Term>(Term{.kind = Term::Kind::RelationAggregate,
                                                         .relation = relation.name,
                                                         .aggregate = std::move(aggregate)}),
                     .direction = direction});
  }

  const schema::Catalog& catalog_;
  const Model& model_;
  OrderNames names_;
  std::vector<OrderKey> keys_;
};

}  // namespace

query::TermPtr make_field_term(std::string_view field) {
  return std::make_shared<Term>(Term{.field = std::string(field)});
}

Result<std::vector<OrderKey>> decode_order(const schema::Catalog& catalog,
                                           const Model& model,
                                           const Value* order_by,
                                           OrderNames names) {
  Decoder decoder(catalog, model, names);
  if (order_by == nullptr || order_by->is_missing()) return std::vector<OrderKey>();
  if (order_by->is_array()) {
    for (const Value& entry : order_by->as_array())
      MS_TRY_STATUS(decoder.decode_entry(entry));
  } else {
    MS_TRY_STATUS(decoder.decode_entry(*order_by));
  }
  return std::move(decoder).take();
}

Result<OrderKey> decode_direction(const Value& direction) {
  OrderKey key;
  if (!direction.is_object()) {
    MS_TRY(key.direction, parse_direction(direction));
    return key;
  }
  const Value* const given = direction.as_object().find("dir");
  const Value* const nulls = direction.as_object().find("nulls");
  // {nulls} alone is ascending; whatever has neither is a mistake.
  if (given != nullptr || nulls == nullptr) {
    MS_TRY(key.direction, parse_direction(given == nullptr ? Value() : *given));
  }
  MS_TRY(key.nulls, parse_nulls(nulls));
  return key;
}

std::optional<AggregateFunction> find_aggregate(std::string_view name) {
  if (name == "sum") return AggregateFunction::Sum;
  if (name == "avg") return AggregateFunction::Avg;
  if (name == "min") return AggregateFunction::Min;
  if (name == "max") return AggregateFunction::Max;
  return std::nullopt;
}

void append_key(const Model& model, std::vector<OrderKey>& order) {
  const Direction direction = order.empty() ? Direction::Ascending : order.back().direction;
  for (const std::string& field : model.key) {
    const bool is_known = std::ranges::any_of(order, [&](const OrderKey& key) {
      return key.term->kind == Term::Kind::Field && key.term->via.empty() &&
             key.term->field == field;
    });
    if (!is_known) order.push_back({.term = make_field_term(field), .direction = direction});
  }
}

}  // namespace moonstone::orm
