// Moonstone. Licence: see LICENSE.
#include "embed/internal/orm_values.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "embed/internal/outcome.h"

namespace moonstone::embed {
namespace {

/// The member at a dotted path; objects on the way are made, whatever stood there.
Value& member_at(Value& root, std::string_view path) {
  Value* value = &root;
  while (true) {
    if (!value->is_object()) *value = Object();
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    Value* const known = value->as_object().find(name);
    value = known != nullptr ? known : &value->as_object().set(name, Value());
    if (dot == std::string_view::npos) return *value;
    path.remove_prefix(dot + 1);
  }
}

const std::vector<std::string>& no_columns() {
  static const std::vector<std::string> kNone;
  return kNone;
}

}  // namespace

Arguments::Arguments() : impl_(std::make_shared<Impl>()) {}

Outcome<Arguments> Arguments::parse(std::string_view json) {
  auto value = parse_json(json);
  if (!value) return fail(value.error());
  Arguments arguments;
  arguments.own().value = *std::move(value);
  return arguments;
}

Arguments::Impl& Arguments::own() {
  if (impl_.use_count() > 1) impl_ = std::make_shared<Impl>(*impl_);
  // Nobody else has it, and it was made without const.
  return const_cast<Impl&>(*impl_);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

Arguments& Arguments::set(std::string_view path, std::int64_t value) {
  member_at(own().value, path) = value;
  return *this;
}
Arguments& Arguments::set(std::string_view path, double value) {
  member_at(own().value, path) = value;
  return *this;
}
Arguments& Arguments::set(std::string_view path, bool value) {
  member_at(own().value, path) = value;
  return *this;
}
Arguments& Arguments::set(std::string_view path, std::string_view value) {
  member_at(own().value, path) = value;
  return *this;
}
Arguments& Arguments::set_null(std::string_view path) {
  member_at(own().value, path) = nullptr;
  return *this;
}

Rows::Rows() = default;

std::size_t Rows::size() const {
  if (impl_ == nullptr || impl_->rows == nullptr) return 0;
  return impl_->positions ? impl_->positions->size() : impl_->rows->count;
}

const std::vector<std::string>& Rows::columns() const {
  if (impl_ == nullptr || impl_->rows == nullptr) return no_columns();
  return impl_->rows->shape->names;
}

std::optional<std::size_t> Rows::column(std::string_view name) const {
  const auto& names = columns();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

namespace {

const Value& cell_of(const Rows::Impl& impl, std::size_t row, std::size_t column) {
  return impl.rows->row(impl.at(row))[column];
}

}  // namespace

bool Rows::is_null(std::size_t row, std::size_t column) const {
  return cell_of(*impl_, row, column).is_missing();
}

std::int64_t Rows::integer(std::size_t row, std::size_t column) const {
  const Value& cell = cell_of(*impl_, row, column);
  if (cell.is_integer()) return cell.as_integer();
  return cell.is_number() ? static_cast<std::int64_t>(cell.as_number()) : 0;
}

double Rows::number(std::size_t row, std::size_t column) const {
  const Value& cell = cell_of(*impl_, row, column);
  return cell.is_integer() || cell.is_number() ? cell.to_double() : 0;
}

bool Rows::boolean(std::size_t row, std::size_t column) const {
  const Value& cell = cell_of(*impl_, row, column);
  return cell.is_boolean() && cell.as_boolean();
}

std::string_view Rows::text(std::size_t row, std::size_t column) const {
  const Value& cell = cell_of(*impl_, row, column);
  if (cell.is_text()) return cell.as_text();
  return cell.is_bytes() ? std::string_view(cell.as_bytes().data) : std::string_view();
}

std::string Rows::json(std::size_t row, std::size_t column) const {
  return to_json(cell_of(*impl_, row, column));
}

Rows Rows::related(std::size_t row, std::string_view relation) const {
  if (impl_ == nullptr || impl_->rows == nullptr) return {};
  for (const query::Attached& attached : impl_->rows->attached) {
    if (attached.name != relation) continue;
    const std::size_t parent = impl_->at(row);
    const auto begin = attached.positions.begin() + attached.begins[parent];
    const auto end = attached.positions.begin() + attached.begins[parent + 1];
    return Rows(std::make_shared<const Impl>(
        Impl{.rows = attached.rows, .positions = std::vector<std::uint32_t>(begin, end)}));
  }
  return {};
}

std::string Rows::json() const {
  std::string json = "[";
  for (std::size_t row = 0; row < size(); ++row) {
    if (row > 0) json += ',';
    query::write_row_json(*impl_->rows, impl_->at(row), json);
  }
  return json + "]";
}

Answer answer_of(orm::Outcome outcome) {
  Answer answer;
  answer.next_cursor = outcome.next_cursor;
  answer.has_more = outcome.has_more;
  answer.total = outcome.total;
  if (outcome.rows != nullptr) {
    answer.rows = Rows(std::make_shared<const Rows::Impl>(Rows::Impl{.rows = outcome.rows}));
  }
  answer.to_json = [outcome = std::move(outcome)] {
    std::string json;
    orm::write_json(outcome, json);
    return json;
  };
  return answer;
}

}  // namespace moonstone::embed
