// Moonstone. Licence: see LICENSE.
#include "engine/group_writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace moonstone::engine {

namespace {

/// Ledgers kept in memory; beyond, the cache starts afresh and reads them again from the store.
constexpr std::size_t kLedgersCachedMax = 10'000;

/// How long a function that was too slow for a group starts alone. Being stopped in a group costs
/// the call its time and the runtime its context, so it should not happen at every call. But a busy
/// machine can hold any call up once, and every call alone is one sync each: who is slow again soon
/// after is remembered for twice as long.
constexpr std::chrono::milliseconds kSlowMemoryMin{100};
constexpr std::chrono::milliseconds kSlowMemoryMax{30'000};
/// Functions remembered as slow; a project has fewer.
constexpr std::size_t kSlowFunctionsMax = 1'000;

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
  ChangeMerge changes;
  std::map<std::string, ClientLedger, std::less<>> ledgers;  // touched, not yet committed
  std::vector<std::pair<PendingCall, Result<MutationOutcome>>> answered;
};

GroupWriter::Report GroupWriter::run(std::vector<PendingCall> members,
                                     std::uint64_t schema_version) {
  Report report;
  Group group;
  group.started = environment_.clock->monotonic();
  group.alone = members.size() == 1;
  auto begun = environment_.writer->begin();
  if (!begun) {
    abandon(group, report, std::move(members), begun.error());
    return report;
  }
  group.version = version_ = begun->version;
  report.outside_change = group.outside_change = begun->outside_change;
  for (std::size_t i = 0; i < members.size(); ++i) {
    PendingCall& member = members[i];
    const bool out_of_time =
        environment_.clock->monotonic() - group.started > environment_.limits->group_time_max;
    if (group.members_run > 0 && (out_of_time || member.runs_alone || is_known_slow(member))) {
      std::move(members.begin() + static_cast<std::ptrdiff_t>(i), members.end(),
                std::back_inserter(report.left_over));
      break;
    }
    std::optional<Result<MutationOutcome>> answer;
    const Fate fate = run_member(group, member, answer);
    if (fate == Fate::GroupLost) {
      std::vector<PendingCall> not_run(
          std::make_move_iterator(members.begin() + static_cast<std::ptrdiff_t>(i)),
          std::make_move_iterator(members.end()));
      abandon(group, report, std::move(not_run), answer->error());
      return report;
    }
    if (fate == Fate::RunAlone) {
      member.runs_alone = true;
      remember_slow(member);
      ++counters_.moved_alone;
      std::move(members.begin() + static_cast<std::ptrdiff_t>(i), members.end(),
                std::back_inserter(report.left_over));
      break;  // later calls of the same client must not overtake it
    }
    ++group.members_run;
    group.answered.emplace_back(std::move(member), *std::move(answer));
  }
  if (Status sealed = seal(group); !sealed) {
    std::vector<PendingCall> not_run = std::exchange(report.left_over, {});
    abandon(group, report, std::move(not_run), sealed.error());
    return report;
  }
  if (group.wrote) {
    auto commit = std::make_shared<Commit>();
    commit->schema = environment_.writer->schema();
    commit->version = group.version;
    commit->schema_version = schema_version;
    commit->changes = group.changes.take();
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
  return report;
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
  auto mark = writer.mark();
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
    Status undone = writer.rollback_to(*mark);
    if (undone) undone = writer.release(*mark);
    if (!undone) {
      answer = Error(undone.error());
      return Fate::GroupLost;
    }
    const bool had_full_time = group.members_run == 0;
    if (outcome.error().code() == ErrorCode::DeadlineExceeded && !had_full_time) {
      return Fate::RunAlone;
    }
  }
  if (ledger != nullptr && (outcome || is_lasting_failure(outcome.error()))) {
    ledger->remember(member.call.mutation_id, outcome);
  }
  answer = std::move(outcome);
  return Fate::Answered;
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
                           .deadline = environment_.clock->monotonic() + allowance});
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
    return &touched->second;
  }
  if (const auto cached = ledgers_.find(client); cached != ledgers_.end()) {
    return &group.ledgers.emplace(client, cached->second).first->second;
  }
  MS_TRY(const std::optional<std::string> stored, environment_.writer->load_ledger(client));
  ClientLedger ledger = stored ? ClientLedger::parse(*stored) : ClientLedger();
  return &group.ledgers.emplace(client, std::move(ledger)).first->second;
}

bool GroupWriter::is_known_slow(const PendingCall& member) const {
  const auto known = slow_functions_.find(member.call.function);
  return known != slow_functions_.end() && environment_.clock->monotonic() < known->second.until;
}

void GroupWriter::remember_slow(const PendingCall& member) {
  if (slow_functions_.size() >= kSlowFunctionsMax) slow_functions_.clear();
  SlowFunction& slow = slow_functions_[member.call.function];
  const auto now = environment_.clock->monotonic();
  const bool is_soon = now < slow.until + slow.memory;
  slow.memory = is_soon ? std::min(2 * slow.memory, kSlowMemoryMax) : kSlowMemoryMin;
  slow.until = now + slow.memory;
}

Status GroupWriter::seal(Group& group) {
  store::Writer& writer = *environment_.writer;
  if (!group.wrote && group.outside_change) {
    MS_TRY_STATUS(writer.commit());
  } else if (!group.wrote) {
    // Nothing to make durable: failures and no-ops are remembered in memory until a later commit
    // of the same client carries them.
    writer.rollback();
  } else {
    for (const auto& [client, ledger] : group.ledgers) {
      MS_TRY_STATUS(writer.save_ledger(client, ledger.serialise(), environment_.clock->unix_ms()));
    }
    MS_TRY_STATUS(writer.set_version(group.version));
    MS_TRY_STATUS(writer.commit());
    ++counters_.commits;
  }
  if (ledgers_.size() > kLedgersCachedMax) ledgers_.clear();
  for (auto& [client, ledger] : group.ledgers)
    ledgers_.insert_or_assign(client, std::move(ledger));
  return {};
}

void GroupWriter::abandon(Group& group,
                          Report& report,
                          std::vector<PendingCall> not_run,
                          const Error& why) {
  if (environment_.writer->in_transaction()) environment_.writer->rollback();
  environment_.logger->log(
      LogLevel::Warn, "engine", "group_lost",
      {{"members", static_cast<std::int64_t>(group.answered.size() + not_run.size())},
       {"error", why.message()}});
  if (group.alone) {
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
