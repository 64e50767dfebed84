// Moonstone. Licence: see LICENSE.
#pragma once
// Report: named numbers in the order in which they are printed.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/meter.h"

namespace moonstone::bench {

class Report {
 public:
  void add(std::string_view name, double number) { numbers_.emplace_back(name, number); }
  void add_count(std::string_view name, std::size_t count) {
    add(name, static_cast<double>(count));
  }
  /// `count`, `answers`, `per_second`, the percentiles in milliseconds, and what an answer has cost
  /// in microseconds of processor time.
  void add_measured(const Measured& measured);

  /// One object in one line.
  [[nodiscard]] std::string to_json(std::string_view scenario) const;
  /// For people: a line per number.
  [[nodiscard]] std::string to_text(std::string_view scenario) const;

 private:
  std::vector<std::pair<std::string, double>> numbers_;
};

}  // namespace moonstone::bench
