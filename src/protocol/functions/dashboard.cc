// Moonstone. Licence: see LICENSE.
#include "protocol/functions/dashboard.h"

#include <string_view>

namespace moonstone::protocol::functions {

namespace {

constexpr std::string_view kHead = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moonstone</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 44rem; padding: 0 1rem;
  color: #1d2433; background: #f7f8fb; }
h1 { font-weight: 600; } h2 { font-size: 1rem; margin-top: 2rem; color: #5b6478; }
li { font-family: ui-monospace, monospace; font-size: .9rem; } small { color: #5b6478; }
@media (prefers-color-scheme: dark) { body { color: #e6e9f2; background: #12151d; } }
</style>
</head>
<body>
<h1>Moonstone</h1>
<p>A real-time backend. <small>Projects written for Zeroback run here unchanged.</small></p>
)html";

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '&':
        out += "&amp;";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace

std::string dashboard_page(const runtime::Bundle* bundle) {
  std::string page(kHead);
  if (bundle != nullptr) {
    page += "<h2>Tables</h2>\n<ul>\n";
    for (const schema::Table& table : bundle->schema.tables) {
      page += "<li>";
      append_escaped(table.name, page);
      page += " <small>" + std::to_string(table.fields.size()) + " fields</small></li>\n";
    }
    page += "</ul>\n<h2>Functions</h2>\n<ul>\n";
    for (const auto& [name, function] : bundle->functions) {
      page += "<li>";
      append_escaped(name, page);
      page += function.visibility == runtime::Visibility::Internal
                  ? " <small>internal</small></li>\n"
                  : "</li>\n";
    }
    page += "</ul>\n";
  }
  page += "</body>\n</html>\n";
  return page;
}

}  // namespace moonstone::protocol::functions
