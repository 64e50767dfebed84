// Moonstone. Licence: see LICENSE.
#pragma once
// How the commands present builds, errors and durations; the one place for their look.
// Threads: confined to the main thread.

#include <chrono>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/value.h"
#include "cli/bundler.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "runtime/bundle.h"
#include "schema/diff.h"

namespace moonstone::cli {

/// The time since it was made.
class Stopwatch {
 public:
  Stopwatch() : start_(std::chrono::steady_clock::now()) {}
  /// "42 ms"
  [[nodiscard]] std::string shown() const;

 private:
  std::chrono::steady_clock::time_point start_;
};

[[nodiscard]] BundleRequest::Colours colours_of(const Terminal& terminal);

/// The frames of a stack, indented, to standard error.
void print_stack(Terminal& terminal, std::string_view stack);
/// An error with its stack, if it has one.
void print_error(Terminal& terminal, const Error& error);
/// esbuild's report as it is; the user's own error with its stack.
void print_build_error(Terminal& terminal, const Error& error);

/// "  ✓ Bundled N functions, M tables in 42 ms"
void print_bundled(Terminal& terminal, const runtime::Bundle& bundle, const Stopwatch& watch);
/// What is new since `before` (null: everything), one line each; a long list is cut.
void print_changes(Terminal& terminal,
                   const runtime::Bundle* before,
                   const runtime::Bundle& after,
                   const schema::SchemaDiff& diff);

/// A value as JSON on standard output, for programs.
void print_json(Terminal& terminal, const Value& value);
/// An error as `{"success":false,"error":..,"code":..}` on standard output, or for people.
void print_failure(Terminal& terminal, Format format, const Error& error);

/// The exit code of an error of opening, deploying or serving.
[[nodiscard]] ExitCode exit_code_of(const Error& error);

}  // namespace moonstone::cli
