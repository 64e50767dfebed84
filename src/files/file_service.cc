// Moonstone. Licence: see LICENSE.
#include "files/file_service.h"

#include <algorithm>
#include <utility>

#include "files/internal/file_core.h"

namespace moonstone::files {
namespace {

/// A part of an object, read on a transfer thread as its taker asks for it.
class FileStream final : public ByteStream {
 public:
  FileStream(std::unique_ptr<FileReader> reader, Executor& thread)
      : reader_(std::move(reader)), thread_(thread) {}

  void read(Done done) override {
    // A task that is refused is destroyed, and with it what it captured.
    const auto shared = std::make_shared<Done>(std::move(done));
    const bool is_posted = thread_.post([reader = reader_, shared] { (*shared)(reader->read()); });
    if (!is_posted)
      (*shared)(Error(ErrorCode::Unavailable, "the server has no capacity for files"));
  }

 private:
  std::shared_ptr<FileReader> reader_;  // shared with a read that its taker no longer waits for
  Executor& thread_;
};

Status check_announced(const FileService::Content& content, const FileLimits& limits) {
  if (content.announced_bytes.value_or(0) <= limits.upload_bytes_max) return {};
  return Error(ErrorCode::LimitExceeded,
               "The file is larger than " + std::to_string(limits.upload_bytes_max) +
                   " bytes, the limit files.upload_bytes_max",
               "upload_bytes");
}

engine::MutationCall mutation(engine::Session session,
                              std::string name,
                              engine::MutationBody body) {
  engine::MutationCall call;
  call.session = std::move(session);
  call.function = std::move(name);
  call.body = std::move(body);
  return call;
}

}  // namespace

Result<std::unique_ptr<FileService>> FileService::open(engine::Database& database,
                                                       FileServiceOptions options) {
  Random& random = options.random == nullptr ? system_random() : *options.random;
  MS_TRY(std::string secret, load_link_secret(options.state_folder + "/secret", random));
  auto core = std::make_shared<Core>(database, std::move(options), std::move(secret));
  std::unique_ptr<FileService> service(new FileService(core));
  database.add_observer(*service);
  core->sweep_later();
  return service;
}

FileService::FileService(std::shared_ptr<Core> core) : core_(std::move(core)) {}

FileService::~FileService() {
  core_->database.remove_observer(*this);
  core_->store->stop();
  core_->gate.close();
  core_->reader.lock()->reset();
}

const FileLinks& FileService::links() const {
  return core_->links;
}

const FileLimits& FileService::limits() const {
  return core_->limits;
}

InlineTypes FileService::inline_types() const {
  return core_->inline_types;
}

Result<std::optional<std::int64_t>> FileService::check_link(std::string_view storage_id,
                                                            std::string_view query) const {
  return core_->links.check(storage_id, query, core_->clock.unix_ms());
}

void FileService::upload(std::string token, Content content, Stored done) {
  auto type = check_content_type(content.type);
  if (!type) return done(std::move(type).error());
  content.type = *std::move(type);
  if (auto fits = check_announced(content, core_->limits); !fits) return done(fits.error());
  auto admission = Admission::admit(core_, make_uuid(core_->random));
  if (!admission) return done(std::move(admission).error());
  auto call = mutation({}, "_storage:takeToken",
                       [token = std::move(token)](
                           engine::Transaction& transaction) -> Result<std::optional<std::string>> {
                         MS_TRY_STATUS(take_upload_token(transaction, token));
                         return std::nullopt;
                       });
  call.done = [admission = *std::move(admission), content = std::move(content),
               done = std::move(done)](const Result<engine::MutationOutcome>& outcome) mutable {
    if (!outcome) return done(outcome.error());
    start_upload(std::move(admission), std::move(content), std::move(done));
  };
  core_->submit(std::move(call));
}

void FileService::store(Content content, std::optional<std::string> storage_id, Stored done) {
  auto type = check_content_type(content.type);
  if (!type) return done(std::move(type).error());
  content.type = *std::move(type);
  if (auto fits = check_announced(content, core_->limits); !fits) return done(fits.error());
  std::string key =
      storage_id ? std::string(key_of_storage_id(*storage_id)) : make_uuid(core_->random);
  if (key.empty()) {
    return done(Error(ErrorCode::InvalidArgument, "\"" + *storage_id + "\" is no storage id"));
  }
  auto admission = Admission::admit(core_, std::move(key));
  if (!admission) return done(std::move(admission).error());
  if (!storage_id) return start_upload(*std::move(admission), std::move(content), std::move(done));
  // Bytes that a row names are never written again.
  find(*storage_id, [admission = *std::move(admission), content = std::move(content),
                     done = std::move(done)](Result<std::optional<FileRecord>> found) mutable {
    if (!found) return done(std::move(found).error());
    if (*found) {
      return done(Error(ErrorCode::AlreadyExists,
                        "the file " + (*found)->storage_id + " is there already"));
    }
    start_upload(std::move(admission), std::move(content), std::move(done));
  });
}

void FileService::find(std::string storage_id, Found done) {
  if (key_of_storage_id(storage_id).empty()) return done(std::nullopt);
  const auto shared = std::make_shared<Found>(std::move(done));
  const bool is_posted =
      core_->threads.next_transfer().post([core = core_, storage_id = std::move(storage_id),
                                           shared] { (*shared)(core->find(storage_id)); });
  if (!is_posted) (*shared)(Error(ErrorCode::Unavailable, "the server has no capacity for files"));
}

void FileService::open(const FileRecord& record, ByteRange range, Opened done) {
  Executor& thread = core_->threads.next_transfer();
  const auto shared = std::make_shared<Opened>(std::move(done));
  const bool is_posted =
      thread.post([core = core_, id = record.storage_id, range, shared, &thread] {
        auto reader = core->store->open(key_of_storage_id(id), range);
        if (reader) {
          return (*shared)(ByteStreamPtr(std::make_shared<FileStream>(*std::move(reader), thread)));
        }
        if (reader.error().code() != ErrorCode::NotFound)
          return (*shared)(std::move(reader).error());
        // Deleted since it was found: first the row goes, then the bytes.
        const auto record = core->find(id);
        if (record && !record->has_value())
          return (*shared)(Error(ErrorCode::NotFound, "the file " + id + " was deleted"));
        core->logger.log(LogLevel::Error, "files", "bytes_missing", {{"file", id}});
        (*shared)(Error(ErrorCode::Corruption,
                        "the bytes of " + id + " are missing; `moonstone doctor` lists such files",
                        "bytes_missing"));
      });
  if (!is_posted) (*shared)(Error(ErrorCode::Unavailable, "the server has no capacity for files"));
}

void FileService::get_url(const engine::Session& session,
                          std::string storage_id,
                          std::optional<std::int64_t> expires_in_s,
                          Text done) {
  find(std::move(storage_id),
       [core = core_, base = session.base_url, expires_in_s,
        done = std::move(done)](Result<std::optional<FileRecord>> found) mutable {
         if (!found) return done(std::move(found).error());
         if (!*found) return done(std::nullopt);
         done(core->links.url_of(base, (*found)->storage_id, expires_in_s, core->clock.unix_ms()));
       });
}

void FileService::generate_upload_url(engine::Session session, Stored done) {
  const std::string base = session.base_url;
  auto call = mutation(
      std::move(session), "_storage:generateUploadUrl",
      [core = core_, base](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
        MS_TRY(const std::string token, make_upload_token(transaction, core->random));
        return FileLinks::upload_url_of(base, token);
      });
  call.done = [done = std::move(done)](Result<engine::MutationOutcome> outcome) mutable {
    if (!outcome) return done(std::move(outcome).error());
    done(std::move(outcome->result_json).value_or(""));
  };
  core_->submit(std::move(call));
}

void FileService::remove(engine::Session session, std::string storage_id, Done done) {
  auto call = mutation(std::move(session), "_storage:delete",
                       [storage_id = std::move(storage_id)](
                           engine::Transaction& transaction) -> Result<std::optional<std::string>> {
                         MS_TRY_STATUS(erase_record(transaction, storage_id));
                         return std::nullopt;
                       });
  call.done = [done = std::move(done)](Result<engine::MutationOutcome> outcome) mutable {
    if (!outcome) return done(std::move(outcome).error());
    done({});
  };
  core_->submit(std::move(call));
}

void FileService::clear() {
  core_->busy.with_lock([](Core::Busy& busy) { ++busy.epoch; });
  const auto removed = core_->sweep(0);
  if (removed) return;
  core_->logger.log(LogLevel::Warn, "files", "clear_failed",
                    {{"error", removed.error().message()}});
}

Result<std::uint64_t> FileService::sweep(std::int64_t age_ms) {
  return core_->sweep(age_ms);
}

void FileService::on_commit(const engine::CommitPtr& commit) {
  // A commit that lists no changes leaves its deletions to the next sweep.
  std::vector<std::string> keys;
  for (const query::Change& change : commit->changes) {
    if (!change.before || change.after || change.table->name != kFileTable) continue;
    const std::string storage_id = record_of(*change.before).storage_id;
    if (const auto key = key_of_storage_id(storage_id); !key.empty()) keys.emplace_back(key);
  }
  if (!keys.empty()) core_->erase_later(std::move(keys));
}

}  // namespace moonstone::files
