#pragma once

#include "graphql/language/language.h"

#include <span>
#include <string>
#include <string_view>

namespace weft::graphql::detail {

/// Writes nodes in the reference implementation's layout.
class Printer {
  public:
    void document(const Document& document);
    void value(const Value& value);
    void type(const TypeNode& type);
    std::string text() && { return std::move(out_); }

  private:
    void operation(const Operation& operation);
    void fragment(const Fragment& fragment);
    void selections(std::span<const Selection> selections);
    void selection(const Selection& selection);
    void arguments(std::span<const Argument> arguments, std::size_t line_from);
    void argument(const Argument& argument);
    void directives(std::span<const Directive> directives);
    void variable(const VariableDefinition& variable);

    void type_system(const TypeSystemDefinition& definition);
    void type_system_body(const TypeSystemDefinition& definition);
    void field(const FieldDefinition& field);
    void input_value(const InputValueDefinition& input);
    void variables(std::span<const VariableDefinition> variables);
    void input_values(std::span<const InputValueDefinition> inputs);
    template <class Node>
    void description(const Node& node);

    template <class Items, class Write>
    void joined(const Items& items, std::string_view separator, Write write);
    template <class Items, class Write>
    void block(const Items& items, Write write);
    void new_line();
    void block_text(std::string_view text);

    std::string out_;
    int indent_ = 0;
};

}  // namespace weft::graphql::detail
