#pragma once

#include "graphql/schema/schema.h"

namespace weft::graphql {

/// Who uses which type, flat, so that closing a role's mask touches memory in order: a schema of 200 tables
/// has some 50,000 uses, and there are dozens of roles.
struct SchemaGraph {
    static constexpr std::uint32_t kNone = ~0u;

    /// A field, argument, input field, enum value or member of a union. Those of a type lie together, a field
    /// before its arguments.
    struct Use {
        Element element = 0;           // 0: a member of a union, which needs no permission of its own
        std::uint32_t target = kNone;  // position of the type used; kNone for enum values
        std::uint32_t owner = 0;       // position of the type it belongs to
        std::uint32_t field = kNone;   // of an argument: the index of its field's Use
        bool is_required = false;      // a required argument or input field
    };
    struct Node {
        Element element = 0;
        TypeKind kind = TypeKind::kScalar;
        std::uint32_t uses_begin = 0;  // into `uses`
        std::uint32_t uses_end = 0;
        std::uint32_t users_begin = 0;  // into `users`
        std::uint32_t users_end = 0;
        std::uint32_t links_begin = 0;  // into `links`
        std::uint32_t links_end = 0;
    };
    std::vector<Use> uses;
    std::vector<Node> nodes;           // by Type::position
    std::vector<std::uint32_t> users;  // indexes into `uses`, grouped by the type they use
    std::vector<std::uint32_t> links;  // an object's interfaces, an interface's possible types
    std::vector<Element> always;       // introspection, built-in scalars, directives

    explicit SchemaGraph(const Schema& schema);

  private:
    void add_type(const Type& type);
    void add_inputs(const Type& owner, const std::vector<InputValue>& inputs, std::uint32_t field);
    void add_always(const Schema& schema);
    void add_always(const Field& field);
    void group_users();
};

}  // namespace weft::graphql
