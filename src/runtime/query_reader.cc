// Moonstone. Licence: see LICENSE.
#include "runtime/internal/query_reader.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "query/search.h"

namespace moonstone::runtime {
namespace {

using query::CompareOp;
using query::Direction;
using query::Expr;
using query::ExprPtr;

/// Conditions of one range; an index has at most 16 fields, each with two bounds.
constexpr std::uint32_t kRangeConditionsMax = 64;

Error bad_filter() {
  return {ErrorCode::InvalidArgument, ".filter() needs a condition made by its builder"};
}

Result<CompareOp> comparison_of(ExpressionCode code) {
  switch (code) {
    case ExpressionCode::Eq:
      return CompareOp::Eq;
    case ExpressionCode::Neq:
      return CompareOp::Neq;
    case ExpressionCode::Lt:
      return CompareOp::Lt;
    case ExpressionCode::Lte:
      return CompareOp::Lte;
    case ExpressionCode::Gt:
      return CompareOp::Gt;
    case ExpressionCode::Gte:
      return CompareOp::Gte;
    case ExpressionCode::Literal:
    case ExpressionCode::Field:
    case ExpressionCode::And:
    case ExpressionCode::Or:
    case ExpressionCode::Not:
      break;
  }
  return bad_filter();
}

/// Reads one filter tree.
class FilterReader {
 public:
  explicit FilterReader(v8::Local<v8::Context> context)
      : context_(context),
        isolate_(context->GetIsolate()),
        code_(to_v8_name(isolate_, "code")),
        a_(to_v8_name(isolate_, "a")),
        b_(to_v8_name(isolate_, "b")) {}

  Result<ExprPtr> read(v8::Local<v8::Value> node, std::size_t depth) {
    if (++nodes_ > query::kExprNodesMax || depth > query::kExprDepthMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("a filter may have {} parts and {} levels at most",
                               query::kExprNodesMax, query::kExprDepthMax),
                   "filter_size");
    }
    if (!node->IsObject()) return bad_filter();
    MS_TRY(const v8::Local<v8::Value> code, member(node, code_));
    if (!code->IsUint32()) return bad_filter();
    MS_TRY(const v8::Local<v8::Value> a, member(node, a_));
    const auto kind = static_cast<ExpressionCode>(code.As<v8::Uint32>()->Value());
    switch (kind) {
      case ExpressionCode::Literal: {
        MS_TRY(Value literal, from_v8(context_, a));
        return Expr::make_literal(std::move(literal));
      }
      case ExpressionCode::Field:
        if (!a->IsString()) return bad_filter();
        return Expr::make_field(to_text(isolate_, a.As<v8::String>()));
      case ExpressionCode::And:
      case ExpressionCode::Or:
        return read_list(kind, a, depth);
      case ExpressionCode::Not: {
        MS_TRY(ExprPtr inner, read(a, depth + 1));
        return Expr::negate(std::move(inner));
      }
      default:
        return read_comparison(kind, node, a, depth);
    }
  }

 private:
  Result<v8::Local<v8::Value>> member(v8::Local<v8::Value> node, v8::Local<v8::String> name) {
    v8::Local<v8::Value> value;
    if (!node.As<v8::Object>()->Get(context_, name).ToLocal(&value)) return pending_exception();
    return value;
  }

  Result<ExprPtr> read_list(ExpressionCode kind, v8::Local<v8::Value> list, std::size_t depth) {
    if (!list->IsArray()) return bad_filter();
    const auto members = list.As<v8::Array>();
    std::vector<ExprPtr> operands;
    for (std::uint32_t i = 0; i < members->Length(); ++i) {
      v8::Local<v8::Value> value;
      if (!members->Get(context_, i).ToLocal(&value)) return pending_exception();
      MS_TRY(ExprPtr operand, read(value, depth + 1));
      operands.push_back(std::move(operand));
    }
    return kind == ExpressionCode::And ? Expr::all_of(std::move(operands))
                                       : Expr::any_of(std::move(operands));
  }

  Result<ExprPtr> read_comparison(ExpressionCode kind,
                                  v8::Local<v8::Value> node,
                                  v8::Local<v8::Value> a,
                                  std::size_t depth) {
    MS_TRY(const CompareOp op, comparison_of(kind));
    MS_TRY(const v8::Local<v8::Value> b, member(node, b_));
    MS_TRY(ExprPtr left, read(a, depth + 1));
    MS_TRY(ExprPtr right, read(b, depth + 1));
    return Expr::compare(op, std::move(left), std::move(right));
  }

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  v8::Local<v8::String> code_, a_, b_;
  std::size_t nodes_ = 0;
};

Result<std::vector<query::RangeCondition>> read_range(v8::Local<v8::Context> context,
                                                      v8::Local<v8::Value> range) {
  std::vector<query::RangeCondition> conditions;
  if (!range->IsArray()) return conditions;
  const auto flat = range.As<v8::Array>();
  if (flat->Length() > kRangeConditionsMax * 3) {
    return Error(ErrorCode::InvalidArgument, "withIndex: the range has too many conditions");
  }
  for (std::uint32_t i = 0; i + 2 < flat->Length(); i += 3) {
    v8::Local<v8::Value> code;
    v8::Local<v8::Value> field;
    v8::Local<v8::Value> value;
    if (!flat->Get(context, i).ToLocal(&code) || !flat->Get(context, i + 1).ToLocal(&field) ||
        !flat->Get(context, i + 2).ToLocal(&value)) {
      return pending_exception();
    }
    query::RangeCondition condition;
    MS_TRY(condition.op,
           comparison_of(static_cast<ExpressionCode>(code.As<v8::Uint32>()->Value())));
    condition.field = to_text(context->GetIsolate(), field.As<v8::String>());
    MS_TRY(condition.value, from_v8(context, value));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

void apply_order_by(std::string field, Direction direction, query::Query& query) {
  query.order.clear();
  query.tie_break = direction;
  // Both are the order of insertion, which the tie break is already.
  if (field == schema::kIdField || field == schema::kCreationTimeField) return;
  query.order.push_back({std::move(field), direction});
}

}  // namespace

Result<ExprPtr> read_filter(v8::Local<v8::Context> context, v8::Local<v8::Value> filter) {
  return FilterReader(context).read(filter, 1);
}

Result<query::Query> read_query(const NativeCall& call, WithOrder with_order) {
  query::Query query;
  query.table = call.text(1);
  MS_TRY(const schema::Table* const table, call.run->reader().table(query.table));
  const bool is_descending = with_order == WithOrder::Yes && call.arg(6)->IsTrue();
  const Direction direction = is_descending ? Direction::Descending : Direction::Ascending;
  query.tie_break = direction;
  if (call.arg(2)->IsString()) {
    MS_TRY(const auto range, read_range(call.context, call.arg(3)));
    MS_TRY_STATUS(query::apply_index(*table, call.text(2), range, direction, query));
  }
  if (call.arg(4)->IsObject()) {
    MS_TRY(ExprPtr filter, read_filter(call.context, call.arg(4)));
    query.where = query.where == nullptr
                      ? std::move(filter)
                      : Expr::all_of({std::move(query.where), std::move(filter)});
  }
  if (with_order == WithOrder::Yes && call.arg(5)->IsString()) {
    apply_order_by(call.text(5), direction, query);
  }
  if (call.arg(7)->IsString()) {
    MS_TRY_STATUS(query::apply_search(*table, call.text(7), call.text(8), query));
  }
  return query;
}

}  // namespace moonstone::runtime
