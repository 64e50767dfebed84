// Moonstone. Licence: see LICENSE.
#include "bench/orm/orm_peer.h"

#include <string_view>

#include "moonstone/orm.h"

namespace moonstone::bench {

namespace {

constexpr std::string_view kSchema = R"(
model User {
  id Int @id
  email String @unique
  name String
  age Int
  createdAt DateTime
  posts Post[]
  @@index([createdAt])
}
model Post {
  id Int @id
  title String
  body String
  authorId Int
  author User @relation(fields: [authorId], references: [id])
  @@fts([title])
  @@index([authorId])
}
)";

embed::Arguments parsed(std::string_view json) {
  auto arguments = embed::Arguments::parse(json);
  if (!arguments) fail(arguments.error().message);
  return *std::move(arguments);
}

std::int64_t sum_of(const embed::Rows& rows) {
  const auto id = rows.column("id");
  std::int64_t sum = 0;
  for (std::size_t row = 0; row < rows.size(); ++row)
    sum += rows.integer(row, *id);
  return sum;
}

template <class Make>
std::string rows_json(std::int64_t first, std::int64_t count, Make make) {
  std::string json = R"({"data":[)";
  for (std::int64_t i = 0; i < count; ++i) {
    if (i > 0) json += ',';
    json += make(first + i);
  }
  return json + "]}";
}

std::string person_json(std::int64_t number) {
  const Person person = make_person(number);
  return R"({"email":")" + person.email + R"(","name":")" + person.name + R"(","age":)" +
         std::to_string(person.age) + R"(,"createdAt":")" + person.created_at + R"("})";
}

std::string post_json(std::int64_t number) {
  const Post post = make_post(number);
  return R"({"title":")" + post.title + R"(","body":")" + post.body + R"(","authorId":)" +
         std::to_string(post.author_id) + "}";
}

/// base64url without padding, as tokens of pages are written.
std::string base64url(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8U | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6)
      text += kLetters[bits >> static_cast<unsigned>(count - 6) & 63U];
  }
  if (count > 0) text += kLetters[bits << static_cast<unsigned>(6 - count) & 63U];
  return text;
}

class OrmPeer final : public Peer {
 public:
  explicit OrmPeer(const std::string& path) {
    auto orm = embed::Orm::open({.path = path,
                                 .schema = std::string(kSchema),
                                 .durability = embed::Durability::Normal,
                                 .auth_json = {}});
    if (!orm) fail(orm.error().message);
    orm_ = *std::move(orm);
    call("user", "createMany", parsed(rows_json(0, kPeople, person_json)));
    call("post", "createMany", parsed(rows_json(0, kPosts, post_json)));
  }

  std::int64_t find_unique(std::int64_t id) override {
    unique_.set("where.id", id);
    return sum_of(call("user", "findUnique", unique_).rows);
  }

  std::int64_t find_many(std::int64_t after) override {
    many_.set("where.id.gt", after);
    return sum_of(call("user", "findMany", many_).rows);
  }

  std::int64_t find_many_with_posts(std::int64_t after) override {
    many_with_posts_.set("where.id.gt", after);
    const embed::Answer answer = call("user", "findMany", many_with_posts_);
    std::int64_t sum = sum_of(answer.rows);
    for (std::size_t row = 0; row < answer.rows.size(); ++row)
      sum += sum_of(answer.rows.related(row, "posts"));
    return sum;
  }

  std::int64_t page_by_id(std::int64_t after) override {
    page_by_id_.set("cursor", base64url(R"({"id":)" + std::to_string(after) + "}"));
    return sum_of(call("user", "findManyCursor", page_by_id_).rows);
  }

  std::int64_t page_by_time(const std::string& time) override {
    page_by_time_.set("cursor", base64url(R"({"createdAt":")" + time + R"(","id":100})"));
    return sum_of(call("user", "findManyCursor", page_by_time_).rows);
  }

  std::int64_t search(const std::string& word) override {
    return sum_of(call("post", "search", parsed("[\"" + word + "\"]")).rows);
  }

  std::int64_t count(std::int64_t age) override {
    count_.set("where.age.gte", age);
    return std::stoll(call("user", "count", count_).json());
  }

  std::int64_t create(const Person& person) override {
    create_.set("data.email", person.email)
        .set("data.name", person.name)
        .set("data.age", person.age)
        .set("data.createdAt", person.created_at);
    return sum_of(call("user", "create", create_).rows);
  }

  std::int64_t update(std::int64_t id, std::int64_t age) override {
    update_.set("where.id", id).set("data.age", age);
    return sum_of(call("user", "update", update_).rows);
  }

  std::int64_t create_many(std::int64_t first) override {
    call("user", "createMany", parsed(rows_json(first, kBatchRows, person_json)));
    return kBatchRows;
  }

 private:
  embed::Answer call(std::string_view model,
                     std::string_view method,
                     const embed::Arguments& arguments) {
    auto answer = orm_->call(model, method, arguments);
    if (!answer) fail(answer.error().message);
    return *std::move(answer);
  }

  std::unique_ptr<embed::Orm> orm_;
  embed::Arguments unique_ = parsed(R"({"where":{"id":0}})");
  embed::Arguments many_ =
      parsed(R"({"where":{"id":{"gt":0}},"orderBy":{"id":"asc"},"limit":100})");
  embed::Arguments many_with_posts_ = parsed(
      R"({"where":{"id":{"gt":0}},"orderBy":{"id":"asc"},"limit":100,"include":{"posts":true}})");
  embed::Arguments page_by_id_ = parsed(R"({"limit":20,"cursor":""})");
  embed::Arguments page_by_time_ =
      parsed(R"({"limit":20,"orderBy":[{"createdAt":"desc"},{"id":"asc"}],"cursor":""})");
  embed::Arguments count_ = parsed(R"({"where":{"age":{"gte":0}}})");
  embed::Arguments create_ = parsed(R"({"data":{"email":"","name":"","age":0,"createdAt":""}})");
  embed::Arguments update_ = parsed(R"({"where":{"id":0},"data":{"age":0}})");
};

}  // namespace

std::unique_ptr<Peer> make_orm_peer(const std::string& path) {
  return std::make_unique<OrmPeer>(path);
}

}  // namespace moonstone::bench
