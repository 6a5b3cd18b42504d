#include "graphql/language/detail/printer.h"

#include "base/utf8.h"
#include "graphql/language/detail/block_string.h"
#include "graphql/language/detail/lexer.h"

#include <algorithm>
#include <utility>

namespace weft::graphql::detail {
namespace {

constexpr std::size_t kLineMax = 80;
constexpr int kStep = 2;  // spaces

std::string_view keyword(OperationKind kind) {
    static constexpr std::string_view kWords[] = {"query", "mutation", "subscription"};
    return kWords[static_cast<std::size_t>(kind)];
}

std::string_view keyword(TypeSystemDefinition::Kind kind) {
    static constexpr std::string_view kWords[] = {
        "schema", "scalar", "type", "interface", "union", "enum", "input", "directive"
    };
    return kWords[static_cast<std::size_t>(kind)];
}

}  // namespace

// ---- layout

void Printer::new_line() {
    out_.append(1, '\n').append(static_cast<std::size_t>(indent_), ' ');
}

// Every line of a block string is indented, blank ones too.
void Printer::block_text(std::string_view text) {
    for (const char c : text) {
        if (c == '\n') {
            new_line();
        } else {
            out_ += c;
        }
    }
}

template <class Items, class Write>
void Printer::joined(const Items& items, std::string_view separator, Write write) {
    bool is_first = true;
    for (const auto& item : items) {
        if (!is_first) out_.append(separator);
        is_first = false;
        write(item);
    }
}

template <class Items, class Write>
void Printer::block(const Items& items, Write write) {
    out_ += '{';
    indent_ += kStep;
    for (const auto& item : items) {
        new_line();
        write(item);
    }
    indent_ -= kStep;
    new_line();
    out_ += '}';
}

// ---- executable definitions

void Printer::document(const Document& document) {
    joined(document.definitions, "\n\n", [&](const Definition& each) {
        if (each.operation != nullptr) {
            operation(*each.operation);
        } else if (each.fragment != nullptr) {
            fragment(*each.fragment);
        } else {
            type_system(*each.type_system);
        }
    });
}

template <class Node>
void Printer::description(const Node& node) {
    if (!node.has_description) return;
    if (node.is_block_description) {
        block_text(print_block_string(node.description));
    } else {
        append_quoted(out_, node.description);
    }
    new_line();
}

void Printer::operation(const Operation& operation) {
    description(operation);
    const bool is_bare = operation.kind == OperationKind::kQuery && !operation.has_description &&
                         !operation.name && operation.variables.empty() && operation.directives.empty();
    if (!is_bare) {
        out_.append(keyword(operation.kind));
        if (operation.name || !operation.variables.empty()) out_.append(" ").append(operation.name.text);
        variables(operation.variables);
        directives(operation.directives);
        out_ += ' ';
    }
    selections(operation.selections);
}

// Described variables get lines of their own, not indented.
void Printer::variables(std::span<const VariableDefinition> variables) {
    if (variables.empty()) return;
    const bool has_lines = std::ranges::any_of(variables, &VariableDefinition::has_description);
    out_ += '(';
    if (has_lines) new_line();
    bool is_first = true;
    for (const VariableDefinition& each : variables) {
        if (!is_first && has_lines) new_line();
        if (!is_first && !has_lines) out_.append(", ");
        is_first = false;
        variable(each);
    }
    if (has_lines) new_line();
    out_ += ')';
}

void Printer::variable(const VariableDefinition& variable) {
    description(variable);
    out_.append("$").append(variable.name.text).append(": ");
    type(variable.type);
    if (variable.default_value) {
        out_.append(" = ");
        value(variable.default_value);
    }
    directives(variable.directives);
}

void Printer::fragment(const Fragment& fragment) {
    description(fragment);
    out_.append("fragment ").append(fragment.name.text).append(" on ").append(fragment.type_condition.text);
    directives(fragment.directives);
    out_ += ' ';
    selections(fragment.selections);
}

void Printer::selections(std::span<const Selection> selections) {
    block(selections, [&](const Selection& each) { selection(each); });
}

void Printer::selection(const Selection& selection) {
    const std::size_t from = out_.size();
    if (selection.kind == Selection::Kind::kField) {
        if (selection.alias) out_.append(selection.alias.text).append(": ");
        out_.append(selection.name.text);
        arguments(selection.arguments, from);
    } else {
        out_.append("...").append(selection.name.text);
        if (selection.type_condition) out_.append(" on ").append(selection.type_condition.text);
    }
    directives(selection.directives);
    if (!selection.has_selections) return;
    out_ += ' ';
    selections(selection.selections);
}

// The length that counts is the line's without its indentation, hence the first attempt without any.
void Printer::arguments(std::span<const Argument> arguments, std::size_t line_from) {
    if (arguments.empty()) return;
    const auto write = [&](const Argument& each) { argument(each); };
    const std::size_t from = out_.size();
    const int indent = std::exchange(indent_, 0);
    out_ += '(';
    joined(arguments, ", ", write);
    out_ += ')';
    indent_ = indent;
    const std::string_view line = std::string_view(out_).substr(line_from);
    const bool is_long = utf8::utf16_units(line) > kLineMax;
    if (!is_long && (indent == 0 || !line.contains('\n'))) return;
    out_.resize(from);
    out_ += '(';
    if (is_long) {
        indent_ += kStep;
        for (const Argument& each : arguments) {
            new_line();
            write(each);
        }
        indent_ -= kStep;
        new_line();
    } else {
        joined(arguments, ", ", write);
    }
    out_ += ')';
}

void Printer::argument(const Argument& argument) {
    out_.append(argument.name.text).append(": ");
    value(argument.value);
}

void Printer::directives(std::span<const Directive> directives) {
    for (const Directive& each : directives) {
        out_.append(" @").append(each.name.text);
        if (each.arguments.empty()) continue;
        out_ += '(';
        joined(each.arguments, ", ", [&](const Argument& given) { argument(given); });
        out_ += ')';
    }
}

// ---- values and types

void Printer::value(const Value& value) {
    switch (value.kind) {
        case Value::Kind::kAbsent:
            break;
        case Value::Kind::kVariable:
            out_.append("$").append(value.text);
            break;
        case Value::Kind::kNull:
            out_.append("null");
            break;
        case Value::Kind::kInt:
        case Value::Kind::kFloat:
        case Value::Kind::kBoolean:
        case Value::Kind::kEnum:
            out_.append(value.text);
            break;
        case Value::Kind::kString:
            if (value.is_block) {
                block_text(print_block_string(value.text));
            } else {
                append_quoted(out_, value.text);
            }
            break;
        case Value::Kind::kList:
            out_ += '[';
            joined(value.items, ", ", [&](const Value& item) { this->value(item); });
            out_ += ']';
            break;
        case Value::Kind::kObject:
            out_ += '{';
            joined(value.fields, ", ", [&](const ObjectField& member) {
                out_.append(member.name.text).append(": ");
                this->value(member.value);
            });
            out_ += '}';
            break;
    }
}

void Printer::type(const TypeNode& type) {
    if (type.kind == TypeNode::Kind::kList) {
        out_ += '[';
        this->type(*type.item);
        out_ += ']';
    } else {
        out_.append(type.name.text);
    }
    if (type.is_non_null) out_ += '!';
}

// ---- type system

void Printer::type_system(const TypeSystemDefinition& definition) {
    using Kind = TypeSystemDefinition::Kind;
    if (definition.is_extension) {
        out_.append("extend ");
    } else {
        description(definition);
    }
    out_.append(keyword(definition.kind));
    if (definition.kind == Kind::kDirective) {
        out_.append(" @").append(definition.name.text);
        input_values(definition.input_fields);
        out_.append(definition.is_repeatable ? " repeatable on " : " on ");
        joined(definition.locations, " | ", [&](const Name& each) { out_.append(each.text); });
        return;
    }
    if (definition.name) out_.append(" ").append(definition.name.text);
    if (!definition.interfaces.empty()) {
        out_.append(" implements ");
        joined(definition.interfaces, " & ", [&](const Name& each) { out_.append(each.text); });
    }
    directives(definition.directives);
    type_system_body(definition);
}

void Printer::type_system_body(const TypeSystemDefinition& definition) {
    const auto body = [&](const auto& items, auto write) {
        if (items.empty()) return;
        out_ += ' ';
        block(items, write);
    };
    body(definition.roots, [&](const RootTypeDefinition& each) {
        out_.append(keyword(each.kind)).append(": ").append(each.type.text);
    });
    body(definition.fields, [&](const FieldDefinition& each) { field(each); });
    body(definition.values, [&](const EnumValueDefinition& each) {
        description(each);
        out_.append(each.name.text);
        directives(each.directives);
    });
    body(definition.input_fields, [&](const InputValueDefinition& each) { input_value(each); });
    if (!definition.members.empty()) {
        out_.append(" = ");
        joined(definition.members, " | ", [&](const Name& each) { out_.append(each.text); });
    }
}

void Printer::field(const FieldDefinition& field) {
    description(field);
    out_.append(field.name.text);
    input_values(field.arguments);
    out_.append(": ");
    type(field.type);
    directives(field.directives);
}

// When one of them takes several lines, each gets lines of its own.
void Printer::input_values(std::span<const InputValueDefinition> inputs) {
    if (inputs.empty()) return;
    const auto write = [&](const InputValueDefinition& each) { input_value(each); };
    const std::size_t from = out_.size();
    out_ += '(';
    joined(inputs, ", ", write);
    if (std::string_view(out_).substr(from).contains('\n')) {
        out_.resize(from);
        out_ += '(';
        indent_ += kStep;
        for (const InputValueDefinition& each : inputs) {
            new_line();
            write(each);
        }
        indent_ -= kStep;
        new_line();
    }
    out_ += ')';
}

void Printer::input_value(const InputValueDefinition& input) {
    description(input);
    out_.append(input.name.text).append(": ");
    type(input.type);
    if (input.default_value) {
        out_.append(" = ");
        value(input.default_value);
    }
    directives(input.directives);
}

}  // namespace weft::graphql::detail
