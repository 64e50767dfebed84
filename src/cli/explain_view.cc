// Moonstone. Licence: see LICENSE.
#include "cli/explain_view.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/deployment.h"

namespace moonstone::cli {
namespace {

const Object& object_of(const Object& object, std::string_view name) {
  static const Object kNone;
  const Value* const member = object.find(name);
  return member != nullptr && member->is_object() ? member->as_object() : kNone;
}

double number_of(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  const bool is_number = member != nullptr && (member->is_number() || member->is_integer());
  return is_number ? member->to_double() : 0;
}

bool has(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && !member->is_missing();
}

std::string count_of(const Object& object, std::string_view name) {
  return shown_number(number_of(object, name));
}

std::string milliseconds_of(const Object& object, std::string_view name) {
  return fmt::format("{} ms", shown_number(number_of(object, name)));
}

/// "insert of messages:01J… by messages:send, version 812".
std::string cause_text(const Object& explanation) {
  const Object& cause = object_of(explanation, "wokenBy");
  if (cause.empty()) return "nothing yet";
  const std::string version = fmt::format("version {:.0f}", number_of(cause, "version"));
  const Value* const everything = cause.find("everything");
  if (everything != nullptr && everything->is_boolean() && everything->as_boolean()) {
    return "everything changed (schema, reset, import or another program), " + version;
  }
  const std::string operation = text_of(cause, "operation");
  std::string text = operation.empty() ? text_of(cause, "key")
                                       : fmt::format("{} of {}", operation, text_of(cause, "key"));
  const std::string function = text_of(cause, "function");
  if (!function.empty()) text += " by " + function;
  return text + ", " + version;
}

std::string sharing_text(const Object& explanation) {
  const Array& reads = list_of(explanation, "readsOfCaller");
  if (reads.empty()) return "one result for all callers";
  std::string text = "one result for each ";
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (i > 0) text += " and ";
    text += reads[i].is_text() ? reads[i].as_text() : "";
  }
  return text;
}

class Explanation {
 public:
  Explanation(const Object& told, ExplainOptions::Sql sql) : told_(told), sql_(sql) {}

  std::vector<TextLine> lines() && {
    lines_.push_back({{Style::Bold, text_of(told_, "function")},
                      {Style::Plain, " "},
                      {Style::Plain, text_of(told_, "args")}});
    if (has(told_, "error")) add("failed", text_of(told_, "error"), Style::Red);
    has(told_, "query") ? add_live() : add_run();
    add_reads();
    add_dependencies();
    add_advice();
    return std::move(lines_);
  }

 private:
  void add(std::string_view name, std::string text, Style style = Style::Plain) {
    lines_.push_back(
        {{Style::Dim, "  " + fitted(name, 12, Align::Left)}, {style, std::move(text)}});
  }
  void add_title(std::string_view title) {
    lines_.emplace_back();
    lines_.push_back({{Style::Bold, std::string(title)}});
  }

  void add_run() {
    add("took", fmt::format("{}, {} of it processor time", milliseconds_of(told_, "ms"),
                            milliseconds_of(told_, "cpu")));
    if (number_of(told_, "loading") > 0.1) {
      add("before it", milliseconds_of(told_, "loading") + " to load the code");
    }
    add_read_documents(count_of(told_, "documentsRead"));
    if (has(told_, "resultBytes")) add("result", shown_size(number_of(told_, "resultBytes")));
    add("shared", sharing_text(told_));
  }

  void add_read_documents(const std::string& count) {
    add("read", has(told_, "bytesRead") ? fmt::format("{} documents, {}", count,
                                                      shown_size(number_of(told_, "bytesRead")))
                                        : count + " documents");
  }

  void add_live() {
    add("query", fmt::format("{:.0f}, {}, {} lane", number_of(told_, "query"),
                             text_of(told_, "state"), text_of(told_, "lane")));
    add("shared",
        fmt::format("{} subscriptions of {} connections; {}", count_of(told_, "subscriptions"),
                    count_of(told_, "connections"), sharing_text(told_)));
    add("ran", fmt::format("{} times, {} of them after commits; {} of these changed nothing",
                           count_of(told_, "runs"), count_of(told_, "reruns"),
                           count_of(told_, "unchanged")));
    if (number_of(told_, "failed") > 0) {
      add("failed",
          fmt::format("{} runs, {} of them stopped for their time", count_of(told_, "failed"),
                      count_of(told_, "stopped")),
          Style::Red);
    }
    add("woken by", cause_text(told_));
    const Object& cpu = object_of(told_, "cpu");
    add("processor", fmt::format("{} last, {} mean, {} most, {} in all",
                                 milliseconds_of(cpu, "last"), milliseconds_of(cpu, "mean"),
                                 milliseconds_of(cpu, "max"), milliseconds_of(cpu, "total")));
    const Object& documents = object_of(told_, "documentsRead");
    add("read", fmt::format("{} documents by the last run, {} in all", count_of(documents, "last"),
                            count_of(documents, "total")));
    add("result", fmt::format("{} at version {:.0f}", shown_size(number_of(told_, "resultBytes")),
                              number_of(told_, "version")));
  }

  void add_reads() {
    const Array& reads = list_of(told_, "reads");
    if (reads.empty()) return;
    add_title("Reads");
    for (const Value& read : reads) {
      if (read.is_object()) add_read(read.as_object());
    }
  }

  void add_read(const Object& read) {
    const bool is_count = text_of(read, "kind") == "count";
    std::string text = fmt::format("{} × {}{}", count_of(read, "times"),
                                   is_count ? "the number of " : "", text_of(read, "text"));
    if (has(read, "ms")) {
      text += fmt::format(": {} found, {}", count_of(read, "found"), milliseconds_of(read, "ms"));
    }
    lines_.push_back({{Style::Plain, "  " + std::move(text)}});
    const Object& plan = object_of(read, "plan");
    if (plan.empty()) return;
    const std::string index = text_of(plan, "index");
    const Value* const is_scan = plan.find("isScan");
    if (is_scan != nullptr && is_scan->is_boolean() && is_scan->as_boolean()) {
      lines_.push_back(
          {{Style::Yellow,
            fmt::format("    row by row, {} looked at{}", count_of(plan, "rowsSteppedOver"),
                        index.empty() ? "" : ", in the order of " + index)}});
    } else if (!index.empty()) {
      lines_.push_back({{Style::Green, "    by the index " + index}});
    }
    if (sql_ == ExplainOptions::Sql::Hide) return;
    for (const Value& step : list_of(plan, "steps"))
      lines_.push_back({{Style::Dim, "    " + (step.is_text() ? step.as_text() : "")}});
    lines_.push_back({{Style::Dim, "    " + text_of(plan, "sql")}});
  }

  void add_dependencies() {
    const Array& dependencies = list_of(told_, "dependsOn");
    if (dependencies.empty()) return;
    add_title("Runs again when a commit changes");
    for (const Value& dependency : dependencies) {
      if (!dependency.is_object()) continue;
      const Object& one = dependency.as_object();
      const std::string found_by = text_of(one, "foundBy");
      lines_.push_back(
          {{Style::Plain, "  " + text_of(one, "text")},
           {Style::Dim, found_by.empty() ? "  (looked at with every change of the table)"
                                         : "  (found by " + found_by + ")"}});
    }
    const double rest = number_of(told_, "dependencies") - static_cast<double>(dependencies.size());
    if (rest > 0)
      lines_.push_back({{Style::Dim, fmt::format("  … and {} more", shown_number(rest))}});
  }

  void add_advice() {
    const Array& advice = list_of(told_, "advice");
    if (advice.empty()) return;
    add_title("Advice");
    for (const Value& sentence : advice) {
      if (sentence.is_text()) lines_.push_back({{Style::Yellow, "  " + sentence.as_text()}});
    }
  }

  const Object& told_;
  ExplainOptions::Sql sql_;
  std::vector<TextLine> lines_;
};

constexpr std::size_t kCellWidth = 9;
constexpr std::size_t kNumberCells = 7;  // of a line of the list
constexpr std::size_t kFunctionWidth = 26;
constexpr std::size_t kArgsWidthMin = 10;

TextLine live_query_line(const Object& query, std::size_t args_width) {
  const Object& cpu = object_of(query, "cpu");
  const auto cell = [](const std::string& text) { return fitted(text, kCellWidth, Align::Right); };
  const bool is_slow = text_of(query, "lane") == "slow";
  return {{Style::Bold, cell(fmt::format("{:.0f}", number_of(query, "query"))) + "  "},
          {Style::Plain,
           fitted(printable(text_of(query, "function")), kFunctionWidth, Align::Left) + " "},
          {Style::Dim, fitted(printable(text_of(query, "args")), args_width, Align::Left)},
          {Style::Plain, cell(count_of(query, "subscriptions"))},
          {Style::Plain, cell(count_of(query, "runs"))},
          {Style::Plain, cell(count_of(query, "unchanged"))},
          {Style::Plain, cell(count_of(cpu, "total"))},
          {Style::Plain, cell(count_of(cpu, "mean"))},
          {Style::Plain, cell(shown_size(number_of(query, "resultBytes"))) + "  "},
          {is_slow ? Style::Yellow : Style::Dim, text_of(query, "lane")}};
}

}  // namespace

std::vector<TextLine> explanation_lines(const Object& explanation, ExplainOptions::Sql sql) {
  return Explanation(explanation, sql).lines();
}

std::vector<TextLine> live_query_lines(const Array& queries, std::size_t width) {
  const std::size_t rest = kNumberCells * kCellWidth + kFunctionWidth + 9;
  const std::size_t args_width = width > rest + kArgsWidthMin ? width - rest : kArgsWidthMin;
  std::string header = fitted("query", kCellWidth, Align::Right) + "  " +
                       fitted("function", kFunctionWidth, Align::Left) + " " +
                       fitted("arguments", args_width, Align::Left);
  for (const char* name : {"subscr.", "runs", "unchang.", "CPU ms", "mean", "result"})
    header += fitted(name, kCellWidth, Align::Right);
  std::vector<TextLine> lines{{{Style::Dim, header + "  lane"}}};
  for (const Value& query : queries) {
    if (query.is_object()) lines.push_back(live_query_line(query.as_object(), args_width));
  }
  return lines;
}

}  // namespace moonstone::cli
