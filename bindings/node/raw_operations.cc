// Moonstone. Licence: see LICENSE.
//
// Connections for SQL of the application itself.
#include <string>
#include <utility>

#include "members.h"
#include "operations.h"
#include "store/maintenance.h"
#include "store/raw_connection.h"

namespace moonstone::node {

namespace {

Result<store::RawConnection*> find_connection(Addon& addon, const Request& request) {
  if (store::RawConnection* const found = addon.connections().find(request.number(1))) return found;
  return Error(ErrorCode::FailedPrecondition, "the connection is closed", "closed");
}

std::string read_text(Request& request) {
  return text_of(request.read());
}

/// values: path; header: whether it only reads
Status open_connection(Addon& addon, Request& request, ExchangeWriter& answer) {
  store::RawOptions options;
  options.access =
      request.number(2) == 1 ? store::RawAccess::ReadOnly : store::RawAccess::ReadWrite;
  options.path = read_text(request);
  MS_TRY(auto connection, store::RawConnection::open(std::move(options)));
  answer.set_header(1, static_cast<double>(addon.connections().add(std::move(connection))));
  return {};
}

Array read_values(Request& request) {
  Value values = request.read();
  return values.is_array() ? std::move(values.as_array()) : Array();
}

/// values: SQL, values
Status run_raw_query(store::RawConnection& connection, Request& request, ExchangeWriter& answer) {
  const std::string sql = read_text(request);
  const Array values = read_values(request);
  MS_TRY(const store::SqlRows found, connection.query(sql, values));
  answer.sql_rows(found);
  return {};
}

/// header: whether it is written anew; values: path. Answers with the size in the header.
Status run_raw_backup(store::RawConnection& connection, Request& request, ExchangeWriter& answer) {
  const auto form = request.number(2) == 1 ? store::BackupForm::Vacuum : store::BackupForm::Copy;
  MS_TRY(const store::Backup backup, store::back_up(connection, read_text(request), form));
  answer.set_header(1, static_cast<double>(backup.size_bytes));
  return {};
}

}  // namespace

Status run_raw_operation(Addon& addon,
                         Operation operation,
                         Request& request,
                         ExchangeWriter& answer) {
  if (operation == Operation::RawOpen) return open_connection(addon, request, answer);
  if (operation == Operation::RawClose) {
    addon.connections().take(request.number(1));
    return {};
  }
  MS_TRY(store::RawConnection* const connection, find_connection(addon, request));
  if (operation == Operation::RawExec) return connection->exec(read_text(request));
  if (operation == Operation::RawBackup) return run_raw_backup(*connection, request, answer);
  if (operation == Operation::RawQuery) return run_raw_query(*connection, request, answer);
  const std::string sql = read_text(request);
  const Array values = read_values(request);
  MS_TRY(const store::RawConnection::Changed changed, connection->run(sql, values));
  answer.value(changed.rows);
  answer.value(changed.last_rowid);
  return {};
}

}  // namespace moonstone::node
