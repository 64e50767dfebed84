// Moonstone. Licence: see LICENSE.
#include "engine/group_writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/disk_failure.h"

namespace moonstone::engine {

namespace {

/// Ledgers kept in memory; beyond, the cache starts afresh and reads them again from the store.
constexpr std::size_t kLedgersCachedMax = 10'000;
constexpr std::size_t kLedgersCachedBytesMax = std::size_t{32} * 1024 * 1024;

/// How long a function that was too slow for a group starts alone. Being stopped in a group costs
/// the call its time and the runtime its context, so it should not happen at every call. But a busy
/// machine can hold any call up once, and every call alone is one sync each: who is slow again soon
/// after is remembered for twice as long.
/// Likewise, one that failed after it had written may do so once in a while: a group that begins
/// again because of it costs little if that is rare.
constexpr std::chrono::milliseconds kMemoryMin{100};
constexpr std::chrono::milliseconds kMemoryMax{30'000};
/// Functions remembered; a project has fewer.
constexpr std::size_t kFunctionsMax = 1'000;

/// How often one call is tried on a disk that fails again after each restart.
constexpr unsigned kDiskFailuresMax = 3;

Error group_lost(const Error& cause) {
  return {cause.code(), "the transaction could not be committed: " + cause.message(),
          cause.reason()};
}

}  // namespace

/// The state of one transaction; dropped with it.
struct GroupWriter::Group {
  store::Version version = 0;
  std::chrono::steady_clock::time_point started;
  std::size_t members_run = 0;
  bool wrote = false;
  bool outside_change = false;  // noticed at its beginning: the store has mended what depends on it
  bool alone = false;           // a single member that may use its full time
  bool sealing = false;         // all members have run; COMMIT may have been tried
  std::uint64_t schema_version = 0;
  schema::SchemaPtr schema;  // that the changes point into
  ChangeMerge changes;
  struct TouchedLedger {
    ClientLedger* ledger = nullptr;  // in ledgers_
    ClientLedger::Position before;
    std::size_t bytes_before = 0;
    bool is_changed = false;
    bool is_sealed = false;
  };
  std::map<std::string, TouchedLedger, std::less<>> ledgers;  // by client
  std::vector<std::pair<PendingCall, Result<MutationOutcome>>> answered;
};

struct GroupWriter::InDoubt {
  Group group;
  std::vector<PendingCall> not_run;
  Error cause;
};

GroupWriter::GroupWriter(const Environment& environment)
    : environment_(environment), slow_(*environment.clock), late_(*environment.clock) {}
GroupWriter::~GroupWriter() = default;

GroupWriter::Report GroupWriter::run(std::vector<PendingCall> members,
                                     std::uint64_t schema_version) {
  Report report;
  Group group;
  group.started = environment_.clock->monotonic();
  group.alone = members.size() == 1;
  auto begun = environment_.writer->begin();
  if (!begun) {
    lose(group, report, std::move(members), begun.error());
    return report;
  }
  group.version = version_ = begun->version;
  group.answered.reserve(members.size());
  group.schema = environment_.writer->schema();
  group.schema_version = schema_version;
  group.outside_change = begun->outside_change;
  for (std::size_t i = 0; i < members.size(); ++i) {
    PendingCall& member = members[i];
    const bool out_of_time =
        environment_.clock->monotonic() - group.started > environment_.limits->group_time_max;
    if (group.members_run > 0 &&
        (out_of_time || member.runs_alone || slow_.knows(member.call.function))) {
      std::move(members.begin() + static_cast<std::ptrdiff_t>(i), members.end(),
                std::back_inserter(report.left_over));
      break;
    }
    std::optional<Result<MutationOutcome>> answer;
    const Fate fate = run_member(group, member, answer);
    if (fate == Fate::GroupLost || fate == Fate::BeginAgain) {
      std::vector<PendingCall> not_run(
          std::make_move_iterator(members.begin() + static_cast<std::ptrdiff_t>(i)),
          std::make_move_iterator(members.end()));
      if (fate == Fate::GroupLost) {
        lose(group, report, std::move(not_run), answer->error());
      } else {
        begin_again(group, report, std::move(not_run));
      }
      return report;
    }
    if (fate == Fate::RunAlone) {
      std::move(members.begin() + static_cast<std::ptrdiff_t>(i), members.end(),
                std::back_inserter(report.left_over));
      break;  // later calls of the same client must not overtake it
    }
    ++group.members_run;
    group.answered.emplace_back(std::move(member), *std::move(answer));
  }
  if (Status sealed = seal(group); !sealed) {
    std::vector<PendingCall> not_run = std::exchange(report.left_over, {});
    lose(group, report, std::move(not_run), sealed.error());
    return report;
  }
  finish(group, report);
  return report;
}

void GroupWriter::finish(Group& group, Report& report) {
  // Of a transaction that is undone, the next one tells it again.
  report.outside_change = report.outside_change || group.outside_change;
  if (group.wrote) {
    ++counters_.commits;
    auto commit = std::make_shared<Commit>();
    commit->schema = group.schema;
    commit->version = group.version;
    commit->schema_version = group.schema_version;
    commit->changes = group.changes.take();
    report.change_count = commit->changes.size();
    if (commit->changes.size() > environment_.limits->changes_tracked_max) {
      commit->changes.clear();
      commit->everything = true;
    }
    report.commit = std::move(commit);
    version_ = group.version;
  }
  for (const auto& [member, answer] : group.answered)
    counters_.mutations += answer ? 1U : 0U;
  report.answered = std::move(group.answered);
}

struct GroupWriter::Turn::State {
  Group group;
  PendingCall member;
  store::Mark mark;
  std::optional<Transaction> transaction;  // refers to the session of `member`
};

GroupWriter::Turn::Turn(std::unique_ptr<State> state) : state_(std::move(state)) {}
GroupWriter::Turn::~Turn() = default;

Transaction& GroupWriter::Turn::transaction() {
  return *state_->transaction;
}

Result<std::unique_ptr<GroupWriter::Turn>> GroupWriter::begin_turn(
    MutationCall call, std::uint64_t schema_version, std::chrono::milliseconds lease) {
  store::Writer& writer = *environment_.writer;
  MS_TRY(const store::Writer::Begun begun, writer.begin());
  auto state = std::make_unique<Turn::State>();
  Group& group = state->group;
  group.started = environment_.clock->monotonic();
  group.alone = true;
  group.version = version_ = begun.version;
  group.schema = writer.schema();
  group.schema_version = schema_version;
  group.outside_change = begun.outside_change;
  MS_TRY(state->mark, writer.light_mark());
  state->member = {.call = std::move(call),
                   .now_unix_ms = environment_.clock->unix_ms(),
                   .random_seed = environment_.random->next(),
                   .disk_failures = kDiskFailuresMax};  // its steps cannot be run again
  state->transaction.emplace(Transaction::Environment{.writer = environment_.writer,
                                                      .ids = environment_.ids,
                                                      .session = &state->member.call.session,
                                                      .limits = environment_.limits,
                                                      .now_unix_ms = state->member.now_unix_ms,
                                                      .random_seed = state->member.random_seed,
                                                      .deadline = group.started + lease,
                                                      .rules = environment_.rules});
  return std::unique_ptr<Turn>(new Turn(std::move(state)));
}

GroupWriter::Report GroupWriter::finish(Turn& turn) {
  Turn::State& state = *turn.state_;
  Report report;
  const bool has_run_sql = state.transaction->has_run_sql();
  state.transaction.reset();
  MutationOutcome outcome;
  Status recorded = record_success(state.group, state.member, outcome, state.mark);
  if (recorded) {
    if (has_run_sql && !state.group.wrote) {
      // Nothing says what it did to tables that belong to no model: it counts as a write.
      state.group.wrote = true;
      outcome.version = ++state.group.version;
    }
    state.group.answered.emplace_back(std::move(state.member), std::move(outcome));
    recorded = seal(state.group);
    if (!recorded) {
      lose(state.group, report, {}, recorded.error());
      return report;
    }
    finish(state.group, report);
    return report;
  }
  std::vector<PendingCall> not_run;
  not_run.push_back(std::move(state.member));
  lose(state.group, report, std::move(not_run), recorded.error());
  return report;
}

void GroupWriter::drop(Turn& turn) {
  turn.state_->transaction.reset();
  undo_all(turn.state_->group);
}

GroupWriter::Fate GroupWriter::run_member(Group& group,
                                          PendingCall& member,
                                          std::optional<Result<MutationOutcome>>& answer) {
  store::Writer& writer = *environment_.writer;
  ClientLedger* ledger = nullptr;
  const std::string& client = member.call.session.client;
  if (!client.empty() && !member.call.mutation_id.empty()) {
    auto found = ledger_of(group, client);
    if (!found) {
      answer = Error(found.error());
      return writer.in_transaction() ? Fate::Answered : Fate::GroupLost;
    }
    ledger = *found;
    if (auto known = ledger->find(member.call.mutation_id)) {
      ++counters_.ledger_hits;
      answer = std::move(*known);
      return Fate::Answered;
    }
  }
  const bool is_careful = member.has_savepoint || late_.knows(member.call.function);
  auto mark = is_careful ? writer.mark() : writer.light_mark();
  if (!mark) {
    answer = Error(mark.error());
    return Fate::GroupLost;
  }
  Result<MutationOutcome> outcome = run_body(group, member);
  if (outcome) {
    if (Status recorded = record_success(group, member, *outcome, *mark); !recorded) {
      outcome = Error(recorded.error());
    }
  }
  if (!writer.in_transaction()) {
    answer = outcome ? Error(ErrorCode::Internal, "the transaction ended early") : outcome.error();
    return Fate::GroupLost;
  }
  if (!outcome) {
    Error why = outcome.error();
    if (const Fate fate = undo(group, member, *mark, why); fate != Fate::Answered) {
      answer = std::move(why);
      return fate;
    }
  }
  if (ledger != nullptr && (outcome || is_lasting_failure(outcome.error()))) {
    ledger->remember(member.call.mutation_id, outcome);
    group.ledgers.find(client)->second.is_changed = true;
  }
  answer = std::move(outcome);
  return Fate::Answered;
}

GroupWriter::Fate GroupWriter::undo(Group& group,
                                    PendingCall& member,
                                    const store::Mark& mark,
                                    Error& why) {
  const bool was_too_slow = why.code() == ErrorCode::DeadlineExceeded && group.members_run > 0;
  if (was_too_slow) {
    member.runs_alone = true;
    slow_.remember(member.call.function);
    ++counters_.moved_alone;
  }
  store::Writer& writer = *environment_.writer;
  Status undone = writer.rollback_to(mark);
  if (undone) {
    undone = writer.release(mark);
  } else if (undone.error().reason() == "light_mark") {
    if (group.wrote) {
      member.has_savepoint = true;
      late_.remember(member.call.function);
      return Fate::BeginAgain;
    }
    // Nobody before it has written: the transaction can go as a whole.
    writer.rollback();
    auto begun = writer.begin();
    undone = begun ? Status() : Status(begun.error());
    group.outside_change = group.outside_change || (begun && begun->outside_change);
  }
  if (!undone) {
    why = undone.error();
    return Fate::GroupLost;
  }
  return was_too_slow ? Fate::RunAlone : Fate::Answered;
}

Result<MutationOutcome> GroupWriter::run_body(Group& group, PendingCall& member) {
  if (member.now_unix_ms == 0) {
    member.now_unix_ms = environment_.clock->unix_ms();
    member.random_seed = environment_.random->next();
  }
  // The first member delays nobody before it, so it may use its full time.
  const Limits& limits = *environment_.limits;
  const auto allowance = group.members_run == 0 ? limits.call_max : limits.grouped_call_max;
  Transaction transaction({.writer = environment_.writer,
                           .ids = environment_.ids,
                           .session = &member.call.session,
                           .limits = &limits,
                           .now_unix_ms = member.now_unix_ms,
                           .random_seed = member.random_seed,
                           .deadline = environment_.clock->monotonic() + allowance,
                           .rules = environment_.rules});
  MS_TRY(std::optional<std::string> json, member.call.body(transaction));
  return MutationOutcome{.result_json = std::move(json), .version = group.version};
}

Status GroupWriter::record_success(Group& group,
                                   const PendingCall& member,
                                   MutationOutcome& outcome,
                                   const store::Mark& mark) {
  store::Writer& writer = *environment_.writer;
  MS_TRY(std::vector<query::Change> changes, writer.changes_since(mark));
  if (!changes.empty()) {
    const store::Origin origin{.client = member.call.session.client,
                               .mutation = member.call.mutation_id,
                               .function = member.call.function,
                               .identity = member.call.session.identity};
    MS_TRY_STATUS(writer.append_log(group.version + 1, member.now_unix_ms, origin, changes));
  }
  MS_TRY_STATUS(writer.release(mark));
  if (!changes.empty()) {
    ++group.version;
    group.wrote = true;
    group.changes.add(std::move(changes));
  }
  outcome.version = group.version;
  return {};
}

Result<ClientLedger*> GroupWriter::ledger_of(Group& group, const std::string& client) {
  if (const auto touched = group.ledgers.find(client); touched != group.ledgers.end()) {
    return touched->second.ledger;
  }
  auto cached = ledgers_.find(client);
  if (cached == ledgers_.end()) {
    MS_TRY(std::optional<store::StoredLedger> stored, environment_.writer->load_ledger(client));
    ClientLedger ledger = stored ? ClientLedger::parse(*std::move(stored)) : ClientLedger();
    ledger_bytes_ += ledger.size_bytes();
    cached = ledgers_.emplace(client, std::move(ledger)).first;
  }
  ClientLedger& ledger = cached->second;
  group.ledgers.emplace(client, Group::TouchedLedger{.ledger = &ledger,
                                                     .before = ledger.position(),
                                                     .bytes_before = ledger.size_bytes()});
  return &ledger;
}

void GroupWriter::forget_ledgers() {
  ledgers_.clear();
  ledger_bytes_ = 0;
}

bool GroupWriter::FunctionMemory::knows(const std::string& function) const {
  const auto known = entries_.find(function);
  return known != entries_.end() && clock_.monotonic() < known->second.until;
}

void GroupWriter::FunctionMemory::remember(const std::string& function) {
  if (entries_.size() >= kFunctionsMax) entries_.clear();
  Entry& entry = entries_[function];
  const auto now = clock_.monotonic();
  const bool is_soon = now < entry.until + entry.duration;
  entry.duration = is_soon ? std::min(2 * entry.duration, kMemoryMax) : kMemoryMin;
  entry.until = now + entry.duration;
}

Status GroupWriter::seal(Group& group) {
  store::Writer& writer = *environment_.writer;
  group.sealing = true;
  if (!group.wrote && group.outside_change) {
    MS_TRY_STATUS(writer.commit());
  } else if (!group.wrote) {
    // Nothing to make durable: failures and no-ops are remembered in memory until a later commit
    // of the same client carries them.
    writer.rollback();
  } else {
    for (auto& [client, touched] : group.ledgers) {
      if (!touched.is_changed) continue;
      touched.is_sealed = true;
      MS_TRY_STATUS(
          writer.save_ledger(client, touched.ledger->seal(), environment_.clock->unix_ms()));
    }
    MS_TRY_STATUS(writer.set_version(group.version));
    MS_TRY_STATUS(writer.commit());
  }
  for (const auto& [client, touched] : group.ledgers)
    ledger_bytes_ += touched.ledger->size_bytes() - touched.bytes_before;
  if (ledgers_.size() > kLedgersCachedMax || ledger_bytes_ > kLedgersCachedBytesMax) {
    forget_ledgers();
  }
  return {};
}

void GroupWriter::undo_all(Group& group) {
  if (environment_.writer->in_transaction()) environment_.writer->rollback();
  for (auto& [client, touched] : group.ledgers) {
    touched.ledger->return_to(touched.before);
    if (!touched.is_sealed) continue;
    // What it believes to be stored is not: it is read again when it is needed.
    ledger_bytes_ -= touched.bytes_before;
    ledgers_.erase(client);
  }
}

void GroupWriter::begin_again(Group& group, Report& report, std::vector<PendingCall> not_run) {
  undo_all(group);
  counters_.replays += group.answered.size();
  for (auto& [member, answer] : group.answered)
    report.left_over.push_back(std::move(member));
  std::ranges::move(not_run, std::back_inserter(report.left_over));
}

void GroupWriter::lose(Group& group,
                       Report& report,
                       std::vector<PendingCall> not_run,
                       const Error& why) {
  if (!is_disk_failure(why)) return abandon(group, report, std::move(not_run), why);
  // Whatever is found on the disk, the ledgers are read from there again.
  undo_all(group);
  group.ledgers.clear();
  report.disk_failure = why;
  in_doubt_ = std::make_unique<InDoubt>(std::move(group), std::move(not_run), why);
}

GroupWriter::Report GroupWriter::resolve(store::Writer& writer, Version version) {
  environment_.writer = &writer;
  forget_ledgers();
  Report report;
  report.outside_change = true;  // nobody knows what else the disk has done
  const std::unique_ptr<InDoubt> doubt = std::move(in_doubt_);
  if (!doubt) return report;
  Group& group = doubt->group;
  // Only this process raises the version, and a group that wrote has one of its own.
  if (group.sealing && group.wrote && version == group.version) {
    finish(group, report);
    report.left_over = std::move(doubt->not_run);
    return report;
  }
  for (auto& [member, answer] : group.answered)
    ++member.disk_failures;
  for (PendingCall& member : doubt->not_run)
    ++member.disk_failures;
  abandon(group, report, std::move(doubt->not_run), doubt->cause);
  return report;
}

GroupWriter::Report GroupWriter::give_up(const Error& cause) {
  Report report;
  const std::unique_ptr<InDoubt> doubt = std::move(in_doubt_);
  if (!doubt) return report;
  for (auto& [member, answer] : doubt->group.answered) {
    const bool may_have_been_applied = doubt->group.sealing && doubt->group.wrote && answer;
    report.answered.emplace_back(
        std::move(member), may_have_been_applied ? outcome_unknown(cause) : storage_failed(cause));
  }
  for (PendingCall& member : doubt->not_run)
    report.answered.emplace_back(std::move(member), storage_failed(cause));
  return report;
}

/// Whether the single member is worth another run after the restart.
bool GroupWriter::may_survive_a_restart(const Group& group,
                                        const std::vector<PendingCall>& not_run) {
  const PendingCall& member = not_run.empty() ? group.answered.front().first : not_run.front();
  return member.disk_failures < kDiskFailuresMax;
}

void GroupWriter::abandon(Group& group,
                          Report& report,
                          std::vector<PendingCall> not_run,
                          const Error& why) {
  undo_all(group);
  environment_.logger->log(
      LogLevel::Warn, "engine", "group_lost",
      {{"members", static_cast<std::int64_t>(group.answered.size() + not_run.size())},
       {"error", why.message()}});
  if (group.alone && !(is_disk_failure(why) && may_survive_a_restart(group, not_run))) {
    // It was alone already: running it again would only fail again.
    for (PendingCall& member : not_run)
      report.answered.emplace_back(std::move(member), group_lost(why));
    for (auto& [member, answer] : group.answered) {
      report.answered.emplace_back(std::move(member), group_lost(why));
    }
    return;
  }
  counters_.replays += group.answered.size();
  for (auto& [member, answer] : group.answered) {
    member.runs_alone = true;
    report.left_over.push_back(std::move(member));
  }
  for (PendingCall& member : not_run) {
    member.runs_alone = true;
    report.left_over.push_back(std::move(member));
  }
}

}  // namespace moonstone::engine
