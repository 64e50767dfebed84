// Moonstone. Licence: see LICENSE.
#pragma once
// GroupWriter: runs waiting mutations as one durable commit.
//
// Each mutation runs in its own savepoint. A mutation that fails is undone alone; one that takes
// longer than its share of a group is undone and handed back, to run alone. If the transaction is
// lost, nothing has happened, and every member runs again in a commit of its own.
// Invariants:
//  (1) A member is answered only after the COMMIT that contains it (or after its own failure).
//  (2) Inputs, `now` and seed of a member are the same in every run.
// Threads: confined to the writer's thread.
// Source: design.md decisions 8-12.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/ulid.h"
#include "engine/change_merge.h"
#include "engine/client_ledger.h"
#include "engine/database.h"
#include "engine/limits.h"
#include "store/store.h"

namespace moonstone::engine {

/// A mutation on its way: the call and what must not change between its runs.
struct PendingCall {
  MutationCall call;
  std::int64_t now_unix_ms = 0;  // set at its first run
  std::uint64_t random_seed = 0;
  bool runs_alone = false;
};

class GroupWriter {
 public:
  struct Environment {
    store::Writer* writer = nullptr;
    UlidGenerator* ids = nullptr;
    Clock* clock = nullptr;
    Random* random = nullptr;
    Logger* logger = nullptr;
    const Limits* limits = nullptr;
  };

  /// What became of a group.
  struct Report {
    CommitPtr commit;  // null if nothing durable happened
    bool outside_change = false;
    /// Members with their answers, in order; to be called after the commit was published.
    std::vector<std::pair<PendingCall, Result<MutationOutcome>>> answered;
    /// Members that did not run or must run alone; they go back to the head of the queue.
    std::vector<PendingCall> left_over;
  };

  explicit GroupWriter(const Environment& environment) : environment_(environment) {}

  /// Runs the members in order. If `report.answered` is empty while members were lost with their
  /// transaction, they are all in `left_over` with runs_alone set.
  [[nodiscard]] Report run(std::vector<PendingCall> members, std::uint64_t schema_version);

  [[nodiscard]] Version version() const { return version_; }
  [[nodiscard]] const Database::Counters& counters() const { return counters_; }

  /// Forgets cached ledgers, after a reset.
  void forget_ledgers() { ledgers_.clear(); }

 private:
  enum class Fate : unsigned char { Answered, RunAlone, GroupLost };
  struct Group;

  Fate run_member(Group& group,
                  PendingCall& member,
                  std::optional<Result<MutationOutcome>>& answer);
  Result<MutationOutcome> run_body(Group& group, PendingCall& member);
  Status record_success(Group& group,
                        const PendingCall& member,
                        MutationOutcome& outcome,
                        const store::Mark& mark);
  Result<ClientLedger*> ledger_of(Group& group, const std::string& client);
  [[nodiscard]] bool is_known_slow(const PendingCall& member) const;
  void remember_slow(const PendingCall& member);
  Status seal(Group& group);
  void abandon(Group& group, Report& report, std::vector<PendingCall> not_run, const Error& why);

  struct SlowFunction {
    std::chrono::steady_clock::time_point until;  // starts alone until then
    std::chrono::milliseconds memory{};           // for how long it was remembered last
  };

  Environment environment_;
  Version version_ = 0;
  Database::Counters counters_;
  /// Ledgers of recent clients as committed. Emptied when it grows beyond kLedgersCachedMax.
  std::unordered_map<std::string, ClientLedger> ledgers_;
  /// Functions that lately took longer than a group's member may.
  std::unordered_map<std::string, SlowFunction> slow_functions_;
};

}  // namespace moonstone::engine
