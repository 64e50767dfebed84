// Moonstone. Licence: see LICENSE.
#include "cli/report.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/build.h"

namespace moonstone::cli {
namespace {

/// Changes that are listed one by one; the first start of a large project would fill the screen.
constexpr std::size_t kChangesShownMax = 20;

Style style_of(std::string_view line) {
  if (line.starts_with('+')) return Style::Green;
  if (line.starts_with('-')) return Style::Red;
  return Style::Yellow;
}

char sign_of(schema::ChangeKind kind) {
  switch (kind) {
    case schema::ChangeKind::AddTable:
    case schema::ChangeKind::AddField:
    case schema::ChangeKind::AddIndex:
    case schema::ChangeKind::AddSearchIndex:
      return '+';
    case schema::ChangeKind::RemoveTable:
    case schema::ChangeKind::RemoveField:
    case schema::ChangeKind::RemoveIndex:
    case schema::ChangeKind::RemoveSearchIndex:
      return '-';
    case schema::ChangeKind::ChangeFieldType:
      return '~';
  }
  return '~';
}

}  // namespace

std::string Stopwatch::shown() const {
  const auto passed = std::chrono::steady_clock::now() - start_;
  return shown_duration(std::chrono::duration_cast<std::chrono::milliseconds>(passed).count());
}

BundleRequest::Colours colours_of(const Terminal& terminal) {
  return terminal.has_colours() ? BundleRequest::Colours::On : BundleRequest::Colours::Off;
}

void print_stack(Terminal& terminal, std::string_view stack) {
  while (!stack.empty()) {
    const std::size_t end = std::min(stack.find('\n'), stack.size());
    terminal.error_line(fmt::format("    {}", stack.substr(0, end)));
    stack.remove_prefix(std::min(end + 1, stack.size()));
  }
}

void print_error(Terminal& terminal, const Error& error) {
  terminal.error(error.message());
  print_stack(terminal, error.stack());
}

void print_build_error(Terminal& terminal, const Error& error) {
  terminal.error_line("  ✗ Build failed");
  if (error.reason() == "build") {
    terminal.error_line(error.message());
  } else {
    print_error(terminal, error);
  }
}

void print_bundled(Terminal& terminal, const runtime::Bundle& bundle, const Stopwatch& watch) {
  terminal.line(fmt::format("  {} {} in {}", terminal.styled(Style::Green, "✓"),
                            describe_bundle(bundle), watch.shown()));
}

void print_changes(Terminal& terminal,
                   const runtime::Bundle* before,
                   const runtime::Bundle& after,
                   const schema::SchemaDiff& diff) {
  std::vector<std::string> lines = describe_functions(before, after);
  for (const schema::SchemaChange& change : diff.changes) {
    lines.push_back(fmt::format("{} {}", sign_of(change.kind), schema::describe(change)));
  }
  std::size_t shown = 0;
  for (const std::string& line : lines) {
    if (++shown > kChangesShownMax) break;
    terminal.line("    " + terminal.styled(style_of(line), line));
  }
  if (lines.size() > kChangesShownMax) {
    terminal.line(fmt::format("    … and {} more", lines.size() - kChangesShownMax));
  }
}

void print_json(Terminal& terminal, const Value& value) {
  terminal.line(to_json_indented(value));
}

void print_failure(Terminal& terminal, Format format, const Error& error) {
  if (format == Format::People) return print_error(terminal, error);
  print_json(terminal,
             Object{{"success", false},
                    {"error", error.message()},
                    {"code", error.reason().empty() ? to_string(error.code()) : error.reason()}});
}

ExitCode exit_code_of(const Error& error) {
  if (error.reason() == "locked") return ExitCode::Locked;
  if (error.reason() == "data_loss" || error.reason() == "schema_violation") {
    return ExitCode::Refused;
  }
  if (error.reason() == "listen") return ExitCode::CannotListen;
  if (error.reason() == "config" || error.reason() == "usage") return ExitCode::Usage;
  return ExitCode::Failure;
}

}  // namespace moonstone::cli
