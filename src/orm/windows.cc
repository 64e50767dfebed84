// Moonstone. Licence: see LICENSE.
#include "orm/internal/windows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/order.h"

namespace moonstone::orm {
namespace {

using query::FrameBound;
using query::Window;
using query::WindowFunction;

/// What stands beside the name of a function.
enum class Operand : unsigned char { Flag, Field, Count, CountOrField };

struct FunctionName {
  std::string_view name;
  WindowFunction function;
  Operand operand;
};

constexpr std::array<FunctionName, 16> kFunctions = {{
    {"rowNumber", WindowFunction::RowNumber, Operand::Flag},
    {"rank", WindowFunction::Rank, Operand::Flag},
    {"denseRank", WindowFunction::DenseRank, Operand::Flag},
    {"cumeDist", WindowFunction::CumeDist, Operand::Flag},
    {"percentRank", WindowFunction::PercentRank, Operand::Flag},
    {"lag", WindowFunction::Lag, Operand::Field},
    {"lead", WindowFunction::Lead, Operand::Field},
    {"firstValue", WindowFunction::FirstValue, Operand::Field},
    {"lastValue", WindowFunction::LastValue, Operand::Field},
    {"nthValue", WindowFunction::NthValue, Operand::Field},
    {"ntile", WindowFunction::Ntile, Operand::Count},
    {"sum", WindowFunction::Sum, Operand::Field},
    {"avg", WindowFunction::Avg, Operand::Field},
    {"min", WindowFunction::Min, Operand::Field},
    {"max", WindowFunction::Max, Operand::Field},
    {"count", WindowFunction::Count, Operand::CountOrField},
}};

bool is_aggregate(WindowFunction function) {
  return function >= WindowFunction::Sum;
}

std::optional<std::int64_t> whole(const Value& value) {
  if (value.is_integer()) return value.as_integer();
  if (!value.is_number() || std::trunc(value.as_number()) != value.as_number() ||
      std::abs(value.as_number()) > 9e15) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(value.as_number());
}

class Decoder {
 public:
  Decoder(const ConditionScope& scope, std::string_view alias, const Object& spec)
      : scope_(scope), alias_(alias), spec_(spec) {}

  Result<Window> decode() {
    MS_TRY_STATUS(decode_function());
    MS_TRY_STATUS(decode_numbers());
    MS_TRY_STATUS(decode_partition());
    MS_TRY(window_.order, decode_order(scope_.catalog, scope_.model, spec_.find("orderBy")));
    MS_TRY_STATUS(decode_frame("rows", query::Frame::Unit::Rows));
    MS_TRY_STATUS(decode_frame("range", query::Frame::Unit::Range));
    MS_TRY_STATUS(decode_filter());
    return std::move(window_);
  }

 private:
  [[nodiscard]] Error bad(std::string_view text) const {
    return bad_argument(fmt::format("window \"{}\": {}", alias_, text));
  }

  Status decode_function() {
    for (const FunctionName& candidate : kFunctions) {
      const Value* const operand = spec_.find(candidate.name);
      if (!is_truthy(operand)) continue;
      window_.function = candidate.function;
      return decode_operand(candidate, *operand);
    }
    return bad("unrecognised window function spec");
  }

  Status decode_operand(const FunctionName& function, const Value& operand) {
    const bool is_every = operand == Value(true) || operand == Value("*");
    switch (function.operand) {
      case Operand::Flag:
        return {};
      case Operand::Count:
        return decode_number(operand, window_.offset);
      case Operand::CountOrField:
        if (is_every) return {};
        break;
      case Operand::Field:
        break;
    }
    if (!operand.is_text()) return bad(fmt::format("{} takes the name of a field", function.name));
    MS_TRY(const schema::ModelField* const field,
           find_readable(scope_.model, operand.as_text(), "window"));
    window_.field = field->name;
    return {};
  }

  Status decode_number(const Value& value, query::ExprPtr& out) {
    const auto number = whole(value);
    if (!number || *number < 0) return bad("offset, n and ntile are whole numbers");
    out = query::Expr::make_literal(*number);
    return {};
  }

  Status decode_numbers() {
    const bool has_offset =
        window_.function == WindowFunction::Lag || window_.function == WindowFunction::Lead;
    const bool has_n = window_.function == WindowFunction::NthValue;
    if (!has_offset && !has_n) return {};
    const Value* const given = spec_.find(has_n ? "n" : "offset");
    const bool is_given = given != nullptr && !given->is_missing();
    MS_TRY_STATUS(decode_number(is_given ? *given : Value(1), window_.offset));
    const Value* const fallback = spec_.find("default");
    if (has_offset && fallback != nullptr && !fallback->is_missing()) {
      MS_TRY(window_.default_value, scope_.parameters.operand(*fallback, Conversion::Raw));
    }
    return {};
  }

  Status decode_partition() {
    const Value* const given = spec_.find("partitionBy");
    if (given == nullptr || given->is_missing()) return {};
    const Array single = {*given};
    for (const Value& name : given->is_array() ? given->as_array() : single) {
      if (!name.is_text()) return bad("partitionBy takes names of fields");
      MS_TRY(const schema::ModelField* const field,
             find_readable(scope_.model, name.as_text(), "window.partitionBy"));
      window_.partition_by.push_back(field->name);
    }
    return {};
  }

  Status decode_frame(std::string_view name, query::Frame::Unit unit) {
    const Value* const given = spec_.find(name);
    if (given == nullptr || given->is_missing()) return {};
    if (!given->is_array() || given->as_array().size() != 2) {
      return bad(fmt::format("{} takes [start, end]", name));
    }
    query::Frame frame{.unit = unit, .begin = {}, .end = {}};
    MS_TRY(frame.begin, decode_bound_of_frame(given->as_array()[0]));
    MS_TRY(frame.end, decode_bound_of_frame(given->as_array()[1]));
    window_.frame = frame;
    return {};
  }

  Result<FrameBound> decode_bound_of_frame(const Value& value) {
    if (value.is_missing()) return FrameBound{};
    const auto number = whole(value);
    if (!number) return bad("bounds of a frame are whole numbers or null");
    if (*number == 0) return FrameBound{.kind = FrameBound::Kind::CurrentRow};
    return FrameBound{
        .kind = *number < 0 ? FrameBound::Kind::Preceding : FrameBound::Kind::Following,
        .offset = *number < 0 ? -*number : *number};
  }

  Status decode_filter() {
    const Value* const given = spec_.find("filter");
    if (given == nullptr || given->is_missing()) return {};
    if (!is_aggregate(window_.function)) return bad("filter is for sum, avg, min, max and count");
    MS_TRY(window_.filter, decode_raw(scope_.parameters, *given));
    if (window_.filter == nullptr) {
      return bad("filter must be a value returned by the sql`` tag or a plain SQL string");
    }
    return {};
  }

  const ConditionScope& scope_;
  std::string_view alias_;
  const Object& spec_;
  Window window_;
};

}  // namespace

Status add_windows(const ConditionScope& scope, const Value* windows, Outputs& outputs) {
  if (windows == nullptr || windows->is_missing()) return {};
  if (!windows->is_object()) return bad_argument("window must be an object of { alias: spec }");
  for (const auto& [alias, spec] : windows->as_object()) {
    if (scope.model.find_field(alias) != nullptr || scope.model.find_relation(alias) != nullptr) {
      return bad_argument(fmt::format("window \"{}\": model '{}' has a field of this name", alias,
                                      scope.model.name));
    }
    if (!spec.is_object()) {
      return bad_argument(fmt::format("window \"{}\": unrecognised window function spec", alias));
    }
    MS_TRY(Window window, Decoder(scope, alias, spec.as_object()).decode());
    outputs.show_term(alias, std::make_shared<query::Term>(query::Term{
                                 .kind = query::Term::Kind::Window, .window = std::move(window)}));
  }
  return {};
}

}  // namespace moonstone::orm
