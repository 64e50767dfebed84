// Moonstone. Licence: see LICENSE.
#pragma once
// A workload whose effects can be checked after any failure: clients that number their mutations,
// send one after the other, and send again what was not answered with success, as a client does
// after a lost connection.
//
// Each mutation writes two documents with its name and adds one to its client's account, so that a
// half, a second or a lost run of it shows.

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "tests/engine/database_fixture.h"

namespace moonstone::engine {

class LedgerWorkload {
 public:
  static constexpr int kClients = 3;
  static constexpr int kMutationsPerClient = 5;

  /// Makes the accounts. Before the disk fails.
  static void prepare(Database& database);

  /// Sends what was not acknowledged yet, one round per number, until a mutation fails or all are
  /// done. An answer is an acknowledgement if `counts` says so at that moment.
  void run(Database& database, const std::function<bool()>& counts = [] { return true; });

  [[nodiscard]] bool is_complete() const {
    return acknowledged_.size() == std::size_t{kClients} * kMutationsPerClient;
  }
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.size(); }

  /// Sends everything that was acknowledged once more: the answers must be the same, and nothing
  /// may happen.
  void expect_same_answers(Database& database) const;
  /// Acknowledged mutations are there; every mutation is there whole and once, or not at all; those
  /// of one client in order; indexes agree with tables, and the change log with both.
  void expect_consistent(Database& database) const;

 private:
  using Name = std::pair<int, int>;  // client, number

  /// False: a mutation was refused.
  bool run_round(Database& database, int number, const std::function<bool()>& counts);

  std::map<Name, std::string> acknowledged_;  // with their results
};

}  // namespace moonstone::engine
