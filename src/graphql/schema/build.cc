#include "graphql/schema/detail/builder.h"
#include "graphql/schema/detail/builtins.h"
#include "graphql/schema/detail/validator.h"

#include <algorithm>

namespace weft::graphql {

namespace {

constexpr int kWrappersMax = 16;  // what a TypeUse holds

std::unexpected<SchemaError> error(std::uint32_t at, std::string message) {
    return std::unexpected(SchemaError{std::move(message), at});
}

TypeKind kind_of(TypeSystemDefinition::Kind kind) {
    switch (kind) {
        case TypeSystemDefinition::Kind::kObject:
            return TypeKind::kObject;
        case TypeSystemDefinition::Kind::kInterface:
            return TypeKind::kInterface;
        case TypeSystemDefinition::Kind::kUnion:
            return TypeKind::kUnion;
        case TypeSystemDefinition::Kind::kEnum:
            return TypeKind::kEnum;
        case TypeSystemDefinition::Kind::kInput:
            return TypeKind::kInput;
        default:
            return TypeKind::kScalar;
    }
}

bool is_type(const TypeSystemDefinition& definition) {
    return definition.kind != TypeSystemDefinition::Kind::kSchema &&
           definition.kind != TypeSystemDefinition::Kind::kDirective;
}

const Directive* find_directive(std::span<const Directive> directives, std::string_view name) {
    for (const Directive& each : directives) {
        if (each.name.text == name) return &each;
    }
    return nullptr;
}

/// The text of a directive's argument: absent gives `fallback`, null nothing.
std::expected<std::optional<std::string>, SchemaError> text_argument(
    const Directive& directive, std::string_view name, std::optional<std::string> fallback
) {
    for (const Argument& argument : directive.arguments) {
        if (argument.name.text != name) continue;
        if (argument.value.kind == Value::Kind::kNull) return std::nullopt;
        if (argument.value.kind == Value::Kind::kString) return std::string(argument.value.text);
        return error(
            argument.value.at,
            "Argument \"" + std::string(name) + "\" has invalid value " + print(argument.value) + "."
        );
    }
    return fallback;
}

std::expected<std::optional<std::string>, SchemaError> deprecation(std::span<const Directive> directives) {
    const Directive* found = find_directive(directives, "deprecated");
    if (found == nullptr) return std::nullopt;
    return text_argument(*found, "reason", "No longer supported");
}

}  // namespace

std::expected<void, SchemaError> SchemaBuilder::add(const Document& sdl) {
    types_before_ = schema_.types_.size();
    directives_before_ = schema_.directives_.size();
    literals_before_ = schema_.literals_.size();
    roots_before_[0] = schema_.query;
    roots_before_[1] = schema_.mutation;
    roots_before_[2] = schema_.subscription;
    description_before_ = schema_.description;
    return declare(sdl, false);
}

std::expected<void, SchemaError> SchemaBuilder::add_builtins(const Document& sdl) {
    Added added = declare(sdl, true);
    for (Type* type : schema_.order_) type->is_builtin_scalar = type->kind == TypeKind::kScalar;
    return added;
}

std::expected<void, SchemaError> SchemaBuilder::declare(const Document& sdl, bool are_builtins) {
    std::vector<const TypeSystemDefinition*> work;
    std::vector<const TypeSystemDefinition*> extensions;
    for (const Definition& each : sdl.definitions) {
        const TypeSystemDefinition* definition = each.type_system;
        if (definition == nullptr) continue;
        const std::string_view name = definition->name.text;
        if (is_type(*definition)) {
            // As in the reference implementation, a built-in type stays as it is whatever the SDL says.
            if (!are_builtins && (is_specified_scalar(name) || is_introspection_type(name))) continue;
            if (!definition->is_extension) {
                Type& type = schema_.add(kind_of(definition->kind), std::string(name));
                type.description = definition->description;
                touched_.push_back(&type);
            }
        }
        (definition->is_extension ? extensions : work).push_back(definition);
    }
    work.insert(work.end(), extensions.begin(), extensions.end());
    for (const TypeSystemDefinition* definition : work) {
        Added added = definition->kind == TypeSystemDefinition::Kind::kSchema ? fill_roots(*definition)
                      : definition->kind == TypeSystemDefinition::Kind::kDirective
                          ? fill_directive(*definition)
                          : fill(*definition);
        if (!added) return added;
    }
    settle_defaults();
    return {};
}

std::expected<TypeUse, SchemaError> SchemaBuilder::use(const TypeNode& node) const {
    std::vector<const TypeNode*> lists;  // outermost first
    const TypeNode* at = &node;
    int wrappers = 0;
    for (;; at = at->item) {
        wrappers += at->is_non_null ? 1 : 0;
        if (at->kind == TypeNode::Kind::kNamed) break;
        ++wrappers;
        lists.push_back(at);
    }
    if (wrappers > kWrappersMax) {
        return error(node.at, "A type has at most 16 list and non-null wrappers.");
    }
    const Type* named = schema_.find(at->name.text);
    if (named == nullptr) return error(at->at, "Unknown type \"" + std::string(at->name.text) + "\".");
    TypeUse out(named);
    if (at->is_non_null) out = out.non_null();
    for (; !lists.empty(); lists.pop_back()) {
        out = out.list();
        if (lists.back()->is_non_null) out = out.non_null();
    }
    return out;
}

std::expected<void, SchemaError> SchemaBuilder::fill(const TypeSystemDefinition& definition) {
    Type& type = *schema_.find(definition.name.text);
    if (definition.is_extension) note_before(type);
    for (const Name& name : definition.interfaces) type.interfaces.push_back(schema_.find(name.text));
    for (const Name& name : definition.members) type.possible.push_back(schema_.find(name.text));
    if (Added added = fill_directives(type, definition.directives); !added) return added;
    if (Added added = fill_fields(type, definition.fields); !added) return added;
    if (Added added = fill_inputs(type.input_fields, definition.input_fields); !added) return added;
    return fill_values(type, definition.values);
}

std::expected<void, SchemaError> SchemaBuilder::fill_directives(
    Type& type, std::span<const Directive> directives
) {
    if (type.kind == TypeKind::kInput && find_directive(directives, "oneOf") != nullptr)
        type.is_one_of = true;
    const Directive* url = find_directive(directives, "specifiedBy");
    if (type.kind != TypeKind::kScalar || url == nullptr) return {};
    auto text = text_argument(*url, "url", "");
    if (!text) return std::unexpected(text.error());
    if (!*text) return error(url->at, "Argument \"url\" of non-null type \"String!\" must not be null.");
    type.specified_by_url = **text;
    return {};
}

std::expected<void, SchemaError> SchemaBuilder::fill_fields(
    Type& type, std::span<const FieldDefinition> from
) {
    type.fields.reserve(type.fields.size() + from.size());
    for (const FieldDefinition& each : from) {
        Field& field = type.fields.emplace_back();
        field.name = each.name.text;
        field.description = each.description;
        const auto used = use(each.type);
        if (!used) return std::unexpected(used.error());
        field.type = *used;
        auto reason = deprecation(each.directives);
        if (!reason) return std::unexpected(reason.error());
        field.deprecation = std::move(*reason);
        if (Added added = fill_inputs(field.arguments, each.arguments); !added) return added;
    }
    return {};
}

std::expected<void, SchemaError> SchemaBuilder::fill_inputs(
    std::vector<InputValue>& to, std::span<const InputValueDefinition> from
) {
    to.reserve(to.size() + from.size());
    for (const InputValueDefinition& each : from) {
        InputValue& input = to.emplace_back();
        input.name = each.name.text;
        input.description = each.description;
        input.default_value = each.default_value;
        const auto used = use(each.type);
        if (!used) return std::unexpected(used.error());
        input.type = *used;
        auto reason = deprecation(each.directives);
        if (!reason) return std::unexpected(reason.error());
        input.deprecation = std::move(*reason);
    }
    return {};
}

std::expected<void, SchemaError> SchemaBuilder::fill_values(
    Type& type, std::span<const EnumValueDefinition> from
) {
    type.values.reserve(type.values.size() + from.size());
    for (const EnumValueDefinition& each : from) {
        EnumValue& value = type.values.emplace_back();
        value.name = each.name.text;
        value.description = each.description;
        auto reason = deprecation(each.directives);
        if (!reason) return std::unexpected(reason.error());
        value.deprecation = std::move(*reason);
    }
    return {};
}

std::expected<void, SchemaError> SchemaBuilder::fill_directive(const TypeSystemDefinition& definition) {
    const std::string name(definition.name.text);
    const auto same = std::ranges::find(schema_.directives_, name, &DirectiveType::name);
    DirectiveType& directive = same != schema_.directives_.end() ? *same : schema_.add_directive(name);
    directive = {};  // SDL may define a specified directive anew
    directive.name = name;
    directive.description = definition.description;
    directive.is_repeatable = definition.is_repeatable;
    for (const Name& location : definition.locations) directive.locations.emplace_back(location.text);
    return fill_inputs(directive.arguments, definition.input_fields);
}

std::expected<void, SchemaError> SchemaBuilder::fill_roots(const TypeSystemDefinition& definition) {
    if (!definition.is_extension) {
        has_schema_definition_ = true;
        schema_.description = definition.description;
    }
    for (const RootTypeDefinition& root : definition.roots) {
        Type*& slot = root.kind == OperationKind::kQuery      ? schema_.query
                      : root.kind == OperationKind::kMutation ? schema_.mutation
                                                              : schema_.subscription;
        slot = schema_.find(root.type.text);
    }
    return {};
}

void SchemaBuilder::choose_default_roots() {
    if (has_schema_definition_) return;
    if (Type* type = schema_.find("Query")) schema_.query = type;
    if (Type* type = schema_.find("Mutation")) schema_.mutation = type;
    if (Type* type = schema_.find("Subscription")) schema_.subscription = type;
}

void SchemaBuilder::note_before(Type& type) {
    if (type.position >= types_before_ && std::ranges::find(touched_, &type) != touched_.end()) return;
    touched_.push_back(&type);
    before_.push_back({
        .type = &type,
        .fields = type.fields.size(),
        .input_fields = type.input_fields.size(),
        .values = type.values.size(),
        .interfaces = type.interfaces.size(),
        .members = type.possible.size(),
        .specified_by_url = type.specified_by_url,
        .is_one_of = type.is_one_of,
    });
}

void SchemaBuilder::undo() {
    for (; !before_.empty(); before_.pop_back()) {  // the first note of a type is the last to be restored
        Before& before = before_.back();
        Type& type = *before.type;
        type.fields.resize(before.fields);
        type.input_fields.resize(before.input_fields);
        type.values.resize(before.values);
        type.interfaces.resize(before.interfaces);
        type.possible.resize(before.members);
        type.specified_by_url = std::move(before.specified_by_url);
        type.is_one_of = before.is_one_of;
    }
    while (schema_.types_.size() > types_before_) {
        schema_.by_name_.erase(schema_.types_.back().name);
        schema_.order_.pop_back();
        schema_.types_.pop_back();
    }
    while (schema_.directives_.size() > directives_before_) schema_.directives_.pop_back();
    schema_.literals_.resize(literals_before_);
    schema_.query = roots_before_[0];
    schema_.mutation = roots_before_[1];
    schema_.subscription = roots_before_[2];
    schema_.description = description_before_;
}

std::expected<std::unique_ptr<Schema>, SchemaError> build_schema(const Document& sdl) {
    if (auto checked = check_sdl(sdl, nullptr); !checked) return std::unexpected(checked.error());
    auto schema = std::make_unique<Schema>();
    SchemaBuilder builder(*schema);
    if (auto added = builder.add(sdl); !added) return std::unexpected(added.error());
    builder.choose_default_roots();
    schema->finish();
    return schema;
}

std::expected<void, SchemaError> extend_schema(Schema& schema, const Document& sdl) {
    if (auto checked = check_sdl(sdl, &schema); !checked) return checked;
    SchemaBuilder builder(schema);
    if (auto added = builder.add(sdl); !added) {
        builder.undo();
        return added;
    }
    Validator validator(schema);
    for (const Type* type : builder.touched()) validator.check(*type);
    if (validator.errors().empty()) return {};
    builder.undo();
    return std::unexpected(validator.errors().front());
}

}  // namespace weft::graphql
