// Moonstone. Licence: see LICENSE.
#include "exchange.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "utf8.h"

namespace moonstone::node {

namespace {

constexpr std::int64_t kExactIntegerMax = std::int64_t{1} << 53;
/// Beyond it the addresses are forgotten; the numbers stay, as they belong to contents.
constexpr std::size_t kKnownShapesMax = 4096;
/// What a writer keeps between two calls.
constexpr std::size_t kKeptSlotsMax = 1 << 20;

}  // namespace

// --- from JavaScript ----------------------------------------------------------------------------

std::string_view ExchangeReader::take_text(std::size_t units) {
  const std::string_view rest = text_.substr(std::min(text_position_, text_.size()));
  const std::string_view taken = rest.substr(0, bytes_of_units(rest, units));
  text_position_ += taken.size();
  return taken;
}

std::string ExchangeReader::take_key() {
  if (position_ >= tags_.size()) return {};
  const Tag tag{tags_[position_]};
  const auto slot = static_cast<std::size_t>(slots_[position_++]);
  if (tag == Tag::Key) return slot < keys_.size() ? keys_.name(slot) : std::string();
  std::string name(take_text(slot));
  if (tag == Tag::NewKey) keys_.add(name);
  return name;
}

Value ExchangeReader::read_bytes(std::size_t count) {
  const std::size_t taken = std::min((count + 7) / 8, slots_.size() - position_);
  Bytes bytes;
  bytes.data.resize(std::min(count, taken * 8));
  std::memcpy(bytes.data.data(), slots_.data() + position_, bytes.data.size());
  position_ += taken;
  return bytes;
}

Value ExchangeReader::read_object(std::size_t count) {
  Object object;
  object.reserve(std::min(count, tags_.size() - position_));
  for (std::size_t i = 0; i < count && position_ < tags_.size(); ++i) {
    std::string name = take_key();
    object.append(std::move(name), read());
  }
  return object;
}

Value ExchangeReader::read() {
  if (position_ >= tags_.size()) return {};
  const Tag tag{tags_[position_]};
  const double slot = slots_[position_++];
  switch (tag) {
    case Tag::Null:
      return nullptr;
    case Tag::False:
      return false;
    case Tag::True:
      return true;
    case Tag::Number:
      return slot;
    case Tag::Integer: {
      const std::string_view digits = take_text(static_cast<std::size_t>(slot));
      std::int64_t number = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return number;
    }
    case Tag::Text:
      return take_text(static_cast<std::size_t>(slot));
    case Tag::Bytes:
      return read_bytes(static_cast<std::size_t>(slot));
    case Tag::Array: {
      const auto count = static_cast<std::size_t>(slot);
      Array array;
      array.reserve(std::min(count, tags_.size() - position_));
      for (std::size_t i = 0; i < count && position_ < tags_.size(); ++i)
        array.push_back(read());
      return array;
    }
    case Tag::Object:
      return read_object(static_cast<std::size_t>(slot));
    case Tag::Undefined:
    case Tag::Key:
    case Tag::NewKey:
    case Tag::Rows:
    case Tag::Shape:
      break;
  }
  return {};
}

// --- to JavaScript ------------------------------------------------------------------------------

std::size_t ShapeTable::number_of(const query::RowSet& rows) {
  const auto known = by_address_.find(rows.shape.get());
  if (known != by_address_.end()) return known->second.number;
  std::string content = rows.model == nullptr ? std::string() : rows.model->name;
  for (std::size_t i = 0; i < rows.shape->names.size(); ++i) {
    const bool is_hidden = i < rows.shape->is_hidden.size() && rows.shape->is_hidden[i];
    content += is_hidden ? '\1' : '\2';
    content += rows.shape->names[i];
  }
  const auto [found, is_new] = by_content_.try_emplace(std::move(content), announced_.size());
  if (is_new) announced_.push_back(false);
  if (by_address_.size() >= kKnownShapesMax) by_address_.clear();
  by_address_[rows.shape.get()] = {.shape = rows.shape, .number = found->second};
  return found->second;
}

void ExchangeWriter::clear() {
  if (slots_.capacity() > kKeptSlotsMax) {
    slots_ = {};
    tags_ = {};
    text_ = {};
  }
  slots_.assign(kHeaderSlots, 0);
  tags_.assign(kHeaderSlots, 0);
  text_.clear();
  is_ascii_ = true;
  announced_.clear();
}

void ExchangeWriter::put(Tag tag, double slot) {
  slots_.push_back(slot);
  tags_.push_back(static_cast<std::uint8_t>(tag));
}

void ExchangeWriter::text(std::string_view text) {
  const Utf8Facts facts = measure_utf8(text);
  if (facts.is_ascii) {
    put(Tag::Text, static_cast<double>(text.size()));
    text_ += text;
    return;
  }
  is_ascii_ = false;
  if (facts.is_valid) {
    put(Tag::Text, static_cast<double>(facts.units));
    text_ += text;
    return;
  }
  const std::string repaired = repair_utf8(text);
  put(Tag::Text, static_cast<double>(measure_utf8(repaired).units));
  text_ += repaired;
}

void ExchangeWriter::integer(std::int64_t number) {
  if (number >= -kExactIntegerMax && number <= kExactIntegerMax) {
    put(Tag::Number, static_cast<double>(number));
    return;
  }
  const std::string digits = std::to_string(number);
  put(Tag::Integer, static_cast<double>(digits.size()));
  text_ += digits;
}

void ExchangeWriter::bytes(std::string_view data) {
  put(Tag::Bytes, static_cast<double>(data.size()));
  const std::size_t begin = slots_.size();
  const std::size_t taken = (data.size() + 7) / 8;
  slots_.resize(begin + taken, 0);
  tags_.resize(begin + taken, 0);
  std::memcpy(slots_.data() + begin, data.data(), data.size());
}

void ExchangeWriter::value(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
      put(Tag::Undefined, 0);
      return;
    case ValueKind::Null:
      put(Tag::Null, 0);
      return;
    case ValueKind::Boolean:
      put(value.as_boolean() ? Tag::True : Tag::False, 0);
      return;
    case ValueKind::Integer:
      integer(value.as_integer());
      return;
    case ValueKind::Number:
      put(Tag::Number, value.as_number());
      return;
    case ValueKind::Text:
      text(value.as_text());
      return;
    case ValueKind::Bytes:
      bytes(value.as_bytes().data);
      return;
    case ValueKind::Array:
      put(Tag::Array, static_cast<double>(value.as_array().size()));
      for (const Value& element : value.as_array())
        this->value(element);
      return;
    case ValueKind::Object:
      put(Tag::Object, static_cast<double>(value.as_object().size()));
      for (const Member& member : value.as_object()) {
        text(member.name);
        this->value(member.value);
      }
      return;
  }
}

void ExchangeWriter::attached(const query::Attached& attached) {
  text(attached.name);
  put(Tag::Number, static_cast<double>(attached.kind));
  for (const std::uint32_t begin : attached.begins)
    put(Tag::Number, begin);
  for (const std::uint32_t position : attached.positions)
    put(Tag::Number, position);
  rows(*attached.rows);
}

void ExchangeWriter::shape(const query::RowSet& rows, std::size_t number) {
  put(Tag::Shape, static_cast<double>(number));
  text(rows.model == nullptr ? std::string_view() : rows.model->name);
  const query::RowShape& shape = *rows.shape;
  put(Tag::Number, static_cast<double>(shape.names.size()));
  for (std::size_t i = 0; i < shape.names.size(); ++i) {
    text(shape.names[i]);
    put(i < shape.is_hidden.size() && shape.is_hidden[i] ? Tag::True : Tag::False, 0);
  }
  announced_.push_back(number);
}

void ExchangeWriter::rows(const query::RowSet& rows) {
  const std::size_t number = shapes_.number_of(rows);
  if (shapes_.announce(number)) shape(rows, number);
  put(Tag::Rows, static_cast<double>(number));
  put(Tag::Number, static_cast<double>(rows.count));
  put(Tag::Number, static_cast<double>(rows.attached.size()));
  for (const query::Attached& related : rows.attached)
    attached(related);
  reserve(rows.cells.size());
  for (const Value& cell : rows.cells) {
    if (cell.is_number()) {
      put(Tag::Number, cell.as_number());
    } else if (cell.is_text()) {
      text(cell.as_text());
    } else {
      value(cell);
    }
  }
}

void ExchangeWriter::reserve(std::size_t count) {
  const std::size_t needed = slots_.size() + count;
  if (needed <= slots_.capacity()) return;
  slots_.reserve(std::max(needed, 2 * slots_.capacity()));
  tags_.reserve(std::max(needed, 2 * tags_.capacity()));
}

void ExchangeWriter::sql_rows(const store::SqlRows& rows) {
  set_header(1, static_cast<double>(rows.columns.size()));
  set_header(2, static_cast<double>(rows.rows.size()));
  for (const std::string& column : rows.columns)
    text(column);
  for (const auto& row : rows.rows) {
    for (const Value& cell : row)
      value(cell);
  }
}

void ExchangeWriter::outcome(const orm::Outcome& outcome) {
  set_header(1, static_cast<double>(outcome.form));
  set_header(2, outcome.has_more ? 1 : 0);
  set_header(3, static_cast<double>(outcome.total));
  outcome_values(outcome);
}

void ExchangeWriter::outcome_values(const orm::Outcome& outcome) {
  if (outcome.form == orm::Outcome::Form::Value) {
    value(outcome.value);
    return;
  }
  if (outcome.form == orm::Outcome::Form::Page) {
    value(outcome.next_cursor ? Value(*outcome.next_cursor) : Value(nullptr));
  }
  if (outcome.rows == nullptr) {
    value(nullptr);
  } else {
    rows(*outcome.rows);
  }
}

void ExchangeWriter::error(const Error& error) {
  for (const std::size_t number : announced_)
    shapes_.forget(number);
  clear();
  set_header(0, 1);
  text(error.message());
  text(error.reason());
  text(to_string(error.code()));
  value(error.details() == nullptr ? Value() : *error.details());
}

}  // namespace moonstone::node
