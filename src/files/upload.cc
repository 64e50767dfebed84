// Moonstone. Licence: see LICENSE.
//
// One upload: pieces of a stream go to a transfer thread, which digests and writes them; the next
// piece is asked for only when the last one is written, so that a fast sender cannot fill memory.
#include <utility>

#include "base/digest.h"
#include "base/encoding.h"
#include "files/internal/file_core.h"

namespace moonstone::files {
namespace {

using Core = FileService::Core;

class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(Admission admission, FileService::Content content, FileService::Stored done)
      : admission_(std::move(admission)),
        core_(admission_->core()),
        thread_(core_.threads.next_transfer()),
        body_(std::move(content.bytes)),
        done_(std::move(done)) {
    record_.storage_id = std::string(kStorageIdPrefix) + admission_->key();
    record_.content_type = std::move(content.type);
  }

  void start() {
    on_thread([](Upload& self) {
      auto writer = self.core_.store->create(self.admission_->key());
      if (!writer) return self.fail(std::move(writer).error());
      self.writer_ = *std::move(writer);
      self.ask();
    });
  }

 private:
  /// Runs `step` on this upload's thread; the upload lives until then.
  template <class Step>
  void on_thread(Step step) {
    const auto self = shared_from_this();
    const bool is_posted = thread_.post([self, step = std::move(step)]() mutable { step(*self); });
    if (!is_posted) {
      fail(Error(ErrorCode::Unavailable, "the server has no capacity for uploads", "uploads_busy"));
    }
  }

  void ask() {
    body_->read([self = shared_from_this()](Result<std::string> piece) {
      self->on_thread([piece = std::move(piece)](Upload& upload) { upload.take(piece); });
    });
  }

  void take(const Result<std::string>& piece) {
    if (!piece) return fail(piece.error());
    if (piece->empty()) return finish();
    record_.size += piece->size();
    if (record_.size > core_.limits.upload_bytes_max) return fail(too_large(core_.limits));
    digest_.update(*piece);
    if (auto written = writer_->append(*piece); !written) return fail(written.error());
    ask();
  }

  void finish() {
    body_.reset();
    if (auto finished = writer_->finish(); !finished) return fail(finished.error());
    writer_.reset();
    is_stored_ = true;
    record_.sha256 = to_hex(digest_.finish());
    engine::MutationCall call;
    call.function = "_storage:store";
    call.body = [self = shared_from_this()](
                    engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      MS_TRY_STATUS(self->admission_->check_epoch());
      MS_TRY_STATUS(insert_record(transaction, self->record_));
      return std::nullopt;
    };
    call.done = [self = shared_from_this()](const Result<engine::MutationOutcome>& outcome) {
      if (outcome) return self->answer(self->record_.storage_id);
      // Only the disk knows whether the row is there: without it, a sweep takes the bytes.
      if (outcome.error().reason() == "outcome_unknown") self->is_stored_ = false;
      self->fail(outcome.error());
    };
    core_.submit(std::move(call));
  }

  void fail(Error error) {
    writer_.reset();
    body_.reset();
    if (!is_stored_) return answer(std::move(error));
    is_stored_ = false;
    // While the key is still claimed, and not on the database's thread.
    on_thread([error = std::move(error)](Upload& self) {
      self.core_.store->erase(self.admission_->key()).ignore("the next sweep does it");
      self.answer(error);
    });
  }

  void answer(Result<std::string> outcome) {
    const auto keep = shared_from_this();
    admission_.reset();
    std::exchange(done_, nullptr)(std::move(outcome));
  }

 public:
  [[nodiscard]] static Error too_large(const FileLimits& limits) {
    return {ErrorCode::LimitExceeded,
            "The file is larger than " + std::to_string(limits.upload_bytes_max) +
                " bytes, the limit files.upload_bytes_max",
            "upload_bytes"};
  }

 private:
  std::optional<Admission> admission_;
  Core& core_;  // kept alive by the admission
  Executor& thread_;
  ByteStreamPtr body_;
  FileService::Stored done_;
  FileRecord record_;
  Sha256 digest_;
  std::unique_ptr<FileWriter> writer_;
  bool is_stored_ = false;  // the bytes are there under their key
};

}  // namespace

void start_upload(Admission admission, FileService::Content content, FileService::Stored done) {
  std::make_shared<Upload>(std::move(admission), std::move(content), std::move(done))->start();
}

}  // namespace moonstone::files
