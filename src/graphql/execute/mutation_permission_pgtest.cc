#include "graphql/execute/mutation_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

class MutationPermissionTest : public testing::MutationTest {};

TEST_F(MutationPermissionTest, InsertChecksAndPresetsHold) {
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a", age: 20}]) { affected_rows returning { name tenant } } })",
            "{}",
            user("5")),
        R"({"affected_rows":1,"returning":[{"name":"a","tenant":5}]})"
    );
    for (const char* object :
         {R"({name: "b", age: 17})", R"({name: "b"})"}) {  // a condition that is null fails
        EXPECT_EQ(
            run("mutation { insert_author(objects: [{name: \"c\", age: 30}, " + std::string(object) +
                    "]) { affected_rows } }",
                "{}",
                user()),
            "permission-error: check constraint of an insert/update permission has failed @ "
            "$.selectionSet.insert_author.args.objects"
        );
    }
    EXPECT_EQ(sql("select count(*) from author"), "1");
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a", age: 20}]) { affected_rows } })",
            "{}",
            {.role = "user"}),
        "not-found: missing session variables: \"x-hasura-tenant\" @ $"
    );
}

TEST_F(MutationPermissionTest, UpsertsAreJudgedByWhatHappenedToTheRow) {
    exec("insert into author (name, age, tenant) values ('mine', 5, 1), ('theirs', 5, 2)");
    auto upsert = [&](const char* name, int age) {
        return run(
            "mutation ($n: String, $a: Int) { insert_author(objects: [{name: $n, age: $a}], on_conflict: "
            "{constraint: "
            "author_name_key, update_columns: [age]}) { returning { name age } } }",
            R"({"n": ")" + std::string(name) + R"(", "a": )" + std::to_string(age) + "}",
            user()
        );
    };
    const char* broken =
        "permission-error: check constraint of an insert/update permission has failed @ "
        "$.selectionSet.insert_author.args.objects";
    EXPECT_EQ(upsert("mine", 10), R"({"returning":[{"name":"mine","age":10}]})");  // too young to insert
    EXPECT_EQ(upsert("mine", 100), broken);                                        // too old to update
    EXPECT_EQ(upsert("new", 10), broken);
    EXPECT_EQ(upsert("new", 100), R"({"returning":[{"name":"new","age":100}]})");
    EXPECT_EQ(upsert("theirs", 10), R"({"returning":[]})");  // the update permission's filter
    EXPECT_EQ(sql("select created from author where name = 'mine'"), "by user");
    EXPECT_EQ(sql("select age from author where name = 'theirs'"), "5");
}

TEST_F(MutationPermissionTest, UpdateAndDeleteTouchOnlyPermittedRows) {
    exec("insert into author (name, age, tenant) values ('mine', 5, 1), ('theirs', 5, 2)");
    EXPECT_EQ(
        run("mutation { update_author(where: {age: {_eq: 5}}, _set: {age: 6}) { affected_rows returning { "
            "name } } }",
            "{}",
            user()),
        R"({"affected_rows":1,"returning":[{"name":"mine"}]})"
    );
    EXPECT_EQ(
        run("mutation { update_author_by_pk(pk_columns: {id: 2}, _set: {age: 6}) { name } }", "{}", user()),
        "null"
    );
    EXPECT_EQ(
        run(R"(mutation { update_author_many(updates: [{where: {id: {_eq: 2}}, _set: {age: 9}}]) { affected_rows } })",
            "{}",
            user()),
        R"([{"affected_rows":0}])"
    );
    EXPECT_EQ(run("mutation { delete_author_by_pk(id: 2) { name } }", "{}", user()), "null");
    EXPECT_EQ(
        run("mutation { update_author(where: {age: {_eq: 6}}, _set: {age: 200}) { affected_rows } }",
            "{}",
            user()),
        "permission-error: check constraint of an insert/update permission has failed @ $"
    );
    EXPECT_EQ(
        run("mutation { delete_author(where: {name: {_neq: \"\"}}) { affected_rows } }", "{}", user()),
        R"({"affected_rows":1})"
    );
    EXPECT_EQ(sql("select string_agg(name || age, ',') from author"), "theirs5");
}

TEST_F(MutationPermissionTest, AnEmptyConditionIsTheRowsOfTheFilter) {
    exec("insert into author (name, tenant) values ('mine', 1), ('theirs', 2)");
    EXPECT_EQ(
        run("mutation { delete_author(where: {}) { affected_rows } }", "{}", user()), R"({"affected_rows":1})"
    );
    EXPECT_EQ(sql("select string_agg(name, ',') from author"), "theirs");
    EXPECT_EQ(
        run("mutation { delete_author(where: {}) { affected_rows } }", "{}", {.role = "cleaner"}),
        R"({"affected_rows":1})"
    );
}

TEST_F(MutationPermissionTest, ReturningShowsWhatWasWrittenAndOfOtherTablesWhatTheRoleMaySelect) {
    exec("insert into author (name, tenant) values ('mine', 1), ('theirs', 2)");
    EXPECT_EQ(
        run(R"(mutation { update_article(where: {id: {_gt: 0}}, _set: {title: "first"}) { affected_rows } })",
            "{}",
            user()),
        R"({"affected_rows":0})"
    );
    exec("insert into article (title, author_id) values ('x', 1), ('y', 2)");
    EXPECT_EQ(
        run(R"(mutation { update_article(where: {id: {_gt: 0}}, _set: {title: "first"}) { affected_rows returning { title author { name } } } })",
            "{}",
            user()),
        R"({"affected_rows":2,"returning":[{"title":"first","author":{"name":"mine"}},{"title":"first","author":null}]})"
    );
}

TEST_F(MutationPermissionTest, ChecksThroughRelationshipsSeeTheStateAfterTheStatement) {
    exec("insert into author (name, age, tenant) values ('mine', 20, 1), ('theirs', 20, 2)");
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [{title: "t", author_id: 1}]) { affected_rows } })",
            "{}",
            user()),
        R"({"affected_rows":1})"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [{title: "t", author_id: 2}]) { affected_rows } })",
            "{}",
            user()),
        "permission-error: check constraint of an insert/update permission has failed @ "
        "$.selectionSet.insert_article.args.objects"
    );
    // The author's articles must include "first": true only once this very row is called so.
    EXPECT_EQ(
        run(R"(mutation { update_article(where: {id: {_eq: 1}}, _set: {title: "first"}) { affected_rows } })",
            "{}",
            user()),
        R"({"affected_rows":1})"
    );
    EXPECT_EQ(
        run(R"(mutation { update_article(where: {id: {_eq: 1}}, _set: {title: "second"}) { affected_rows } })",
            "{}",
            user()),
        "permission-error: check constraint of an insert/update permission has failed @ $"
    );
    EXPECT_EQ(sql("select title from article"), "first");
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "n", age: 30, articles: {data: [{title: "t"}]}}]) { affected_rows returning { name } } })",
            "{}",
            user()),
        R"({"affected_rows":2,"returning":[{"name":"n"}]})"
    );
}

TEST_F(MutationPermissionTest, APresetThatAParentDeterminesMustStillHold) {
    Session writer{.role = "writer", .variables = {{"x-hasura-author", "7"}}};
    auto insert = [&](int id) {
        return run(
            "mutation ($id: Int) { insert_author(objects: [{id: $id, name: \"a\", articles: {data: [{title: "
            "\"t\"}]}}]) { affected_rows } }",
            R"({"id": )" + std::to_string(id) + "}",
            writer
        );
    };
    EXPECT_EQ(
        insert(8),
        "permission-error: check constraint of an insert/update permission has failed @ "
        "$.selectionSet.insert_author.args.objects[0].articles.data"
    );
    EXPECT_EQ(insert(7), R"({"affected_rows":2})");
}

TEST_F(MutationPermissionTest, UpsertsIntoPartitionsMustPassBothChecks) {
    auto upsert = [&](int v) {
        return run(
            "mutation ($v: Int) { insert_part(objects: {id: 1, v: $v}, on_conflict: {constraint: part_pkey, "
            "update_columns: [v]}) { returning { v } } }",
            R"({"v": )" + std::to_string(v) + "}",
            user()
        );
    };
    EXPECT_EQ(upsert(1), R"({"returning":[{"v":1}]})");
    EXPECT_EQ(upsert(8), R"({"returning":[{"v":8}]})");
    for (int refused : {0, 9}) EXPECT_THAT(upsert(refused), ::testing::StartsWith("permission-error"));
    EXPECT_EQ(sql("select v from part"), "8");
}

TEST_F(MutationPermissionTest, TheFilterOfATableWithRowSecurityIsTheDatabasesOwn) {
    exec(
        "alter table author enable row level security; alter table author force row level security; create "
        "role "
        "plain_mutation; grant all on author to plain_mutation; grant usage on schema public to "
        "plain_mutation; create "
        "policy p on author using (tenant = 1) with check (tenant = 1)"
    );
    exec("insert into author (name, tenant) values ('mine', 1), ('theirs', 2)");
    pg::Query become{"", "set local role plain_mutation"};
    auto made = program(
        R"(mutation { update_author(where: {}, _set: {age: 1}) { returning { name articles { id } } } })",
        JsonObject{},
        "admin"
    );
    ASSERT_TRUE(made);
    pg::Batch prelude;
    prelude.as(pg::Principal::login()).add(become, {});
    auto bind = [&](const Statement& statement) { return detail::values_of(statement, variables_, {}); };
    auto by = rt::Deadline::in(std::chrono::seconds(30));
    auto ran = loop_.run_until_done(run_mutation(pool_, std::move(prelude), *made, bind, true, by));
    EXPECT_FALSE(ran);  // articles are not granted
    EXPECT_EQ(ran.error().code, "permission-error");
    exec("grant all on article to plain_mutation");
    pg::Batch again;
    again.as(pg::Principal::login()).add(become, {});
    ran = loop_.run_until_done(run_mutation(pool_, std::move(again), *made, bind, true, by));
    ASSERT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(compact(ran->front()), R"({"returning":[{"name":"mine","articles":[]}]})");
    exec("drop owned by plain_mutation; drop role plain_mutation");
}

}  // namespace
}  // namespace weft::graphql
