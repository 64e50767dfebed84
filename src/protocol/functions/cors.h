// Moonstone. Licence: see LICENSE.
#pragma once
// Cors: which pages of other origins may read our answers (`server.cors_origins`).
//
// Configured, it answers every OPTIONS request itself and puts its headers on every other answer
// but those that have such headers already (the project's routes and the files have their own).
// Threads: immutable. Source: functions.md section 10 and 21.20.

#include <string>
#include <string_view>
#include <vector>

#include "protocol/transport.h"

namespace moonstone::protocol::functions {

class Cors {
 public:
  /// "*" or origins as browsers send them; empty: not configured.
  explicit Cors(std::vector<std::string> origins);

  [[nodiscard]] bool is_configured() const { return !origins_.empty(); }
  [[nodiscard]] HttpResponse answer_preflight(const HttpRequest& request) const;
  /// Puts the headers on the answer that `respond` will get for the request.
  [[nodiscard]] Respond wrap(const HttpRequest& request, Respond respond) const;
  void add_headers(std::string_view origin, HttpResponse& response) const;

 private:
  std::vector<std::string> origins_;
  bool allows_all_ = false;
};

}  // namespace moonstone::protocol::functions
