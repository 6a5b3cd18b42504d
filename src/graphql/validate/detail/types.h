#pragma once

#include "graphql/validate/validate.h"

#include <optional>

/// Types at a place of a document; a TypeUse without a named type stands for "not known".
namespace weft::graphql::rules {

/// What a value has to be.
struct Expected {
    TypeUse type;
    TypeUse parent;  // of the list or object around it
    bool has_default = false;
    Strings strings = Strings::kNone;
};

inline Expected expected(const InputValue* definition, TypeUse parent = {}) {
    if (definition == nullptr) return {.parent = parent};
    return {
        .type = definition->type,
        .parent = parent,
        .has_default = bool(definition->default_value),
        .strings = definition->strings,
    };
}

inline Expected item_of(const Expected& list) {
    TypeUse bare = list.type.nullable();
    return {.type = bare.is_list() ? bare.inner() : bare, .parent = list.type, .strings = list.strings};
}

/// Is a list taken where the type has an item? (More dimensions than the type tells.)
inline bool nests(const Expected& at) {
    return at.strings == Strings::kArray && at.type.named() != nullptr && !at.type.nullable().is_list();
}

inline const Type* input_object(TypeUse use) {
    return use.named() != nullptr && use.named()->kind == TypeKind::kInput ? use.named() : nullptr;
}

inline Expected member_of(const View& view, const Expected& object, std::string_view name) {
    const Type* type = input_object(object.type);
    return expected(type != nullptr ? view.input_field(*type, name) : nullptr, object.type);
}

/// The type that fields are selected from.
inline const Type* composite(TypeUse use) {
    return use.named() != nullptr && use.named()->is_composite() ? use.named() : nullptr;
}

/// Inside a fragment: its condition, or the type around it when it has none.
inline TypeUse narrowed(const View& view, TypeUse around, const Name& condition) {
    const Type* type = condition ? view.type(condition.text) : around.named();
    return type != nullptr && type->is_output() ? TypeUse(type) : TypeUse();
}

/// At most 18 digits: surely a number of 64 bits.
bool is_digits(std::string_view text);

/// The type that a variable is declared with; nothing when the role doesn't see it.
std::optional<TypeUse> declared(const View& view, const TypeNode& node);

}  // namespace weft::graphql::rules
