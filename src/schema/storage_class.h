// Moonstone. Licence: see LICENSE.
#pragma once
// StorageClass: how the values of a type lie in a column. The store derives its DDL and its codecs
// from it, and the evaluator of expressions what a comparison sees; they must not differ.
// Threads: pure functions.

#include "schema/type.h"

namespace moonstone::schema {

/// What a column holds beside SQL NULL.
enum class StorageClass : unsigned char {
  Text,     // string, id, text literals
  Real,     // number, float64, number literals
  Integer,  // int64
  Boolean,  // boolean and its literals, as 0 and 1
  Blob,     // bytes
  Scalar,   // values of several of the classes above, each as itself; or nothing but null
  Json,     // storage JSON text (query/storage_json.h); SQL NULL means absent
};

/// `optional` and null members of a union do not change the class. A union of scalars is Scalar as
/// long as a value shows its type: int64 together with boolean does not, and is Json.
[[nodiscard]] StorageClass storage_class_of(const Type& type);

}  // namespace moonstone::schema
