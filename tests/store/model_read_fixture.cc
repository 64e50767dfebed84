// Moonstone. Licence: see LICENSE.
#include "tests/store/model_read_fixture.h"

#include <utility>

#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/model_select.h"
#include "tests/store/model_catalog.h"

namespace moonstone::store::sqlite {

using query::Expr;
using query::ExprPtr;
using query::Output;
using query::Select;
using query::Term;
using query::TermPtr;
using schema::DerivedField;
using schema::Model;
using schema::ModelField;
using schema::Relation;
using schema::RelationKind;
using schema::ScalarKind;

namespace {

enum Position : std::size_t { kTeam, kAccount, kPost, kLabel };

using Operation = DerivedField::Operation;

ModelField of_posts(ModelField field) {
  field.derived->target = kPost;
  field.derived->target_field = "authorId";
  return field;
}

Model account_model() {
  ModelField popular = of_posts(derived_field("popularCount", Operation::Count));
  popular.derived->where_sql = "views > 10 -- popular";
  ModelField silent = of_posts(derived_field("isSilent", Operation::Exists));
  silent.derived->exists_when = false;
  ModelField last = of_posts(derived_field("lastPost", Operation::Last));
  last.derived->order_by = "at";
  Model account =
      model_of("Account", "account",
               {id_field(), model_field("name"), optional_field("teamId", ScalarKind::Integer),
                of_posts(derived_field("postCount", Operation::Count)), popular,
                of_posts(derived_field("views", Operation::Sum, "views")),
                of_posts(derived_field("bestViews", Operation::Max, "views")),
                of_posts(derived_field("hasPosts", Operation::Exists)), silent, last,
                of_posts(derived_field("firstPost", Operation::First))});
  account.relations.push_back(belongs_to("team", kTeam, "teamId", "id"));
  Relation posts;
  posts.name = "posts";
  posts.kind = RelationKind::HasMany;
  posts.target = kPost;
  posts.own_fields = {"id"};
  posts.target_fields = {"authorId"};
  account.relations.push_back(std::move(posts));
  return account;
}

Relation labels() {
  Relation relation;
  relation.name = "labels";
  relation.kind = RelationKind::ManyToMany;
  relation.target = kLabel;
  relation.own_fields = {"id"};
  relation.target_fields = {"id"};
  relation.join_table = "_label_post";
  relation.join_own = "postId";
  relation.join_target = "labelId";
  return relation;
}

Model post_model() {
  ModelField note = optional_field("note");
  note.column = "the note";
  Model post = model_of(
      "Post", "post",
      {id_field(), model_field("title"), optional_field("body"),
       optional_field("authorId", ScalarKind::Integer),
       optional_field("parentId", ScalarKind::Integer), optional_field("rating", ScalarKind::Real),
       with_default(model_field("views", ScalarKind::Integer), Value(0)),
       with_default(model_field("published", ScalarKind::Boolean), Value(true)), list_field("tags"),
       optional_field("meta", ScalarKind::Json), model_field("at", ScalarKind::DateTime),
       optional_field("photo", ScalarKind::Bytes), list_field("path"), note});
  post.relations = {belongs_to("author", kAccount, "authorId", "id"),
                    belongs_to("parent", kPost, "parentId", "id"), labels()};
  post.search_fields = {"title", "body"};
  post.indexes = {{{"views"}}, {{"authorId"}}};
  return post;
}

Model join_model() {
  ModelField post = model_field("postId", ScalarKind::Integer);
  ModelField label = model_field("labelId", ScalarKind::Integer);
  post.is_id = true;
  label.is_id = true;
  Model join = model_of("_label_post", "_label_post", {label, post});
  join.is_join_table = true;
  return join;
}

query::Aggregate aggregate_of(AggregateSpec spec) {
  return {.function = spec.function,
          .field = std::move(spec.field),
          .is_distinct = spec.is_distinct,
          .filter = std::move(spec.filter),
          .separator = std::move(spec.separator),
          .order_by = std::move(spec.order_by)};
}

TermPtr make_term(Term term) {
  return std::make_shared<const Term>(std::move(term));
}

}  // namespace

schema::CatalogPtr library_catalog() {
  auto catalog = std::make_shared<schema::Catalog>();
  catalog->models = {model_of("Team", "team", {id_field(), model_field("name")}), account_model(),
                     post_model(), model_of("Label", "label", {id_field(), model_field("name")}),
                     join_model()};
  return catalog;
}

ModelField derived_field(std::string_view name, Operation operation, std::string_view of) {
  ModelField field = optional_field(name, ScalarKind::Integer);
  if (operation == Operation::Exists) field.scalar = ScalarKind::Boolean;
  field.role = schema::FieldRole::Derived;
  field.column.clear();
  DerivedField derived;
  derived.operation = operation;
  derived.field = of;
  derived.target_field = "id";
  derived.own_field = "id";
  field.derived = std::move(derived);
  return field;
}

TermPtr field_term(std::string_view name) {
  return make_term({.field = std::string(name)});
}

TermPtr via_term(std::vector<std::string> via, std::string_view name) {
  return make_term({.field = std::string(name), .via = std::move(via)});
}

TermPtr aggregate_term(AggregateSpec spec) {
  return make_term({.kind = Term::Kind::Aggregate, .aggregate = aggregate_of(std::move(spec))});
}

TermPtr relation_term(std::string_view relation, AggregateSpec spec) {
  return make_term({.kind = Term::Kind::RelationAggregate,
                    .relation = std::string(relation),
                    .aggregate = aggregate_of(std::move(spec))});
}

TermPtr window_term(WindowSpec spec) {
  return make_term({.kind = Term::Kind::Window,
                    .window = {.function = spec.function,
                               .field = std::move(spec.field),
                               .offset = std::move(spec.offset),
                               .default_value = std::move(spec.default_value),
                               .filter = std::move(spec.filter),
                               .partition_by = std::move(spec.partition_by),
                               .order = std::move(spec.order),
                               .frame = spec.frame}});
}

TermPtr bucket_term(std::string_view field, query::TimeUnit unit) {
  return make_term({.kind = Term::Kind::Bucket, .field = std::string(field), .unit = unit});
}

TermPtr plain_term(Term::Kind kind) {
  return make_term({.kind = kind});
}

Output output_of(std::string_view name, TermPtr term) {
  return {.name = std::string(name), .term = std::move(term)};
}

Select select_fields(std::string_view table, std::vector<std::string> names) {
  Select select{.table = std::string(table)};
  for (const std::string& name : names)
    select.outputs.push_back(output_of(name, field_term(name)));
  return select;
}

query::OrderKey by(TermPtr term, query::Direction direction, query::NullsOrder nulls) {
  return {.term = std::move(term), .direction = direction, .nulls = nulls};
}

void ModelReadTest::open(schema::CatalogPtr catalog) {
  connection_.reset();
  static int opened = 0;
  const SqliteOptions options{.path = folder_.file("data" + std::to_string(++opened) + ".db"),
                              .durability = Durability::Normal};
  auto connection = Connection::open(options, Connection::Role::Writer);
  ASSERT_TRUE(connection) << connection.error().message();
  connection_ = *std::move(connection);
  const auto objects = ddl_of(*catalog);
  ASSERT_TRUE(objects) << objects.error().message();
  for (const SqlObject& object : *objects)
    run_sql(object.text);
  auto schema = schema::make_schema(std::move(catalog));
  ASSERT_TRUE(schema);
  layout_ = make_layout(std::make_shared<const schema::Schema>(*std::move(schema)), 7);
}

void ModelReadTest::run_sql(std::string_view sql) {
  const Status done = connection_->run_once(sql, "prepare the test");
  ASSERT_TRUE(done) << done.error().message() << "\n" << sql;
}

void ModelReadTest::fill() {
  run_sql(R"sql(
    INSERT INTO team VALUES (1, 'Blue'), (2, 'Amber');
    INSERT INTO account VALUES (1, 'Ada', 1), (2, 'Lin', 2), (3, 'Noor', NULL);
    INSERT INTO label VALUES (1, 'new'), (2, 'long'), (3, 'unused');
    INSERT INTO post(id, title, body, authorId, parentId, rating, views, published, tags, meta, at,
                     photo, "the note") VALUES
      (1, 'Root', 'the quick fox', 1, NULL, 4.5, 100, 1, '["a","b"]', '{"city":"Oslo","n":[1]}',
       '2026-01-05T10:00:00.000Z', x'00ff', 'first'),
      (2, 'Child', 'a lazy dog', 1, 1, NULL, 5, 0, '[]', NULL, '2026-02-10T11:30:00.000Z', NULL,
       NULL),
      (3, 'Leaf', NULL, 2, 2, 2.0, 20, 1, '["b"]', '{"city":"Rome","deep":{"x":3}}',
       '2026-04-01T00:00:00.000Z', NULL, NULL),
      (4, 'Other', 'quick quick fox', NULL, 1, 3.5, 20, 1, '["c",5]', NULL,
       '2026-12-31T23:59:59.000Z', NULL, NULL);
    INSERT INTO _label_post VALUES (1, 1), (2, 1), (1, 4);
  )sql");
}

Result<CompiledStatementPtr> ModelReadTest::compile(const Select& select) {
  return compile_select(*layout_, select);
}

std::string ModelReadTest::sql_of(const Select& select) {
  const auto compiled = compile(select);
  return compiled ? std::string((*compiled)->sql()) : compiled.error().message();
}

std::string ModelReadTest::where_sql(std::string_view table, ExprPtr where) {
  Select select = select_fields(table, {"id"});
  select.where = std::move(where);
  const std::string sql = sql_of(select);
  constexpr std::string_view kWhere = " WHERE ";
  const std::size_t at = sql.find(kWhere);
  return at == std::string::npos ? sql : sql.substr(at + kWhere.size());
}

Result<query::RowSet> ModelReadTest::read(const Select& select,
                                          const std::vector<Value>& parameters) {
  MS_TRY(const CompiledStatementPtr compiled, compile(select));
  return run_select(*connection_, *compiled, layout_->schema_version, parameters, budget_);
}

std::string ModelReadTest::json_of(const Select& select, const std::vector<Value>& parameters) {
  const auto rows = read(select, parameters);
  if (!rows) return rows.error().reason() + ": " + rows.error().message();
  std::string json;
  query::write_json(*rows, json);
  return json;
}

std::string ModelReadTest::ids_where(ExprPtr where,
                                     const std::vector<Value>& parameters,
                                     std::string_view table) {
  Select select = select_fields(table, {"id"});
  select.where = std::move(where);
  select.order = {by(field_term("id"))};
  const auto rows = read(select, parameters);
  if (!rows) return rows.error().reason() + ": " + rows.error().message();
  std::string ids;
  for (std::size_t i = 0; i < rows->count; ++i)
    ids += (i > 0 ? "," : "") + std::to_string(static_cast<int>(rows->row(i)[0].as_number()));
  return ids;
}

}  // namespace moonstone::store::sqlite
