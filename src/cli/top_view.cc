// Moonstone. Licence: see LICENSE.
#include "cli/top_view.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace moonstone::cli {
namespace {

constexpr std::size_t kNumberWidth = 10;
constexpr std::size_t kNameWidthMin = 16;
constexpr std::size_t kNameWidthMax = 40;
constexpr std::size_t kKindWidth = 10;
constexpr std::size_t kNumberColumns = 6;  // of the table of functions
/// Threads that are named; the rest is idle most of the time.
constexpr std::size_t kThreadsShown = 5;
/// Beyond, a queue is worth a colour.
constexpr double kQueueTelling = 100;

std::string number_cell(const std::string& text) {
  return fitted(text, kNumberWidth, Align::Right);
}

/// "name value   name value": names are dim, values that tell of trouble coloured.
class Row {
 public:
  Row& add(std::string_view name, const std::string& value, Style style = Style::Bold) {
    if (!line_.empty()) line_.push_back({Style::Plain, "   "});
    line_.push_back({Style::Dim, std::string(name) + " "});
    line_.push_back({style, value});
    return *this;
  }
  [[nodiscard]] TextLine take() { return std::move(line_); }

 private:
  TextLine line_;
};

Style alarming(double number, double from, Style style) {
  return number >= from ? style : Style::Bold;
}

TextLine pace_line(std::string_view name, const Pace& pace, TextLine more) {
  TextLine line{{Style::Plain, fitted(name, kKindWidth, Align::Left)},
                {Style::Bold, number_cell(shown_number(pace.per_second))},
                {Style::Plain, number_cell(shown_number(pace.p50_ms))},
                {Style::Plain, number_cell(shown_number(pace.p99_ms))},
                {Style::Plain, "   "}};
  line.insert(line.end(), std::make_move_iterator(more.begin()),
              std::make_move_iterator(more.end()));
  return line;
}

TextLine thread_line(const Figures& figures) {
  Row row;
  row.add("processor", fmt::format("{} %", shown_number(figures.cpu_percent)));
  std::size_t shown = 0;
  for (const ThreadFigures& thread : figures.threads) {
    if (thread.cpu_percent < 0.5 || shown++ == kThreadsShown) break;
    row.add(thread.name, fmt::format("{:.0f} %", thread.cpu_percent), Style::Plain);
  }
  return row.take();
}

std::size_t name_width(ViewSize size) {
  const std::size_t rest = kKindWidth + kNumberColumns * kNumberWidth;
  if (size.width <= rest + kNameWidthMin) return kNameWidthMin;
  return std::min(size.width - rest, kNameWidthMax);
}

TextLine function_header(ViewSize size) {
  std::string text =
      fitted("function", name_width(size), Align::Left) + fitted("kind", kKindWidth, Align::Left);
  for (const char* name : {"calls/s", "errors/s", "p50 ms", "p99 ms", "CPU %", "docs/s"})
    text += number_cell(name);
  return {{Style::Dim, std::move(text)}};
}

TextLine function_line(const FunctionFigures& function, ViewSize size) {
  return {{Style::Plain, fitted(printable(function.name), name_width(size) - 1, Align::Left) + " "},
          {Style::Dim, fitted(function.kind, kKindWidth, Align::Left)},
          {Style::Bold, number_cell(shown_number(function.pace.per_second))},
          {alarming(function.errors_per_second, 0.001, Style::Red),
           number_cell(shown_number(function.errors_per_second))},
          {Style::Plain, number_cell(shown_number(function.pace.p50_ms))},
          {Style::Plain, number_cell(shown_number(function.pace.p99_ms))},
          {Style::Plain, number_cell(shown_number(function.cpu_percent))},
          {Style::Plain, number_cell(shown_number(function.documents_per_second))}};
}

std::vector<TextLine> summary_lines(const Figures& figures) {
  std::vector<TextLine> lines;
  lines.push_back(Row()
                      .add("connections", shown_number(figures.connections))
                      .add("sockets", shown_number(figures.sockets))
                      .add("subscriptions", shown_number(figures.subscriptions))
                      .add("live queries", shown_number(figures.live_queries))
                      .add("tenants", shown_number(figures.tenants))
                      .take());
  lines.emplace_back();
  lines.push_back({{Style::Dim, fitted("", kKindWidth, Align::Left) + number_cell("per s") +
                                    number_cell("p50 ms") + number_cell("p99 ms")}});
  lines.push_back(pace_line("queries", figures.queries,
                            Row()
                                .add("re-runs/s", shown_number(figures.reruns_per_second))
                                .add("unchanged/s", shown_number(figures.unchanged_per_second))
                                .take()));
  lines.push_back(pace_line("mutations", figures.mutations,
                            Row()
                                .add("commits/s", shown_number(figures.commits_per_second))
                                .add("group", shown_number(figures.group_size))
                                .take()));
  lines.push_back(pace_line("pushes", figures.pushes,
                            Row()
                                .add("updates/s", shown_number(figures.updates_per_second))
                                .add("out/s", shown_size(figures.bytes_out_per_second))
                                .take()));
  lines.emplace_back();
  lines.push_back(Row()
                      .add("errors/s", shown_number(figures.errors_per_second),
                           alarming(figures.errors_per_second, 0.001, Style::Red))
                      .add("refused/s", shown_number(figures.refused_per_second),
                           alarming(figures.refused_per_second, 0.001, Style::Yellow))
                      .add("waiting: writer", shown_number(figures.writer_queue),
                           alarming(figures.writer_queue, kQueueTelling, Style::Yellow))
                      .add("live", shown_number(figures.live_queue),
                           alarming(figures.live_queue, kQueueTelling, Style::Yellow))
                      .add("actions", shown_number(figures.action_calls))
                      .take());
  lines.push_back(Row()
                      .add("memory", shown_size(figures.memory_bytes))
                      .add("V8", fmt::format("{} in {} heaps", shown_size(figures.v8_bytes),
                                             shown_number(figures.v8_heaps)))
                      .add("database", shown_size(figures.database_bytes))
                      .add("WAL", shown_size(figures.wal_bytes))
                      .take());
  lines.push_back(thread_line(figures));
  return lines;
}

}  // namespace

std::vector<TextLine> top_lines(const Figures& figures, const TopHeader& header, ViewSize size) {
  std::vector<TextLine> lines;
  lines.push_back({{Style::Bold, fmt::format("moonstone {}", figures.version)},
                   {Style::Plain, "  "},
                   {Style::Cyan, header.url},
                   {Style::Plain, "  "},
                   {Style::Yellow, header.note}});
  for (TextLine& line : summary_lines(figures))
    lines.push_back(std::move(line));
  if (!figures.functions.empty()) {
    lines.emplace_back();
    lines.push_back(function_header(size));
  }
  for (const FunctionFigures& function : figures.functions)
    lines.push_back(function_line(function, size));
  if (lines.size() > size.height) lines.resize(size.height);
  for (TextLine& line : lines)
    line = cut(line, size.width);
  return lines;
}

std::string top_summary(const Figures& figures) {
  return fmt::format(
      "sockets {} subscriptions {} queries/s {} p99 {} mutations/s {} p99 {} pushes/s {} p99 {} "
      "reruns/s {} unchanged/s {} commits/s {} errors/s {} waiting {} memory {} WAL {} CPU {} %",
      shown_number(figures.sockets), shown_number(figures.subscriptions),
      shown_number(figures.queries.per_second), shown_number(figures.queries.p99_ms),
      shown_number(figures.mutations.per_second), shown_number(figures.mutations.p99_ms),
      shown_number(figures.pushes.per_second), shown_number(figures.pushes.p99_ms),
      shown_number(figures.reruns_per_second), shown_number(figures.unchanged_per_second),
      shown_number(figures.commits_per_second), shown_number(figures.errors_per_second),
      shown_number(figures.writer_queue + figures.live_queue), shown_size(figures.memory_bytes),
      shown_size(figures.wal_bytes), shown_number(figures.cpu_percent));
}

}  // namespace moonstone::cli
