// Moonstone. Licence: see LICENSE.
#include "bench/load/report.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace moonstone::bench {

namespace {

struct Percentile {
  const char* name;
  double share;
};
constexpr std::array kPercentiles{Percentile{"p50_ms", 0.5}, Percentile{"p90_ms", 0.9},
                                  Percentile{"p99_ms", 0.99}, Percentile{"p999_ms", 0.999}};
constexpr std::size_t kNameColumns = 30;

double ms_of(Latency::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string text_of(double number) {
  std::array<char, 64> text{};
  const int decimals = number == std::floor(number) ? 0 : 4;
  const int length = std::snprintf(text.data(), text.size(), "%.*f", decimals, number);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

void Report::add_measured(const Measured& measured) {
  add_count("count", measured.latency.count());
  add_count("answers", measured.answers);
  const auto count = static_cast<double>(measured.latency.count());
  add("per_second", measured.seconds > 0 ? count / measured.seconds : 0);
  for (const Percentile& percentile : kPercentiles)
    add(percentile.name, ms_of(measured.latency.percentile(percentile.share)));
  add("max_ms", ms_of(measured.latency.max()));
  if (!measured.cost) return;
  if (measured.cost->server_us) add("server_cpu_us_per_request", *measured.cost->server_us);
  add("generator_cpu_us_per_request", measured.cost->generator_us);
}

std::string Report::to_json(std::string_view scenario) const {
  std::string json = R"({"scenario":")" + std::string(scenario) + "\"";
  for (const auto& [name, number] : numbers_)
    json += ",\"" + name + "\":" + text_of(number);
  return json + "}";
}

std::string Report::to_text(std::string_view scenario) const {
  std::string text(scenario);
  for (const auto& [name, number] : numbers_) {
    text += "\n  " + name;
    text.append(kNameColumns - std::min(kNameColumns, name.size()), ' ');
    text += text_of(number);
  }
  return text;
}

}  // namespace moonstone::bench
