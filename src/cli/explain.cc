// Moonstone. Licence: see LICENSE.
// moonstone explain <function> [json]: runs a query once on a running server and tells what it
// read. moonstone explain --live [filter]: the live queries of the server, or one of them in full.

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/explain_view.h"
#include "cli/report.h"

namespace moonstone::cli {
namespace {

constexpr std::size_t kListWidth = 130;

Error wrong_usage(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "usage"};
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return is_number ? std::optional(number) : std::nullopt;
}

class Explain {
 public:
  Explain(const ExplainOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  Status run() {
    if (options_.mode == ExplainOptions::Mode::Run) return explain_run();
    if (const auto number = number_of(options_.subject)) return explain_live(*number);
    return list_live();
  }

 private:
  Status explain_run() {
    if (options_.subject.empty()) {
      return wrong_usage("name a query, such as tasks:list, or ask with --live");
    }
    auto args = parse_json(options_.arguments);
    if (!args) return wrong_usage("Invalid JSON args: " + options_.arguments);
    Object call{{"function", options_.subject}, {"args", *std::move(args)}};
    if (!options_.identity.empty()) {
      auto identity = parse_json(options_.identity);
      if (!identity || !identity->is_object()) {
        return wrong_usage("--identity must be a JSON object of claims");
      }
      call.append("identity", *std::move(identity));
    }
    MS_TRY(const Value told, ask_function(options_.remote, "_system:explainQuery", call));
    return show(told);
  }

  Status explain_live(std::int64_t number) {
    MS_TRY(const Value told,
           ask_function(options_.remote, "_system:explainLiveQuery", Object{{"query", number}}));
    return show(told);
  }

  Status list_live() {
    MS_TRY(const Value listed,
           ask_function(options_.remote, "_system:listLiveQueries",
                        Object{{"filter", options_.subject}, {"limit", options_.queries}}));
    if (options_.format == Format::Json) {
      print_json(terminal_, listed);
      return {};
    }
    const Array none;
    const Array& queries = listed.is_array() ? listed.as_array() : none;
    if (queries.empty()) {
      terminal_.line(options_.subject.empty()
                         ? "There are no live queries."
                         : "No live query is of a function like " + options_.subject + ".");
      return {};
    }
    print(live_query_lines(queries, kListWidth));
    terminal_.line();
    terminal_.line("One of them in full: moonstone explain --live <query>");
    return {};
  }

  Status show(const Value& told) {
    if (options_.format == Format::Json) {
      print_json(terminal_, told);
    } else if (told.is_object()) {
      print(explanation_lines(told.as_object(), options_.sql));
    }
    return {};
  }

  void print(const std::vector<TextLine>& lines) {
    for (TextLine line : lines) {
      for (Span& span : line)
        span.text = printable(span.text);
      terminal_.line(terminal_.has_colours() ? styled_line(line, terminal_) : plain_line(line));
    }
  }

  const ExplainOptions& options_;
  Terminal& terminal_;
};

}  // namespace

ExitCode run_explain(const ExplainOptions& options, Terminal& terminal) {
  const Status explained = Explain(options, terminal).run();
  if (explained) return ExitCode::Success;
  print_failure(terminal, options.format, explained.error());
  return exit_code_of(explained.error());
}

}  // namespace moonstone::cli
