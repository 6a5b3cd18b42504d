#pragma once

#include "graphql/schema/schema.h"

namespace weft::graphql {

/// Turns definitions that check_sdl found right into types of a schema under construction.
class SchemaBuilder {
  public:
    explicit SchemaBuilder(Schema& schema) : schema_(schema) {}

    /// Definitions of built-in names are left out, except in add_builtins, which adds no other. On an error
    /// the schema is as far as it got: undo() takes that back, when no type that stood there was extended.
    std::expected<void, SchemaError> add(const Document& sdl);
    std::expected<void, SchemaError> add_builtins(const Document& sdl);
    /// Without a `schema` definition, types of the common names become roots.
    void choose_default_roots();
    /// New and extended types.
    const std::vector<Type*>& touched() const { return touched_; }
    void undo();

  private:
    struct Before {  // an extended type's sizes
        Type* type;
        std::size_t fields, input_fields, values, interfaces, members;
        std::string specified_by_url;
        bool is_one_of;
    };
    using Added = std::expected<void, SchemaError>;

    Added declare(const Document& sdl, bool are_builtins);
    Added fill(const TypeSystemDefinition& definition);
    Added fill_fields(Type& type, std::span<const FieldDefinition> from);
    Added fill_values(Type& type, std::span<const EnumValueDefinition> from);
    Added fill_directives(Type& type, std::span<const Directive> directives);
    Added fill_directive(const TypeSystemDefinition& definition);
    Added fill_inputs(std::vector<InputValue>& to, std::span<const InputValueDefinition> from);
    Added fill_roots(const TypeSystemDefinition& definition);
    std::expected<TypeUse, SchemaError> use(const TypeNode& node) const;
    void note_before(Type& type);

    // Defaults, coerced and written out as the reference implementation shows them. Until then default_value
    // is the literal as written, in the SDL's document.
    void settle_defaults();
    void settle(const InputValue& input, int depth);
    bool write(std::string& out, const Value& value, TypeUse type, int depth);
    bool write_object(std::string& out, const Value& value, const Type& type, int depth);

    Schema& schema_;
    std::size_t types_before_ = 0;
    std::size_t directives_before_ = 0;
    std::size_t literals_before_ = 0;
    Type* roots_before_[3] = {};
    std::string description_before_;
    std::vector<Before> before_;
    std::vector<Type*> touched_;
    std::unordered_map<const InputValue*, InputValue*> unsettled_;
    bool has_schema_definition_ = false;
};

/// Appends a scalar as the reference implementation prints it: Float as JavaScript does, an ID of digits
/// bare. False when the literal is none of the type's.
bool write_scalar_literal(std::string& out, const Value& value, const Type& type);

/// The first thing in `sdl` that the reference implementation's validateSDL refuses. `base`: the schema that
/// is extended, or null.
std::expected<void, SchemaError> check_sdl(const Document& sdl, const Schema* base);

}  // namespace weft::graphql
