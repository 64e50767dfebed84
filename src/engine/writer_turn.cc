// Moonstone. Licence: see LICENSE.
#include "engine/writer_turn.h"

#include <optional>
#include <utility>

#include "engine/internal/database_impl.h"

namespace moonstone::engine {

namespace {

Error turn_ended() {
  return {ErrorCode::FailedPrecondition, "the transaction has ended already", "turn_ended"};
}

Error turn_expired() {
  return {ErrorCode::DeadlineExceeded,
          "the transaction took longer than its lease while others waited, and was rolled back",
          "turn_expired"};
}

Error turn_lost() {
  return {ErrorCode::Unavailable, "the transaction was lost and has been rolled back", "turn_lost"};
}

}  // namespace

/// What the baton knows of a turn; outlives the handle while the writer's thread revokes it.
class DatabaseImpl::Turn final : public WriterBaton::Revocable {
 public:
  explicit Turn(DatabaseImpl& database) : database_(database) {}

  /// With the baton. Gives it back on failure.
  Status begin(TurnOptions options) {
    const MutexLock lock(mutex_);
    MutationCall call{
        .session = std::move(options.session),
        .function = std::move(options.function),
        .mutation_id = {},
        .body = {},
        .done = [this](Result<MutationOutcome> outcome) { outcome_ = std::move(outcome); }};
    auto begun = database_.group_writer_->begin_turn(std::move(call), database_.schema_version_,
                                                     options.lease);
    if (!begun) {
      database_.baton_.give_back();
      return begun.error();
    }
    turn_ = *std::move(begun);
    return {};
  }

  Status use(const std::function<Status(Transaction&)>& step) {
    const MutexLock lock(mutex_);
    MS_TRY_STATUS(require_open());
    Status done = step(turn_->transaction());
    if (!database_.store_->writer().in_transaction()) {
      end(turn_lost());
      if (done) return turn_lost();
    }
    return done;
  }

  Result<store::Version> commit() {
    const MutexLock lock(mutex_);
    MS_TRY_STATUS(require_open());
    database_.conclude(database_.group_writer_->finish(*turn_));
    turn_.reset();
    why_ended_ = turn_ended();
    database_.baton_.give_back();
    if (!outcome_) return turn_lost();
    if (!*outcome_) return outcome_->error();
    return (*outcome_)->version;
  }

  void rollback() {
    const MutexLock lock(mutex_);
    if (turn_ != nullptr) end(turn_ended());
  }

  void revoke() override {
    const MutexLock lock(mutex_);
    if (turn_ != nullptr) end(turn_expired());
  }

 private:
  Status require_open() const MS_REQUIRES(mutex_) {
    if (turn_ != nullptr) return {};
    return Error(*why_ended_);
  }

  void end(Error why) MS_REQUIRES(mutex_) {
    database_.group_writer_->drop(*turn_);
    turn_.reset();
    why_ended_ = std::move(why);
    database_.baton_.give_back();
  }

  DatabaseImpl& database_;
  Mutex mutex_;  // held around every step; the baton's and the database's are taken inside it
  std::unique_ptr<GroupWriter::Turn> turn_ MS_GUARDED_BY(mutex_);  // null: it has ended
  std::optional<Error> why_ended_ MS_GUARDED_BY(mutex_);
  std::optional<Result<MutationOutcome>> outcome_;  // set inside commit()
};

namespace {

/// The owner's end of a turn.
template <class Turn>
class TurnHandle final : public WriterTurn {
 public:
  explicit TurnHandle(std::shared_ptr<Turn> turn) : turn_(std::move(turn)) {}
  TurnHandle(const TurnHandle&) = delete;
  TurnHandle& operator=(const TurnHandle&) = delete;
  ~TurnHandle() override { turn_->rollback(); }

  Status use(const std::function<Status(Transaction&)>& step) override { return turn_->use(step); }
  Result<store::Version> commit() override { return turn_->commit(); }
  void rollback() override { turn_->rollback(); }

 private:
  std::shared_ptr<Turn> turn_;  // shared with the baton
};

}  // namespace

Result<std::unique_ptr<WriterTurn>> DatabaseImpl::begin_turn(TurnOptions options) {
  {
    const MutexLock lock(mutex_);
    if (stopping_) return shutting_down();
    if (failure_) return Error(*failure_);
  }
  auto turn = std::make_shared<Turn>(*this);
  MS_TRY_STATUS(baton_.take_for_turn(turn, options.lease,
                                     std::chrono::steady_clock::now() + options.wait_max));
  if (const auto refusal = failure()) {  // of whoever had the writer meanwhile: there is no store
    baton_.give_back();
    return Error(*refusal);
  }
  MS_TRY_STATUS(turn->begin(std::move(options)));
  return std::unique_ptr<WriterTurn>(std::make_unique<TurnHandle<Turn>>(std::move(turn)));
}

}  // namespace moonstone::engine
