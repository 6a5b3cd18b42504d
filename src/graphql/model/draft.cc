#include "graphql/model/detail/draft.h"

namespace weft::graphql {

const Table* Draft::find_table(const QualifiedName& name) const {
    const auto found = tables_by_name.find(name);
    return found == tables_by_name.end() ? nullptr : found->second;
}

const Role* Draft::find_role(std::string_view name) const {
    const auto found = roles_by_name.find(name);
    return found == roles_by_name.end() ? nullptr : found->second;
}

void Draft::inconsistent(std::string_view kind, std::string name, std::string reason, Json definition) {
    inconsistencies.push_back({
        .kind = std::string(kind),
        .name = std::move(name),
        .reason = "Inconsistent object: " + std::move(reason),
        .definition = std::move(definition),
    });
}

std::string joined(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    std::string out;
    out.reserve(size);
    for (const std::string_view part : parts) out += part;
    return out;
}

}  // namespace weft::graphql
