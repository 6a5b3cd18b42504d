#pragma once

#include "graphql/metadata/detail/node.h"
#include "graphql/metadata/metadata.h"

namespace weft::graphql::metadata::detail {

inline constexpr std::size_t kTablesMax = 5'000;
inline constexpr std::size_t kRolesMax = 1'000;

/// Each reads one member of the document; errors stay with the node's document.
Table read_table(const Node& node);
std::map<std::string, TablePermissions> read_permissions(const Node& table);
Function read_function(const Node& node);
Action read_action(const Node& node);
std::vector<CustomType> read_custom_types(const Node& node);

/// A list of {"name", "type"}; the names are GraphQL names.
std::vector<std::pair<std::string, std::string>> read_arguments(const Node& node);
/// An object of texts.
std::vector<std::pair<std::string, std::string>> read_pairs(const Node& node);
/// A list of {"role"}.
std::vector<std::string> read_roles(const Node& node);

}  // namespace weft::graphql::metadata::detail
