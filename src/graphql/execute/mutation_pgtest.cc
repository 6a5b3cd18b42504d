#include "graphql/execute/mutation_for_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using testing::MutationTest;

// ---- insert

TEST_F(MutationTest, InsertAnswersWithTheRowsInOneStatement) {
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a", age: 3, tags: ["x", "y z"], meta: {k: [1]}}, {name: "b", score: 1.5}]) {
            affected_rows rows: returning { id name age tags meta score created } __typename } })"),
        R"({"affected_rows":2,"rows":[{"id":1,"name":"a","age":3,"tags":["x","y z"],"meta":{"k":[1]},"score":null,"created":"by default"},)"
        R"({"id":2,"name":"b","age":null,"tags":null,"meta":null,"score":1.5,"created":"by default"}],"__typename":"author_mutation_response"})"
    );
    EXPECT_EQ(steps_, 1U);
}

TEST_F(MutationTest, InsertOneAnswersWithTheRow) {
    EXPECT_EQ(
        run(R"(mutation { insert_author_one(object: {name: "a"}) { name id } })"), R"({"name":"a","id":1})"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_author_one(object: {name: "a"},
            on_conflict: {constraint: author_name_key, update_columns: []}) { name } })"),
        "null"
    );
}

TEST_F(MutationTest, ObjectsWithoutMembersTakeDefaults) {
    EXPECT_EQ(
        run("mutation { insert_extra_note(objects: [{}, {}, {text: \"x\"}]) { returning { text at } } }"),
        R"({"returning":[{"text":null,"at":7},{"text":null,"at":7},{"text":"x","at":7}]})"
    );
    EXPECT_EQ(
        run("mutation { insert_extra_note(objects: [{}]) { affected_rows } }"), R"({"affected_rows":1})"
    );
    EXPECT_EQ(
        run("mutation { insert_extra_note(objects: []) { affected_rows returning { at } } }"),
        R"({"affected_rows":0,"returning":[]})"
    );
}

TEST_F(MutationTest, ListsOfEqualObjectsShareOneStatementWhateverTheirLength) {
    const char* text =
        "mutation ($o: [author_insert_input!]!) { insert_author(objects: $o) { affected_rows returning "
        "{ name age tags meta } } }";
    auto two =
        program(text, *parse_json(R"({"o": [{"name": "a", "age": 1}, {"name": "b", "age": 2}]})"), "admin");
    std::string first = two->steps.front().step.statement.text;
    auto three = program(
        text,
        *parse_json(R"({"o": [{"name": "a"}, {"name": "b", "age": 2}, {"age": null, "name": "c"}]})"),
        "admin"
    );
    EXPECT_NE(first.find("json_to_recordset"), std::string::npos);
    EXPECT_EQ(three->steps.front().step.statement.text.size(), first.size());
    EXPECT_EQ(
        run(text,
            R"({"o": [{"name": "a", "tags": ["x", "y"], "meta": {"k": "v"}}, {"name": "b", "age": 2, "meta": "text"}]})"
        ),
        R"({"affected_rows":2,"returning":[{"name":"a","age":null,"tags":["x","y"],"meta":{"k":"v"}},)"
        R"({"name":"b","age":2,"tags":null,"meta":"text"}]})"
    );
}

TEST_F(MutationTest, AMemberWithADefaultThatIsMissingInSomeObjectsKeepsItsDefault) {
    EXPECT_EQ(
        run("mutation ($o: [author_insert_input!]!) { insert_author(objects: $o) { returning { created } } }",
            R"({"o": [{"name": "a", "created": "now"}, {"name": "b"}]})"),
        R"({"returning":[{"created":"now"},{"created":"by default"}]})"
    );
}

TEST_F(MutationTest, OnConflictUpdatesWhereItMay) {
    run(R"(mutation { insert_author(objects: [{name: "a", age: 1}, {name: "b", age: 50}]) { affected_rows } })"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a", age: 7}, {name: "b", age: 8}, {name: "c", age: 9}],
            on_conflict: {constraint: author_name_key, update_columns: [age], where: {age: {_lt: 10}}}) {
            affected_rows returning { name age } } })"),
        R"({"affected_rows":2,"returning":[{"name":"a","age":7},{"name":"c","age":9}]})"
    );
    EXPECT_EQ(sql("select age from author where name = 'b'"), "50");
}

TEST_F(MutationTest, ViolatedConstraintsAreToldInHasurasWords) {
    run(R"(mutation { insert_author(objects: [{name: "a"}]) { affected_rows } })");
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a"}]) { affected_rows } })"),
        "constraint-violation: Uniqueness violation. duplicate key value violates unique constraint "
        "\"author_name_key\" @ $.selectionSet.insert_author.args.objects"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_article_one(object: {title: "t", author_id: 9}) { id } })"),
        "constraint-violation: Foreign key violation. insert or update on table \"article\" violates foreign "
        "key "
        "constraint \"article_author_id_fkey\" @ $.selectionSet.insert_article_one.args.object"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_author_one(object: {age: 1}) { id } })"),
        "constraint-violation: Not-NULL violation. null value in column \"name\" of relation \"author\" "
        "violates "
        "not-null constraint @ $.selectionSet.insert_author_one.args.object"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_author_one(object: {name: "nobody"}) { id } })"),
        "permission-error: Check constraint violation. new row for relation \"author\" violates check "
        "constraint "
        "\"author_name_check\" @ $.selectionSet.insert_author_one.args.object"
    );
    run(R"(mutation { insert_article_one(object: {title: "t", author_id: 1}) { id } })");
    EXPECT_EQ(
        run("mutation { delete_author(where: {id: {_eq: 1}}) { affected_rows } }"),
        "constraint-violation: Foreign key violation. update or delete on table \"author\" violates foreign "
        "key "
        "constraint \"article_author_id_fkey\" on table \"article\" @ $"
    );
}

TEST_F(MutationTest, AViewThatCanBeWrittenIsWritten) {
    EXPECT_EQ(
        run("mutation { insert_stored_view(objects: [{id: 1, text: \"x\"}]) { returning { id } } }"),
        R"({"returning":[{"id":1}]})"
    );
    EXPECT_EQ(
        run("mutation { update_stored_view(where: {id: {_eq: 1}}, _set: {text: \"y\"}) { returning { text } "
            "} }"),
        R"({"returning":[{"text":"y"}]})"
    );
}

// ---- relationships in the answer

TEST_F(MutationTest, RelationshipsAreReadAfterTheWriteInTheSameRoundTrip) {
    run(R"(mutation { insert_author_one(object: {name: "a"}) { id } })");
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [{title: "t", author_id: 1}, {title: "u"}]) { affected_rows returning {
            title author { name article_count articles(order_by: {id: asc}) { title } } } } })"),
        R"({"affected_rows":2,"returning":[{"title":"t","author":{"name":"a","article_count":1,"articles":[{"title":"t"}]}},)"
        R"({"title":"u","author":null}]})"
    );
    EXPECT_EQ(steps_, 2U);
    EXPECT_EQ(
        run("mutation { update_author_by_pk(pk_columns: {id: 1}, _set: {name: \"b\"}) { name article_count "
            "articles { title } } }"),
        R"({"name":"b","article_count":1,"articles":[{"title":"t"}]})"
    );
    EXPECT_EQ(
        run("mutation { delete_article(where: {id: {_eq: 1}}) { returning { title author { name articles { "
            "id } } } } }"),
        R"({"returning":[{"title":"t","author":{"name":"b","articles":[]}}]})"
    );
    EXPECT_EQ(
        run("mutation { delete_article(where: {id: {_eq: 1}}) { affected_rows returning { title author { "
            "name } } } }"),
        R"({"affected_rows":0,"returning":[]})"
    );
}

// ---- update, delete

TEST_F(MutationTest, EveryUpdateOperatorDoesWhatItsNameSays) {
    run(R"(mutation { insert_author_one(object: {name: "a", age: 5, meta: {k: 1, list: [1, 2, 3]}}) { id } })"
    );
    EXPECT_EQ(
        run("mutation { update_author(where: {id: {_eq: 1}}, _inc: {age: 3}, _set: {name: \"b\"}, _append: "
            "{meta: {z: 2}}) { "
            "affected_rows returning { name age meta } } }"),
        R"({"affected_rows":1,"returning":[{"name":"b","age":8,"meta":{"k":1,"z":2,"list":[1,2,3]}}]})"
    );
    EXPECT_EQ(
        run("mutation { update_author_by_pk(pk_columns: {id: 1}, _delete_key: {meta: \"z\"}) { meta } }"),
        R"({"meta":{"k":1,"list":[1,2,3]}})"
    );
    EXPECT_EQ(
        run("mutation { update_author_by_pk(pk_columns: {id: 1}, _delete_at_path: {meta: [\"list\", \"0\"]}) "
            "{ meta } }"),
        R"({"meta":{"k":1,"list":[2,3]}})"
    );
    run("mutation { update_author_by_pk(pk_columns: {id: 1}, _set: {meta: [1]}) { meta } }");
    EXPECT_EQ(
        run("mutation { update_author_by_pk(pk_columns: {id: 1}, _prepend: {meta: [0]}) { meta } }"),
        R"({"meta":[0,1]})"
    );
    EXPECT_EQ(
        run("mutation { update_author_by_pk(pk_columns: {id: 1}, _delete_elem: {meta: 0}) { meta } }"),
        R"({"meta":[1]})"
    );
}

TEST_F(MutationTest, UpdatesWithoutMeaningAreRefusedOrDoNothing) {
    EXPECT_EQ(
        run("mutation { update_article(where: {}, _set: {id: 1, author_id: 1}, _inc: {id: 2, author_id: 2}) "
            "{ affected_rows } }"),
        "validation-failed: column found in multiple operators; \"id\" in _set, _inc. \"author_id\" in _set, "
        "_inc @ "
        "$.selectionSet.update_article.args"
    );
    EXPECT_EQ(
        run("mutation { update_author(where: {}) { affected_rows } }"),
        "validation-failed: at least any one of _set, _inc, _prepend, _append, _delete_key, _delete_elem, "
        "_delete_at_path is expected @ $.selectionSet.update_author.args"
    );
    EXPECT_EQ(
        run("mutation ($s: author_set_input) { update_author(where: {}, _set: $s) { affected_rows returning "
            "{ id } } }",
            R"({"s": {}})"),
        R"({"affected_rows":0,"returning":[]})"
    );
    EXPECT_EQ(run("mutation { update_author_by_pk(pk_columns: {id: 5}, _set: {}) { id } }"), "null");
}

TEST_F(MutationTest, ByPkThatMatchesNothingIsNull) {
    EXPECT_EQ(run("mutation { update_author_by_pk(pk_columns: {id: 5}, _set: {age: 1}) { id } }"), "null");
    EXPECT_EQ(run("mutation { delete_author_by_pk(id: 5) { id articles { id } } }"), "null");
}

TEST_F(MutationTest, UpdateManyAnswersWithAList) {
    run(R"(mutation { insert_author(objects: [{name: "a", age: 1}, {name: "b", age: 2}]) { affected_rows } })"
    );
    EXPECT_EQ(
        run(R"(mutation ($u: [author_updates!]!) { update_author_many(updates: $u) { affected_rows returning { name age } } })",
            R"({"u": [{"where": {"name": {"_eq": "a"}}, "_inc": {"age": 10}}, {"where": {}, "_set": {}},
                {"where": {}, "_inc": {"age": 1}}]})"),
        R"([{"affected_rows":1,"returning":[{"name":"a","age":11}]},{"affected_rows":0,"returning":[]},)"
        R"({"affected_rows":2,"returning":[{"name":"b","age":3},{"name":"a","age":12}]}])"
    );
    EXPECT_EQ(run("mutation { update_author_many(updates: []) { affected_rows } }"), "[]");
}

TEST_F(MutationTest, AFunctionThatWritesIsARoot) {
    run(R"(mutation { insert_author_one(object: {name: "a"}) { id } })");
    EXPECT_EQ(
        run(R"(mutation { rename_author(args: {old: "a", new: "b"}) { name } delete_author_by_pk(id: 1) { name } })"
        ),
        R"([{"name":"b"}] {"name":"b"})"
    );
}

// ---- several roots

TEST_F(MutationTest, RootFieldsRunInOrderAndSeeEachOther) {
    EXPECT_EQ(
        run(R"(mutation { a: insert_author_one(object: {name: "a"}) { id } __typename
            b: update_author(where: {name: {_eq: "a"}}, _set: {age: 2}) { affected_rows }
            c: delete_author(where: {age: {_eq: 2}}) { returning { name } } })"),
        R"({"id":1} "mutation_root" {"affected_rows":1} {"returning":[{"name":"a"}]})"
    );
}

TEST_F(MutationTest, TheLastRootsFailureRollsBackEverything) {
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: {name: "a", articles: {data: [{title: "t"}]}}) { affected_rows returning { articles { id } } }
            insert_article_one(object: {title: "t", author_id: 77}) { id } })"),
        "constraint-violation: Foreign key violation. insert or update on table \"article\" violates foreign "
        "key "
        "constraint \"article_author_id_fkey\" @ $.selectionSet.insert_article_one.args.object"
    );
    EXPECT_EQ(sql("select (select count(*) from author) + (select count(*) from article)"), "0");
    // Without the failing root they stay.
    run(R"(mutation { insert_author(objects: {name: "a", articles: {data: [{title: "t"}]}}) { affected_rows } })"
    );
    EXPECT_EQ(sql("select (select count(*) from author) + (select count(*) from article)"), "2");
}

// ---- nested inserts

TEST_F(MutationTest, NestedRowsAreInsertedAroundTheirParentInOneRoundTrip) {
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [
            {title: "t", author: {data: {name: "a", profile: {data: {bio: "lives"}}}},
             comments: {data: [{text: "good"}, {text: "bad"}]}},
            {title: "u"}]) { affected_rows returning { title author { name profile { bio } } comments(order_by: {id: asc}) { text } } } })"
        ),
        R"({"affected_rows":6,"returning":[{"title":"t","author":{"name":"a","profile":{"bio":"lives"}},"comments":[{"text":"good"},{"text":"bad"}]},)"
        R"({"title":"u","author":null,"comments":[]}]})"
    );
    EXPECT_EQ(steps_, 6U);  // author, profile, article, comments, article, answer
}

TEST_F(MutationTest, NestedListsInVariablesAreOneStatementEach) {
    EXPECT_EQ(
        run("mutation ($o: [author_insert_input!]!) { insert_author(objects: $o) { affected_rows } }",
            R"({"o": [{"name": "a", "articles": {"data": [{"title": "x", "words": 1}, {"title": "y"}, {"title": "z"}]}},
                      {"name": "b", "articles": {"data": []}},
                      {"name": "c", "articles": {"data": [{"title": "v", "comments": {"data": {"text": "one"}}}]}}]})"
        ),
        R"({"affected_rows":8})"
    );
    EXPECT_EQ(
        sql("select string_agg(title || name, ',' order by title) from article join author on author.id = "
            "author_id"),
        "vc,xa,ya,za"
    );
    EXPECT_EQ(steps_, 7U);
}

TEST_F(MutationTest, NestedInsertsRefuseColumnsThatTheParentDetermines) {
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [{title: "t", author_id: 4, author: {data: {name: "a"}}}]) { affected_rows } })"
        ),
        "validation-failed: cannot insert object relationship \"author\" as \"author_id\" column values are "
        "already "
        "determined @ $.selectionSet.insert_article.args.objects[0].author"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_author_one(object: {name: "a", articles: {data: [{title: "t", author_id: 3}]}}) { id } })"
        ),
        "validation-failed: cannot insert \"author_id\" columns as their values are already being determined "
        "by parent "
        "insert @ $.selectionSet.insert_author_one.args.object[0].articles.data[0]"
    );
}

TEST_F(MutationTest, RowsHangOnNothingWhenAConflictSkipsTheirParent) {
    run(R"(mutation { insert_author_one(object: {name: "a"}) { id } })");
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a", articles: {data: [{title: "t"}]}}],
            on_conflict: {constraint: author_name_key, update_columns: []}) { affected_rows } })"),
        "not-supported: cannot proceed to insert array relations since insert to table \"author\" affects "
        "zero rows @ "
        "$.selectionSet.insert_author.args.objects[0]"
    );
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [{title: "t", author: {data: {name: "a"},
            on_conflict: {constraint: author_name_key, update_columns: []}}}]) { affected_rows } })"),
        "not-supported: cannot proceed to insert object relation \"author\" since insert to table \"author\" "
        "affects "
        "zero rows @ $.selectionSet.insert_article.args.objects[0].author"
    );
    // With an update there is a row to hang on.
    EXPECT_EQ(
        run(R"(mutation { insert_article(objects: [{title: "t", author: {data: {name: "a"},
            on_conflict: {constraint: author_name_key, update_columns: [name]}}}]) { returning { author_id } } })"
        ),
        R"({"returning":[{"author_id":1}]})"
    );
}

TEST_F(MutationTest, NestedFailuresNameTheirPlace) {
    EXPECT_EQ(
        run(R"(mutation { insert_author(objects: [{name: "a"}, {name: "b", articles: {data: [{title: null}]}}]) { affected_rows } })"
        ),
        "constraint-violation: Not-NULL violation. null value in column \"title\" of relation \"article\" "
        "violates "
        "not-null constraint @ $.selectionSet.insert_author.args.objects[1].articles.data"
    );
}

// ---- inside a transaction of others

TEST_F(MutationTest, OneRootRunsInsideAnothersTransaction) {
    auto made = program(
        R"(mutation { insert_author(objects: {name: "a", articles: {data: [{title: "t"}]}}) { affected_rows } })",
        JsonObject{},
        "admin"
    );
    ASSERT_TRUE(made);
    auto bind = [&](const Statement& statement) { return detail::values_of(statement, variables_, {}); };
    auto by = rt::Deadline::in(std::chrono::seconds(30));
    {
        auto transaction = loop_.run_until_done(pool_.begin(pg::Principal::login(), by));
        ASSERT_TRUE(transaction);
        auto answer = loop_.run_until_done(run_root(*transaction, *made, 0, bind, true, by));
        ASSERT_TRUE(answer);
        EXPECT_EQ(compact(*answer), R"({"affected_rows":2})");
    }
    EXPECT_EQ(sql("select count(*) from author"), "0");  // never committed
    auto transaction = loop_.run_until_done(pool_.begin(pg::Principal::login(), by));
    (void)loop_.run_until_done(run_root(*transaction, *made, 0, bind, true, by));
    EXPECT_TRUE(loop_.run_until_done(transaction->commit(by)));
    EXPECT_EQ(sql("select count(*) from author"), "1");
}

}  // namespace
}  // namespace weft::graphql
