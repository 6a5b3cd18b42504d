#include "graphql/schema/detail/validator.h"

#include "graphql/schema/detail/builtins.h"
#include "graphql/schema/detail/find.h"

#include <fmt/format.h>

#include <unordered_set>

namespace weft::graphql {

namespace {

bool is_sub_type(TypeUse sub, TypeUse super) {
    for (;;) {
        if (sub == super) return true;
        if (super.is_non_null()) {
            if (!sub.is_non_null()) return false;
            super = super.inner();
            sub = sub.inner();
        } else if (sub.is_non_null()) {
            sub = sub.inner();
        } else if (super.is_list()) {
            if (!sub.is_list()) return false;
            super = super.inner();
            sub = sub.inner();
        } else {
            break;
        }
    }
    if (sub.is_list()) return false;
    const Type& above = *super.named();
    const std::vector<const Type*>& candidates =
        above.kind == TypeKind::kUnion ? above.possible : sub.named()->interfaces;
    if (above.kind == TypeKind::kUnion) return contains(candidates, sub.named());
    return above.kind == TypeKind::kInterface && contains(candidates, &above);
}

}  // namespace

void Validator::check_name(std::string_view name) {
    if (!name.starts_with("__")) return;
    report(fmt::format(
        R"(Name "{}" must not begin with "__", which is reserved by GraphQL introspection.)", name
    ));
}

void Validator::check_roots() {
    if (schema_.query == nullptr) {
        report("Query root type must be provided.");
    } else if (schema_.query->kind != TypeKind::kObject) {
        report(fmt::format("Query root type must be Object type, it cannot be {}.", schema_.query->name));
    }
    const auto optional = [this](const char* what, const Type* root) {
        if (root == nullptr || root->kind == TypeKind::kObject) return;
        report(fmt::format("{} root type must be Object type if provided, it cannot be {}.", what, root->name)
        );
    };
    optional("Mutation", schema_.mutation);
    optional("Subscription", schema_.subscription);
}

void Validator::check_argument(const InputValue& argument, const std::string& where) {
    check_name(argument.name);
    if (!argument.type.named()->is_input()) {
        report(fmt::format(
            "The type of {}({}:) must be Input Type but got: {}.", where, argument.name, argument.type.text()
        ));
    }
    if (argument.is_required() && argument.deprecation) {
        report(fmt::format("Required argument {}({}:) cannot be deprecated.", where, argument.name));
    }
}

void Validator::check_directives() {
    for (const DirectiveType& directive : schema_.directives()) {
        check_name(directive.name);
        for (const InputValue& argument : directive.arguments) check_argument(argument, "@" + directive.name);
    }
}

void Validator::check(const Type& type) {
    if (!is_introspection_type(type.name)) check_name(type.name);
    switch (type.kind) {
        case TypeKind::kScalar:
            break;
        case TypeKind::kObject:
        case TypeKind::kInterface:
            check_fields(type);
            check_interfaces(type);
            break;
        case TypeKind::kUnion:
            check_members(type);
            break;
        case TypeKind::kEnum:
            check_values(type);
            break;
        case TypeKind::kInput:
            check_input_fields(type);
            check_cycles(type);
            break;
    }
}

void Validator::check_fields(const Type& type) {
    if (type.fields.empty()) report(fmt::format("Type {} must define one or more fields.", type.name));
    for (const Field& field : type.fields) {
        check_name(field.name);
        const std::string where = type.name + "." + field.name;
        if (!field.type.named()->is_output()) {
            report(fmt::format("The type of {} must be Output Type but got: {}.", where, field.type.text()));
        }
        for (const InputValue& argument : field.arguments) check_argument(argument, where);
    }
}

void Validator::check_interfaces(const Type& type) {
    for (auto above = type.interfaces.begin(); above != type.interfaces.end(); ++above) {
        const std::string& name = (*above)->name;
        if ((*above)->kind != TypeKind::kInterface) {
            report(fmt::format(
                "Type {} must only implement Interface types, it cannot implement {}.", type.name, name
            ));
        } else if (*above == &type) {
            report(fmt::format(
                "Type {} cannot implement itself because it would create a circular reference.", type.name
            ));
        } else if (std::find(type.interfaces.begin(), above, *above) != above) {
            report(fmt::format("Type {} can only implement {} once.", type.name, name));
        } else {
            check_ancestors(type, **above);
            check_implementation(type, **above);
        }
    }
}

void Validator::check_ancestors(const Type& type, const Type& above) {
    for (const Type* higher : above.interfaces) {
        if (contains(type.interfaces, higher)) continue;
        if (higher == &type) {
            report(fmt::format(
                "Type {} cannot implement {} because it would create a circular reference.",
                type.name,
                above.name
            ));
        } else {
            report(fmt::format(
                "Type {} must implement {} because it is implemented by {}.",
                type.name,
                higher->name,
                above.name
            ));
        }
    }
}

void Validator::check_implementation(const Type& type, const Type& above) {
    for (const Field& wanted : above.fields) {
        const Field* field = named(type.fields, wanted.name);
        if (field == nullptr) {
            report(fmt::format(
                "Interface field {}.{} expected but {} does not provide it.",
                above.name,
                wanted.name,
                type.name
            ));
            continue;
        }
        if (!is_sub_type(field->type, wanted.type)) {
            report(fmt::format(
                "Interface field {0}.{1} expects type {2} but {3}.{1} is type {4}.",
                above.name,
                wanted.name,
                wanted.type.text(),
                type.name,
                field->type.text()
            ));
        }
        check_arguments(type, *field, above, wanted);
    }
}

void Validator::check_arguments(
    const Type& type, const Field& field, const Type& above, const Field& wanted
) {
    for (const InputValue& each : wanted.arguments) {
        const InputValue* argument = field.argument(each.name);
        if (argument == nullptr) {
            report(fmt::format(
                "Interface field argument {0}.{1}({2}:) expected but {3}.{1} does not provide it.",
                above.name,
                field.name,
                each.name,
                type.name
            ));
        } else if (argument->type != each.type) {
            report(fmt::format(
                "Interface field argument {0}.{1}({2}:) expects type {3} but {4}.{1}({2}:) is type {5}.",
                above.name,
                field.name,
                each.name,
                each.type.text(),
                type.name,
                argument->type.text()
            ));
        }
    }
    for (const InputValue& each : field.arguments) {
        if (!each.is_required() || wanted.argument(each.name) != nullptr) continue;
        report(fmt::format(
            "Object field {0}.{1} includes required argument {2} that is missing from the Interface field "
            "{3}.{1}.",
            type.name,
            field.name,
            each.name,
            above.name
        ));
    }
}

void Validator::check_members(const Type& type) {
    if (type.possible.empty()) {
        report(fmt::format("Union type {} must define one or more member types.", type.name));
    }
    std::unordered_set<const Type*> seen;
    for (const Type* member : type.possible) {
        if (!seen.insert(member).second) {
            report(fmt::format("Union type {} can only include type {} once.", type.name, member->name));
        } else if (member->kind != TypeKind::kObject) {
            report(fmt::format(
                "Union type {} can only include Object types, it cannot include {}.", type.name, member->name
            ));
        }
    }
}

void Validator::check_values(const Type& type) {
    if (type.values.empty()) report(fmt::format("Enum type {} must define one or more values.", type.name));
    for (const EnumValue& value : type.values) check_name(value.name);
}

void Validator::check_input_fields(const Type& type) {
    if (type.input_fields.empty()) {
        report(fmt::format("Input Object type {} must define one or more fields.", type.name));
    }
    for (const InputValue& field : type.input_fields) {
        check_name(field.name);
        const std::string where = type.name + "." + field.name;
        if (!field.type.named()->is_input()) {
            report(fmt::format("The type of {} must be Input Type but got: {}.", where, field.type.text()));
        }
        if (field.is_required() && field.deprecation) {
            report(fmt::format("Required input field {} cannot be deprecated.", where));
        }
        if (!type.is_one_of) continue;
        if (field.type.is_non_null()) report(fmt::format("OneOf input field {} must be nullable.", where));
        if (field.default_value) {
            report(fmt::format("OneOf input field {} cannot have a default value.", where));
        }
    }
}

/// A walk without recursion, since a chain of input objects may be as long as the schema.
void Validator::check_cycles(const Type& type) {
    struct Step {
        const Type* type;
        std::size_t next = 0;                 // field to look at
        const InputValue* through = nullptr;  // the field that led on from here
    };
    if (!is_on_path_.emplace(&type, true).second) return;
    std::vector<Step> path = {{&type}};
    while (!path.empty()) {
        Step& step = path.back();
        if (step.next == step.type->input_fields.size()) {
            is_on_path_[step.type] = false;
            path.pop_back();
            continue;
        }
        const InputValue& field = step.type->input_fields[step.next++];
        const Type* target = field.type.named();
        if (!field.type.is_non_null() || !field.type.inner().is_bare() || target->kind != TypeKind::kInput) {
            continue;
        }
        step.through = &field;
        const auto [seen, is_new] = is_on_path_.emplace(target, true);
        if (is_new) {
            path.push_back({target});
        } else if (seen->second) {
            std::string names;
            for (auto at = std::ranges::find(path, target, &Step::type); at != path.end(); ++at) {
                names += (names.empty() ? "" : ".") + at->through->name;
            }
            report(fmt::format(
                "Cannot reference Input Object \"{}\" within itself through a series of non-null fields: "
                "\"{}\".",
                target->name,
                names
            ));
        }
    }
}

std::vector<SchemaError> validate_schema(const Schema& schema) {
    Validator validator(schema);
    validator.check_roots();
    validator.check_directives();
    for (const Type* type : schema.types()) validator.check(*type);
    return validator.errors();
}

}  // namespace weft::graphql
