#include "graphql/metadata/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace weft::graphql::metadata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Json json(std::string_view text) {
    auto parsed = parse_json(text);
    EXPECT_TRUE(parsed) << parsed.error().user << "\n" << text;
    return parsed ? *parsed : Json();
}

Metadata read(std::string_view text) {
    auto parsed = parse(json(text));
    EXPECT_TRUE(parsed) << parsed.error().user;
    return parsed ? std::move(*parsed) : Metadata();
}

/// A document whose one table has these members.
std::string with_table(std::string_view members) {
    return R"({"version": 3, "sources": [{"name": "default", "tables": [{"table": "author")" +
           std::string(members.empty() ? "" : ", ") + std::string(members) + "}]}]}";
}

Table table(std::string_view members) {
    auto metadata = read(with_table(members));
    return metadata.tables.empty() ? Table() : metadata.tables.front();
}

Error error_of(std::string_view text) {
    auto parsed = parse(json(text));
    EXPECT_FALSE(parsed) << text;
    return parsed ? Error() : parsed.error();
}

constexpr std::string_view kWhole = R"({
  "version": 3,
  "sources": [{
    "name": "main", "kind": "postgres",
    "configuration": {"connection_info": {"database_url": {"from_env": "URL"}}},
    "tables": [{
      "table": {"schema": "public", "name": "author"},
      "configuration": {
        "custom_name": "Writer", "comment": "People",
        "custom_root_fields": {"select": "writers", "insert_one": null, "select_by_pk": {"name": "writer"}},
        "custom_column_names": {"first_name": "given", "code": "old"},
        "column_config": {"first_name": {"custom_name": "firstName", "comment": "c"}, "x": {}}
      },
      "object_relationships": [
        {"name": "home", "using": {"foreign_key_constraint_on": "home_id"}, "comment": "Where"},
        {"name": "pair", "using": {"foreign_key_constraint_on": ["a", "b"]}},
        {"name": "detail", "using": {"foreign_key_constraint_on": {"table": "detail", "column": "author_id"}}},
        {"name": "manual", "using": {"manual_configuration": {"remote_table": {"schema": "s", "name": "t"},
          "column_mapping": {"id": "other_id", "x": "y"}, "insertion_order": "after_parent"}}}
      ],
      "array_relationships": [
        {"name": "articles", "using": {"foreign_key_constraint_on":
          {"table": {"schema": "s", "name": "article"}, "columns": ["tenant", "author_id"]}}}
      ],
      "computed_fields": [{"name": "full_name", "definition":
        {"function": {"schema": "f", "name": "full"}, "table_argument": "row", "session_argument": "s"}}],
      "remote_fields": [{"name": "logs", "resolver": "logs", "type": "[LogLine!]!", "columns": ["id"],
        "arguments": [{"name": "limit", "type": "Int"}], "roles": ["reader"]}],
      "select_permissions": [{"role": "user", "permission": {"columns": "*", "filter": {"id": {"_eq": "X-Hasura-User-Id"}},
        "limit": 10, "allow_aggregations": true, "computed_fields": ["full_name"], "query_root_fields": [],
        "subscription_root_fields": ["select_stream"]}},
        {"role": "anonymous", "permission": {"columns": ["id"], "filter": {}}}],
      "insert_permissions": [{"role": "user", "permission": {"check": {}, "set": {"id": "x-hasura-user-id"},
        "backend_only": true}}],
      "update_permissions": [{"role": "user", "permission": {"columns": ["name"], "filter": {}, "check": null}},
        {"role": "editor", "permission": {"columns": ["name"], "filter": {}, "check": {"x": {"_eq": 1}}}}],
      "delete_permissions": [{"role": "user", "permission": {"filter": {"a": 1}, "backend_only": true}}],
      "event_triggers": [{"name": "kept"}]
    }, {"table": "colour", "is_enum": true}],
    "functions": [{"function": "search", "configuration": {"custom_name": "find", "session_argument": "who",
      "exposed_as": "query", "custom_root_fields": {"function": "f", "function_aggregate": "fa"}},
      "permissions": [{"role": "searcher"}], "comment": "c"}]
  }],
  "actions": [{"name": "login", "definition": {"kind": "asynchronous", "handler": "{{BASE}}/login",
    "arguments": [{"name": "input", "type": "LoginInput!"}], "output_type": "Session", "timeout": 60,
    "headers": [{"name": "A", "value": "b"}, {"name": "C", "value_from_env": "D"}],
    "forward_client_headers": true}, "permissions": [{"role": "guest"}]},
    {"name": "now", "definition": {"type": "query", "handler": "native:now", "output_type": "String"}}],
  "custom_types": {
    "input_objects": [{"name": "LoginInput", "fields": [{"name": "user", "type": "String!", "description": "d"}]}],
    "objects": [{"name": "Session", "description": "s", "fields": [{"name": "id", "type": "Int!"}],
      "relationships": [{"name": "author", "type": "object", "remote_table": "author", "field_mapping": {"id": "id"}}]}],
    "scalars": [{"name": "Thing"}],
    "enums": [{"name": "Level", "values": [{"value": "LOW", "description": "l"}, {"value": "HIGH"}]}]
  },
  "query_collections": [{"name": "ui", "definition": {"queries": [{"name": "q", "query": "{ a }"}]}},
    {"name": "ops", "definition": {"queries": []}}],
  "allowlist": [{"collection": "ui"}, {"collection": "ops", "scope": {"global": false, "roles": ["operator"]}}],
  "cron_triggers": [{"name": "kept too"}]
})";

TEST(Metadata, ATableWithEverything) {
    Metadata whole = read(kWhole);
    EXPECT_EQ(whole.source_name, "main");
    ASSERT_EQ(whole.tables.size(), 2u);
    EXPECT_TRUE(whole.tables[1].is_enum);
    EXPECT_EQ(whole.tables[1].name, (QualifiedName{"public", "colour"}));
    const Table& author = whole.tables[0];
    EXPECT_EQ(author.custom_name, "Writer");
    EXPECT_EQ(author.comment, "People");
    EXPECT_THAT(author.root_names, ElementsAre(Pair("select", "writers"), Pair("select_by_pk", "writer")));
    EXPECT_THAT(author.column_names, ElementsAre(Pair("code", "old"), Pair("first_name", "firstName")));
    EXPECT_THAT(author.column_comments, ElementsAre(Pair("first_name", "c")));
    ASSERT_EQ(author.computed_fields.size(), 1u);
    EXPECT_EQ(author.computed_fields[0].function, (QualifiedName{"f", "full"}));
    EXPECT_EQ(author.computed_fields[0].table_argument, "row");
    EXPECT_EQ(author.computed_fields[0].session_argument, "s");
    ASSERT_EQ(author.remote_fields.size(), 1u);
    EXPECT_EQ(author.remote_fields[0].type, "[LogLine!]!");
    EXPECT_THAT(author.remote_fields[0].columns, ElementsAre("id"));
    EXPECT_THAT(author.remote_fields[0].arguments, ElementsAre(Pair("limit", "Int")));
    EXPECT_THAT(
        roles(whole), ElementsAre("anonymous", "editor", "guest", "operator", "reader", "searcher", "user")
    );
}

TEST(Metadata, RelationshipsInTheirSpellings) {
    Metadata whole = read(kWhole);
    const auto& all = whole.tables[0].relationships;
    ASSERT_EQ(all.size(), 5u);
    EXPECT_EQ(all[0].comment, "Where");
    EXPECT_THAT(all[0].foreign_key_columns, ElementsAre("home_id"));
    EXPECT_FALSE(all[0].foreign_key_table);
    EXPECT_FALSE(all[0].manual);
    EXPECT_THAT(all[1].foreign_key_columns, ElementsAre("a", "b"));
    EXPECT_EQ(all[2].foreign_key_table, (QualifiedName{"public", "detail"}));
    EXPECT_THAT(all[2].foreign_key_columns, ElementsAre("author_id"));
    EXPECT_EQ(all[2].kind, Relationship::Kind::kObject);
    ASSERT_TRUE(all[3].manual);
    EXPECT_EQ(all[3].manual->remote, (QualifiedName{"s", "t"}));
    EXPECT_THAT(all[3].manual->columns, ElementsAre(Pair("id", "other_id"), Pair("x", "y")));
    EXPECT_FALSE(all[3].manual->is_inserted_before_parent);
    EXPECT_EQ(all[4].kind, Relationship::Kind::kArray);
    EXPECT_EQ(all[4].foreign_key_table, (QualifiedName{"s", "article"}));
    EXPECT_THAT(all[4].foreign_key_columns, ElementsAre("tenant", "author_id"));
    Table plain = table(R"("object_relationships": [{"name": "m", "using": {"manual_configuration":
        {"remote_table": "t", "column_mapping": {"a": "b"}, "insertion_order": null}}}])");
    ASSERT_EQ(plain.relationships.size(), 1u);
    EXPECT_TRUE(plain.relationships[0].manual->is_inserted_before_parent);
}

TEST(Metadata, Permissions) {
    Metadata whole = read(kWhole);
    const auto& permissions = whole.tables[0].permissions;
    const TablePermissions& user = permissions.at("user");
    ASSERT_TRUE(user.select && user.insert && user.update && user.remove);
    EXPECT_TRUE(user.select->has_all_columns);
    EXPECT_EQ(Json(user.select->filter), json(R"({"id": {"_eq": "X-Hasura-User-Id"}})"));
    EXPECT_EQ(user.select->limit, 10);
    EXPECT_TRUE(user.select->allows_aggregations);
    EXPECT_THAT(user.select->computed_fields, ElementsAre("full_name"));
    ASSERT_TRUE(user.select->query_root_fields);
    EXPECT_TRUE(user.select->query_root_fields->empty());
    EXPECT_THAT(*user.select->subscription_root_fields, ElementsAre("select_stream"));
    EXPECT_TRUE(user.insert->has_all_columns) << "absent means all, for inserts";
    EXPECT_TRUE(user.insert->is_backend_only);
    EXPECT_EQ(Json(user.insert->set), json(R"({"id": "x-hasura-user-id"})"));
    EXPECT_FALSE(user.update->check);
    EXPECT_THAT(user.update->columns, ElementsAre("name"));
    EXPECT_TRUE(permissions.at("editor").update->check);
    EXPECT_TRUE(user.remove->is_backend_only);
    const SelectPermission& anonymous = *permissions.at("anonymous").select;
    EXPECT_FALSE(anonymous.has_all_columns);
    EXPECT_FALSE(anonymous.limit);
    EXPECT_FALSE(anonymous.query_root_fields);
    EXPECT_FALSE(permissions.at("anonymous").insert);
}

TEST(Metadata, FunctionsActionsTypesAndCollections) {
    Metadata whole = read(kWhole);
    ASSERT_EQ(whole.functions.size(), 1u);
    EXPECT_EQ(whole.functions[0].custom_name, "find");
    EXPECT_EQ(whole.functions[0].session_argument, "who");
    EXPECT_EQ(whole.functions[0].exposed_as, "query");
    EXPECT_THAT(
        whole.functions[0].root_names, ElementsAre(Pair("function", "f"), Pair("function_aggregate", "fa"))
    );
    EXPECT_THAT(whole.functions[0].roles, ElementsAre("searcher"));
    ASSERT_EQ(whole.actions.size(), 2u);
    const Action& login = whole.actions[0];
    EXPECT_EQ(login.kind, Action::Kind::kAsynchronous);
    EXPECT_EQ(login.on, Action::On::kMutation);
    EXPECT_EQ(login.handler, "{{BASE}}/login");
    EXPECT_THAT(login.arguments, ElementsAre(Pair("input", "LoginInput!")));
    EXPECT_EQ(login.output_type, "Session");
    EXPECT_EQ(login.timeout, std::chrono::seconds(60));
    EXPECT_THAT(login.headers, ElementsAre(Pair("A", "b"), Pair("C", "{{D}}")));
    EXPECT_TRUE(login.forwards_client_headers);
    EXPECT_EQ(whole.actions[1].on, Action::On::kQuery);
    EXPECT_EQ(whole.actions[1].timeout, std::chrono::seconds(30));
    ASSERT_EQ(whole.custom_types.size(), 4u);
    EXPECT_EQ(whole.custom_types[0].kind, CustomType::Kind::kInput);
    EXPECT_THAT(whole.custom_types[0].fields[0], ElementsAre("user", "String!", "d"));
    ASSERT_EQ(whole.custom_types[1].relationships.size(), 1u);
    EXPECT_EQ(whole.custom_types[1].relationships[0].remote, (QualifiedName{"public", "author"}));
    EXPECT_THAT(whole.custom_types[1].relationships[0].fields, ElementsAre(Pair("id", "id")));
    EXPECT_EQ(whole.custom_types[2].kind, CustomType::Kind::kScalar);
    EXPECT_THAT(whole.custom_types[3].fields[0], ElementsAre("LOW", "", "l"));
    EXPECT_EQ(whole.query_collections.at("ui").front().text, "{ a }");
    EXPECT_THAT(whole.allow_list, ElementsAre("ui", "ops"));
    EXPECT_THAT(whole.allow_list_roles, ElementsAre(Pair("ops", ElementsAre("operator"))));
}

TEST(Metadata, ExportGivesBackWhatWasGiven) {
    EXPECT_EQ(export_document(read(kWhole)), json(kWhole));
    EXPECT_EQ(
        export_document(read("{}")),
        json(R"({"version": 3, "sources": [{"name": "default", "kind": "postgres", "tables": []}]})")
    );
    EXPECT_EQ(
        export_document(
            read(R"({"resource_version": 7, "metadata": {"version": 3, "sources": [{"name": "x"}]}})")
        ),
        json(R"({"version": 3, "sources": [{"name": "x", "kind": "postgres", "tables": []}]})")
    );
}

TEST(Metadata, Version2IsReadAndExportedAsVersion3) {
    Metadata old = read(R"({"version": 2, "tables": [{"table": "a", "select_permissions":
        [{"role": "user", "permission": {"columns": "*", "filter": {}}}]}],
        "functions": [{"function": "f"}], "actions": [], "other": 1})");
    ASSERT_EQ(old.tables.size(), 1u);
    EXPECT_EQ(old.functions.size(), 1u);
    EXPECT_EQ(read(R"({"tables": [{"table": "a"}]})").tables.size(), 1u) << "without a version";
    Json exported = export_document(old);
    EXPECT_EQ(exported.at("version"), 3);
    EXPECT_EQ(exported.at("other"), 1);
    EXPECT_EQ(exported.get_object().if_contains("tables"), nullptr);
    EXPECT_EQ(exported.at("sources").at(0).at("tables").at(0).at("table"), "a");
    auto again = parse(exported);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->tables.size(), 1u);
    EXPECT_EQ(export_document(*again), exported);
}

TEST(Metadata, WrongDocumentsNameThePlace) {
    const std::string at_table = "$.sources[0].tables[0]";
    std::pair<std::string, std::string> cases[] = {
        {R"([])", "$"},
        {R"({"version": 4})", "$.version"},
        {R"({"version": "3"})", "$.version"},
        {R"({"metadata": {"version": 9}})", "$.metadata.version"},
        {R"({"version": 3, "tables": []})", "$.tables"},
        {R"({"version": 2, "sources": []})", "$.sources"},
        {R"({"version": 3, "sources": {}})", "$.sources"},
        {R"({"version": 3, "sources": [{"tables": []}]})", "$.sources[0].name"},
        {R"({"version": 3, "sources": [{"name": "a", "kind": "mssql"}]})", "$.sources[0].kind"},
        {R"({"version": 3, "sources": [{"name": "a"}, {"name": "b"}]})", "$.sources[1]"},
        {R"({"version": 3, "sources": [{"name": "a", "customization": {"root_fields": {"prefix": "p"}}}]})",
         "$.sources[0].customization.root_fields"},
        {R"({"version": 3, "sources": [{"name": "a", "tables": ["author"]}]})", at_table},
        {R"({"version": 3, "sources": [{"name": "a", "tables": [{"table": 1}]}]})", at_table + ".table"},
        {R"({"version": 3, "sources": [{"name": "a", "tables": [{"table": {"schema": "s"}}]}]})",
         at_table + ".table.name"},
        {R"({"version": 3, "sources": [{"name": "a", "tables": [{"table": "t"}, {"table": {"name": "t"}}]}]})",
         "$.sources[0].tables[1]"},
        {with_table(R"("is_enum": "yes")"), at_table + ".is_enum"},
        {with_table(R"("configuration": {"custom_name": "a b"})"), at_table + ".configuration.custom_name"},
        {with_table(R"("configuration": {"custom_root_fields": {"selekt": "a"}})"),
         at_table + ".configuration.custom_root_fields.selekt"},
        {with_table(R"("configuration": {"custom_column_names": {"my col": 1}})"),
         at_table + ".configuration.custom_column_names['my col']"},
        {with_table(R"("object_relationships": [{"name": "a"}])"), at_table + ".object_relationships[0].using"
        },
        {with_table(R"("object_relationships": [{"name": "a", "using": {}}])"),
         at_table + ".object_relationships[0].using"},
        {with_table(
             R"("object_relationships": [{"name": "a-b", "using": {"foreign_key_constraint_on": "x"}}])"
         ),
         at_table + ".object_relationships[0].name"},
        {with_table(R"("array_relationships": [{"name": "a", "using": {"foreign_key_constraint_on": "x"}}])"),
         at_table + ".array_relationships[0].using.foreign_key_constraint_on"},
        {with_table(R"("object_relationships": [{"name": "a", "using": {"foreign_key_constraint_on": []}}])"),
         at_table + ".object_relationships[0].using.foreign_key_constraint_on"},
        {with_table(
             R"("object_relationships": [{"name": "a", "using": {"foreign_key_constraint_on": {"table": "t"}}}])"
         ),
         at_table + ".object_relationships[0].using.foreign_key_constraint_on"},
        {with_table(R"("object_relationships": [{"name": "a", "using": {"foreign_key_constraint_on": "x"}}],
            "array_relationships": [{"name": "a", "using": {"foreign_key_constraint_on": {"table": "t", "column": "c"}}}])"
         ),
         at_table + ".array_relationships[0]"},
        {with_table(R"("object_relationships": [{"name": "a", "using": {"manual_configuration":
            {"remote_table": "t", "column_mapping": {}}}}])"),
         at_table + ".object_relationships[0].using.manual_configuration.column_mapping"},
        {with_table(R"("object_relationships": [{"name": "a", "using": {"manual_configuration":
            {"remote_table": "t", "column_mapping": {"a": "b"}, "insertion_order": "now"}}}])"),
         at_table + ".object_relationships[0].using.manual_configuration.insertion_order"},
        {with_table(R"("computed_fields": [{"name": "a"}])"), at_table + ".computed_fields[0].definition"},
        {with_table(R"("remote_fields": [{"name": "a", "resolver": "r", "type": "Int"}])"),
         at_table + ".remote_fields[0].columns"},
        {with_table(R"("select_permissions": {"user": {}})"), at_table + ".select_permissions"},
        {with_table(R"("select_permissions": [{"role": "u"}])"),
         at_table + ".select_permissions[0].permission"},
        {with_table(R"("select_permissions": [{"role": "u", "permission": {"columns": "*"}}])"),
         at_table + ".select_permissions[0].permission.filter"},
        {with_table(R"("select_permissions": [{"role": "u", "permission": {"filter": {}}}])"),
         at_table + ".select_permissions[0].permission.columns"},
        {with_table(R"("select_permissions": [{"role": "u", "permission": {"columns": "id", "filter": {}}}])"
         ),
         at_table + ".select_permissions[0].permission.columns"},
        {with_table(
             R"("select_permissions": [{"role": "u", "permission": {"columns": ["a", "a"], "filter": {}}}])"
         ),
         at_table + ".select_permissions[0].permission.columns[1]"},
        {with_table(
             R"("select_permissions": [{"role": "u", "permission": {"columns": "*", "filter": {}, "limit": -1}}])"
         ),
         at_table + ".select_permissions[0].permission.limit"},
        {with_table(R"("select_permissions": [{"role": "u", "permission": {"columns": "*", "filter": {},
            "query_root_fields": ["select_stream"]}}])"),
         at_table + ".select_permissions[0].permission.query_root_fields[0]"},
        {with_table(R"("delete_permissions": [{"role": "u", "permission": {"filter": {}}},
            {"role": "u", "permission": {"filter": {}}}])"),
         at_table + ".delete_permissions[1].role"},
        {with_table(R"("delete_permissions": [{"role": "admin", "permission": {"filter": {}}}])"),
         at_table + ".delete_permissions[0].role"},
        {with_table(
             R"("update_permissions": [{"role": "u", "permission": {"columns": [], "filter": {}, "check": []}}])"
         ),
         at_table + ".update_permissions[0].permission.check"},
        {R"({"actions": [{"name": "a"}]})", "$.actions[0].definition"},
        {R"({"actions": [{"name": "a", "definition": {"handler": "h", "output_type": "T", "timeout": 0}}]})",
         "$.actions[0].definition.timeout"},
        {R"({"actions": [{"name": "a", "definition": {"handler": "h", "output_type": "T", "type": "query",
            "kind": "asynchronous"}}]})",
         "$.actions[0].definition.kind"},
        {R"({"actions": [{"name": "a", "definition": {"handler": "h", "output_type": "T",
            "headers": [{"name": "h"}]}}]})",
         "$.actions[0].definition.headers[0]"},
        {R"({"custom_types": {"objects": [{"name": "A", "fields": []}]}})", "$.custom_types.objects[0].fields"
        },
        {R"({"custom_types": {"scalars": [{"name": "A"}], "enums": [{"name": "A", "values": [{"value": "x"}]}]}})",
         "$.custom_types.enums[0]"},
        {R"({"custom_types": {"scalars": [{"name": "__A"}]}})", "$.custom_types.scalars[0].name"},
        {R"({"custom_types": {"objects": [{"name": "A", "fields": [{"name": "f", "type": "Int"}], "relationships":
            [{"name": "f", "type": "object", "remote_table": "t", "field_mapping": {"f": "c"}}]}]}})",
         "$.custom_types.objects[0].relationships[0]"},
        {R"({"allowlist": [{"collection": "none"}]})", "$.allowlist[0].collection"},
        {R"({"query_collections": [{"name": "q", "definition": {"queries": [{"name": "x"}]}}]})",
         "$.query_collections[0].definition.queries[0].query"},
        {R"({"query_collections": [{"name": "q", "definition": {"queries": []}}],
            "allowlist": [{"collection": "q", "scope": {"global": false}}]})",
         "$.allowlist[0].scope.roles"},
    };
    for (const auto& [text, path] : cases) {
        Error error = error_of(text);
        EXPECT_EQ(error.field, path) << text << "\n" << error.user;
        EXPECT_EQ(error.code, Code::kInvalid);
        EXPECT_THAT(error.user, HasSubstr(path + ": "));
    }
}

TEST(Metadata, ColumnsOfAKeyAreATextOrAList) {
    auto key_of = [](const std::string& kind, const std::string& key) {
        Table read = table(
            "\"" + kind + R"(_relationships": [{"name": "r", "using": {"foreign_key_constraint_on": )" + key +
            "}}]"
        );
        return read.relationships.at(0).foreign_key_columns;
    };
    EXPECT_THAT(key_of("object", R"("a")"), ElementsAre("a"));
    EXPECT_THAT(key_of("object", R"(["a", "b"])"), ElementsAre("a", "b"));
    for (const char* kind : {"object", "array"}) {
        for (const char* member : {"column", "columns"}) {
            auto on = [&](const std::string& value) {
                return key_of(kind, R"({"table": "t", ")" + std::string(member) + "\": " + value + "}");
            };
            EXPECT_THAT(on(R"("a")"), ElementsAre("a")) << kind << member;
            EXPECT_THAT(on(R"(["a", "b"])"), ElementsAre("a", "b")) << kind << member;
        }
    }
}

TEST(Metadata, CommentsAreAbsentEmptyOrTexts) {
    Table none = table(R"("configuration": {"comment": null, "column_config": {"a": {"comment": null}},
        "custom_root_fields": {"select": {"comment": null}}})");
    EXPECT_FALSE(none.comment);
    EXPECT_TRUE(none.column_comments.empty());
    EXPECT_TRUE(none.root_comments.empty());
    Table hidden = table(R"("configuration": {"comment": "", "column_config": {"a": {"comment": ""}},
        "custom_root_fields": {"select": {"comment": ""}, "insert": {"name": "put", "comment": "Puts"}}})");
    EXPECT_EQ(hidden.comment, "");
    EXPECT_EQ(hidden.column_comments.at("a"), "");
    EXPECT_EQ(hidden.root_comments.at("select"), "");
    EXPECT_EQ(hidden.root_comments.at("insert"), "Puts");
    EXPECT_EQ(hidden.root_names.at("insert"), "put");
}

TEST(Metadata, InheritedRolesHaveParents) {
    Metadata read_back = read(R"({"inherited_roles": [{"role_name": "both", "role_set": ["a", "b"]}]})");
    ASSERT_EQ(read_back.inherited_roles.size(), 1U);
    EXPECT_EQ(read_back.inherited_roles[0].name, "both");
    EXPECT_THAT(read_back.inherited_roles[0].parents, ElementsAre("a", "b"));
    EXPECT_THAT(roles(read_back), ElementsAre("both"));
    const std::string at = "$.inherited_roles[0]";
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {R"({"role_name": "both"})", at + ".role_set"},
        {R"({"role_name": "both", "role_set": []})", at + ".role_set"},
        {R"({"role_name": "admin", "role_set": ["a"]})", at + ".role_name"},
    };
    for (const auto& [text, path] : wrong) {
        EXPECT_EQ(error_of(R"({"inherited_roles": [)" + text + "]}").field, path) << text;
    }
}

TEST(Metadata, MembersThatNobodyKnowsAndNullsAreFine) {
    Table plain =
        table(R"("apollo_federation_config": {"enable": "v1"}, "configuration": null, "is_enum": null,
        "object_relationships": null, "select_permissions": [{"role": "u", "comment": "c", "permission":
        {"columns": [], "filter": {}, "limit": null, "computed_fields": null, "query_root_fields": null, "new": 1}}])"
        );
    ASSERT_TRUE(plain.permissions["u"].select);
    EXPECT_FALSE(plain.permissions["u"].select->query_root_fields);
    Metadata kept = read(with_table(R"("zzz": [1])"));
    EXPECT_EQ(export_document(kept).at("sources").at(0).at("tables").at(0).at("zzz"), json("[1]"));
}

TEST(Metadata, Limits) {
    auto with = [](int tables, int roles) {
        JsonArray list;
        for (int i = 0; i < tables; ++i) list.push_back({{"table", "t" + std::to_string(i)}});
        JsonArray permissions;
        for (int i = 0; i < roles; ++i) {
            permissions.push_back(
                {{"role", "r" + std::to_string(i)}, {"permission", {{"filter", JsonObject()}}}}
            );
        }
        list[0].get_object()["delete_permissions"] = std::move(permissions);
        return parse(Json{{"version", 2}, {"tables", std::move(list)}});
    };
    EXPECT_TRUE(with(5'000, 1'000));
    auto tables = with(5'001, 0);
    ASSERT_FALSE(tables);
    EXPECT_EQ(tables.error().code, Code::kLimit);
    EXPECT_EQ(tables.error().field, "$.tables");
    auto roles = with(1, 1'001);
    ASSERT_FALSE(roles);
    EXPECT_EQ(roles.error().code, Code::kLimit);
    EXPECT_EQ(with(1, 10'001).error().code, Code::kLimit);
}

}  // namespace
}  // namespace weft::graphql::metadata
