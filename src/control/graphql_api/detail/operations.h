#pragma once

#include "control/api/api.h"
#include "control/graphql_api/detail/shown.h"
#include "graphql/execute/execute.h"

#include <map>
#include <span>
#include <string>

/// Weft's operations as GraphQL actions: one field each, "workflows.start" as `workflows_start`.
namespace weft::control::shown {

/// What the authenticator attached to a session, for the resolvers.
struct Caller {
    Principal principal;
    RequestId request_id;
    std::string ip;
};

/// The `actions` and `custom_types` members of the metadata document. Public operations (logging in) and
/// streams stay with REST: they are about the transport.
JsonArray actions(const weft::control::Table& operations, std::span<const Role> roles);
JsonObject custom_types(const weft::control::Table& operations);

/// A resolver for each. `changed` hears of the shown table and the row that a committed change touched.
using Changed = std::function<void(std::string_view table, TenantId tenant, std::optional<Uuid> object)>;
std::map<std::string, graphql::NativeAction> resolvers(
    Environment& env, const weft::control::Table& operations, Executor& executor, Changed changed
);

}  // namespace weft::control::shown
