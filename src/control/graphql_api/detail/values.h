#pragma once

#include "graphql/execute/execute.h"
#include "store/runs/runs.h"

#include <map>
#include <string>

namespace weft::control::shown {

/// Resolvers of the fields that show encrypted values: one statement for all rows of an answer.
std::map<std::string, graphql::RemoteResolver> value_resolvers(store::runs::Runs& runs);

}  // namespace weft::control::shown
