#include "graphql/model/detail/generator.h"
#include "graphql/model/detail/names.h"

#include <algorithm>

namespace weft::graphql {

namespace {

bool is_for_enumerations(std::string_view op) {
    return op == "_eq" || op == "_neq" || op == "_in" || op == "_nin" || op == "_is_null";
}

}  // namespace

void Generator::fill_bool_exp(const Table& table) {
    const Shared& common = shared(table);
    Type& type = *types(table).bool_exp;
    const TypeUse list = TypeUse(&type).non_null().list();
    type.input_fields.reserve(3 + table.columns.size() + 2 * table.relationships.size());
    input(type, "_and", list, Visibility::kAlways, bind(Meaning::Kind::kAnd));
    input(type, "_not", TypeUse(&type), Visibility::kAlways, bind(Meaning::Kind::kNot));
    input(type, "_or", list, Visibility::kAlways, bind(Meaning::Kind::kOr));
    for (const Column& column : table.columns) {
        if (column.name.empty()) continue;
        const auto at = static_cast<std::size_t>(column.position);
        const TypeUse use(comparison(column.scalar, column.catalog->type, column.enumeration));
        input(type, column.name, use, common.select_column[at], common.column[at]);
    }
    for (const Relationship& each : table.relationships) {
        const auto at = static_cast<std::size_t>(each.position);
        const Types& remote = types(*each.remote);
        input(type, each.name, TypeUse(remote.bool_exp), common.relationship[at], common.related[at]);
        if (!each.is_array) continue;
        const std::string name = each.name + "_aggregate";
        if (table.column_by_graphql_name(name) != nullptr || table.relationship(name) != nullptr) continue;
        input(
            type,
            name,
            TypeUse(remote.aggregate_bool_exp),
            common.relationship_aggregate[at],
            common.related_aggregate[at]
        );
    }
    for (const ComputedField& each : table.computed_fields) {
        if (!takes_only_the_row(each)) continue;
        const RuleId rule =
            visibility_.add({.kind = Rule::Kind::kComputed, .position = each.position, .table = &table});
        const Meaning meaning{
            .kind = each.returns == nullptr ? Meaning::Kind::kComputedScalar : Meaning::Kind::kComputedTable,
            .table = &table,
            .computed = &each,
            .function = each.function
        };
        const TypeUse use(
            each.returns == nullptr ? comparison(each.scalar, each.function->catalog->returns, nullptr)
                                    : types(*each.returns).bool_exp
        );
        input(type, each.name, use, rule, bind(meaning));
    }
}

void Generator::fill_order_by(const Table& table) {
    const Shared& common = shared(table);
    Type& type = *types(table).order_by;
    type.input_fields.reserve(table.columns.size() + table.relationships.size());
    for (const Column& column : table.columns) {
        if (column.name.empty()) continue;
        const auto at = static_cast<std::size_t>(column.position);
        input(type, column.name, TypeUse(order_by_), common.select_column[at], common.column[at]);
    }
    for (const Relationship& each : table.relationships) {
        const auto at = static_cast<std::size_t>(each.position);
        const Types& remote = types(*each.remote);
        if (!each.is_array) {
            input(type, each.name, TypeUse(remote.order_by), common.relationship[at], common.related[at]);
            continue;
        }
        const std::string name = each.name + "_aggregate";
        if (table.column_by_graphql_name(name) != nullptr || table.relationship(name) != nullptr) continue;
        input(
            type,
            name,
            TypeUse(remote.aggregate_order_by),
            common.relationship_aggregate[at],
            common.related_aggregate[at]
        );
    }
    for (const ComputedField& each : table.computed_fields) {
        if (!takes_only_the_row(each)) continue;
        const bool is_scalar = each.returns == nullptr;
        const RuleId rule = visibility_.add(
            {.kind = is_scalar ? Rule::Kind::kComputed : Rule::Kind::kComputedAggregate,
             .position = each.position,
             .table = &table}
        );
        const Meaning meaning{
            .kind = is_scalar ? Meaning::Kind::kComputedScalar : Meaning::Kind::kComputedTableAggregate,
            .table = &table,
            .computed = &each,
            .function = each.function
        };
        if (is_scalar) {
            input(type, each.name, TypeUse(order_by_), rule, bind(meaning));
            continue;
        }
        const std::string name = each.name + "_aggregate";
        if (table.column_by_graphql_name(name) != nullptr || table.relationship(name) != nullptr) continue;
        input(type, name, TypeUse(types(*each.returns).aggregate_order_by), rule, bind(meaning));
    }
}

const Type* Generator::comparison(
    const std::string& scalar_name, const CatalogType& type, const EnumTable* enumeration
) {
    const bool is_array = type.kind == CatalogType::Kind::kArray;
    const std::string name = scalar_name + (is_array ? "_array_comparison_exp" : "_comparison_exp");
    const Type*& known = comparisons_[name];
    if (known != nullptr) return known;
    const TypeUse held = value_type(scalar_name, type);
    Type& made = new_type(
        TypeKind::kInput,
        name,
        joined(
            {"Boolean expression to compare columns of type ",
             quoted(scalar_name),
             ". All fields are combined with logical 'AND'."}
        )
    );
    known = &made;
    fill_comparison(made, held, type, enumeration != nullptr);
    return &made;
}

TypeUse Generator::operand_type(const Operator& op, TypeUse held, const CatalogType& of) {
    using V = Operator::Value;
    TypeUse use = held;
    switch (op.value) {
        case V::kSame:
        case V::kList:
        case V::kElement:
        case V::kLtreeList:
            break;
        case V::kText:
        case V::kTextList:
        case V::kLqueryList:
        case V::kJsonpath:
            use = TypeUse(schema_.string_type());
            break;
        case V::kBoolean:
            use = TypeUse(schema_.boolean_type());
            break;
        case V::kLtxtquery:
            use = TypeUse(scalar("ltxtquery"));
            break;
        case V::kLquery:
            use = TypeUse(scalar("lquery"));
            break;
        case V::kCast:
            use = TypeUse(cast_type(of));
            break;
        case V::kWithin:
            use = TypeUse(within_type(held, of));
            break;
        case V::kColumn:
            return {};
    }
    const bool is_list = op.value == V::kList || op.value == V::kTextList || op.value == V::kLqueryList ||
                         op.value == V::kLtreeList;
    return is_list ? use.non_null().list() : use;
}

void Generator::fill_comparison(Type& made, TypeUse held, const CatalogType& type, bool is_enumeration) {
    for (const Operator& op : operators()) {
        if (op.kind == Operator::Kind::kColumn) continue;
        if (is_enumeration ? !is_for_enumerations(op.name) : !applies(op, type)) continue;
        const TypeUse use = operand_type(op, held, type);
        if (use.named() == nullptr) continue;
        const Meaning meaning{.kind = Meaning::Kind::kOperator, .op = &op, .name = op.name};
        InputValue& added = input(made, op.name, use, Visibility::kAlways, bind(meaning));
        if (op.value == Operator::Value::kBoolean) continue;
        const bool is_same = op.value == Operator::Value::kSame || op.value == Operator::Value::kList;
        is_same ? takes(added, type) : takes_strings(added);
    }
}

/// `_cast: {String: {_like: ...}}` of jsonb; of a geometry `{geography: {...}}`, and the other way round.
const Type* Generator::cast_type(const CatalogType& type) {
    const Type*& known = casts_[type.name];
    if (known != nullptr) return known;
    Type& made = new_type(TypeKind::kInput, type.name + "_cast_exp", "");
    known = &made;
    CatalogType to{.name = "text", .schema = "pg_catalog", .element = "", .sql = "text"};
    std::string_view name = "String";
    if (is_spatial(type)) {
        name = type.name == "geometry" ? "geography" : "geometry";
        to = type;
        to.name = name;
        to.sql = cast_sql(type, name);
    }
    const Meaning meaning{.kind = Meaning::Kind::kOperator, .op = find_operator("_cast"), .name = name};
    const TypeUse use(comparison(std::string(name), to, nullptr));
    input(made, name, use, Visibility::kAlways, bind(meaning));
    return &made;
}

/// The further arguments of st_dwithin, by their position behind the column.
const Type* Generator::within_type(TypeUse held, const CatalogType& type) {
    const Type*& known = withins_[type.name];
    if (known != nullptr) return known;
    const bool is_geography = type.name == "geography";
    Type& made =
        new_type(TypeKind::kInput, is_geography ? "st_d_within_geography_input" : "st_d_within_input", "");
    known = &made;
    const auto add = [&](std::string_view name, TypeUse use, int position) -> InputValue& {
        const Meaning meaning{.kind = Meaning::Kind::kFunctionArgument, .position = position};
        InputValue& added = input(made, name, use, Visibility::kAlways, bind(meaning));
        takes_strings(added);
        return added;
    };
    add("distance", TypeUse(scalar("Float")).non_null(), 1);
    add("from", held.non_null(), 0);
    if (!is_geography) return &made;
    InputValue& spheroid = add("use_spheroid", TypeUse(schema_.boolean_type()), 2);
    spheroid.default_text = "true";
    spheroid.default_value = schema_.literal("true");
    return &made;
}

}  // namespace weft::graphql
