#include "graphql/validate/validate.h"

#include <algorithm>

namespace weft::graphql {

Outcome<const Operation*> choose_operation(const Document& document, std::string_view operation_name) {
    auto operations = document.operations;
    if (operation_name.empty()) {
        if (operations.size() == 1) return operations[0];
        return failure(
            "validation-failed",
            "exactly one operation has to be present in the document when operationName is not specified"
        );
    }
    if (std::ranges::any_of(operations, [](const Operation* each) { return !each->name; }))
        return failure(
            "validation-failed",
            "operationName cannot be used when an anonymous operation exists in the document"
        );
    for (const Operation* each : operations) {
        if (each->name.text == operation_name) return each;
    }
    return failure(
        "validation-failed",
        "no such operation found in the document: \"" + std::string(operation_name) + "\""
    );
}

namespace {

/// The directive's `if`; `fallback` when it has no usable value, which validation has refused before.
bool condition(const Directive& directive, const Variables& variables, bool fallback) {
    for (const Argument& argument : directive.arguments) {
        if (argument.name.text != "if") continue;
        if (argument.value.kind == Value::Kind::kBoolean) return argument.value.text == "true";
        if (argument.value.kind != Value::Kind::kVariable) return fallback;
        const Variables::One* variable = variables.find(argument.value.text);
        return variable != nullptr && variable->value.is_bool() ? variable->value.get_bool() : fallback;
    }
    return fallback;
}

}  // namespace

bool includes(std::span<const Directive> directives, const Variables& variables) {
    for (const Directive& directive : directives) {
        if (directive.name.text == "skip" && condition(directive, variables, false)) return false;
        if (directive.name.text == "include" && !condition(directive, variables, true)) return false;
    }
    return true;
}

const Variables::One* Variables::find(std::string_view name) const {
    for (const One& one : all) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

}  // namespace weft::graphql
