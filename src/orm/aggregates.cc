// Moonstone. Licence: see LICENSE.
#include "orm/internal/aggregates.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/order.h"

namespace moonstone::orm {
namespace {

using query::Aggregate;
using query::AggregateFunction;
using query::Term;

constexpr std::array<std::string_view, 5> kNamedFunctions = {"count", "sum", "avg", "min", "max"};

query::TermPtr make_term(Aggregate aggregate) {
  return std::make_shared<Term>(
      Term{.kind = Term::Kind::Aggregate, .aggregate = std::move(aggregate)});
}

/// The function of a named aggregate: the first of count, sum, avg, min, max that it has.
std::optional<std::string_view> named_function(const Value& spec) {
  if (!spec.is_object()) return std::nullopt;
  for (const std::string_view name : kNamedFunctions) {
    if (is_truthy(spec.as_object().find(name))) return name;
  }
  return std::nullopt;
}

class Decoder {
 public:
  Decoder(const ConditionScope& scope, AggregateDraft& draft) : scope_(scope), draft_(draft) {}

  Status decode(std::string_view name, const Value& value) {
    if (name == "_count") return decode_count(value);
    if (name == "_stringAgg") return decode_text_join(value);
    if (const auto function = find_aggregate(name.substr(1))) {
      return decode_fields(name, *function, value);
    }
    return decode_named(name, value);
  }

 private:
  Result<std::string> readable(std::string_view option, const Value& name) {
    if (!name.is_text()) {
      return bad_argument(
          fmt::format("{} takes the name of a field, got: {}", option, printed(name)));
    }
    MS_TRY(const schema::ModelField* const field,
           find_readable(scope_.model, name.as_text(), option));
    return field->name;
  }

  void add(std::string_view outer, std::string_view inner, Aggregate aggregate) {
    draft_.entries.push_back({.outer = std::string(outer),
                              .inner = std::string(inner),
                              .column = draft_.add(make_term(std::move(aggregate)))});
  }

  Status decode_count(const Value& value) {
    Aggregate aggregate;
    if (value.is_object()) {
      const Value* const distinct = option_of(value, "distinct");
      if (distinct == nullptr) {
        return bad_argument("_count takes true or { distinct: field }");
      }
      MS_TRY(aggregate.field, readable("_count.distinct", *distinct));
      aggregate.is_distinct = true;
    }
    add("_count", "", std::move(aggregate));
    return {};
  }

  Status decode_fields(std::string_view name, AggregateFunction function, const Value& fields) {
    if (!fields.is_object()) {
      return bad_argument(
          fmt::format("{} takes an object of fields, got: {}", name, printed(fields)));
    }
    for (const auto& [field_name, wanted] : fields.as_object()) {
      if (!is_truthy(wanted)) continue;
      MS_TRY(const schema::ModelField* const field, find_readable(scope_.model, field_name, name));
      Aggregate aggregate;
      aggregate.function = function;
      aggregate.field = field->name;
      add(name, field->name, std::move(aggregate));
    }
    return {};
  }

  Status decode_text_join(const Value& spec) {
    if (!spec.is_object()) return bad_argument("_stringAgg takes { field, separator, orderBy }");
    Aggregate aggregate;
    aggregate.function = AggregateFunction::TextJoin;
    const Value* const field = spec.as_object().find("field");
    MS_TRY(aggregate.field, readable("_stringAgg.field", field == nullptr ? Value() : *field));
    const Value* const separator = option_of(spec, "separator");
    aggregate.separator = query::Expr::make_literal(
        separator != nullptr && separator->is_text() ? separator->as_text() : std::string(","));
    if (const Value* const order = option_of(spec, "orderBy")) {
      MS_TRY(aggregate.order_by, readable("_stringAgg.orderBy", *order));
    }
    const std::string joined = aggregate.field;
    add("_stringAgg", joined, std::move(aggregate));
    return {};
  }

  Status decode_named(std::string_view name, const Value& spec) {
    const auto function = named_function(spec);
    if (!function) {
      return bad_argument(
          fmt::format("{}: a named aggregate takes one of count, sum, avg, min, max", name));
    }
    Aggregate aggregate;
    aggregate.function = find_aggregate(*function).value_or(AggregateFunction::Count);
    const Value& operand = *spec.as_object().find(*function);
    const bool is_every = operand == Value(true) || operand == Value("*");
    if (!is_every) {
      MS_TRY(aggregate.field, readable(fmt::format("{}.{}", name, *function), operand));
    } else if (aggregate.function != AggregateFunction::Count) {
      return bad_argument(fmt::format("{}.{} takes the name of a field", name, *function));
    }
    aggregate.is_distinct = is_truthy(option_of(spec, "distinct")) && !is_every;
    if (const Value* const filter = option_of(spec, "filter")) {
      MS_TRY(aggregate.filter, decode_raw(scope_.parameters, *filter));
      if (aggregate.filter == nullptr) {
        return bad_argument(fmt::format(
            "{}.filter must be a value returned by the sql`` tag or a plain SQL string", name));
      }
    }
    add(name, "", std::move(aggregate));
    return {};
  }

  const ConditionScope& scope_;
  AggregateDraft& draft_;
};

}  // namespace

std::size_t AggregateDraft::add(query::TermPtr term) {
  outputs.push_back({.name = fmt::format("c{}", outputs.size()), .term = std::move(term)});
  return outputs.size() - 1;
}

bool is_aggregate_option(std::string_view name, const Value& value) {
  if (!name.starts_with('_') || value.is_undefined()) return false;
  return name == "_count" || name == "_stringAgg" || find_aggregate(name.substr(1)) ||
         named_function(value);
}

Value plain_options(const Value& options) {
  Object plain;
  for (const auto& [name, value] : options.as_object()) {
    if (!name.starts_with('_')) plain.append(name, Value());
  }
  return plain;
}

Status decode_aggregates(const ConditionScope& scope,
                         const Object& options,
                         AggregateDraft& draft) {
  Decoder decoder(scope, draft);
  for (const auto& [name, value] : options) {
    if (!name.starts_with('_') || !is_truthy(value)) continue;
    MS_TRY_STATUS(decoder.decode(name, value));
  }
  return {};
}

Value absent_value(const Term& term) {
  if (term.kind != Term::Kind::Aggregate) return nullptr;
  const AggregateFunction function = term.aggregate.function;
  const bool is_zero = function == AggregateFunction::Count || function == AggregateFunction::Sum;
  return is_zero ? Value(0.0) : Value(nullptr);
}

query::TermPtr make_aggregate_term(AggregateFunction function, std::string_view field) {
  Aggregate aggregate;
  aggregate.function = function;
  aggregate.field = field;
  return make_term(std::move(aggregate));
}

Object result_object(std::span<const ResultEntry> entries, std::span<const Value> cells) {
  Object object;
  for (const ResultEntry& entry : entries) {
    if (entry.inner.empty()) {
      object.set(entry.outer, cells[entry.column]);
      continue;
    }
    Value* nested = object.find(entry.outer);
    if (nested == nullptr) nested = &object.append(entry.outer, Object());
    nested->as_object().set(entry.inner, cells[entry.column]);
  }
  return object;
}

}  // namespace moonstone::orm
