// Moonstone. Licence: see LICENSE.
#include "cli/env_file.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/files.h"

namespace moonstone::cli {
namespace {

constexpr std::string_view kOwnPrefix = "MOONSTONE_";

bool is_name_character(char c, std::size_t position) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return is_letter || (position > 0 && c >= '0' && c <= '9');
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Walks over the text, one assignment at a time.
class EnvParser {
 public:
  EnvParser(std::string_view text, std::string_view name) : rest_(text), file_(name) {
    if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
  }

  Result<std::vector<Variable>> run() {
    std::map<std::string, std::string, std::less<>> variables;
    while (true) {
      skip_blanks_and_comments();
      if (rest_.empty()) break;
      MS_TRY(std::string name, take_name());
      MS_TRY(std::string value, take_value());
      // The environment of a process ends its texts with one.
      if (value.find('\0') != std::string::npos) return wrong("a value cannot hold a zero byte");
      variables[std::move(name)] = std::move(value);
    }
    return std::vector<Variable>(variables.begin(), variables.end());
  }

 private:
  void advance(std::size_t count) {
    line_ += static_cast<std::size_t>(std::ranges::count(rest_.substr(0, count), '\n'));
    rest_.remove_prefix(count);
  }
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front()))
      advance(1);
  }
  void skip_blanks_and_comments() {
    while (!rest_.empty()) {
      if (rest_.front() == '#') {
        advance(std::min(rest_.find('\n'), rest_.size()));
      } else if (is_blank(rest_.front()) || rest_.front() == '\n') {
        advance(1);
      } else {
        return;
      }
    }
  }

  Error wrong(std::string_view what) const {
    return {ErrorCode::InvalidArgument, fmt::format("{}:{}: {}", file_, line_, what), "env_file"};
  }

  Result<std::string> take_name() {
    constexpr std::string_view kExport = "export ";
    if (rest_.starts_with(kExport)) {
      advance(kExport.size());
      skip_blanks();
    }
    std::size_t length = 0;
    while (length < rest_.size() && is_name_character(rest_[length], length))
      ++length;
    std::string name(rest_.substr(0, length));
    advance(length);
    skip_blanks();
    if (name.empty() || !rest_.starts_with('=')) return wrong("expected a line such as NAME=value");
    advance(1);
    skip_blanks();
    return name;
  }

  Result<std::string> take_value() {
    if (rest_.starts_with('\'') || rest_.starts_with('"')) return take_quoted(rest_.front());
    std::string_view line = rest_.substr(0, rest_.find('\n'));
    const std::size_t length = line.size();
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '#' && (i == 0 || is_blank(line[i - 1]))) line = line.substr(0, i);
    }
    while (!line.empty() && is_blank(line.back()))
      line.remove_suffix(1);
    std::string value(line);
    advance(length);
    return value;
  }

  Result<std::string> take_quoted(char quote) {
    const Error unclosed = wrong("the quoted value does not end");
    advance(1);
    std::string value;
    while (!rest_.empty() && rest_.front() != quote) {
      const bool is_escape = quote == '"' && rest_.front() == '\\' && rest_.size() > 1;
      if (is_escape) advance(1);
      value += is_escape ? escaped(rest_.front()) : rest_.front();
      advance(1);
    }
    if (rest_.empty()) return unclosed;
    advance(1);
    skip_blanks();
    if (!rest_.empty() && rest_.front() != '\n' && rest_.front() != '#') {
      return wrong("nothing may follow a quoted value");
    }
    return value;
  }

  static char escaped(char c) {
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      default:
        return c;
    }
  }

  std::string_view rest_;
  std::string_view file_;
  std::size_t line_ = 1;
};

}  // namespace

Result<std::vector<Variable>> parse_env_file(std::string_view text, std::string_view name) {
  return EnvParser(text, name).run();
}

Result<std::vector<std::string>> action_environment(const std::string& root, EnvFiles files) {
  std::map<std::string, std::string, std::less<>> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || variable.starts_with(kOwnPrefix)) continue;
    variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  if (files == EnvFiles::Read) {
    for (const std::string_view name : {".env.local", ".env"}) {
      const std::string path = fmt::format("{}/{}", root, name);
      if (!is_file(path)) continue;
      MS_TRY(const std::string text, read_file(path));
      MS_TRY(const auto read, parse_env_file(text, name));
      // The earlier one wins.
      variables.insert(read.begin(), read.end());
    }
  }
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) {
    if (!name.starts_with(kOwnPrefix)) environment.push_back(name + "=" + value);
  }
  return environment;
}

}  // namespace moonstone::cli
