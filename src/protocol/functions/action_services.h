// Moonstone. Licence: see LICENSE.
#pragma once
// What code in one action call gets from its tenant: the server's end of ctx.
// Threads: see actions::ActionServices.

#include <memory>
#include <string>

#include "files/file_service.h"
#include "protocol/functions/function_host.h"
#include "runtime/actions/action_services.h"

namespace moonstone::protocol::functions {

struct CallServices {
  FunctionHost* host = nullptr;
  files::FileService* files = nullptr;  // null: no file storage
  std::shared_ptr<void> tenant;         // keeps the two alive
  engine::Session session;
  std::string function;  // whose lines are logged
};

[[nodiscard]] std::shared_ptr<actions::ActionServices> make_action_services(CallServices parts);

}  // namespace moonstone::protocol::functions
