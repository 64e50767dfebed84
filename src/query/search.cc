// Moonstone. Licence: see LICENSE.
#include "query/search.h"

#include <algorithm>
#include <utility>

namespace moonstone::query {
namespace {

/// Whether the byte is part of a word: letters, digits and all that is not ASCII.
bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_';
}

std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool is_word = is_word_byte(c);
    if (is_word && !in_word) ++words;
    in_word = is_word;
  }
  return words;
}

Error too_long(std::string_view what, std::size_t count, std::size_t max) {
  return {ErrorCode::LimitExceeded,
          ".search(): the text has " + std::to_string(count) + " " + std::string(what) +
              "; at most " + std::to_string(max) + " are allowed. Search for fewer words",
          "search_text"};
}

}  // namespace

Result<const schema::SearchIndex*> search_index_of(const schema::Table& table,
                                                   std::string_view field) {
  const auto found = std::ranges::find(table.search_indexes, field, &schema::SearchIndex::field);
  if (found != table.search_indexes.end()) return &*found;
  return Error(ErrorCode::InvalidArgument, "No search index on field \"" + std::string(field) +
                                               "\" of table \"" + table.name + "\"");
}

Status apply_search(const schema::Table& table,
                    std::string_view field,
                    std::string text,
                    Query& query) {
  MS_TRY(const schema::SearchIndex* const index, search_index_of(table, field));
  if (text.size() > kSearchBytesMax) return too_long("bytes", text.size(), kSearchBytesMax);
  if (text.find('\0') != std::string::npos) {
    return Error(ErrorCode::InvalidArgument, ".search(): the text contains U+0000; leave it out");
  }
  const std::size_t words = count_words(text);
  if (words > kSearchWordsMax) return too_long("words", words, kSearchWordsMax);
  query.search = SearchClause{.field = index->field, .text = std::move(text), .skipped = {}};
  query.order.clear();
  query.tie_break = Direction::Ascending;
  return ok();
}

const std::string* searched_text(const Row& row, std::string_view field) {
  if (row.table == nullptr) return nullptr;
  const auto position = row.table->find_field(field);
  if (!position || *position >= row.values.size()) return nullptr;
  const Value& value = row.values[*position];
  return value.is_text() ? &value.as_text() : nullptr;
}

}  // namespace moonstone::query
