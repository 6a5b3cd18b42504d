#include "graphql/model/detail/names.h"

#include "graphql/model/model_for_test.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

TEST(Names, MapsTypesToScalars) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases = {
        {"int4", "Int"},
        {"bool", "Boolean"},
        {"float4", "Float"},
        {"text", "String"},
        {"varchar", "String"},
        {"int8", "bigint"},
        {"int2", "smallint"},
        {"float8", "float8"},
        {"bpchar", "bpchar"},
        {"_text", "String"},
        {"uuid", "uuid"},
        {"timestamptz", "timestamptz"},
    };
    for (const auto& [type, scalar] : cases) EXPECT_EQ(scalar_of(testing::type_of(type)), scalar) << type;
    CatalogType composite = testing::type_of("point3");
    composite.kind = CatalogType::Kind::kComposite;
    EXPECT_EQ(scalar_of(composite), "point3_scalar");
    CatalogType composites = testing::type_of("_point3");
    composites.element_kind = CatalogType::Kind::kComposite;
    EXPECT_EQ(scalar_of(composites), "point3_scalar");
    EXPECT_EQ(scalar_of(testing::type_of("odd-name")), "");
}

TEST(Names, PutsTheSchemaInFront) {
    EXPECT_EQ(graphql_base_name({"public", "t"}), "t");
    EXPECT_EQ(graphql_base_name({"app", "t"}), "app_t");
    EXPECT_FALSE(is_graphql_name("__t"));
    EXPECT_FALSE(is_graphql_name("1t"));
    EXPECT_FALSE(is_graphql_name("a b"));
    EXPECT_TRUE(is_graphql_name("_t1"));
}

TEST(Operators, AreFoundInEverySpelling) {
    EXPECT_EQ(find_operator("_eq")->sql, "=");
    EXPECT_EQ(find_operator("$eq"), find_operator("_eq"));
    EXPECT_EQ(find_operator("$ne"), find_operator("_neq"));
    EXPECT_EQ(find_operator("_ceq")->kind, Operator::Kind::kColumn);
    EXPECT_TRUE(find_operator("_nin")->is_negated);
    EXPECT_EQ(find_operator("eq"), nullptr);
    EXPECT_EQ(find_operator("_foo"), nullptr);
    EXPECT_EQ(find_operator(""), nullptr);
}

}  // namespace
}  // namespace weft::graphql
