// Moonstone. Licence: see LICENSE.
#include "runtime/internal/row_sets.h"

#include <map>
#include <vector>

#include "runtime/internal/convert.h"

namespace moonstone::runtime {
namespace {

/// Makes the objects of one RowSet; a row that several parents share becomes one object.
class RowSetWriter {
 public:
  RowSetWriter(v8::Local<v8::Context> context, const query::RowSet& rows)
      : context_(context), isolate_(context->GetIsolate()), rows_(rows) {
    for (const std::string& name : rows.shape->names)
      names_.push_back(to_v8_name(isolate_, name));
    for (const query::Attached& attached : rows.attached) {
      attached_names_.push_back(to_v8_name(isolate_, attached.name));
      attached_.emplace_back(context, *attached.rows);
    }
    made_.resize(rows.count);
  }

  v8::MaybeLocal<v8::Value> row(std::size_t index) {
    if (!made_[index].IsEmpty()) return v8::Local<v8::Value>(made_[index]);
    const v8::Local<v8::Object> object = v8::Object::New(isolate_);
    const auto cells = rows_.row(index);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (rows_.shape->is_hidden[i] || cells[i].is_undefined()) continue;
      v8::Local<v8::Value> value;
      if (!to_v8(context_, cells[i]).ToLocal(&value) || !set(object, names_[i], value)) return {};
    }
    for (std::size_t i = 0; i < attached_.size(); ++i) {
      v8::Local<v8::Value> value;
      if (!related(i, index).ToLocal(&value) || !set(object, attached_names_[i], value)) return {};
    }
    made_[index] = object;
    return v8::Local<v8::Value>(object);
  }

  v8::MaybeLocal<v8::Value> all() {
    std::vector<v8::Local<v8::Value>> objects;
    objects.reserve(rows_.count);
    for (std::size_t i = 0; i < rows_.count; ++i) {
      // V8 cannot interrupt this loop.
      if (isolate_->IsExecutionTerminating()) return {};
      v8::Local<v8::Value> object;
      if (!row(i).ToLocal(&object)) return {};
      objects.push_back(object);
    }
    return v8::Local<v8::Value>(v8::Array::New(isolate_, objects.data(), objects.size()));
  }

 private:
  bool set(v8::Local<v8::Object> object, v8::Local<v8::String> name, v8::Local<v8::Value> value) {
    return object->CreateDataProperty(context_, name, value).IsJust();
  }

  v8::MaybeLocal<v8::Value> related(std::size_t which, std::size_t parent) {
    const query::Attached& attached = rows_.attached[which];
    const std::size_t begin = attached.begins[parent];
    const std::size_t end = attached.begins[parent + 1];
    if (attached.kind != query::Attached::Kind::Many) {
      if (begin == end) return v8::Local<v8::Value>(v8::Null(isolate_));
      return attached_[which].row(attached.positions[begin]);
    }
    std::vector<v8::Local<v8::Value>> objects;
    objects.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      v8::Local<v8::Value> object;
      if (!attached_[which].row(attached.positions[i]).ToLocal(&object)) return {};
      objects.push_back(object);
    }
    return v8::Local<v8::Value>(v8::Array::New(isolate_, objects.data(), objects.size()));
  }

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  const query::RowSet& rows_;
  std::vector<v8::Local<v8::String>> names_;
  std::vector<v8::Local<v8::String>> attached_names_;
  std::vector<RowSetWriter> attached_;
  std::vector<v8::Local<v8::Object>> made_;
};

v8::MaybeLocal<v8::Value> page_to_v8(v8::Local<v8::Context> context, const orm::Outcome& outcome) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Value> items;
  if (!rows_to_v8(context, *outcome.rows).ToLocal(&items)) return {};
  const v8::Local<v8::Object> page = v8::Object::New(isolate);
  const auto set = [&](std::string_view name, v8::Local<v8::Value> value) {
    page->CreateDataProperty(context, to_v8_name(isolate, name), value).Check();
  };
  if (outcome.form == orm::Outcome::Form::RowsAndTotal) {
    set("rows", items);
    set("total", v8::Number::New(isolate, static_cast<double>(outcome.total)));
    return v8::Local<v8::Value>(page);
  }
  set("items", items);
  v8::Local<v8::Value> cursor = v8::Null(isolate);
  if (outcome.next_cursor) cursor = to_v8_string(isolate, *outcome.next_cursor);
  set("nextCursor", cursor);
  set("hasMore", v8::Boolean::New(isolate, outcome.has_more));
  return v8::Local<v8::Value>(page);
}

}  // namespace

v8::MaybeLocal<v8::Value> rows_to_v8(v8::Local<v8::Context> context, const query::RowSet& rows) {
  return RowSetWriter(context, rows).all();
}

v8::MaybeLocal<v8::Value> outcome_to_v8(v8::Local<v8::Context> context,
                                        const orm::Outcome& outcome) {
  switch (outcome.form) {
    case orm::Outcome::Form::Rows:
      return rows_to_v8(context, *outcome.rows);
    case orm::Outcome::Form::Row:
      if (outcome.rows == nullptr || outcome.rows->count == 0) {
        return v8::Local<v8::Value>(v8::Null(context->GetIsolate()));
      }
      return RowSetWriter(context, *outcome.rows).row(0);
    case orm::Outcome::Form::Value:
      return to_v8(context, outcome.value);
    case orm::Outcome::Form::Page:
    case orm::Outcome::Form::RowsAndTotal:
      return page_to_v8(context, outcome);
  }
  return v8::Local<v8::Value>(v8::Null(context->GetIsolate()));
}

}  // namespace moonstone::runtime
