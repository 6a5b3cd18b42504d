#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

/// The tree of a GraphQL document. Nodes are plain values in the Document's arena; names and texts are views
/// into its source or its arena. `at` is the byte offset of a node's first token.
namespace weft::graphql {

struct Name {
    std::string_view text;
    std::uint32_t at = 0;
    explicit operator bool() const { return !text.empty(); }
};

struct ObjectField;

struct Value {
    enum class Kind : std::uint8_t {
        kAbsent,  // there is no value: no default, no argument
        kVariable,
        kInt,
        kFloat,
        kString,
        kBoolean,
        kNull,
        kEnum,
        kList,
        kObject,
    };
    Kind kind = Kind::kAbsent;
    bool is_block = false;  // a block string
    std::uint32_t at = 0;
    std::string_view text;         // variable or enum name, number as written, string decoded, "true"/"false"
    std::span<const Value> items;  // kList
    std::span<const ObjectField> fields;  // kObject

    explicit operator bool() const { return kind != Kind::kAbsent; }
};

struct ObjectField {
    Name name;
    Value value;
};

struct Argument {
    Name name;
    Value value;
};

struct Directive {
    std::uint32_t at = 0;  // of the '@'
    Name name;
    std::span<const Argument> arguments;
};

struct TypeNode {
    enum class Kind : std::uint8_t { kNamed, kList };
    Kind kind = Kind::kNamed;
    bool is_non_null = false;
    std::uint32_t at = 0;
    Name name;                       // kNamed
    const TypeNode* item = nullptr;  // kList
};

struct VariableDefinition {
    std::uint32_t at = 0;  // of the '$', or of the description
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;  // written as a block string, and printed as one
    Name name;                          // without '$'; `at` is the name's
    TypeNode type;
    Value default_value;
    std::span<const Directive> directives;
};

struct Selection {
    enum class Kind : std::uint8_t { kField, kFragmentSpread, kInlineFragment };
    Kind kind = Kind::kField;
    std::uint32_t at = 0;
    Name alias;           // kField; empty when there is none
    Name name;            // kField: the field; kFragmentSpread: the fragment
    Name type_condition;  // kInlineFragment; may be empty
    std::span<const Argument> arguments;
    std::span<const Directive> directives;
    std::span<const Selection> selections;
    bool has_selections = false;      // a `{` was there
    std::uint32_t selections_at = 0;  // of that `{`

    std::string_view response_key() const { return alias ? alias.text : name.text; }
};

enum class OperationKind : std::uint8_t { kQuery, kMutation, kSubscription };

struct Operation {
    std::uint32_t at = 0;
    bool is_shorthand = false;  // `{ ... }` without a keyword
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;
    OperationKind kind = OperationKind::kQuery;
    Name name;
    std::span<const VariableDefinition> variables;
    std::span<const Directive> directives;
    std::span<const Selection> selections;
    std::uint32_t selections_at = 0;
};

struct Fragment {
    std::uint32_t at = 0;
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;
    Name name;
    std::span<const VariableDefinition> variables;  // never any: kept empty
    Name type_condition;
    std::span<const Directive> directives;
    std::span<const Selection> selections;
    std::uint32_t selections_at = 0;
};

// ---- SDL

struct InputValueDefinition {
    std::uint32_t at = 0;
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;
    Name name;
    TypeNode type;
    Value default_value;
    std::span<const Directive> directives;
};

struct FieldDefinition {
    std::uint32_t at = 0;
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;
    Name name;
    std::span<const InputValueDefinition> arguments;
    TypeNode type;
    std::span<const Directive> directives;
};

struct EnumValueDefinition {
    std::uint32_t at = 0;
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;
    Name name;
    std::span<const Directive> directives;
};

struct RootTypeDefinition {
    std::uint32_t at = 0;
    OperationKind kind = OperationKind::kQuery;
    Name type;
};

struct TypeSystemDefinition {
    enum class Kind : std::uint8_t {
        kSchema,
        kScalar,
        kObject,
        kInterface,
        kUnion,
        kEnum,
        kInput,
        kDirective
    };
    Kind kind = Kind::kSchema;
    bool is_extension = false;  // `extend ...`
    std::uint32_t at = 0;
    std::string_view description;
    bool has_description = false;
    bool is_block_description = false;
    Name name;
    std::span<const Directive> directives;
    std::span<const RootTypeDefinition> roots;           // kSchema
    std::span<const Name> interfaces;                    // kObject, kInterface
    std::span<const FieldDefinition> fields;             // kObject, kInterface
    std::span<const Name> members;                       // kUnion
    std::span<const EnumValueDefinition> values;         // kEnum
    std::span<const InputValueDefinition> input_fields;  // kInput; the arguments of kDirective
    bool is_repeatable = false;                          // kDirective
    std::span<const Name> locations;                     // kDirective
};

/// One definition, in the document's order: exactly one pointer is set.
struct Definition {
    const Operation* operation = nullptr;
    const Fragment* fragment = nullptr;
    const TypeSystemDefinition* type_system = nullptr;
    std::uint32_t at() const { return operation ? operation->at : fragment ? fragment->at : type_system->at; }
};

/// Owns everything it shows. Neither copied nor moved: views point into it.
class Document {
  public:
    /// The arena's first block suits a usual document of that size, so that parsing it allocates once.
    explicit Document(std::string_view text)
        : source_(text), arena_(std::min<std::size_t>(1024 + text.size() * 8, 64u << 10)) {}
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    std::string_view source() const { return source_; }
    std::pmr::memory_resource* arena() { return &arena_; }

    std::span<const Definition> definitions;
    std::span<const Operation* const> operations;
    std::span<const Fragment* const> fragments;
    Value value;  // of parse_const_value
    std::size_t tokens = 0;

    /// The first fragment of that name, or null. Linear: callers that ask often keep a map.
    const Fragment* fragment(std::string_view name) const {
        for (const Fragment* each : fragments) {
            if (each->name.text == name) return each;
        }
        return nullptr;
    }

  private:
    std::string source_;
    std::pmr::monotonic_buffer_resource arena_;
};

}  // namespace weft::graphql
