// Moonstone. Licence: see LICENSE.
#pragma once
// A model of full-text search for tests: texts are words between blanks, and a search is words that
// must all occur ("a b") or of which one must ("a OR b"). Relevance is FTS5's bm25, computed in the
// same order of operations.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "query/query.h"
#include "query/row.h"
#include "query/search.h"

namespace moonstone::query {

class SearchModel {
 public:
  /// `rows` are all rows of the table.
  SearchModel(const std::vector<Row>& rows, const Query& query) : rows_(rows), query_(query) {
    words_ = words_of(query.search->text);
    any_is_enough_ = std::erase(words_, "OR") > 0;
  }

  /// What the query returns.
  [[nodiscard]] std::vector<Row> select() const {
    struct Ranked {
      double rank;
      const Row* row;
    };
    std::vector<Ranked> found;
    for (const Row* row : matching())
      found.push_back({rank_of(*row), row});
    std::ranges::sort(found, [](const Ranked& a, const Ranked& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.row->number < b.row->number;
    });
    std::vector<Row> rows;
    for (const Ranked& ranked : found) {
      if (!query_.limit || rows.size() < *query_.limit) rows.push_back(*ranked.row);
    }
    return rows;
  }

  [[nodiscard]] std::uint64_t count() const { return matching().size(); }

 private:
  static std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
      words.push_back(word);
    return words;
  }

  [[nodiscard]] std::vector<std::string> words_of(const Row& row) const {
    const std::string* const text = searched_text(row, query_.search->field);
    return text == nullptr ? std::vector<std::string>() : words_of(*text);
  }

  static double frequency(const std::vector<std::string>& words, const std::string& word) {
    return static_cast<double>(std::ranges::count(words, word));
  }

  [[nodiscard]] bool is_match(const Row& row) const {
    const std::vector<std::string> words = words_of(row);
    const auto occurs = [&](const std::string& word) { return frequency(words, word) > 0; };
    return any_is_enough_ ? std::ranges::any_of(words_, occurs)
                          : std::ranges::all_of(words_, occurs);
  }

  [[nodiscard]] std::vector<const Row*> matching() const {
    std::vector<const Row*> found;
    for (const Row& row : rows_) {
      if (searched_text(row, query_.search->field) == nullptr || !is_match(row)) continue;
      if (std::ranges::binary_search(query_.search->skipped, row.number)) continue;
      if (query_.where == nullptr || evaluate(*query_.where, StoredRowView(row)) == Truth::True) {
        found.push_back(&row);
      }
    }
    return found;
  }

  [[nodiscard]] double rank_of(const Row& row) const {
    constexpr double k1 = 1.2;
    constexpr double b = 0.75;
    double indexed = 0;
    double words_in_all = 0;
    for (const Row& other : rows_) {
      if (searched_text(other, query_.search->field) == nullptr) continue;
      indexed += 1;
      words_in_all += static_cast<double>(words_of(other).size());
    }
    const double mean_length = words_in_all / indexed;
    const std::vector<std::string> words = words_of(row);
    double score = 0;
    for (const std::string& word : words_) {
      const auto hits = static_cast<double>(std::ranges::count_if(
          rows_, [&](const Row& other) { return frequency(words_of(other), word) > 0; }));
      double weight = std::log((indexed - hits + 0.5) / (hits + 0.5));
      if (weight <= 0) weight = 1e-6;
      const double times = frequency(words, word);
      const auto length = static_cast<double>(words.size());
      score += weight * ((times * (k1 + 1.0)) / (times + k1 * (1 - b + b * length / mean_length)));
    }
    return -1.0 * score;
  }

  const std::vector<Row>& rows_;
  const Query& query_;
  std::vector<std::string> words_;
  bool any_is_enough_ = false;
};

}  // namespace moonstone::query
