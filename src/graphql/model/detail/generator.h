#pragma once

#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/rules.h"

#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace weft::graphql {

/// The aggregate functions besides count, in the order in which they are shown.
enum class AggregateColumns : std::uint8_t { kNumeric, kAverage, kComparable };
struct AggregateFunction {
    std::string_view name;
    AggregateColumns over = AggregateColumns::kAverage;
    bool keeps_type = false;  // else Float
};
inline constexpr std::array<AggregateFunction, 10> kAggregateFunctions{{
    {"avg"},
    {"max", AggregateColumns::kComparable, true},
    {"min", AggregateColumns::kComparable, true},
    {"stddev"},
    {"stddev_pop"},
    {"stddev_samp"},
    {"sum", AggregateColumns::kNumeric, true},
    {"var_pop"},
    {"var_samp"},
    {"variance"},
}};
bool is_aggregated(const AggregateFunction& function, const CatalogType& type);
bool is_aggregated(const AggregateFunction& function, const Column& column);
bool is_aggregated(const AggregateFunction& function, const ComputedField& field);

/// A computed field that needs no argument can stand where a column can, or a relationship.
bool takes_only_the_row(const ComputedField& field);

/// The operators of an update: `_set` and what follows it.
struct UpdateOperator {
    std::string_view name;  // "_set"
    std::string_view type;  // "set_input"
    Meaning::Kind kind = Meaning::Kind::kSet;
    enum class Over : std::uint8_t { kAll, kNumeric, kJsonb } over = Over::kAll;
    std::string_view value;  // GraphQL type of a member; empty: the column's
    std::string_view description;
};
extern const std::array<UpdateOperator, 7> kUpdateOperators;
bool is_updated_by(const UpdateOperator& op, const Column& column);

/// Makes the one schema from the resolved tables, with a meaning behind every binding and a rule behind every
/// element. Split by topic over generate_*.cc.
class Generator {
  public:
    explicit Generator(Draft& draft) : d_(draft), schema_(draft.schema) {}
    void run();
    const Visibility& visibility() const { return visibility_; }

  private:
    /// Rules and bindings that a table's elements share.
    struct Shared {
        std::string quoted;  // "author" with its quotes, for descriptions
        RuleId select = 0;
        RuleId aggregate = 0;
        RuleId insert = 0;
        RuleId insert_one = 0;
        RuleId on_conflict = 0;
        RuleId update = 0;
        RuleId update_by_pk = 0;
        RuleId nothing_updatable = 0;
        RuleId remove = 0;
        RuleId remove_by_pk = 0;
        std::vector<RuleId> select_column, insert_column, update_column;  // by Column::position
        std::vector<RuleId> relationship, relationship_aggregate, insert_relationship;
        std::vector<Binding> column, related, related_aggregate;  // bindings by position
        bool is_array_remote = false;
        bool is_object_remote = false;
    };
    /// A table's types; null where the table has no use for one.
    struct Types {
        Type* object = nullptr;
        Type* bool_exp = nullptr;
        Type* order_by = nullptr;
        Type* select_column = nullptr;
        Type* aggregate = nullptr;
        Type* aggregate_fields = nullptr;
        std::array<Type*, kAggregateFunctions.size()> function_fields{};
        std::array<Type*, kAggregateFunctions.size()> function_order_by{};
        Type* aggregate_order_by = nullptr;
        Type* aggregate_bool_exp = nullptr;
        Type* stream_cursor = nullptr;
        Type* stream_value = nullptr;
        Type* insert_input = nullptr;
        Type* object_insert = nullptr;
        Type* array_insert = nullptr;
        Type* on_conflict = nullptr;
        Type* constraint = nullptr;
        Type* update_column = nullptr;
        std::array<Type*, 7> update_inputs{};
        Type* pk_columns = nullptr;
        Type* updates = nullptr;
        Type* mutation_response = nullptr;
    };

    // ---- generate.cc: order of work, elements
    void share(const Table& table);
    void declare(const Table& table);
    void declare_mutations(const Table& table, Types& types, const Shared& shared);
    void add_common_types();
    void finish_roots();
    Type& new_type(TypeKind kind, std::string name, std::string description);
    const Type* scalar(const std::string& name);
    /// `scalar` for a value of this type, `[scalar!]` for an array of such.
    TypeUse value_type(const std::string& scalar_name, const CatalogType& type) {
        const TypeUse bare(scalar(scalar_name));
        if (type.kind != CatalogType::Kind::kArray) return bare;
        const TypeUse list = bare.non_null().list();
        // What the type was called before version 2.29, and still is in people's documents.
        schema_.add_list_alias("_" + type.element, list);
        return list;
    }
    TypeUse column_type(const Column& column) { return value_type(column.scalar, column.catalog->type); }
    bool claims(const Type& root, const std::string& name);  // notes a conflict otherwise
    std::string root_name(const Table& table, std::string_view key, std::string by_default) const;
    /// What the metadata says of a root field, else `by_default`.
    std::string root_description(const Table& table, std::string_view key, std::string by_default) const;
    /// What the metadata says of a column, else what the database says.
    const std::string& description(const Column& column) const;

    Binding bind(const Meaning& meaning);
    Binding bind(Meaning::Kind kind);  // one for all that need nothing else
    Binding bind_function(Meaning::Kind kind, std::string_view name);
    Field& field(
        Type& type, std::string name, TypeUse use, RuleId rule, Binding binding, std::string description = {}
    );
    InputValue& argument(
        Field& field, std::string_view name, TypeUse use, Binding binding, std::string_view description = {}
    );
    InputValue& input(
        Type& type,
        std::string_view name,
        TypeUse use,
        RuleId rule,
        Binding binding,
        std::string description = {}
    );
    /// Marks what takes a column's value: any string, which PostgreSQL reads.
    static void takes_strings(InputValue& made) { made.strings = Strings::kAny; }
    /// Marks what takes a value of this type.
    static void takes(InputValue& made, const CatalogType& type) {
        made.strings = type.kind == CatalogType::Kind::kArray ? Strings::kArray : Strings::kAny;
    }
    void value(Type& type, std::string_view name, RuleId rule, Binding binding, std::string_view description);

    Types& types(const Table& table) { return types_[static_cast<std::size_t>(table.number)]; }
    Shared& shared(const Table& table) { return shared_[static_cast<std::size_t>(table.number)]; }
    TypeUse rows(const Table& table) { return TypeUse(types(table).object).non_null().list().non_null(); }

    // ---- generate_select.cc
    void fill_object(const Table& table);
    void fill_relationship_fields(const Table& table);
    void fill_computed_fields(const Table& table);
    void fill_remote_fields(const Table& table);
    void fill_select_column(const Table& table);
    void add_list_arguments(Field& field, const Table& table);
    void add_path_argument(Field& field);
    void add_key_arguments(Field& field, const Table& table);
    void add_select_roots(const Table& table);
    void add_stream_root(const Table& table);
    /// The same field on the query and the subscription root.
    void add_read_root(
        const std::string& name,
        TypeUse use,
        Rule rule,
        std::array<unsigned, 2> hidden,
        const Meaning& meaning,
        const std::string& description,
        const std::function<void(Field&)>& add_arguments
    );

    // ---- generate_aggregate.cc
    void fill_aggregate(const Table& table);
    void add_computed_aggregate(Type& type, const AggregateFunction& function, const ComputedField& computed);
    void fill_aggregate_order_by(const Table& table);
    void fill_aggregate_bool_exp(const Table& table);
    void add_bool_aggregate(const Table& table, std::string_view function);

    // ---- generate_where.cc
    void fill_bool_exp(const Table& table);
    void fill_order_by(const Table& table);
    const Type* comparison(
        const std::string& scalar_name, const CatalogType& type, const EnumTable* enumeration
    );
    void fill_comparison(Type& made, TypeUse held, const CatalogType& type, bool is_enumeration);
    /// Nothing (no named type) for operators that only metadata use.
    TypeUse operand_type(const Operator& op, TypeUse held, const CatalogType& of);
    const Type* cast_type(const CatalogType& type);
    const Type* within_type(TypeUse held, const CatalogType& type);

    // ---- generate_mutation.cc
    void fill_insert(const Table& table);
    void fill_nested_insert(const Table& table);
    void fill_on_conflict(const Table& table);
    void fill_update(const Table& table);
    void fill_mutation_response(const Table& table);
    void add_insert_roots(const Table& table);
    void add_update_roots(const Table& table);
    void add_update_operators(Field& field, const Table& table);
    void add_delete_roots(const Table& table);

    // ---- generate_function.cc
    void add_function_roots(const Function& function);
    /// `field`: the computed field that calls it; null: a root field does.
    void add_function_argument(Field& made, const Function& function, const ComputedField* field);

    // ---- generate_action.cc
    void add_custom_types();
    void add_custom_type(const metadata::CustomType& from);
    void fill_custom_type(const metadata::CustomType& from);
    void add_output_relationships(const metadata::CustomType& from);
    void add_output_relationship(
        const metadata::CustomType& from, const metadata::ObjectRelationship& relationship
    );
    void add_action(const metadata::Action& from);
    void add_action_result(const Action& action, TypeUse output);
    /// The type that a text such as "[User!]!" means; the error says what is wrong with it.
    std::expected<TypeUse, std::string> parse_use(std::string_view text);

    Draft& d_;
    Schema& schema_;
    Visibility visibility_;
    std::vector<Types> types_;
    std::vector<Shared> shared_;
    std::unordered_map<int, Binding> kind_bindings_;
    std::map<std::pair<int, std::string_view>, Binding> function_bindings_;
    std::unordered_map<std::string, const Type*> scalars_;
    std::unordered_map<std::string, const Type*> comparisons_;
    std::unordered_map<std::string, Type*> custom_types_;
    std::map<std::pair<const Function*, const ComputedField*>, const Type*> function_arguments_;
    std::unordered_map<const Type*, std::unordered_set<std::string>> root_names_;
    const Type* order_by_ = nullptr;
    const Type* cursor_ordering_ = nullptr;
    std::unordered_map<std::string, const Type*> casts_;
    std::unordered_map<std::string, const Type*> withins_;
    Value empty_list_;
};

}  // namespace weft::graphql
