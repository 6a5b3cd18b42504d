#pragma once

#include "base/json.h"
#include "graphql/validate/validate.h"

#include <optional>
#include <string_view>

namespace weft::graphql::detail {

/// Applies one command of the metadata API that edits the document ("pg_track_table", "create_action"; the
/// prefixes pg_ and postgres_ may be left out). nullopt: there is no such command. Failures have Hasura's
/// codes and words, path $.args; the document is then as it was.
std::optional<Outcome<>> edit(JsonObject& document, std::string_view command, const Json& arguments);

/// Takes out an inconsistent object, by the name the model gave it: "select_permission user in table author
/// in source default". False: it has no place of its own in the document.
bool drop_object(JsonObject& document, std::string_view name);

}  // namespace weft::graphql::detail
