// Moonstone. Licence: see LICENSE.
// moonstone lite introspect <db>: a schema for a database that is there.
#include "cli/lite_commands.h"
#include "store/introspect.h"

namespace moonstone::cli {
namespace {

Result<std::string> schema_of(const LiteIntrospectOptions& options) {
  MS_TRY(const auto connection, store::RawConnection::open({.path = options.database,
                                                            .access = store::RawAccess::ReadOnly}));
  return store::generate_lite_schema(*connection, options.no_camel ? store::FieldNames::AsInDatabase
                                                                   : store::FieldNames::CamelCase);
}

}  // namespace

ExitCode run_lite_introspect(const LiteIntrospectOptions& options, Terminal& terminal) {
  const auto text = schema_of(options);
  if (!text) return lite_failure(terminal, text.error());
  const Status written = write_lite_output(
      terminal, {.path = options.out, .is_stdout = options.out.empty()}, options.out, *text);
  return written ? ExitCode::Success : lite_failure(terminal, written.error());
}

}  // namespace moonstone::cli
