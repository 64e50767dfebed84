// Moonstone. Licence: see LICENSE.
#include "query/row_set.h"

#include <utility>

#include "base/json.h"

namespace moonstone::query {
namespace {

/// The positions of the rows that belong to one parent.
std::span<const std::uint32_t> positions_of(const Attached& attached, std::size_t parent) {
  const std::size_t begin = attached.begins[parent];
  return std::span(attached.positions).subspan(begin, attached.begins[parent + 1] - begin);
}

void write_attached(const Attached& attached, std::size_t parent, std::string& out) {
  const auto positions = positions_of(attached, parent);
  if (attached.kind != Attached::Kind::Many) {
    if (positions.empty()) {
      out += "null";
    } else {
      write_row_json(*attached.rows, positions.front(), out);
    }
    return;
  }
  out += '[';
  bool is_first = true;
  for (const std::uint32_t position : positions) {
    if (!std::exchange(is_first, false)) out += ',';
    write_row_json(*attached.rows, position, out);
  }
  out += ']';
}

Value attached_value(const Attached& attached, std::size_t parent) {
  const auto positions = positions_of(attached, parent);
  if (attached.kind != Attached::Kind::Many) {
    if (positions.empty()) return nullptr;
    return to_object(*attached.rows, positions.front());
  }
  Array array;
  array.reserve(positions.size());
  for (const std::uint32_t position : positions)
    array.emplace_back(to_object(*attached.rows, position));
  return array;
}

void write_name(std::string_view name, bool& is_first, std::string& out) {
  if (!std::exchange(is_first, false)) out += ',';
  write_json_string(name, out);
  out += ':';
}

}  // namespace

void write_row_json(const RowSet& rows, std::size_t index, std::string& out) {
  const std::span<const Value> cells = rows.row(index);
  bool is_first = true;
  out += '{';
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (rows.shape->is_hidden[i] || cells[i].is_undefined()) continue;
    write_name(rows.shape->names[i], is_first, out);
    write_json(cells[i], out);
  }
  for (const Attached& attached : rows.attached) {
    write_name(attached.name, is_first, out);
    write_attached(attached, index, out);
  }
  out += '}';
}

void write_json(const RowSet& rows, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < rows.count; ++i) {
    if (i > 0) out += ',';
    write_row_json(rows, i, out);
  }
  out += ']';
}

Object to_object(const RowSet& rows, std::size_t index) {
  const std::span<const Value> cells = rows.row(index);
  Object object;
  object.reserve(cells.size() + rows.attached.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (rows.shape->is_hidden[i] || cells[i].is_undefined()) continue;
    object.append(rows.shape->names[i], cells[i]);
  }
  for (const Attached& attached : rows.attached)
    object.set(attached.name, attached_value(attached, index));
  return object;
}

Array to_array(const RowSet& rows) {
  Array array;
  array.reserve(rows.count);
  for (std::size_t i = 0; i < rows.count; ++i)
    array.emplace_back(to_object(rows, i));
  return array;
}

}  // namespace moonstone::query
