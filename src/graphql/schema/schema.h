#pragma once

#include "graphql/language/language.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// The type system: one Schema for everybody, and a View for each role that shows a part of it.
namespace weft::graphql {

/// Index of one thing that a role may or may not see: a type, field, argument, input field or enum value.
/// Bit of a Mask. Every thing has its own; 0 is nobody's (not numbered yet).
using Element = std::uint32_t;

/// Which elements a role sees. A set of bits; absent elements are invisible.
class Mask {
  public:
    explicit Mask(std::size_t elements = 0, bool all = false)
        : bits_((elements + 63) / 64, all ? ~std::uint64_t{0} : 0) {}
    bool has(Element e) const { return e / 64 < bits_.size() && (bits_[e / 64] >> (e % 64) & 1) != 0; }
    void add(Element e) { bits_[e / 64] |= std::uint64_t{1} << (e % 64); }
    void remove(Element e) { bits_[e / 64] &= ~(std::uint64_t{1} << (e % 64)); }
    std::size_t bytes() const { return bits_.size() * sizeof(std::uint64_t); }

  private:
    std::vector<std::uint64_t> bits_;
};

struct Type;
struct SchemaGraph;

/// A use of a type: the named type and its wrappers, outermost first, two bits each (1 list, 2 non-null), so
/// that `[T!]!` is {T, nonnull, list, nonnull}. At most 16 wrappers.
class TypeUse {
  public:
    TypeUse() = default;
    explicit TypeUse(const Type* named) : named_(named) {}

    const Type* named() const { return named_; }
    bool is_non_null() const { return (wrappers_ & 3) == 2; }
    bool is_list() const { return (wrappers_ & 3) == 1; }  // false for `[T]!`: take nullable() first
    bool is_bare() const { return wrappers_ == 0; }
    /// Without the outermost non-null or list; itself when bare.
    TypeUse inner() const { return with(wrappers_ >> 2); }
    TypeUse nullable() const { return is_non_null() ? inner() : *this; }
    TypeUse list() const { return with(wrappers_ << 2 | 1); }
    TypeUse non_null() const { return is_non_null() ? *this : with(wrappers_ << 2 | 2); }
    bool operator==(const TypeUse&) const = default;
    /// "[T!]!"
    std::string text() const;

  private:
    TypeUse with(std::uint32_t wrappers) const {
        TypeUse out(named_);
        out.wrappers_ = wrappers;
        return out;
    }
    const Type* named_ = nullptr;
    std::uint32_t wrappers_ = 0;
};

/// What a generator attaches to a field, argument, input field or enum value: an index into a table of its
/// own. The schema does not know what it means.
using Binding = std::int32_t;
inline constexpr Binding kUnbound = -1;

/// Which strings may stand for an Int, a Float or a Boolean at a place, beyond the specification.
enum class Strings : std::uint8_t {
    kNone,
    kDigits,  // Hasura's `offset`: a number of 64 bits, which may be a string of digits
    kAny,     // a column's value: PostgreSQL reads it, as it reads every other type's
    kArray,   // a column's array: the same, and a list may be an item, for PostgreSQL's further dimensions
};

struct InputValue {
    std::string name;
    std::string description;
    TypeUse type;
    std::string default_text;  // GraphQL literal; empty when there is none
    Value default_value;       // the same, parsed; lives in the Schema
    std::optional<std::string> deprecation;
    Strings strings = Strings::kNone;
    Element element = 0;
    Binding binding = kUnbound;

    bool is_required() const { return type.is_non_null() && !default_value; }
};

struct EnumValue {
    std::string name;
    std::string description;
    std::optional<std::string> deprecation;
    Element element = 0;
    Binding binding = kUnbound;
};

struct Field {
    std::string name;
    std::string description;
    TypeUse type;
    std::vector<InputValue> arguments;
    std::optional<std::string> deprecation;
    Element element = 0;
    Binding binding = kUnbound;

    const InputValue* argument(std::string_view name) const;  // linear: fields have few
};

enum class TypeKind : std::uint8_t { kScalar, kObject, kInterface, kUnion, kEnum, kInput };

struct Type {
    TypeKind kind = TypeKind::kScalar;
    std::string name;
    std::string description;
    std::vector<Field> fields;             // kObject, kInterface; in schema order
    std::vector<InputValue> input_fields;  // kInput
    std::vector<EnumValue> values;         // kEnum
    std::vector<const Type*> interfaces;   // kObject, kInterface
    std::vector<const Type*> possible;     // kUnion: members; kInterface: objects (and interfaces) below it
    std::string specified_by_url;          // kScalar
    bool is_one_of = false;                // kInput
    bool is_builtin_scalar = false;        // Int Float String Boolean ID
    Element element = 0;
    Binding binding = kUnbound;
    std::uint32_t position = 0;  // in Schema::types()

    bool is_composite() const {
        return kind == TypeKind::kObject || kind == TypeKind::kInterface || kind == TypeKind::kUnion;
    }
    bool is_leaf() const { return kind == TypeKind::kScalar || kind == TypeKind::kEnum; }
    bool is_input() const { return is_leaf() || kind == TypeKind::kInput; }
    bool is_output() const { return kind != TypeKind::kInput; }

    /// By name, constant time (an index built by Schema::finish); null when there is none.
    const Field* field(std::string_view name) const;
    const InputValue* input_field(std::string_view name) const;
    const EnumValue* value(std::string_view name) const;

    /// Name to position in `fields`, `input_fields` or `values`; keys view into those.
    std::unordered_map<std::string_view, std::uint32_t> index;
};

struct DirectiveType {
    std::string name;
    std::string description;
    std::vector<InputValue> arguments;
    std::vector<std::string> locations;  // "QUERY", "FIELD", ...
    bool is_repeatable = false;
    Element element = 0;

    const InputValue* argument(std::string_view name) const;
};

/// All types of an API, for every role. Built once (by the SDL reader or a generator), then immutable.
class Schema {
  public:
    Schema(
    );  // holds the built-in scalars, the introspection types, @skip @include @deprecated @specifiedBy @oneOf
    ~Schema();
    Schema(const Schema&) = delete;
    Schema& operator=(const Schema&) = delete;

    // ---- building
    /// A new, empty type; aborts on a second one of that name (generators check `find` first).
    Type& add(TypeKind kind, std::string name);
    DirectiveType& add_directive(std::string name);
    Element new_element() { return elements_++; }
    /// Parses a literal that lives as long as the schema; aborts when it is malformed (ours, not a user's).
    Value literal(std::string_view text);
    Type* query = nullptr;
    Type* mutation = nullptr;
    Type* subscription = nullptr;
    std::string description;
    /// A name that a variable may be declared with instead of `list`; no type of its own.
    void add_list_alias(std::string name, TypeUse list) { list_aliases_.emplace(std::move(name), list); }
    /// Numbers elements (all types, fields, arguments, input fields and values that have none yet), builds
    /// the indexes and `possible` of interfaces. Call once, last.
    void finish();

    // ---- reading
    const Type* find(std::string_view name) const;
    Type* find(std::string_view name);
    const DirectiveType* directive(std::string_view name) const;
    std::optional<TypeUse> list_alias(std::string_view name) const;
    const std::vector<Type*>& types() const { return order_; }  // in the order added
    const std::deque<DirectiveType>& directives() const { return directives_; }
    std::size_t elements() const { return elements_; }
    const Type* root(OperationKind kind) const;
    const Type* int_type() const { return find("Int"); }
    const Type* string_type() const { return find("String"); }
    const Type* boolean_type() const { return find("Boolean"); }

    /// `__schema`, `__type` (on the query root) and `__typename` (anywhere).
    const Field& schema_field() const { return meta_schema_; }
    const Field& type_field() const { return meta_type_; }
    const Field& typename_field() const { return meta_typename_; }

    /// Adds to a mask of fields, arguments, input fields and values what they need to make sense: the types
    /// reachable from the roots through visible fields and arguments, the built-in types. A root type without
    /// a visible field stays invisible (the query root does not); an input type without a visible field makes
    /// the arguments that need it invisible. The same for output types and enums, and on: what loses a
    /// required argument so is invisible, and so is an input type that loses a required field. What the mask
    /// did not show to begin with has no such effect: a hidden required argument is the generator's to fill.
    /// Linear in the number of elements.
    void close(Mask& mask) const;

  private:
    friend class SchemaBuilder;
    std::deque<Type> types_;
    std::vector<Type*> order_;
    std::unordered_map<std::string_view, Type*> by_name_;
    std::map<std::string, TypeUse, std::less<>> list_aliases_;
    std::deque<DirectiveType> directives_;
    std::vector<std::unique_ptr<Document>> literals_;
    Element elements_ = 1;
    Field meta_schema_;
    Field meta_type_;
    Field meta_typename_;
    std::unique_ptr<SchemaGraph> graph_;  // who uses whom, flat, for close(); set by finish()
};

/// A Schema as one role sees it. Cheap to copy; borrows both.
class View {
  public:
    View(const Schema& schema, const Mask& mask) : schema_(&schema), mask_(&mask) {}
    const Schema& schema() const { return *schema_; }
    const Mask& mask() const { return *mask_; }
    bool sees(Element e) const { return mask_->has(e); }
    /// Lookups give null for what the role does not see.
    const Type* type(std::string_view name) const;
    const Field* field(const Type& type, std::string_view name) const;  // includes the meta fields
    const InputValue* argument(const Field& field, std::string_view name) const;
    const InputValue* input_field(const Type& type, std::string_view name) const;
    const EnumValue* value(const Type& type, std::string_view name) const;
    const Type* root(OperationKind kind) const;
    std::optional<TypeUse> list_alias(std::string_view name) const;

  private:
    const Schema* schema_;
    const Mask* mask_;
};

/// A mask that sees everything, except built-in scalars that no field, argument or input field has.
Mask everything(const Schema& schema);

struct SchemaError {
    std::string message;
    std::uint32_t at = 0;
};
/// Builds a Schema from SDL (definitions and extensions in one document). Root types are those of the
/// `schema` definition, or the types named Query, Mutation and Subscription. Fails where the reference
/// implementation's buildSchema fails (unknown and duplicate names, misused directives), with the first
/// problem. A schema that was built may still be invalid: ask validate_schema.
std::expected<std::unique_ptr<Schema>, SchemaError> build_schema(const Document& sdl);
/// Adds SDL's types to a schema under construction (an action's types), before finish(). Also fails where the
/// new and extended types are invalid; nothing is changed on an error.
std::expected<void, SchemaError> extend_schema(Schema& schema, const Document& sdl);

/// What is wrong with a finished schema by the specification's type validation, in the reference
/// implementation's wording and order: a missing query root, types of the wrong kind or without fields,
/// interfaces not implemented, input objects that can't end. Empty when it is valid.
std::vector<SchemaError> validate_schema(const Schema& schema);

/// SDL of what the view shows, types by name; built-ins left out.
std::string print_schema(const View& view);

/// Executes a selection of `__schema` or `__type(name:)` and appends its JSON value to `out`. The selection
/// has been validated. `variable` gives the value of a variable as GraphQL literal, absent when it has none;
/// `includes` tells @skip/@include. `document` resolves fragments.
class IntrospectionInput {
  public:
    virtual ~IntrospectionInput() = default;
    virtual Value variable(std::string_view name) const = 0;
    virtual bool includes(const Selection& selection) const = 0;
};
/// False, with `out` as it was, when the answer would have more than kIntrospectionBytesMax bytes (or take as
/// many steps).
inline constexpr std::size_t kIntrospectionBytesMax = 16u << 20;  // 200 tables: 5 MB for an admin
bool introspect(
    std::string& out,
    const View& view,
    const Document& document,
    const Selection& field,
    const IntrospectionInput& input
);

}  // namespace weft::graphql
