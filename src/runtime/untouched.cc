// Moonstone. Licence: see LICENSE.
//
// Results that a handler passes through. A handler may have changed what it got, so the documents
// are compared with the values that they were made of: that costs a fraction of printing them, as
// texts are compared by their address. What is the same is printed from the rows, whose texts need
// no second look by V8.
//
// Invariant: the text is what JSON.stringify would give, byte for byte; whatever is in doubt is
// left to JSON.stringify. (A getter that a handler puts on a document is asked once more than
// there.)
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "runtime/internal/convert.h"
#include "runtime/internal/program.h"

namespace moonstone::runtime {
namespace {

constexpr std::uint64_t kEachByte = 0x0101010101010101U;
constexpr std::uint64_t kHighBits = 0x8080808080808080U;

/// Nonzero if a byte of `word` is less than `bound` (1 to 128) or not ASCII.
std::uint64_t below(std::uint64_t word, std::uint64_t bound) {
  return ((word - kEachByte * bound) | word) & kHighBits;
}

/// Whether the text stands in JSON as it is: ASCII, nothing to escape.
bool is_verbatim(std::string_view text) {
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t quote = below(word ^ (kEachByte * '"'), 1) & ~word;
    const std::uint64_t backslash = below(word ^ (kEachByte * '\\'), 1) & ~word;
    if ((below(word, ' ') | quote | backslash) != 0) return false;
  }
  return std::ranges::all_of(text.substr(i), [](char signed_character) {
    const auto character = static_cast<unsigned char>(signed_character);
    return character >= ' ' && character < 0x80 && character != '"' && character != '\\';
  });
}

/// Appends a text; false if V8 would have read it as another one.
bool append_text(std::string_view text, std::string& out) {
  if (is_verbatim(text)) {
    out.push_back('"');
    out.append(text);
    out.push_back('"');
    return true;
  }
  if (!is_utf8(text)) return false;
  write_json_string(text, out);
  return true;
}

bool append_value(const Value& value, std::string& out) {
  switch (value.kind()) {
    case ValueKind::Null:
      out += "null";
      return true;
    case ValueKind::Boolean:
      out += value.as_boolean() ? "true" : "false";
      return true;
    case ValueKind::Integer:
      write_json_number(static_cast<double>(value.as_integer()), out);
      return true;
    case ValueKind::Number:
      write_json_number(value.as_number(), out);
      return true;
    case ValueKind::Text:
      return append_text(value.as_text(), out);
    case ValueKind::Undefined:
    case ValueKind::Bytes:
    case ValueKind::Array:
    case ValueKind::Object:
      break;
  }
  return false;
}

bool append_document(const query::Row& row, std::string& out) {
  out += R"({"_id":)";
  if (!append_text(row.id, out)) return false;
  if (row.table->model == nullptr) {
    out += R"(,"_creationTime":)";
    write_json_number(static_cast<double>(query::creation_time_of(row)), out);
  }
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const Value& value = row.values[i];
    if (value.is_undefined()) continue;
    out.push_back(',');
    if (!append_text(row.table->fields[i].name, out)) return false;
    out.push_back(':');
    if (!append_value(value, out)) return false;
  }
  out.push_back('}');
  return true;
}

/// What is changed inside a nested value does not show in a comparison by identity, and bigints
/// cannot be printed.
bool is_comparable(const Value& value) {
  if (value.is_integer()) {
    return value.as_integer() >= -kSafeIntegerMax && value.as_integer() <= kSafeIntegerMax;
  }
  return !value.is_array() && !value.is_object() && !value.is_bytes();
}

bool are_comparable(const std::vector<query::Row>& rows) {
  return std::ranges::all_of(
      rows, [](const query::Row& row) { return std::ranges::all_of(row.values, is_comparable); });
}

}  // namespace

bool Program::is_untouched(v8::Local<v8::Value> result, const MadeDocuments& read) {
  const v8::Local<v8::Context> context = this->context();
  v8::Local<v8::Value> documents = read.documents.Get(isolate_);
  if (documents != result) {
    v8::Local<v8::Value> only;
    if (read.rows.size() != 1 || !documents.As<v8::Array>()->Get(context, 0).ToLocal(&only) ||
        only != result) {
      return false;
    }
  }
  const auto known = tables_.find(read.rows.front().table);
  if (known == tables_.end() || !are_comparable(read.rows)) return false;
  std::array<v8::Local<v8::Value>, 3> args = {
      read.values.Get(isolate_),
      v8::Integer::NewFromUnsigned(isolate_, static_cast<std::uint32_t>(read.rows.size())),
      documents};
  v8::Local<v8::Value> answer;
  return known->second.is_untouched.Get(isolate_)
             ->Call(context, v8::Undefined(isolate_), static_cast<int>(args.size()), args.data())
             .ToLocal(&answer) &&
         answer->IsTrue();
}

std::optional<std::string> Program::untouched_json(v8::Local<v8::Value> result,
                                                   const std::vector<MadeDocuments>& reads) {
  if (!result->IsObject()) return std::nullopt;
  const v8::TryCatch ignored(isolate_);  // a getter that throws will throw again
  const auto read = std::ranges::find_if(
      reads, [&](const MadeDocuments& candidate) { return is_untouched(result, candidate); });
  if (read == reads.end()) return std::nullopt;
  const bool is_list = result->IsArray();
  std::string json;
  if (is_list) json.push_back('[');
  for (const query::Row& row : read->rows) {
    if (json.size() > 1) json.push_back(',');
    if (!append_document(row, json)) return std::nullopt;
  }
  if (is_list) json.push_back(']');
  return json;
}

}  // namespace moonstone::runtime
