#include "graphql/model/model.h"

#include "graphql/model/model_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Model& library() {
    static const std::shared_ptr<const Model> model = testing::library_model();
    return *model;
}

/// The definition of one type as a role sees it, without descriptions.
std::string type_of(const Model& model, std::string_view role, std::string_view name) {
    const View& view = model.access(role).view();
    const Type* type = view.type(name);
    if (type == nullptr) return "absent";
    std::string out;
    for (const Field& field : type->fields) {
        if (!view.sees(field.element)) continue;
        out += field.name;
        std::string arguments;
        for (const InputValue& each : field.arguments) {
            if (view.sees(each.element)) arguments += (arguments.empty() ? "" : " ") + each.name;
        }
        out += (arguments.empty() ? "" : "(" + arguments + ")") + ":" + field.type.text() + "\n";
    }
    for (const InputValue& each : type->input_fields) {
        if (view.sees(each.element)) out += each.name + ":" + each.type.text() + "\n";
    }
    for (const EnumValue& each : type->values) {
        if (view.sees(each.element)) out += each.name + "\n";
    }
    return out;
}

TEST(Model, FitsTheLibrary) {
    for (const Inconsistency& each : library().inconsistencies())
        ADD_FAILURE() << each.name << ": " << each.reason;
    EXPECT_EQ(library().tables().size(), 3U);
}

TEST(Model, ShowsARoleItsColumnsOnly) {
    EXPECT_EQ(
        type_of(library(), "user", "author"),
        "articles(distinct_on limit offset order_by where):[article!]!\n"
        "full_name:String\n"
        "id:Int!\n"
        "is_active:Boolean!\n"
        "meta(path):jsonb\n"
        "name:String!\n"
    );
    EXPECT_EQ(
        type_of(library(), "reader", "author"),
        "articles(distinct_on limit offset order_by where):[article!]!\nname:String!\n"
    );
    EXPECT_THAT(type_of(library(), "admin", "author"), HasSubstr("secret:String\n"));
    EXPECT_THAT(type_of(library(), "admin", "author"), HasSubstr("articles_aggregate("));
}

TEST(Model, HidesColumnsInEveryType) {
    const Model& model = library();
    for (const Type* type : model.schema().types()) {
        EXPECT_THAT(type_of(model, "user", type->name), Not(HasSubstr("secret"))) << type->name;
        EXPECT_THAT(type_of(model, "reader", type->name), Not(HasSubstr("secret"))) << type->name;
    }
    EXPECT_THAT(type_of(model, "admin", "author_bool_exp"), HasSubstr("secret:String_comparison_exp"));
}

TEST(Model, GivesRootsByPermission) {
    EXPECT_EQ(
        type_of(library(), "reader", "query_root"),
        "article(distinct_on limit offset order_by where):[article!]!\n"
        "author(distinct_on limit offset order_by where):[author!]!\n"
        "search_articles(args distinct_on limit offset order_by where):[article!]!\n"
    );
    // query_root_fields lacks by_pk (and its column is hidden); subscription_root_fields is empty.
    EXPECT_EQ(
        type_of(library(), "reader", "subscription_root"),
        "author(distinct_on limit offset order_by where):[author!]!\n"
        "author_stream(batch_size cursor where):[author!]!\n"
        "search_articles(args distinct_on limit offset order_by where):[article!]!\n"
    );
    EXPECT_EQ(type_of(library(), "reader", "mutation_root"), "absent");
}

TEST(Model, GivesMutationsByPermission) {
    const std::string seen = type_of(library(), "user", "mutation_root");
    EXPECT_THAT(seen, HasSubstr("insert_author(objects on_conflict):author_mutation_response\n"));
    EXPECT_THAT(
        seen, HasSubstr("insert_article(objects on_conflict):article_mutation_response\n")
    );  // no update permission: for "do nothing"
    EXPECT_EQ(type_of(library(), "user", "article_update_column"), "_PLACEHOLDER\n");
    EXPECT_THAT(seen, HasSubstr("update_author_by_pk(_set pk_columns):author\n"));
    EXPECT_THAT(seen, Not(HasSubstr("delete_")));
    EXPECT_EQ(
        type_of(library(), "user", "author_insert_input"),
        "articles:article_arr_rel_insert_input\nmeta:jsonb\nname:String\n"  // tenant_id is preset
    );
    EXPECT_EQ(type_of(library(), "user", "author_update_column"), "name\n");
}

TEST(Model, KeepsBackendOnlyPermissionsApart) {
    EXPECT_EQ(library().access("editor").view().type("mutation_root"), nullptr);
    const View& backend = library().access("editor", Backend::kYes).view();
    ASSERT_NE(backend.type("mutation_root"), nullptr);
    EXPECT_NE(backend.field(*backend.type("mutation_root"), "delete_author"), nullptr);
    EXPECT_EQ(backend.field(*backend.type("mutation_root"), "delete_author_by_pk"), nullptr);  // can't select
    EXPECT_EQ(backend.field(*backend.type("author_mutation_response"), "returning"), nullptr);
}

TEST(Model, AnswersUnknownRolesWithNothing) {
    EXPECT_EQ(type_of(library(), "stranger", "query_root"), "no_queries_available:String!\n");
    EXPECT_THAT(type_of(library(), "admin", "query_root"), Not(HasSubstr("no_queries_available")));
    EXPECT_EQ(type_of(library(), "stranger", "mutation_root"), "absent");
    EXPECT_EQ(&library().access("stranger"), &library().access("", Backend::kYes)) << "nobody";
}

TEST(Model, MakesEnumTablesEnums) {
    EXPECT_EQ(type_of(library(), "user", "kind_enum"), "ESSAY\nNEWS\n");
    EXPECT_EQ(
        type_of(library(), "user", "kind_enum_comparison_exp"),
        "_eq:kind_enum\n_in:[kind_enum!]\n_is_null:Boolean\n_neq:kind_enum\n_nin:[kind_enum!]\n"
    );
}

TEST(Model, BindsElementsToMeanings) {
    const Model& model = library();
    const View& view = model.access("admin").view();
    const Field* field = view.field(*view.root(OperationKind::kQuery), "author_by_pk");
    ASSERT_NE(field, nullptr);
    const Meaning& root = model.meaning(field->binding);
    EXPECT_EQ(root.kind, Meaning::Kind::kSelectByPk);
    EXPECT_EQ(root.table, model.table({.name = "author"}));
    const Meaning& key = model.meaning(field->arguments.front().binding);
    EXPECT_EQ(key.kind, Meaning::Kind::kColumn);
    EXPECT_EQ(key.column->pg_name(), "id");
    const InputValue* op = view.input_field(*view.type("jsonb_comparison_exp"), "_has_keys_any");
    ASSERT_NE(op, nullptr);
    EXPECT_EQ(model.meaning(op->binding).op->sql, "?|");
}

TEST(Model, HasOneBindingPerVisibleElementOfATable) {
    const Model& model = library();
    for (const Field& field : model.schema().query->fields) {
        EXPECT_NE(field.binding, kUnbound) << field.name;
        for (const InputValue& each : field.arguments) EXPECT_NE(each.binding, kUnbound) << each.name;
    }
}

}  // namespace
}  // namespace weft::graphql
