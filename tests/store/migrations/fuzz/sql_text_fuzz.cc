// Moonstone. Licence: see LICENSE.
// Any bytes as a file of statements: what is split, put together and split again is the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "store/sqlite/internal/search_table.h"
#include "store/sqlite/internal/sql_text.h"
#include "store/sqlite/internal/table_diff.h"

namespace sqlite = moonstone::store::sqlite;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t end = 0;
  for (const sqlite::SqlToken& token : sqlite::sql_tokens(text)) {
    if (token.offset < end || token.text.empty()) std::abort();
    end = token.end();
  }
  const auto statements = sqlite::split_sql(text);
  for (const std::string& statement : statements) {
    if (statement.empty() || text.find(statement) == std::string::npos) std::abort();
    const auto again = sqlite::split_sql(statement);
    if (again.size() != 1 || again.front() != statement) std::abort();
  }
  const std::string canonical = sqlite::canonical_sql(text);
  if (canonical.size() > 2 * text.size() + 1) std::abort();
  static_cast<void>(sqlite::read_search_table(text));
  static_cast<void>(sqlite::create_if_missing(text));
  if (sqlite::unquoted(sqlite::quoted_name(text)) != text) std::abort();
  return 0;
}
