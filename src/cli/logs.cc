// Moonstone. Licence: see LICENSE.
// moonstone logs: the newest lines of a server's log, and those that come.

#include <cctype>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/report.h"

namespace moonstone::cli {
namespace {

std::string_view text_of(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? std::string_view(member->as_text())
                                                : std::string_view();
}

Style style_of(std::string_view level) {
  if (level == "error") return Style::Red;
  if (level == "warn") return Style::Yellow;
  return Style::Dim;
}

/// "2026-11-21T14:00:00.000Z" as "14:00:00".
std::string_view shown_time(std::string_view text) {
  const std::size_t start = text.find('T');
  if (start == std::string_view::npos) return text;
  return text.substr(start + 1, std::string_view("00:00:00").size());
}

/// The fields of a line besides those that every line has.
std::string shown_fields(const Object& line) {
  std::string text;
  for (const Member& field : line) {
    if (field.name == "ts" || field.name == "level" || field.name == "module" ||
        field.name == "event" || field.name == "stack") {
      continue;
    }
    text += fmt::format(" {}={}", field.name,
                        field.value.is_text() ? field.value.as_text() : to_json(field.value));
  }
  return text;
}

class LogPrinter {
 public:
  LogPrinter(Format format, Terminal& terminal) : format_(format), terminal_(terminal) {}

  Status take(std::string_view piece) {
    buffer_ += piece;
    std::size_t from = 0;
    for (std::size_t end = 0; (end = buffer_.find('\n', from)) != std::string::npos; from = end + 1)
      print(std::string_view(buffer_).substr(from, end - from));
    buffer_.erase(0, from);
    return {};
  }

 private:
  void print(std::string_view text) {
    if (text.empty()) return;
    if (format_ == Format::Json) return terminal_.line(text);
    const auto parsed = parse_json(text);
    if (!parsed || !parsed->is_object()) return terminal_.line(text);
    const Object& line = parsed->as_object();
    const std::string_view level = text_of(line, "level");
    const std::string head = fmt::format("{} {:<5}", shown_time(text_of(line, "ts")), level);
    const bool is_console = text_of(line, "event") == "console";
    terminal_.line(fmt::format(
        "{} {}", terminal_.styled(style_of(level), head),
        is_console ? fmt::format("{}: {}", text_of(line, "function"), text_of(line, "text"))
                   : fmt::format("{} {}{}", text_of(line, "module"), text_of(line, "event"),
                                 shown_fields(line))));
    print_stack(terminal_, text_of(line, "stack"));
  }

  Format format_;
  Terminal& terminal_;
  std::string buffer_;
};

/// Names of functions are those of files: they may have blanks, and letters of any script.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

std::string path_of(const LogsOptions& options) {
  std::string path = fmt::format("/__admin/logs?limit={}", options.lines);
  if (options.mode == LogsOptions::Mode::Follow) path += "&follow=1";
  if (!options.level.empty()) path += "&level=" + options.level;
  if (!options.function.empty()) path += "&function=" + escaped(options.function);
  return path;
}

Status show_logs(const LogsOptions& options, Terminal& terminal) {
  LogPrinter printer(options.format, terminal);
  HttpCall made = options.remote.call_to("GET", path_of(options));
  made.time_max = std::chrono::seconds(0);
  made.on_body = [&printer](std::string_view piece) { return printer.take(piece); };
  const auto reply = call(made);
  if (!reply) return explain(options.remote, reply.error());
  if (reply->status != 200) return error_of(*reply);
  return {};
}

}  // namespace

ExitCode run_logs(const LogsOptions& options, Terminal& terminal) {
  const Status shown = show_logs(options, terminal);
  if (shown) return ExitCode::Success;
  print_failure(terminal, options.format, shown.error());
  return exit_code_of(shown.error());
}

}  // namespace moonstone::cli
