#pragma once

#include "base/error.h"

#include <span>
#include <string>
#include <string_view>

namespace weft::pg {

struct MigrationFile {
    std::string_view name;  // e.g. V0001__tenancy.sql
    std::string_view text;
};

/// The SQL of db/, embedded at build time.
struct SchemaFiles {
    std::string_view roles;
    std::span<const MigrationFile> migrations;  // by name, ascending
    std::string_view grants;
};
const SchemaFiles& schema_files();

struct MigrateOptions {
    std::string url;  // a login that may create roles and the schema (superuser or the database's owner)
    std::string api_password;  // set for weft_api and weft_worker when not empty
    std::string worker_password;
};

/// Brings the database to this program's schema, in one transaction under an advisory lock; safe to run from
/// many processes and when there is nothing to do. Synchronous: start-up and tests. Returns how many
/// migrations were applied. Errors name the migration; a database newer than the program, or a migration
/// edited after it was applied, is refused.
Result<int> migrate(const MigrateOptions& options);

}  // namespace weft::pg
