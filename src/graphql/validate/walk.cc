#include "graphql/validate/detail/walk.h"

#include <algorithm>

namespace weft::graphql::rules {

namespace {

std::string_view location_of(OperationKind kind) {
    if (kind == OperationKind::kQuery) return "QUERY";
    return kind == OperationKind::kMutation ? "MUTATION" : "SUBSCRIPTION";
}

/// Is it one of the values that are taken at a place beyond what the type takes?
bool is_taken(const Value& node, const Expected& at) {
    const Type* type = at.type.named();
    if (at.strings == Strings::kNone || type == nullptr || !type->is_builtin_scalar) return false;
    bool is_string = node.kind == Value::Kind::kString;
    if (at.strings != Strings::kDigits) return is_string;
    return (is_string || node.kind == Value::Kind::kInt) && is_digits(node.text);
}

}  // namespace

void Walk::document() {
    executable_definitions();
    for (const Definition& each : context_.document().definitions) {
        if (context_.is_done()) return;
        context_.path.back_to(1);
        if (each.operation != nullptr) operation(*each.operation);
        if (each.fragment != nullptr) fragment(*each.fragment);
    }
    no_unused_fragments();
}

void Walk::operation(const Operation& node) {
    operation_ = &node;
    known_operation_types(node);
    unique_operation_names(node);
    lone_anonymous_operation(node);
    single_field_subscriptions(node);
    unique_variable_names(node);
    unique_directives(node.directives);
    for (const VariableDefinition& each : node.variables) variable(each);
    directives(node.directives, location_of(node.kind));
    selections(node.selections, TypeUse(context_.view().root(node.kind)));
    variables_.check(node);
}

void Walk::fragment(const Fragment& node) {
    context_.within = &node;
    fragment_on_composite_type(node.type_condition, &node);
    unique_fragment_names(node);
    no_fragment_cycles(node);
    unique_directives(node.directives);
    known_type_names(node.type_condition);
    directives(node.directives, "FRAGMENT_DEFINITION");
    selections(node.selections, narrowed(context_.view(), {}, node.type_condition));
    context_.within = nullptr;
}

void Walk::variable(const VariableDefinition& node) {
    variables_are_input_types(node);
    unique_directives(node.directives);
    type(node.type);
    if (node.default_value) {
        std::optional<TypeUse> use = declared(context_.view(), node.type);
        bool is_input = use && use->named()->is_input();
        value(node.default_value, {.type = is_input ? *use : TypeUse()}, true);
    }
    directives(node.directives, "VARIABLE_DEFINITION");
}

void Walk::type(const TypeNode& node) {
    const TypeNode* at = &node;
    while (at->kind == TypeNode::Kind::kList) at = at->item;
    if (!context_.view().list_alias(at->name.text)) known_type_names(at->name);
}

void Walk::selections(std::span<const Selection> nodes, TypeUse type) {
    const Type* parent = composite(type);
    overlap_.check(parent, nodes);
    for (const Selection& node : nodes) {
        if (context_.is_done()) return;
        std::size_t mark = context_.path.mark();
        if (node.kind == Selection::Kind::kField) {
            field(node, parent);
        } else if (node.kind == Selection::Kind::kFragmentSpread) {
            spread(node, parent);
        } else {
            inline_fragment(node, type, parent);
        }
        context_.path.back_to(mark);
    }
}

void Walk::field(const Selection& node, const Type* parent) {
    const Field* around = field_;
    field_ = parent != nullptr ? context_.view().field(*parent, node.name.text) : nullptr;
    TypeUse type = field_ != nullptr ? field_->type : TypeUse();
    std::size_t above = context_.path.mark();
    context_.path.key("selectionSet");
    std::size_t beside = context_.path.mark();
    context_.path.key(node.name.text);
    if (type.named() != nullptr) scalar_leafs(node, type);
    if (parent != nullptr && field_ == nullptr) fields_on_correct_type(node, *parent);
    context_.path.back_to(beside);  // Hasura finds repeated directives before it looks at the field
    unique_directives(node.directives);
    context_.path.key(node.name.text);
    unique_argument_names(node.arguments);
    bool is_checked_above = unchecked_introspection_ > 0;
    bool is_too_deep = !is_checked_above && max_introspection_depth(node);
    unchecked_introspection_ += is_too_deep ? 1 : 0;
    std::size_t mark = context_.path.mark();
    for (const Argument& argument : node.arguments) {
        const InputValue* definition =
            field_ != nullptr ? context_.view().argument(*field_, argument.name.text) : nullptr;
        if (definition == nullptr && field_ != nullptr && parent != nullptr)
            known_argument_names(node, *parent, *field_, argument);
        context_.path.key("args").key(argument.name.text);
        value(argument.value, expected(definition), true);
        context_.path.back_to(mark);
    }
    directives(node.directives, "FIELD");
    if (node.has_selections) selections(node.selections, type);
    if (field_ != nullptr) provided_required_arguments(node, *field_);
    unchecked_introspection_ -= is_too_deep ? 1 : 0;
    field_ = around;
    context_.path.back_to(above);
}

void Walk::spread(const Selection& node, const Type* parent) {
    context_.path.key("selectionSet");
    known_fragment_names(node);
    const Fragment* fragment = context_.fragment(node.name.text);
    const Type* type =
        fragment != nullptr ? composite(narrowed(context_.view(), {}, fragment->type_condition)) : nullptr;
    possible_spread(node, type, parent);
    unique_directives(node.directives);
    directives(node.directives, "FRAGMENT_SPREAD");
}

void Walk::inline_fragment(const Selection& node, TypeUse type, const Type* parent) {
    std::size_t mark = context_.path.mark();
    context_.path.key("selectionSet");
    if (node.type_condition) fragment_on_composite_type(node.type_condition, nullptr);
    TypeUse inner = narrowed(context_.view(), type, node.type_condition);
    possible_spread(node, composite(inner), parent);
    unique_directives(node.directives);
    if (node.type_condition) known_type_names(node.type_condition);
    directives(node.directives, "INLINE_FRAGMENT");
    context_.path.back_to(mark);
    selections(node.selections, inner);
}

void Walk::directives(std::span<const Directive> nodes, std::string_view location) {
    for (const Directive& node : nodes) {
        if (context_.is_done()) return;
        directive(node, location);
    }
}

void Walk::directive(const Directive& node, std::string_view location) {
    const DirectiveType* type = context_.view().schema().directive(node.name.text);
    known_directives(node, type, location);
    std::size_t above = context_.path.mark();
    context_.path.key(node.name.text);
    if (type != nullptr) known_directive_arguments(node, *type);
    unique_argument_names(node.arguments);
    std::size_t mark = context_.path.mark();
    for (const Argument& argument : node.arguments) {
        // The reference implementation takes the field's arguments for an unknown directive's.
        const InputValue* definition = type != nullptr ? type->argument(argument.name.text)
                                       : field_ != nullptr
                                           ? context_.view().argument(*field_, argument.name.text)
                                           : nullptr;
        context_.path.key("args").key(argument.name.text);
        value(argument.value, expected(definition), true);
        context_.path.back_to(mark);
    }
    if (type != nullptr) required_directive_arguments(node, *type);
    context_.path.back_to(above);
}

void Walk::value(const Value& node, const Expected& at, bool is_checked) {
    if (context_.is_done()) return;
    std::size_t mark = context_.path.mark();
    lift(context_.path, node, at.type);
    using Kind = Value::Kind;
    if (node.kind == Kind::kList) {
        value_below(node, at, is_checked && list_value(node, at));
    } else if (node.kind == Kind::kObject) {
        value_below(node, at, is_checked && object_value(node, at));
    } else if (is_checked && node.kind == Kind::kNull) {
        null_value(node, at);
    } else if (is_checked && node.kind != Kind::kVariable && !is_taken(node, at)) {
        leaf_value(node, at.type);
    }
    context_.path.back_to(mark);
}

void Walk::value_below(const Value& node, const Expected& at, bool is_checked) {
    std::size_t mark = context_.path.mark();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        context_.path.index(i);
        value(node.items[i], item_of(at), is_checked);
        context_.path.back_to(mark);
    }
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
        const ObjectField& field = node.fields[i];
        Expected member = member_of(context_.view(), at, field.name.text);
        context_.path.key(field.name.text);
        if (is_checked) object_field(field, at, member);
        unique_input_field(node.fields, i);
        value(field.value, member, is_checked);
        context_.path.back_to(mark);
    }
}

}  // namespace weft::graphql::rules

namespace weft::graphql {

std::vector<Finding> validate(const Document& document, const View& view, const ValidateOptions& options) {
    rules::Context context(document, view, options);
    rules::Walk(context).document();
    return context.take();
}

}  // namespace weft::graphql
