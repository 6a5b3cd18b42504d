#include "graphql/schema/detail/builder.h"
#include "graphql/schema/detail/builtins.h"
#include "graphql/schema/detail/find.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace weft::graphql {

namespace {

using SdlKind = TypeSystemDefinition::Kind;
using Names = std::unordered_set<std::string_view>;

/// A directive's definition, wherever it was found.
struct Signature {
    struct Argument {
        std::string_view name;
        std::string type;  // text, when required
    };
    std::vector<std::string_view> locations;
    std::vector<Argument> arguments;
    bool is_repeatable = false;
};

struct KindNames {
    std::string_view location;
    std::string_view extension;  // "Cannot extend non-... type"
    TypeKind type = TypeKind::kScalar;
};

KindNames names_of(SdlKind kind) {
    switch (kind) {
        case SdlKind::kSchema:
            return {"SCHEMA", "schema"};
        case SdlKind::kScalar:
            return {"SCALAR", "scalar", TypeKind::kScalar};
        case SdlKind::kObject:
            return {"OBJECT", "object", TypeKind::kObject};
        case SdlKind::kInterface:
            return {"INTERFACE", "interface", TypeKind::kInterface};
        case SdlKind::kUnion:
            return {"UNION", "union", TypeKind::kUnion};
        case SdlKind::kEnum:
            return {"ENUM", "enum", TypeKind::kEnum};
        case SdlKind::kInput:
            return {"INPUT_OBJECT", "input object", TypeKind::kInput};
        case SdlKind::kDirective:
            break;
    }
    return {};
}

std::string_view word(OperationKind kind) {
    if (kind == OperationKind::kQuery) return "query";
    return kind == OperationKind::kMutation ? "mutation" : "subscription";
}

/// The rules that the reference implementation calls specifiedSDLRules, in one pass; keeps the first finding.
class SdlCheck {
  public:
    SdlCheck(const Document& sdl, const Schema* base) : sdl_(sdl), base_(base) {}

    std::expected<void, SchemaError> run() {
        note_builtin_directives();
        for (const Definition& each : sdl_.definitions) {
            if (each.type_system != nullptr) note(*each.type_system);
        }
        for (const Definition& each : sdl_.definitions) {
            if (each.type_system != nullptr && !error_) check(*each.type_system);
        }
        if (error_) return std::unexpected(*error_);
        return {};
    }

  private:
    void report(std::uint32_t at, std::string message) {
        if (!error_) error_ = SchemaError{std::move(message), at};
    }

    void note_builtin_directives() {
        if (base_ == nullptr) builtins_ = std::make_unique<Schema>();
        for (const DirectiveType& each : (base_ != nullptr ? base_ : builtins_.get())->directives()) {
            Signature& signature = directives_[each.name];
            signature.is_repeatable = each.is_repeatable;
            signature.locations.assign(each.locations.begin(), each.locations.end());
            for (const InputValue& argument : each.arguments) {
                signature.arguments.push_back(
                    {argument.name, argument.is_required() ? argument.type.text() : std::string()}
                );
            }
        }
    }

    void note(const TypeSystemDefinition& definition) {
        if (definition.kind == SdlKind::kDirective) {
            Signature signature;
            signature.is_repeatable = definition.is_repeatable;
            for (const Name& location : definition.locations) signature.locations.push_back(location.text);
            for (const InputValueDefinition& argument : definition.input_fields) {
                const bool is_required = argument.type.is_non_null && !argument.default_value;
                signature.arguments.push_back(
                    {argument.name.text, is_required ? print(argument.type) : std::string()}
                );
            }
            directives_[definition.name.text] = std::move(signature);
        } else if (definition.kind != SdlKind::kSchema && !definition.is_extension) {
            defined_.emplace(definition.name.text, &definition);
        }
    }

    void check(const TypeSystemDefinition& definition) {
        if (definition.kind == SdlKind::kSchema) {
            check_schema(definition);
        } else if (definition.kind == SdlKind::kDirective) {
            check_directive_definition(definition);
        } else if (definition.is_extension) {
            check_extension(definition);
        } else {
            check_type_name(definition.name);
        }
        check_parts(definition);
    }

    void check_schema(const TypeSystemDefinition& definition) {
        if (!definition.is_extension) {
            if (base_ != nullptr && (base_->query != nullptr || base_->mutation != nullptr)) {
                report(definition.at, "Cannot define a new schema within a schema extension.");
            }
            if (has_schema_definition_) report(definition.at, "Must provide only one schema definition.");
            has_schema_definition_ = true;
        }
        for (const RootTypeDefinition& root : definition.roots) {
            if (base_ != nullptr && base_->root(root.kind) != nullptr) {
                report(
                    root.at,
                    fmt::format(
                        "Type for {} already defined in the schema. It cannot be redefined.", word(root.kind)
                    )
                );
            }
            if (!roots_.insert(word(root.kind)).second) {
                report(root.at, fmt::format("There can be only one {} type in schema.", word(root.kind)));
            }
            check_known(root.type);
        }
    }

    void check_directive_definition(const TypeSystemDefinition& definition) {
        const std::string_view name = definition.name.text;
        if (base_ != nullptr && base_->directive(name) != nullptr) {
            report(
                definition.name.at,
                fmt::format("Directive \"@{}\" already exists in the schema. It cannot be redefined.", name)
            );
        }
        if (!directive_names_.insert(name).second) {
            report(definition.name.at, fmt::format("There can be only one directive named \"@{}\".", name));
        }
    }

    void check_type_name(const Name& name) {
        if (base_ != nullptr && base_->find(name.text) != nullptr) {
            report(
                name.at,
                fmt::format(
                    "Type \"{}\" already exists in the schema. It cannot also be defined in this type "
                    "definition.",
                    name.text
                )
            );
        }
        if (!type_names_.insert(name.text).second) {
            report(name.at, fmt::format("There can be only one type named \"{}\".", name.text));
        }
    }

    void check_extension(const TypeSystemDefinition& extension) {
        const std::string_view name = extension.name.text;
        const auto defined = defined_.find(name);
        const Type* existing = base_ == nullptr ? nullptr : base_->find(name);
        TypeKind kind = TypeKind::kScalar;
        if (defined != defined_.end()) {
            kind = names_of(defined->second->kind).type;
        } else if (existing != nullptr) {
            kind = existing->kind;
        } else {
            report(
                extension.name.at, fmt::format("Cannot extend type \"{}\" because it is not defined.", name)
            );
            return;
        }
        const KindNames wanted = names_of(extension.kind);
        if (kind == wanted.type) return;
        report(extension.at, fmt::format("Cannot extend non-{} type \"{}\".", wanted.extension, name));
    }

    /// What a definition and an extension have in common.
    void check_parts(const TypeSystemDefinition& definition) {
        const std::string_view type = definition.name.text;
        const Type* existing = base_ == nullptr ? nullptr : base_->find(type);
        // Directives are counted over a type's definition and extensions together.
        Names& used = definition.kind == SdlKind::kSchema ? schema_directives_ : type_directives_[type];
        check_directives(definition.directives, names_of(definition.kind).location, used);
        for (const Name& name : definition.interfaces) check_known(name);
        for (const Name& name : definition.members) check_known(name);
        for (const FieldDefinition& field : definition.fields) {
            check_field_name(type, field.name, existing);
            check_used(field.type);
            check_directives(field.directives, "FIELD_DEFINITION");
            check_arguments(fmt::format("{}.{}", type, field.name.text), field.arguments);
        }
        if (definition.kind == SdlKind::kDirective) {
            check_arguments(fmt::format("@{}", type), definition.input_fields);
        } else {
            for (const InputValueDefinition& field : definition.input_fields) {
                check_field_name(type, field.name, existing);
                check_input(field, "INPUT_FIELD_DEFINITION");
            }
        }
        check_values(definition, existing);
    }

    void check_values(const TypeSystemDefinition& definition, const Type* existing) {
        const std::string_view type = definition.name.text;
        for (const EnumValueDefinition& value : definition.values) {
            const std::string_view name = value.name.text;
            if (name == "true" || name == "false" || name == "null") {
                report(value.name.at, fmt::format("Enum values cannot be named: {}", name));
            }
            if (existing != nullptr && has(existing->values, name)) {
                report(
                    value.name.at,
                    fmt::format(
                        "Enum value \"{}.{}\" already exists in the schema. It cannot also be defined in "
                        "this "
                        "type extension.",
                        type,
                        name
                    )
                );
            }
            if (!members_[type].insert(name).second) {
                report(
                    value.name.at, fmt::format("Enum value \"{}.{}\" can only be defined once.", type, name)
                );
            }
            check_directives(value.directives, "ENUM_VALUE");
        }
    }

    void check_field_name(std::string_view type, const Name& field, const Type* existing) {
        if (existing != nullptr &&
            (has(existing->fields, field.text) || has(existing->input_fields, field.text))) {
            report(
                field.at,
                fmt::format(
                    "Field \"{}.{}\" already exists in the schema. It cannot also be defined in this type "
                    "extension.",
                    type,
                    field.text
                )
            );
        }
        if (!members_[type].insert(field.text).second) {
            report(field.at, fmt::format("Field \"{}.{}\" can only be defined once.", type, field.text));
        }
    }

    void check_arguments(const std::string& parent, std::span<const InputValueDefinition> arguments) {
        Names names;
        for (const InputValueDefinition& argument : arguments) {
            if (!names.insert(argument.name.text).second) {
                report(
                    argument.name.at,
                    fmt::format("Argument \"{}({}:)\" can only be defined once.", parent, argument.name.text)
                );
            }
            check_input(argument, "ARGUMENT_DEFINITION");
        }
    }

    void check_input(const InputValueDefinition& input, std::string_view location) {
        check_used(input.type);
        check_literal(input.default_value);
        check_directives(input.directives, location);
    }

    void check_directives(std::span<const Directive> directives, std::string_view location) {
        Names used;
        check_directives(directives, location, used);
    }

    void check_directives(std::span<const Directive> directives, std::string_view location, Names& used) {
        for (const Directive& directive : directives) {
            const std::string_view name = directive.name.text;
            const auto found = directives_.find(name);
            if (found == directives_.end()) {
                report(directive.at, fmt::format("Unknown directive \"@{}\".", name));
                continue;
            }
            const Signature& signature = found->second;
            if (!contains(signature.locations, location)) {
                report(directive.at, fmt::format("Directive \"@{}\" may not be used on {}.", name, location));
            }
            if (!signature.is_repeatable && !used.insert(name).second) {
                report(
                    directive.at,
                    fmt::format("The directive \"@{}\" can only be used once at this location.", name)
                );
            }
            check_given(directive, signature);
        }
    }

    void check_given(const Directive& directive, const Signature& signature) {
        const std::string_view name = directive.name.text;
        Names given;
        for (const Argument& argument : directive.arguments) {
            const std::string_view key = argument.name.text;
            if (std::ranges::find(signature.arguments, key, &Signature::Argument::name) ==
                signature.arguments.end()) {
                report(
                    argument.name.at, fmt::format("Unknown argument \"{}\" on directive \"@{}\".", key, name)
                );
            }
            if (!given.insert(key).second) {
                report(argument.name.at, fmt::format("There can be only one argument named \"{}\".", key));
            }
            check_literal(argument.value);
        }
        for (const Signature::Argument& argument : signature.arguments) {
            if (argument.type.empty() || given.contains(argument.name)) continue;
            report(
                directive.at,
                fmt::format(
                    "Directive \"@{}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                    name,
                    argument.name,
                    argument.type
                )
            );
        }
    }

    /// No member of a literal object twice. The parser has bounded the depth.
    void check_literal(const Value& value) {
        for (const Value& item : value.items) check_literal(item);
        Names names;
        for (const ObjectField& field : value.fields) {
            if (!names.insert(field.name.text).second) {
                report(
                    field.name.at,
                    fmt::format("There can be only one input field named \"{}\".", field.name.text)
                );
            }
            check_literal(field.value);
        }
    }

    void check_used(const TypeNode& type) {
        const TypeNode* named = &type;
        while (named->kind == TypeNode::Kind::kList) named = named->item;
        check_known(named->name);
    }

    void check_known(const Name& name) {
        if (defined_.contains(name.text) || is_specified_scalar(name.text) ||
            is_introspection_type(name.text)) {
            return;
        }
        if (base_ != nullptr && base_->find(name.text) != nullptr) return;
        report(name.at, fmt::format("Unknown type \"{}\".", name.text));
    }

    template <class T>
    static bool has(const std::vector<T>& all, std::string_view name) {
        return std::ranges::find(all, name, &T::name) != all.end();
    }

    const Document& sdl_;
    const Schema* base_;
    std::unique_ptr<Schema> builtins_;
    std::optional<SchemaError> error_;
    std::unordered_map<std::string_view, const TypeSystemDefinition*> defined_;
    std::unordered_map<std::string_view, Signature> directives_;
    Names type_names_;
    Names directive_names_;
    Names roots_;
    Names schema_directives_;
    std::unordered_map<std::string_view, Names> type_directives_;
    std::unordered_map<std::string_view, Names> members_;
    bool has_schema_definition_ = false;
};

}  // namespace

std::expected<void, SchemaError> check_sdl(const Document& sdl, const Schema* base) {
    return SdlCheck(sdl, base).run();
}

}  // namespace weft::graphql
