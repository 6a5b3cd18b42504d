#pragma once

#include "graphql/execute/execute.h"

#include <string>

namespace weft::graphql {

/// Does a plan have fields that resolvers fill?
bool has_remote_fields(const Plan& plan);

namespace detail {

struct RemoteEnvironment {
    const EngineOptions& options;
    const Variables& variables;
    ResolverContext& context;
    AnswerRoom& room;  // open
};

/// Fills the remote fields of one root's JSON text: one call of each resolver for all rows that ask for it.
rt::Task<Outcome<std::string>> fill_remote(std::string text, const Select& select, RemoteEnvironment env);

}  // namespace detail
}  // namespace weft::graphql
