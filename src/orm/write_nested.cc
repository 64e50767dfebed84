// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_nested.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "orm/internal/errors.h"
#include "orm/internal/write_error.h"
#include "orm/internal/write_links.h"

namespace moonstone::orm {

using schema::Relation;
using schema::RelationKind;

namespace {

/// In the order in which they are carried out.
constexpr std::array<std::string_view, 7> kOperations = {
    "create", "connect", "connectOrCreate", "disconnect", "delete", "update", "set"};

bool is_operation(std::string_view name) {
  return std::ranges::find(kOperations, name) != kOperations.end();
}

std::string_view kind_text(RelationKind kind) {
  switch (kind) {
    case RelationKind::BelongsTo:
      return "belongsTo";
    case RelationKind::HasMany:
      return "hasMany";
    case RelationKind::ManyToMany:
      return "manyToMany";
  }
  return "";
}

Error unsupported(const Relation& relation, std::string_view operation) {
  return bad_argument(fmt::format("Nested \"{}\" is not available on \"{}\": it is a {} relation",
                                  operation, relation.name, kind_text(relation.kind)));
}

Error nothing_to_connect(const Relation& relation, const schema::Model& target) {
  return bad_argument(
      fmt::format("Nested connect on \"{}\": no \"{}\" record found", relation.name, target.name));
}

Value object_of(std::string name, Value value) {
  Object object;
  object.append(std::move(name), std::move(value));
  return object;
}

/// A condition and that the row belongs to the parent.
Value where_child(const Relation& relation, const Value& where, const Value& key) {
  return object_of("AND", Array{where, object_of(relation.target_fields.front(), key)});
}

/// Members of an operation: one object, or a list of them.
Result<std::vector<const Value*>> elements_of(const Relation& relation,
                                              std::string_view operation,
                                              const Value& value) {
  std::vector<const Value*> elements;
  if (value.is_missing()) return elements;
  if (value.is_array()) {
    for (const Value& element : value.as_array())
      elements.push_back(&element);
  } else {
    elements.push_back(&value);
  }
  for (const Value* const element : elements) {
    if (element->is_object()) continue;
    return bad_argument(fmt::format("Nested \"{}\" on \"{}\" takes an object or a list of objects",
                                    operation, relation.name));
  }
  return elements;
}

/// A member that has to be an object.
Result<const Value*> part_of(const Relation& relation,
                             std::string_view operation,
                             const Value& value,
                             std::string_view name) {
  const Value* const part = value.is_object() ? value.as_object().find(name) : nullptr;
  if (part != nullptr && part->is_object()) return part;
  return bad_argument(
      fmt::format("Nested \"{}\" on \"{}\" needs \"{}\"", operation, relation.name, name));
}

/// Creates a row of the target and gives its key.
Result<Value> create_target(WriteCall& call, const Relation& relation, const Value& data) {
  const schema::Model& target = call.target_of(relation);
  MS_TRY(const Record made, create_record(call, target, object_of("data", data)));
  if (!made.has_row()) return Error(ErrorCode::Internal, "a created row was not given back");
  return cell_of(*made.row, 0, relation.target_fields.front());
}

/// The key of the row that the condition finds.
Result<std::optional<Value>> find_target(WriteCall& call,
                                         const Relation& relation,
                                         const Value& where) {
  return find_value(call, call.target_of(relation), where, relation.target_fields.front());
}

Result<Value> connect_or_create(WriteCall& call, const Relation& relation, const Value& value) {
  MS_TRY(const Value* const where, part_of(relation, "connectOrCreate", value, "where"));
  MS_TRY(const Value* const data, part_of(relation, "connectOrCreate", value, "create"));
  MS_TRY(std::optional<Value> found, find_target(call, relation, *where));
  if (found) return *std::move(found);
  return create_target(call, relation, *data);
}

/// The key of the parent that a belongs-to operation means.
Result<Value> key_of_parent(WriteCall& call, const NestedWrite& nested) {
  const Relation& relation = *nested.relation;
  const Object& operations = nested.operations;
  if (const Value* const where = operations.find("connect")) {
    MS_TRY(std::optional<Value> found, find_target(call, relation, *where));
    if (!found) return nothing_to_connect(relation, call.target_of(relation));
    return *std::move(found);
  }
  if (const Value* const data = operations.find("create")) {
    return create_target(call, relation, *data);
  }
  if (const Value* const value = operations.find("connectOrCreate")) {
    return connect_or_create(call, relation, *value);
  }
  if (operations.find("disconnect") != nullptr) return Value(nullptr);
  return unsupported(relation, operations.begin()->name);
}

/// The children of one row over one relation.
class ChildWrites {
 public:
  ChildWrites(WriteCall& call,
              const schema::Model& model,
              const Relation& relation,
              const query::RowSet& row)
      : call_(call),
        model_(model),
        relation_(relation),
        row_(row),
        child_(call.target_of(relation)),
        foreign_key_(relation.target_fields.front()),
        key_(cell_of(row, 0, relation.own_fields.front())) {}

  Status run(std::string_view operation, const Value& value) {
    if (operation == "set") return unsupported(relation_, operation);
    MS_TRY(const std::vector<const Value*> elements, elements_of(relation_, operation, value));
    for (const Value* const element : elements)
      MS_TRY_STATUS(run_element(operation, *element));
    return {};
  }

 private:
  Status run_element(std::string_view operation, const Value& element) {
    if (operation == "create") return create(element);
    if (operation == "connect") return connect(element);
    if (operation == "connectOrCreate") return connect_or_create_child(element);
    if (operation == "disconnect") {
      return update(where_child(relation_, element, key_), object_of(foreign_key_, nullptr));
    }
    if (operation == "delete") {
      const Value arguments = object_of("where", where_child(relation_, element, key_));
      MS_TRY_STATUS(delete_record(call_, child_, arguments));
      return {};
    }
    MS_TRY(const Value* const where, part_of(relation_, operation, element, "where"));
    MS_TRY(const Value* const data, part_of(relation_, operation, element, "data"));
    return update(where_child(relation_, *where, key_), *data);
  }

  Status create(const Value& element) {
    Object data = element.as_object();
    copy_shared_keys(data);
    data.set(foreign_key_, key_);
    MS_TRY_STATUS(create_record(call_, child_, object_of("data", std::move(data))));
    return {};
  }

  /// Foreign keys that parent and child both have to the same row of a third (litestone.md 15.5).
  void copy_shared_keys(Object& data) const {
    for (const Relation& own : model_.relations) {
      if (own.kind != RelationKind::BelongsTo) continue;
      const bool is_shared = std::ranges::any_of(child_.relations, [&](const Relation& other) {
        return other.kind == RelationKind::BelongsTo && other.target == own.target &&
               other.own_fields.front() == own.own_fields.front() &&
               other.target_fields.front() == own.target_fields.front();
      });
      if (!is_shared) continue;
      const std::string& field = own.own_fields.front();
      Value value = cell_of(row_, 0, field);
      if (value.is_missing()) continue;
      const Value* const given = data.find(field);
      const bool may_stay =
          call_.core.options.allow_child_key_override && given != nullptr && !given->is_missing();
      if (!may_stay) data.set(field, std::move(value));
    }
  }

  Status connect(const Value& where) {
    MS_TRY(const Record connected,
           update_record(call_, child_, update_arguments(where, object_of(foreign_key_, key_))));
    if (connected.has_row()) return {};
    return nothing_to_connect(relation_, child_);
  }

  Status connect_or_create_child(const Value& element) {
    MS_TRY(const Value* const where, part_of(relation_, "connectOrCreate", element, "where"));
    MS_TRY(const Value* const data, part_of(relation_, "connectOrCreate", element, "create"));
    MS_TRY(const Record connected,
           update_record(call_, child_, update_arguments(*where, object_of(foreign_key_, key_))));
    return connected.has_row() ? ok() : create(*data);
  }

  Status update(Value where, Value data) {
    MS_TRY_STATUS(
        update_record(call_, child_, update_arguments(std::move(where), std::move(data))));
    return {};
  }

  static Value update_arguments(Value where, Value data) {
    return Object{{"where", std::move(where)}, {"data", std::move(data)}};
  }

  WriteCall& call_;
  const schema::Model& model_;
  const Relation& relation_;
  const query::RowSet& row_;
  const schema::Model& child_;
  const std::string& foreign_key_;  // of the child
  Value key_;                       // of the row
};

/// The rows that a row is linked with over a join table.
class LinkWrites {
 public:
  LinkWrites(WriteCall& call, const Relation& relation, const query::RowSet& row)
      : call_(call),
        relation_(relation),
        target_(call.target_of(relation)),
        links_(call, relation, cell_of(row, 0, relation.own_fields.front())) {}

  Status run(std::string_view operation, const Value& value) {
    if (operation == "update") return unsupported(relation_, operation);
    MS_TRY(const std::vector<const Value*> elements, elements_of(relation_, operation, value));
    if (operation == "set") return set(elements);
    for (const Value* const element : elements)
      MS_TRY_STATUS(run_element(operation, *element));
    return {};
  }

 private:
  Status run_element(std::string_view operation, const Value& element) {
    if (operation == "create") {
      MS_TRY(const Value key, create_target(call_, relation_, element));
      return links_.add(key);
    }
    if (operation == "connectOrCreate") {
      MS_TRY(const Value key, connect_or_create(call_, relation_, element));
      return links_.add(key);
    }
    MS_TRY(const std::optional<Value> key, find_target(call_, relation_, element));
    if (operation == "connect") {
      if (key) return links_.add(*key);
      return bad_argument(
          fmt::format("m2m connect on \"{}\": no \"{}\" found", relation_.name, target_.name));
    }
    if (!key) return {};
    MS_TRY_STATUS(links_.remove(*key));
    if (operation != "delete") return {};
    const Value arguments = object_of("where", object_of(relation_.target_fields.front(), *key));
    MS_TRY_STATUS(delete_record(call_, target_, arguments));
    return {};
  }

  Status set(const std::vector<const Value*>& elements) {
    std::vector<Value> keys;
    for (const Value* const element : elements) {
      MS_TRY(std::optional<Value> key, find_target(call_, relation_, *element));
      if (!key) {
        return bad_argument(fmt::format("m2m set on \"{}\": no \"{}\" found matching {}",
                                        relation_.name, target_.name, printed(*element)));
      }
      keys.push_back(*std::move(key));
    }
    MS_TRY_STATUS(links_.remove_all());
    for (const Value& key : keys)
      MS_TRY_STATUS(links_.add(key));
    return {};
  }

  WriteCall& call_;
  const Relation& relation_;
  const schema::Model& target_;
  Links links_;
};

}  // namespace

bool has_relations(const schema::Model& model, const Object& data) {
  return std::ranges::any_of(data, [&](const Member& member) {
    return model.find_field(member.name) == nullptr && model.find_relation(member.name) != nullptr;
  });
}

Result<NestedWrites> take_nested(const schema::Model& model, Object& data) {
  NestedWrites nested;
  if (!has_relations(model, data)) return nested;
  Object scalars;
  for (Member& member : data) {
    const bool is_field = model.find_field(member.name) != nullptr;
    const Relation* const relation = is_field ? nullptr : model.find_relation(member.name);
    if (relation == nullptr) {
      scalars.append(std::move(member.name), std::move(member.value));
      continue;
    }
    if (member.value.is_missing()) continue;
    const bool says_something =
        member.value.is_object() &&
        std::ranges::any_of(member.value.as_object(),
                            [](const Member& part) { return is_operation(part.name); });
    if (!says_something) {
      return validation_error(member.name,
                              fmt::format("is a relation of model '{}': it takes create, connect, "
                                          "connectOrCreate, disconnect, delete, update or set",
                                          model.name));
    }
    auto& list = relation->kind == RelationKind::BelongsTo ? nested.parents : nested.lists;
    list.push_back({.relation = relation, .operations = std::move(member.value.as_object())});
  }
  data = std::move(scalars);
  return nested;
}

void put_back(const NestedWrites& nested, Object& data) {
  for (const NestedWrite& list : nested.lists)
    data.set(list.relation->name, Value(list.operations));
}

Status write_parents(WriteCall& call, const std::vector<NestedWrite>& parents, Object& data) {
  for (const NestedWrite& parent : parents) {
    MS_TRY(Value key, key_of_parent(call, parent));
    data.set(parent.relation->own_fields.front(), std::move(key));
  }
  return {};
}

Status write_lists(WriteCall& call,
                   const schema::Model& model,
                   const std::vector<NestedWrite>& lists,
                   const query::RowSet& row) {
  for (const NestedWrite& list : lists) {
    for (const std::string_view operation : kOperations) {
      const Value* const value = list.operations.find(operation);
      if (value == nullptr) continue;
      if (list.relation->kind == RelationKind::HasMany) {
        MS_TRY_STATUS(ChildWrites(call, model, *list.relation, row).run(operation, *value));
      } else {
        MS_TRY_STATUS(LinkWrites(call, *list.relation, row).run(operation, *value));
      }
    }
  }
  return {};
}

Result<std::optional<Value>> find_value(WriteCall& call,
                                        const schema::Model& model,
                                        const Value& where,
                                        const std::string& field) {
  const Value arguments = Object{{"where", where}, {"select", object_of(field, true)}};
  MS_TRY(const Outcome found, run_read(call.core, call.transaction,
                                       {.model = model,
                                        .method = Method::FindFirst,
                                        .caller = call.caller,
                                        .arguments = arguments}));
  if (found.rows == nullptr || found.rows->count == 0) return std::optional<Value>();
  return std::optional<Value>(cell_of(*found.rows, 0, field));
}

}  // namespace moonstone::orm
