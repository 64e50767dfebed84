// Moonstone. Licence: see LICENSE.
#include "tests/engine/ledger_workload.h"

#include <latch>
#include <mutex>
#include <vector>

#include "query/expr.h"

namespace moonstone::engine {

namespace {

using Json = std::optional<std::string>;
using Rows = std::vector<query::Row>;

std::string client_name(int client) {
  return "client-" + std::to_string(client);
}

std::string mutation_name(int client, int number) {
  return std::to_string(client) + "/" + std::to_string(number);
}

query::Query everything_of(const std::string& table) {
  return {.table = table, .where = nullptr, .order = {}, .limit = {}};
}

/// The mutation: returns how often its client has written, this time included.
Result<Json> write(Transaction& tx, int client, int number) {
  MS_TRY(const Rows accounts, tx.select(everything_of("accounts")));
  for (const query::Row& account : accounts) {
    if (account.values[0].as_text() != client_name(client)) continue;
    const double balance = account.values[1].as_number() + 1;
    for (int half = 0; half < 2; ++half) {
      Object event;
      event.append("text", mutation_name(client, number));
      // A little more than a page now and then, so that rows overflow.
      event.append("data", std::string(number % 3 == 0 ? 5'000 : 20, 'x'));
      MS_TRY_STATUS(tx.insert("events", std::move(event)));
    }
    Object changed;
    changed.append("balance", balance);
    MS_TRY_STATUS(tx.patch(account.id, std::move(changed)));
    return Json(std::to_string(static_cast<int>(balance)));
  }
  return Error(ErrorCode::NotFound, "the account is gone");
}

MutationCall call_of(int client, int number) {
  MutationCall call;
  call.session.client = client_name(client);
  call.mutation_id = std::to_string(number);
  call.function = "test:write";
  call.body = [client, number](Transaction& tx) { return write(tx, client, number); };
  return call;
}

Rows read_rows(Database& database, const query::Query& query) {
  auto session = database.new_reader();
  EXPECT_TRUE(session) << session.error().message();
  if (!session) return {};
  const auto begun = (*session)->begin();
  EXPECT_TRUE(begun) << begun.error().message();
  DocumentReader reader((*session)->source(), {});
  auto rows = reader.select(query);
  EXPECT_TRUE(rows) << rows.error().message();
  (*session)->end();
  return rows ? *std::move(rows) : Rows();
}

/// Texts of events in the order of the change log, and whether the log has no gap in its versions.
std::vector<std::string> replay_log(Database& database) {
  const auto entries = database.read_log(0, 1'000'000);
  EXPECT_TRUE(entries) << entries.error().message();
  std::vector<std::string> texts;
  Version last = 0;
  for (const store::LogEntry& entry : *entries) {
    EXPECT_LE(entry.version, last + 1) << "a gap in the change log";
    EXPECT_GE(entry.version, last);
    last = entry.version;
    if (entry.table != "events") continue;
    texts.push_back(entry.new_fields.as_object().find("text")->as_text());
  }
  EXPECT_LE(last, database.version());
  return texts;
}

}  // namespace

void LedgerWorkload::prepare(Database& database) {
  for (int client = 0; client < kClients; ++client) {
    MutationCall call;
    call.body = [client](Transaction& tx) -> Result<Json> {
      Object account;
      account.append("owner", client_name(client));
      account.append("balance", 0.0);
      MS_TRY_STATUS(tx.insert("accounts", std::move(account)));
      return Json();
    };
    const auto made = database.run(std::move(call));
    ASSERT_TRUE(made) << made.error().message();
  }
}

void LedgerWorkload::run(Database& database, const std::function<bool()>& counts) {
  for (int number = 1; number <= kMutationsPerClient; ++number) {
    if (!run_round(database, number, counts)) return;
  }
}

bool LedgerWorkload::run_round(Database& database,
                               int number,
                               const std::function<bool()>& counts) {
  std::mutex mutex;
  bool is_well = true;
  std::latch answered(kClients);
  const auto is_acknowledged = [&](int client) {
    const std::lock_guard lock(mutex);  // others of this round may be answered already
    return acknowledged_.contains({client, number});
  };
  for (int client = 0; client < kClients; ++client) {
    if (is_acknowledged(client)) {
      answered.count_down();
      continue;
    }
    MutationCall call = call_of(client, number);
    call.done = [&, client, number](const Result<MutationOutcome>& outcome) {
      {
        const std::lock_guard lock(mutex);
        if (!outcome) {
          is_well = false;
          EXPECT_EQ(outcome.error().code(), ErrorCode::Unavailable) << outcome.error().message();
        } else if (counts()) {
          acknowledged_.emplace(Name(client, number), *outcome->result_json);
        }
      }
      answered.count_down();
    };
    database.submit(std::move(call));
  }
  answered.wait();
  return is_well;
}

void LedgerWorkload::expect_same_answers(Database& database) const {
  const Version before = database.version();
  for (const auto& [name, result] : acknowledged_) {
    const auto again = database.run(call_of(name.first, name.second));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again->result_json, result)
        << "another answer to " << mutation_name(name.first, name.second);
  }
  EXPECT_EQ(database.version(), before) << "a mutation that was sent again did something";
}

void LedgerWorkload::expect_consistent(Database& database) const {
  std::map<std::string, int> copies;
  for (const query::Row& row : read_rows(database, everything_of("events")))
    ++copies[row.values[0].as_text()];
  for (const auto& [name, result] : acknowledged_) {
    EXPECT_EQ(copies[mutation_name(name.first, name.second)], 2)
        << mutation_name(name.first, name.second) << " was acknowledged";
  }
  std::map<std::string, int> writes;
  for (const auto& [text, count] : copies) {
    EXPECT_EQ(count, 2) << text << " is there in part, or twice";
    ++writes[client_name(std::stoi(text))];
  }
  const Rows accounts = read_rows(database, everything_of("accounts"));
  EXPECT_EQ(accounts.size(), std::size_t{kClients});
  for (const query::Row& account : accounts) {
    const std::string owner = account.values[0].as_text();
    EXPECT_EQ(account.values[1].as_number(), writes[owner]) << owner;
    query::Query by_owner = everything_of("accounts");
    by_owner.where = query::Expr::compare(query::CompareOp::Eq, query::Expr::make_field("owner"),
                                          query::Expr::make_literal(owner));
    EXPECT_EQ(read_rows(database, by_owner).size(), 1U) << "the index does not know " << owner;
  }
  std::map<int, int> last_number;
  std::map<std::string, int> logged;
  for (const std::string& text : replay_log(database)) {
    ++logged[text];
    const int client = std::stoi(text);
    const int number = std::stoi(text.substr(text.find('/') + 1));
    EXPECT_GE(number, last_number[client]) << "the mutations of a client changed their order";
    last_number[client] = number;
  }
  EXPECT_EQ(logged, copies) << "the change log does not tell what is there";
}

}  // namespace moonstone::engine
