#pragma once

#include "base/error.h"
#include "base/json.h"

#include <string>

namespace weft::app {

/// A metadata document for `weft graphql --metadata`, in YAML or JSON. Errors are sentences that name the
/// file.
Result<Json> read_metadata_file(const std::string& path);

}  // namespace weft::app
