// Moonstone. Licence: see LICENSE.
#include "orm/internal/computed.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/internal/shape.h"

namespace moonstone::orm {
namespace {

using query::RowSet;
using query::RowSetPtr;

/// Whether any row of the set or of what hangs on it has fields to compute.
bool needs_host(const Host& host, const RowSet& rows) {
  if (rows.model != nullptr && !host.computed_fields(*rows.model).empty()) return true;
  return std::ranges::any_of(rows.attached, [&](const query::Attached& attached) {
    return attached.rows != nullptr && needs_host(host, *attached.rows);
  });
}

/// What `include` or `select` says of a relation; missing: nothing in particular.
const Value& options_of_relation(const Value& options, std::string_view name) {
  static const Value kNothing;
  for (const std::string_view member : {"select", "include"}) {
    const Value* const relations = option_of(options, member);
    const Value* const own = relations == nullptr ? nullptr : option_of(*relations, name);
    if (own != nullptr && own->is_object()) return *own;
  }
  return kNothing;
}

class Adder {
 public:
  Adder(Host& host, const Caller& caller) : host_(host), caller_(caller) {}

  /// Null: the rows stay as they are.
  Result<RowSetPtr> add(const RowSet& rows, const Value& options) {
    if (!needs_host(host_, rows)) return RowSetPtr();
    auto whole = std::make_shared<RowSet>(rows);
    for (query::Attached& attached : whole->attached) {
      if (attached.rows == nullptr) continue;
      MS_TRY(RowSetPtr related, add(*attached.rows, options_of_relation(options, attached.name)));
      if (related != nullptr) attached.rows = std::move(related);
    }
    if (rows.model != nullptr && !host_.computed_fields(*rows.model).empty()) {
      MS_TRY_STATUS(add_own(options, *whole));
    }
    return RowSetPtr(std::move(whole));
  }

 private:
  Status add_own(const Value& options, RowSet& rows) {
    const Value* const select = option_of(options, "select");
    const bool has_choice = select != nullptr && select->is_object();
    const std::span<const std::string> names = host_.computed_fields(*rows.model);
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!has_choice || is_truthy(select->as_object().find(names[i]))) shown.push_back(i);
    }
    if (shown.empty()) return {};
    MS_TRY(std::vector<Value> computed, host_.compute(rows, caller_));
    if (computed.size() != names.size() * rows.count) {
      return Error(ErrorCode::Internal, fmt::format("the host computed {} values for {} rows",
                                                    computed.size(), rows.count));
    }
    append_columns(names, shown, computed, rows);
    return {};
  }

  static void append_columns(std::span<const std::string> names,
                             const std::vector<std::size_t>& shown,
                             const std::vector<Value>& computed,
                             RowSet& rows) {
    auto shape = std::make_shared<query::RowShape>(*rows.shape);
    for (const std::size_t i : shown) {
      shape->names.push_back(names[i]);
      shape->is_hidden.push_back(false);
    }
    std::vector<Value> cells;
    cells.reserve(shape->names.size() * rows.count);
    for (std::size_t row = 0; row < rows.count; ++row) {
      const auto own = rows.row(row);
      cells.insert(cells.end(), own.begin(), own.end());
      for (const std::size_t i : shown)
        cells.push_back(computed[row * names.size() + i]);
    }
    rows.shape = std::move(shape);
    rows.cells = std::move(cells);
  }

  Host& host_;
  const Caller& caller_;
};

}  // namespace

Status add_computed(const Core& core,
                    const Caller& caller,
                    const Value& options,
                    Outcome& outcome) {
  Host* const host = core.options.host;
  if (host == nullptr || outcome.rows == nullptr || outcome.rows->count == 0) return {};
  MS_TRY(RowSetPtr rows, Adder(*host, caller).add(*outcome.rows, options));
  if (rows != nullptr) outcome.rows = std::move(rows);
  return {};
}

}  // namespace moonstone::orm
