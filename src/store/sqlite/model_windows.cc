// Moonstone. Licence: see LICENSE.
// Window functions of a Select (litestone.md 17).

#include <string>
#include <utility>

#include <fmt/format.h>

#include "store/sqlite/internal/model_terms.h"

namespace moonstone::store::sqlite {

namespace {

using query::Frame;
using query::FrameBound;
using query::Window;
using query::WindowFunction;

std::string_view sql_of(WindowFunction function) {
  switch (function) {
    case WindowFunction::RowNumber:
      return "ROW_NUMBER";
    case WindowFunction::Rank:
      return "RANK";
    case WindowFunction::DenseRank:
      return "DENSE_RANK";
    case WindowFunction::CumeDist:
      return "CUME_DIST";
    case WindowFunction::PercentRank:
      return "PERCENT_RANK";
    case WindowFunction::Lag:
      return "LAG";
    case WindowFunction::Lead:
      return "LEAD";
    case WindowFunction::FirstValue:
      return "FIRST_VALUE";
    case WindowFunction::LastValue:
      return "LAST_VALUE";
    case WindowFunction::NthValue:
      return "NTH_VALUE";
    case WindowFunction::Ntile:
      return "NTILE";
    case WindowFunction::Sum:
      return "SUM";
    case WindowFunction::Avg:
      return "AVG";
    case WindowFunction::Min:
      return "MIN";
    case WindowFunction::Max:
      return "MAX";
    case WindowFunction::Count:
      return "COUNT";
  }
  return "COUNT";
}

bool is_aggregate(WindowFunction function) {
  return function >= WindowFunction::Sum;
}

bool is_ranking(WindowFunction function) {
  return function <= WindowFunction::PercentRank;
}

Error wrong(std::string_view what) {
  return {ErrorCode::InvalidArgument, fmt::format("a window function {}", what)};
}

Status append_offset(const ModelScope& rows, const Window& window, SqlFragment& out) {
  const bool shifts =
      window.function == WindowFunction::Lag || window.function == WindowFunction::Lead;
  const bool is_needed = window.function == WindowFunction::NthValue;
  if (window.offset != nullptr) {
    out.text += ", ";
    MS_TRY_STATUS(append_model_operand(rows, *window.offset, out));
  } else if (is_needed || (shifts && window.default_value != nullptr)) {
    out.text += ", 1";
  }
  if (!shifts || window.default_value == nullptr) return {};
  out.text += ", ";
  return append_model_operand(rows, *window.default_value, out);
}

Status append_arguments(const ModelScope& rows, const Window& window, SqlFragment& out) {
  if (is_ranking(window.function)) return {};
  if (window.function == WindowFunction::Ntile) {
    if (window.offset == nullptr) return wrong("needs a number of parts");
    return append_model_operand(rows, *window.offset, out);
  }
  if (window.field.empty()) {
    if (window.function != WindowFunction::Count) return wrong("needs a field");
    out.text += "*";
    return {};
  }
  MS_TRY(const SqlFragment field, field_sql(rows, window.field));
  out.append(field);
  return append_offset(rows, window, out);
}

enum class End : unsigned char { Begin, End };

Status append_bound(const FrameBound& bound, End end, SqlFragment& out) {
  switch (bound.kind) {
    case FrameBound::Kind::Unbounded:
      out.text += end == End::Begin ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING";
      return {};
    case FrameBound::Kind::CurrentRow:
      out.text += "CURRENT ROW";
      return {};
    case FrameBound::Kind::Preceding:
    case FrameBound::Kind::Following:
      break;
  }
  if (bound.offset < 0) return wrong("has a frame with a negative distance");
  out.append_place(Value(bound.offset));
  out.text += bound.kind == FrameBound::Kind::Preceding ? " PRECEDING" : " FOLLOWING";
  return {};
}

Status append_frame(const Frame& frame, SqlFragment& out) {
  out.text += frame.unit == Frame::Unit::Rows ? "ROWS BETWEEN " : "RANGE BETWEEN ";
  MS_TRY_STATUS(append_bound(frame.begin, End::Begin, out));
  out.text += " AND ";
  return append_bound(frame.end, End::End, out);
}

Status append_over(const SelectScope& scope, const Window& window, SqlFragment& out) {
  std::string_view separator;
  out.text += " OVER (";
  if (!window.partition_by.empty()) {
    out.text += "PARTITION BY ";
    bool is_first = true;
    for (const std::string& name : window.partition_by) {
      out.text += std::exchange(is_first, false) ? "" : ", ";
      MS_TRY(const SqlFragment field, field_sql(scope.rows, name));
      out.append(field);
    }
    separator = " ";
  }
  if (!window.order.empty()) {
    out.text += fmt::format("{}ORDER BY ", separator);
    MS_TRY_STATUS(append_order(scope, window.order, out));
    separator = " ";
  }
  if (window.frame) {
    out.text += separator;
    MS_TRY_STATUS(append_frame(*window.frame, out));
  }
  out.text += ")";
  return {};
}

}  // namespace

Status append_window(const SelectScope& scope, const Window& window, SqlFragment& out) {
  out.text += fmt::format("{}(", sql_of(window.function));
  MS_TRY_STATUS(append_arguments(scope.rows, window, out));
  out.text += ")";
  if (window.filter != nullptr) {
    if (!is_aggregate(window.function)) return wrong("takes a filter only if it is an aggregate");
    out.text += " FILTER (WHERE ";
    MS_TRY_STATUS(append_model_expr(scope.rows, *window.filter, out));
    out.text += ")";
  }
  return append_over(scope, window, out);
}

}  // namespace moonstone::store::sqlite
