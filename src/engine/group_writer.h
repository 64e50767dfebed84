// Moonstone. Licence: see LICENSE.
#pragma once
// GroupWriter: runs waiting mutations as one durable commit.
//
// A mutation that fails is undone alone; one that takes longer than its share of a group is undone
// and handed back, to run alone. If the transaction is lost, nothing has happened, and every member
// runs again in a commit of its own.
//
// Most mutations that fail have written nothing yet, so they run without a savepoint, which would
// cost a sixth of a small one. If one does fail late, the whole transaction is undone and the group
// begins again; the function is remembered and has a savepoint from then on.
// Invariants:
//  (1) A member is answered only after the COMMIT that contains it (or after its own failure).
//  (2) Inputs, `now` and seed of a member are the same in every run.
// Threads: confined to whoever has the writer.
// Source: design.md decisions 8-12.

#include <cstdint>
#include <map>
#include <memory>
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
  bool has_savepoint = false;  // it failed after it had written
  unsigned disk_failures = 0;  // commits of it that the disk refused
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
    RecordRules* rules = nullptr;
  };

  /// What became of a group.
  struct Report {
    CommitPtr commit;              // null if nothing durable happened
    std::size_t change_count = 0;  // of it, listed or not
    bool outside_change = false;
    /// Members with their answers, in order; to be called after the commit was published.
    std::vector<std::pair<PendingCall, Result<MutationOutcome>>> answered;
    /// Members that did not run or must run alone; they go back to the head of the queue.
    std::vector<PendingCall> left_over;
    /// The disk failed, and what it holds is not known. Nobody is answered: after the store has
    /// been restarted come resolve() or give_up(), before any other run().
    std::optional<Error> disk_failure{};
  };

  explicit GroupWriter(const Environment& environment);
  ~GroupWriter();
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  /// Runs the members in order. If `report.answered` is empty while members were lost with their
  /// transaction, they are all in `left_over` with runs_alone set.
  [[nodiscard]] Report run(std::vector<PendingCall> members, std::uint64_t schema_version);

  /// After a restart that found the state `version`: either it contains the group, whose members
  /// are then answered as they would have been, or they run again.
  [[nodiscard]] Report resolve(store::Writer& writer, Version version);
  /// The store cannot be opened again: says so to the members.
  [[nodiscard]] Report give_up(const Error& cause);

  /// A call that comes in steps: its transaction stays open until finish() or drop().
  class Turn {
   public:
    ~Turn();
    [[nodiscard]] Transaction& transaction();

   private:
    friend class GroupWriter;
    struct State;
    explicit Turn(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  /// `call` has no body; its `done` is answered by the report of finish(). Errors: those of
  /// begin().
  [[nodiscard]] Result<std::unique_ptr<Turn>> begin_turn(MutationCall call,
                                                         std::uint64_t schema_version,
                                                         std::chrono::milliseconds lease);
  /// Commits it. The report is that of a group with one member.
  [[nodiscard]] Report finish(Turn& turn);
  void drop(Turn& turn);

  [[nodiscard]] Version version() const { return version_; }
  [[nodiscard]] const Database::Counters& counters() const { return counters_; }

  /// Forgets cached ledgers, after a reset.
  void forget_ledgers();

 private:
  enum class Fate : unsigned char { Answered, RunAlone, BeginAgain, GroupLost };
  struct Group;
  /// Functions that lately made trouble, and until when that is remembered.
  class FunctionMemory {
   public:
    explicit FunctionMemory(Clock& clock) : clock_(clock) {}
    [[nodiscard]] bool knows(const std::string& function) const;
    void remember(const std::string& function);

   private:
    struct Entry {
      std::chrono::steady_clock::time_point until;
      std::chrono::milliseconds duration{};  // for how long it was remembered last
    };
    Clock& clock_;
    std::unordered_map<std::string, Entry> entries_;
  };
  struct InDoubt;

  Fate run_member(Group& group,
                  PendingCall& member,
                  std::optional<Result<MutationOutcome>>& answer);
  Result<MutationOutcome> run_body(Group& group, PendingCall& member);
  Status record_success(Group& group,
                        const PendingCall& member,
                        MutationOutcome& outcome,
                        const store::Mark& mark);
  /// Takes back what a member did that failed. Answered: it is as if it had not run.
  Fate undo(Group& group, PendingCall& member, const store::Mark& mark, Error& why);
  Result<ClientLedger*> ledger_of(Group& group, const std::string& client);
  Status seal(Group& group);
  /// Takes the transaction back, and all that is in memory because of it.
  void undo_all(Group& group);
  void begin_again(Group& group, Report& report, std::vector<PendingCall> not_run);
  void finish(Group& group, Report& report);
  static bool may_survive_a_restart(const Group& group, const std::vector<PendingCall>& not_run);
  /// Abandons the group, or keeps it in doubt if the disk failed.
  void lose(Group& group, Report& report, std::vector<PendingCall> not_run, const Error& why);
  void abandon(Group& group, Report& report, std::vector<PendingCall> not_run, const Error& why);

  Environment environment_;
  Version version_ = 0;
  Database::Counters counters_;
  /// Ledgers of recent clients, with what the running group has added. Emptied when there are too
  /// many, or they take too much.
  std::unordered_map<std::string, ClientLedger> ledgers_;
  std::size_t ledger_bytes_ = 0;
  FunctionMemory slow_;                // took longer than a group's member may
  FunctionMemory late_;                // failed after it had written
  std::unique_ptr<InDoubt> in_doubt_;  // between a report with disk_failure and what resolves it
};

}  // namespace moonstone::engine
