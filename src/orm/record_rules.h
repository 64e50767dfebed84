// Moonstone. Licence: see LICENSE.
#pragma once
// The rules of models for documents: what ctx.db.insert() and its kin do to tables of models.
//
// A document is a row: its members are fields, `_id` and `_creationTime` are ignored. A patch is an
// update, so that an undefined member removes a value; a replacement also removes what it does not
// mention; erasing deletes for good, also where models delete softly. Deleted rows and templates
// are documents like others. A model without a key has no documents that could be named.
// Threads: synchronised. Source: litestone.md 9.

#include <memory>

#include "engine/record_rules.h"
#include "orm/orm.h"

namespace moonstone::orm {

/// For the catalog of whatever schema is in force. A host in the options outlives the rules.
[[nodiscard]] std::unique_ptr<engine::RecordRules> make_record_rules(OrmOptions options);

}  // namespace moonstone::orm
