#include "graphql/language/language.h"
#include "graphql/model/model.h"
#include "graphql/plan/plan.h"
#include "graphql/sql/sql.h"
#include "platform/rt/loop.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace weft::graphql {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSchema = R"(
set search_path = public;
create table author (
    id int primary key, tenant int not null, name text not null, age int, born date, score numeric,
    big bigint, meta jsonb, tags text[], secret text);
create table article (
    id int primary key, tenant int not null, author_id int references author, editor_name text,
    title text not null, words int, is_published boolean not null default true, posted timestamptz);
create index on article (tenant, author_id, id);
create table comment (id int primary key, article_id int references article, text text not null);
create table mood (value text primary key, comment text);
insert into mood values ('GLAD', 'happy'), ('SAD', null);
create table diary (id int primary key, author_id int references author, mood text references mood);
insert into author values
    (1, 1, 'Ann', 30, '1990-01-02', 1.50, 9007199254740993, '{"a": {"b": [10, 20]}, "k k": 1}', '{x,y}', 'S1'),
    (2, 1, 'Bob', null, null, 2.25, 2, '{"a": 5}', '{}', 'S2'),
    (3, 1, 'Cid', 40, '1980-05-05', null, null, null, null, 'S3'),
    (4, 2, 'Dan', 50, '1970-07-07', 9, 4, '[]', '{z}', 'S4');
insert into article select n, case when n > 8 then 2 else 1 end, case when n > 8 then 4 when n > 6 then null
    else 1 + (n % 2) end, case when n = 1 then 'Cid' end, 'T' || n, n * 100, n % 3 <> 0,
    timestamptz '2026-01-01 00:00Z' + n * interval '1 day' from generate_series(1, 10) n;
insert into comment select n, 1 + n % 4, 'C' || n from generate_series(1, 9) n;
insert into diary values (1, 1, 'GLAD'), (2, 1, 'SAD'), (3, 2, null);
create function initials(a author) returns text language sql stable as $$ select left(a.name, 1) $$;
create function greeting(a author, word text default 'Hi') returns text language sql stable as
    $$ select word || ' ' || a.name $$;
create function recent(a author, at_least int) returns setof article language sql stable as
    $$ select * from public.article where author_id = a.id and words >= at_least order by id $$;
create function find_articles(query text, session json, most int default 100) returns setof article
    language sql stable as $$ select * from public.article
    where title like query || '%' and tenant = (session ->> 'x-hasura-tenant')::int order by id limit most $$;
create function oldest_author() returns author language sql stable as
    $$ select * from public.author where age is not null order by born limit 1 $$;
)";

constexpr const char* kMetadata = R"JSON({"version": 3, "sources": [{"name": "default", "kind": "postgres",
"configuration": {}, "tables": [
 {"table": "author",
  "array_relationships": [{"name": "articles", "using": {"foreign_key_constraint_on":
     {"column": "author_id", "table": "article"}}},
    {"name": "diaries", "using": {"foreign_key_constraint_on": {"column": "author_id", "table": "diary"}}}],
  "computed_fields": [{"name": "initials", "definition": {"function": "initials"}},
    {"name": "greeting", "definition": {"function": "greeting"}},
    {"name": "recent", "definition": {"function": "recent"}}],
  "select_permissions": [{"role": "user", "permission": {
      "columns": ["id", "name", "age", "meta"], "computed_fields": ["initials"], "allow_aggregations": true,
      "filter": {"age": {"_is_null": false}, "tenant": {"_eq": "X-Hasura-Tenant"}}, "limit": 2}}]},
 {"table": "article",
  "object_relationships": [{"name": "author", "using": {"foreign_key_constraint_on": "author_id"}},
    {"name": "editor", "using": {"manual_configuration": {"remote_table": "author",
       "column_mapping": {"editor_name": "name"}}}}],
  "array_relationships": [{"name": "comments", "using": {"foreign_key_constraint_on":
     {"column": "article_id", "table": "comment"}}}],
  "select_permissions": [{"role": "user", "permission": {"columns": "*", "allow_aggregations": true,
      "filter": {"tenant": {"_eq": "X-Hasura-Tenant"}}}},
    {"role": "listed", "permission": {"columns": ["id"], "filter": {"id": {"_in": "X-Hasura-Ids"}}}}]},
 {"table": "comment"},
 {"table": "mood", "is_enum": true},
 {"table": "diary"}],
"functions": [{"function": "find_articles", "configuration": {"session_argument": "session"}},
  {"function": "oldest_author"}]}],
"actions": [{"name": "ask", "definition": {"kind": "synchronous", "type": "query", "handler": "native:ask",
   "output_type": "[Told!]!", "arguments": []}, "permissions": [{"role": "user"}]}],
"custom_types": {"objects": [{"name": "Told", "fields": [{"name": "who", "type": "Int"}],
   "relationships": [{"name": "author", "type": "object", "remote_table": "author", "field_mapping": {"who": "id"}},
     {"name": "articles", "type": "array", "remote_table": "article", "field_mapping": {"who": "author_id"}}]}]}})JSON";

/// Values of parameters as a client would bind them: literals, top-level variables, the session.
class Values {
  public:
    Values(const Variables& variables, const std::map<std::string, std::string>& session)
        : variables_(variables), session_(session) {}

    std::string of(const Source& source) const {
        switch (source.kind) {
            case Source::Kind::kLiteral:
                return source.text;
            case Source::Kind::kSession:
                return session_.at(source.text);
            case Source::Kind::kCursor:
                return of(source.items.front());
            case Source::Kind::kAllSession: {
                JsonObject all;
                for (const auto& [name, value] : session_) all[name] = value;
                return to_text(all);
            }
            case Source::Kind::kComposite: {
                std::string out = "{";
                for (const Source& each : source.items) out += (out.size() > 1 ? "," : "") + of(each);
                return out + "}";
            }
            default:
                break;
        }
        const Json* at = &variables_.all[static_cast<std::size_t>(source.variable)].value;
        for (const std::string& step : source.path)
            at = at->is_array() ? &at->get_array()[std::stoul(step)] : &at->get_object().at(step);
        std::string text = at->is_string() ? std::string(at->get_string()) : to_text(*at);
        if (source.shape == Source::Shape::kArray) {
            text.front() = '{';
            text.back() = '}';
        }
        return text;
    }
    std::vector<std::string> of(const Statement& statement) const {
        std::vector<std::string> out;
        for (const Parameter& each : statement.parameters) {
            out.push_back(of(each.source));
            if (each.source.shape != Source::Shape::kJsonPath) continue;
            std::string array = "{";
            auto steps = parse_json_path(out.back());
            for (const std::string& step : *steps) array += (array.size() > 1 ? ",\"" : "\"") + step + "\"";
            out.back() = array + "}";
        }
        return out;
    }

  private:
    const Variables& variables_;
    const std::map<std::string, std::string>& session_;
};

class QueryTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        database_ = new test::TestDatabase;
        database_->exec(kSchema);
        load({.stringify_numeric = true});
    }
    static void TearDownTestSuite() {
        model_.reset();
        delete database_;
    }
    static void load(ModelOptions options) {
        rt::Loop loop;
        pg::Pool pool(loop, {.url = database_->superuser_url(), .search_path = "public"});
        auto by = rt::Deadline::in(std::chrono::seconds(30));
        auto catalog = loop.run_until_done(read_catalog(pool, pg::Principal::login(), by));
        loop.run_until_done(pool.close());
        ASSERT_TRUE(catalog) << catalog.error().detail;
        auto metadata = metadata::parse(*parse_json(kMetadata));
        ASSERT_TRUE(metadata) << metadata.error().user << " " << metadata.error().field;
        EnumValues enums{{QualifiedName{.name = "mood"}, {{"GLAD", "happy"}, {"SAD", ""}}}};
        model_ = build_model(*std::move(catalog), *std::move(metadata), enums, options);
        for (const Inconsistency& each : model_->inconsistencies())
            ADD_FAILURE() << each.name << ": " << each.reason;
    }

    Outcome<> plan(
        std::string_view text, std::string_view variables = "{}", const std::string& role = "admin"
    ) {
        auto document = parse(text);
        if (!document) return failure("syntax", document.error().message);
        document_ = *std::move(document);
        const Operation& operation = *document_->operations.front();
        const Access& as = model_->access(role);
        for (const Finding& each : validate(*document_, as.view())) return std::unexpected(each.hasura);
        TRY(variables_, coerce_variables(as.view(), operation, parse_json(variables)->get_object()));
        TRY(plan_,
            plan_operation(
                model_,
                {.document = *document_, .operation = operation, .variables = variables_, .access = as}
            ));
        return {};
    }
    /// The first root's JSON, without the white space that json_agg leaves between rows.
    std::string run(
        std::string_view text, std::string_view variables = "{}", const std::string& role = "admin"
    ) {
        auto planned = plan(text, variables, role);
        if (!planned) return planned.error().message + " @ " + planned.error().path;
        Statement statement = emit_query(*plan_);
        sql_ = statement.text;
        std::string answer = database_->scalar(statement.text, Values(variables_, session_).of(statement));
        return answer.empty() ? "null" : to_text(*parse_json(answer));
    }
    std::string explain(std::string_view text) {
        auto planned = plan(text);
        EXPECT_TRUE(planned);
        Statement statement = emit_query(*plan_);
        return database_->scalar(
            "explain (format json, verbose) " + statement.text, Values(variables_, session_).of(statement)
        );
    }

    static inline test::TestDatabase* database_ = nullptr;
    static inline std::shared_ptr<const Model> model_;
    std::map<std::string, std::string> session_{{"x-hasura-tenant", "1"}};
    std::unique_ptr<Document> document_;
    Variables variables_;
    std::unique_ptr<Plan> plan_;
    std::string sql_;
};

TEST_F(QueryTest, ListsHaveColumnsInTheOrderAskedForUnderTheirResponseKeys) {
    EXPECT_EQ(
        run("{author(order_by: {id: asc}, limit: 2) {name key: id __typename age}}"),
        R"([{"name":"Ann","key":1,"__typename":"author","age":30},{"name":"Bob","key":2,"__typename":"author","age":null}])"
    );
    EXPECT_EQ(run("{author(where: {id: {_eq: 99}}) {id}}"), "[]");
}

TEST_F(QueryTest, OneByKeyIsAnObjectOrNull) {
    EXPECT_EQ(run("{author_by_pk(id: 2) {name}}"), R"({"name":"Bob"})");
    EXPECT_EQ(run("{author_by_pk(id: 99) {name}}"), "null");
    EXPECT_EQ(run("query ($k: Int!) {author_by_pk(id: $k) {name}}", R"({"k": 3})"), R"({"name":"Cid"})");
}

TEST_F(QueryTest, BigNumbersAreTextWhenAskedFor) {
    EXPECT_EQ(
        run("{author_by_pk(id: 1) {big score age}}"), R"({"big":"9007199254740993","score":"1.50","age":30})"
    );
    EXPECT_EQ(
        run("{author_aggregate {aggregate {sum {age score} max {big}}}}"),
        R"({"aggregate":{"sum":{"age":120,"score":"12.75"},"max":{"big":"9007199254740993"}}})"
    );
}

TEST_F(QueryTest, FragmentsAndRepeatedFieldsAreMergedInOrderOfAppearance) {
    EXPECT_EQ(
        run("query ($yes: Boolean!) {author_by_pk(id: 1) {...F articles(order_by: {id: asc}) {id} name "
            "articles(order_by: {id: asc}) {title @include(if: $yes) words @skip(if: $yes)} "
            "... on author {age}}} fragment F on author {name}",
            R"({"yes": true})"),
        R"({"name":"Ann","articles":[{"id":2,"title":"T2"},{"id":4,"title":"T4"},{"id":6,"title":"T6"}],"age":30})"
    );
}

TEST_F(QueryTest, RelationshipsBothWaysAndPagesBelowPages) {
    EXPECT_EQ(
        run("{author(order_by: {id: asc}, limit: 2) {id articles(order_by: {id: desc}, limit: 1) {id "
            "comments(order_by: {id: asc}, limit: 2) {id} author {name}}}}"),
        R"([{"id":1,"articles":[{"id":6,"comments":[],"author":{"name":"Ann"}}]},)"
        R"({"id":2,"articles":[{"id":5,"comments":[],"author":{"name":"Bob"}}]}])"
    );
    EXPECT_EQ(
        run("{article(where: {id: {_in: [1, 7]}}, order_by: {id: asc}) {id author {id} editor {id}}}"),
        R"([{"id":1,"author":{"id":2},"editor":{"id":3}},{"id":7,"author":null,"editor":null}])"
    );
}

TEST_F(QueryTest, AggregatesOfRelationships) {
    EXPECT_EQ(
        run("{author(order_by: {id: asc}) {id articles_aggregate(where: {words: {_gt: 200}}) {aggregate "
            "{count "
            "max {words}} nodes {id}}}}"),
        R"([{"id":1,"articles_aggregate":{"aggregate":{"count":2,"max":{"words":600}},"nodes":[{"id":4},{"id":6}]}},)"
        R"({"id":2,"articles_aggregate":{"aggregate":{"count":2,"max":{"words":500}},"nodes":[{"id":3},{"id":5}]}},)"
        R"({"id":3,"articles_aggregate":{"aggregate":{"count":0,"max":{"words":null}},"nodes":[]}},)"
        R"({"id":4,"articles_aggregate":{"aggregate":{"count":2,"max":{"words":1000}},"nodes":[{"id":9},{"id":10}]}}])"
    );
}

TEST_F(QueryTest, AggregatesLookAtTheRequestedPage) {
    EXPECT_EQ(
        run("{article_aggregate(order_by: {id: desc}, limit: 3, offset: 1) {aggregate {count sum {id} "
            "distinct: count(columns: author_id, distinct: true) pair: count(columns: [author_id, tenant], "
            "distinct: true)}}}"),
        R"({"aggregate":{"count":3,"sum":{"id":24},"distinct":1,"pair":2}})"
    );
    EXPECT_EQ(
        run("{article_aggregate(distinct_on: author_id, order_by: [{author_id: asc}, {id: desc}]) {aggregate "
            "{count __typename} __typename nodes {id}}}"),
        R"({"aggregate":{"count":4,"__typename":"article_aggregate_fields"},"__typename":"article_aggregate",)"
        R"("nodes":[{"id":6},{"id":5},{"id":10},{"id":8}]})"
    );
}

TEST_F(QueryTest, ComparisonsOfEveryKind) {
    auto ids = [&](const std::string& where, std::string_view variables = "{}", const std::string& head = ""
               ) {
        return run(head + "{author(where: " + where + ", order_by: {id: asc}) {id}}", variables);
    };
    EXPECT_EQ(ids("{age: {_gt: 30, _lte: 50}}"), R"([{"id":3},{"id":4}])");
    EXPECT_EQ(
        ids("{_or: [{name: {_like: \"A%\"}}, {_not: {age: {_is_null: false}}}]}"), R"([{"id":1},{"id":2}])"
    );
    EXPECT_EQ(ids("{_or: []}"), "[]");
    EXPECT_EQ(ids("{_and: [], id: {_nin: [1, 2]}}"), R"([{"id":3},{"id":4}])");
    EXPECT_EQ(ids("{id: {_in: []}}"), "[]");
    EXPECT_EQ(ids("{id: {_in: [1, $x]}}", R"({"x": 4})", "query ($x: Int!)"), R"([{"id":1},{"id":4}])");
    EXPECT_EQ(ids("{id: {_in: $x}}", R"({"x": [2, 3]})", "query ($x: [Int!])"), R"([{"id":2},{"id":3}])");
    EXPECT_EQ(ids("{meta: {_contains: {a: {b: [20]}}}}"), R"([{"id":1}])");
    EXPECT_EQ(ids("{meta: {_has_key: \"k k\"}}"), R"([{"id":1}])");
    EXPECT_EQ(ids("{meta: {_has_keys_any: [\"a\", \"z\"]}}"), R"([{"id":1},{"id":2}])");
    EXPECT_EQ(ids("{meta: {_cast: {String: {_like: \"%5%\"}}}}"), R"([{"id":2}])");
    EXPECT_EQ(ids("{tags: {_contains: [\"x\"]}}"), R"([{"id":1}])");
    EXPECT_EQ(ids("{tags: {_eq: \"z\"}}"), R"([{"id":4}])");  // a list of one
    EXPECT_EQ(ids("{tags: {_in: [[\"z\"], [\"no\", \"such\"]]}}"), R"([{"id":4}])");
    EXPECT_EQ(ids("{initials: {_eq: \"C\"}}"), R"([{"id":3}])");
    EXPECT_EQ(ids("{born: {_gte: \"1980-01-01\"}}"), R"([{"id":1},{"id":3}])");
    EXPECT_EQ(ids("{diaries: {mood: {_eq: SAD}}}"), R"([{"id":1}])");
    EXPECT_EQ(ids("{articles: {}}"), R"([{"id":1},{"id":2},{"id":4}])");
    EXPECT_EQ(ids("{articles: {comments: {text: {_eq: \"C1\"}}}}"), R"([{"id":1}])");
    EXPECT_EQ(ids("{articles_aggregate: {count: {predicate: {_gt: 2}}}}"), R"([{"id":1},{"id":2}])");
    EXPECT_EQ(
        ids("{articles_aggregate: {count: {filter: {words: {_gt: 500}}, predicate: {_eq: 1}}}}"),
        R"([{"id":1}])"
    );
    EXPECT_EQ(
        ids("{articles_aggregate: {bool_and: {arguments: is_published, predicate: {_eq: false}}}}"),
        R"([{"id":1},{"id":2},{"id":4}])"
    );
}

TEST_F(QueryTest, OrderingGoesThroughRelationshipsAndTellsWhereNullsAre) {
    EXPECT_EQ(run("{author(order_by: {age: desc}) {id}}"), R"([{"id":2},{"id":4},{"id":3},{"id":1}])");
    EXPECT_EQ(
        run("{author(order_by: {age: desc_nulls_last}) {id}}"), R"([{"id":4},{"id":3},{"id":1},{"id":2}])"
    );
    EXPECT_EQ(
        run("{article(order_by: [{author: {name: desc_nulls_last}}, {id: desc}], limit: 4) {id}}"),
        R"([{"id":10},{"id":9},{"id":5},{"id":3}])"
    );
    EXPECT_EQ(
        run("{article(order_by: [{editor: {name: asc}}, {id: asc}], limit: 2) {id}}"),
        R"([{"id":1},{"id":2}])"
    );
    EXPECT_EQ(
        run("{author(order_by: [{articles_aggregate: {max: {id: desc_nulls_last}}}]) {id}}"),
        R"([{"id":4},{"id":1},{"id":2},{"id":3}])"
    );
    EXPECT_EQ(
        run("{author(order_by: [{articles_aggregate: {count: asc}}, {initials: desc}]) {id}}"),
        R"([{"id":3},{"id":4},{"id":2},{"id":1}])"
    );
}

TEST_F(QueryTest, DistinctOnKeepsTheFirstOfEach) {
    EXPECT_EQ(
        run("{article(distinct_on: author_id, order_by: [{author_id: asc}, {id: desc}]) {id author {id}}}"),
        R"([{"id":6,"author":{"id":1}},{"id":5,"author":{"id":2}},{"id":10,"author":{"id":4}},{"id":8,"author":null}])"
    );
    EXPECT_EQ(run("{article(distinct_on: tenant, limit: 5) {tenant}}"), R"([{"tenant":1},{"tenant":2}])");
    EXPECT_EQ(
        run("{article(distinct_on: tenant, order_by: {id: asc}) {id}}"),
        "\"distinct_on\" columns must match initial \"order_by\" columns @ $.selectionSet.article.args"
    );
}

TEST_F(QueryTest, JsonPathsReachIntoDocuments) {
    EXPECT_EQ(
        run("query ($p: String) {author_by_pk(id: 1) {a: meta(path: \"$.a.b[1]\") b: meta(path: \"['k k']\") "
            "c: meta(path: $p) d: meta(path: \"$\")}}",
            R"({"p": "a.b"})"),
        R"({"a":20,"b":1,"c":[10,20],"d":{"a":{"b":[10,20]},"k k":1}})"
    );
    EXPECT_EQ(
        run("{author {meta(path: \"a..b\")}}"),
        "parse json path error: a..b. Accept letters, digits, underscore (_) or hyphen (-) only. Use quotes "
        "enclosed in bracket ([\"...\"]) if there is any special character "
        "@ $.selectionSet.author.selectionSet.meta.args"
    );
}

TEST_F(QueryTest, ComputedFieldsAreCalledWithTheRow) {
    EXPECT_EQ(
        run("{author(order_by: {id: asc}, limit: 1) {initials greeting hello: greeting(args: {word: "
            "\"Hello\"}) "
            "recent(args: {at_least: 300}, limit: 1) {id}}}"),
        R"([{"initials":"A","greeting":"Hi Ann","hello":"Hello Ann","recent":[{"id":4}]}])"
    );
    EXPECT_EQ(run("{author(where: {id: {_eq: 1}}) {initials}}"), R"([{"initials":"A"}])");
}

TEST_F(QueryTest, FunctionsAreTables) {
    EXPECT_EQ(
        run("{find_articles(args: {query: \"T\"}, where: {words: {_lt: 300}}, order_by: {id: desc}) {id "
            "author "
            "{name}}}"),
        R"([{"id":2,"author":{"name":"Ann"}},{"id":1,"author":{"name":"Bob"}}])"
    );
    EXPECT_EQ(
        run("{find_articles_aggregate(args: {query: \"T\", most: 3}) {aggregate {count}}}"),
        R"({"aggregate":{"count":3}})"
    );
    EXPECT_EQ(
        run("{oldest_author {name articles(limit: 1) {id}}}"), R"({"name":"Dan","articles":[{"id":9}]})"
    );
}

TEST_F(QueryTest, PermissionsHoldInEveryPosition) {
    EXPECT_EQ(run("{author {id}}", "{}", "user"), R"([{"id":1},{"id":3}])");
    EXPECT_EQ(
        run("{article(where: {author: {id: {_gt: 0}}}, order_by: {id: asc}) {id author {name}}}", "{}", "user"
        ),
        R"([{"id":2,"author":{"name":"Ann"}},{"id":4,"author":{"name":"Ann"}},{"id":6,"author":{"name":"Ann"}}])"
    );
    EXPECT_EQ(
        run("{article(order_by: [{author: {name: asc}}, {id: desc}]) {id author {id}}}", "{}", "user"),
        R"([{"id":6,"author":{"id":1}},{"id":4,"author":{"id":1}},{"id":2,"author":{"id":1}},{"id":8,"author":null},)"
        R"({"id":7,"author":null},{"id":5,"author":null},{"id":3,"author":null},{"id":1,"author":null}])"
    );
    EXPECT_EQ(
        run("{author_aggregate {aggregate {count} nodes {id articles_aggregate {aggregate {count}}}}}",
            "{}",
            "user"),
        R"({"aggregate":{"count":2},"nodes":[{"id":1,"articles_aggregate":{"aggregate":{"count":3}}},)"
        R"({"id":3,"articles_aggregate":{"aggregate":{"count":0}}}]})"
    );
    session_["x-hasura-tenant"] = "2";
    EXPECT_EQ(run("{author {id} }", "{}", "user"), R"([{"id":4}])");
    EXPECT_EQ(run("{author_by_pk(id: 1) {id}}", "{}", "user"), "null");
    session_["x-hasura-ids"] = "{2,9}";
    EXPECT_EQ(run("{article {id}}", "{}", "listed"), R"([{"id":2},{"id":9}])");
}

TEST_F(QueryTest, TheLeastLimitHolds) {
    EXPECT_EQ(run("{author(limit: 1) {id}}", "{}", "user"), R"([{"id":1}])");
    EXPECT_EQ(
        run("query ($n: Int) {author(limit: $n) {id}}", R"({"n": 50})", "user"), R"([{"id":1},{"id":3}])"
    );
    EXPECT_THAT(sql_, HasSubstr("LIMIT least($2::integer, 2)"));
    EXPECT_EQ(run("query ($o: Int) {author(offset: $o) {id}}", R"({"o": 1})", "user"), R"([{"id":3}])");
    EXPECT_EQ(
        run("{author(limit: -1) {id}}"),
        "expected a non-negative 32-bit integer for type \"Int\", but found an integer @ "
        "$.selectionSet.author.args.limit"
    );
}

TEST_F(QueryTest, LongResponseKeysAndManyFieldsStayWhole) {
    std::string key(70, 'k');
    EXPECT_EQ(
        run("{author_by_pk(id: 1) {" + key + "1: id " + key + "2: name}}"),
        "{\"" + key + "1\":1,\"" + key + "2\":\"Ann\"}"
    );
    std::string fields;
    std::string answer;
    for (int i = 0; i < 120; ++i) {
        fields += key + std::to_string(i) + ": id ";
        answer += (i > 0 ? ",\"" : "\"") + key + std::to_string(i) + "\":1";
    }
    EXPECT_EQ(run("{author(limit: 1) {" + fields + "}}"), "[{" + answer + "}]");
    EXPECT_EQ(
        run("{author(limit: 1) {id @skip(if: true) articles(limit: 1) {id @skip(if: true)}}}"),
        R"([{"articles":[{}]}])"
    );
    EXPECT_EQ(run("{author(limit: 2) {id @skip(if: true)}}"), "[{},{}]");
}

TEST_F(QueryTest, SeveralRootsAreColumnsOfOneRow) {
    ASSERT_TRUE(plan("{a: author_by_pk(id: 1) {id} __typename b: article(limit: 1) {id}}"));
    Statement statement = emit_query(*plan_);
    auto values = Values(variables_, session_).of(statement);
    EXPECT_EQ(
        database_->scalar("select concat(r.a, r.b) from (" + statement.text + ") as r(a, b)", values),
        R"({"id":1}[{"id":1}])"
    );
}

TEST_F(QueryTest, StreamsGoOnAfterTheCursor) {
    // A stream holds rows back while an older transaction is at work, in whichever database of the server:
    // other tests'.
    const std::string held =
        "select count(*) from public.article where xmin::text::bigint >= "
        "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
    for (int tries = 0; tries < 200 && database_->scalar(held) != "0"; ++tries) {
        database_->scalar("select pg_sleep(0.05)");
    }
    const std::string text =
        "subscription {article_stream(batch_size: 2, cursor: [{initial_value: {words: 300}, ordering: ASC}], "
        "where: {tenant: {_eq: 1}}) {id author {name}}}";
    EXPECT_EQ(run(text), R"([{"id":4,"author":{"name":"Ann"}},{"id":5,"author":{"name":"Bob"}}])");
    Statement statement = emit_query(*plan_);
    auto values = Values(variables_, session_).of(statement);
    EXPECT_EQ(
        database_->scalar("select c::text from (" + statement.text + ") as r(a, c)", values),
        R"({"words" : "500"})"
    );
    EXPECT_EQ(
        run("subscription {article_stream(batch_size: 3, cursor: {initial_value: {tenant: 1, id: 7}}) {id}}"),
        R"([{"id":8},{"id":9},{"id":10}])"
    );
    EXPECT_THAT(sql_, HasSubstr(R"((_3."tenant", _3."id") > ($1::integer, $2::integer))"));
    EXPECT_EQ(
        run("subscription {article_stream(batch_size: 2, cursor: [{initial_value: {tenant: 2}, ordering: "
            "DESC}, "
            "{initial_value: {id: 1}}]) {id}}"),
        R"([{"id":9},{"id":10}])"
    );
}

TEST_F(QueryTest, OutputRelationshipsAnswerTheirRowsInOrder) {
    ASSERT_TRUE(plan("{ask {author {name} articles(order_by: {id: desc}, limit: 1) {id}}}", "{}", "user"));
    const auto& call = *std::get<std::unique_ptr<ActionCall>>(plan_->roots[0].what);
    auto rows = [&](const Output& output) {
        Statement statement = emit_output_relationship(*output.output_relationship, *output.select);
        std::vector<std::string> values{R"([{"who": 3}, {"who": null}, {"who": 1}, {"who": 2}])"};
        for (std::size_t i = 1; i < statement.parameters.size(); ++i)
            values.push_back(Values(variables_, session_).of(statement.parameters[i].source));
        return to_text(*parse_json(database_->scalar(statement.text, values)));
    };
    EXPECT_EQ(rows(call.selection[0]), R"([{"name":"Cid"},null,{"name":"Ann"},null])");
    EXPECT_EQ(rows(call.selection[1]), R"([[],[],[{"id":6}],[{"id":5}]])");
}

TEST_F(QueryTest, OneStatementAnswersManySubscribers) {
    ASSERT_TRUE(plan(
        "subscription ($n: Int) {article(where: {words: {_gt: $n}}, limit: 1) {id author {id}}}",
        R"({"n": 1})",
        "user"
    ));
    Statement statement = emit_multiplexed(*plan_);
    ASSERT_EQ(statement.parameters.size(), 3U);
    std::vector<std::string> values{"{7,8}"};
    for (const Parameter& each : statement.parameters) {
        bool is_session = each.source.kind == Source::Kind::kSession;
        bool is_variable = each.source.kind == Source::Kind::kVariable;
        values.push_back(is_session ? "{1,2}" : is_variable ? "{300,900}" : "{1,1}");
    }
    EXPECT_EQ(
        database_->scalar(
            "select string_agg(concat(r.i, r.a), ' ') from (" + statement.text + ") as r(i, a)", values
        ),
        R"(7[{"id":4,"author":{"id":1}}] 8[{"id":10,"author":{"id":4}}])"
    );
}

TEST_F(QueryTest, ThePageIsReadBeforeItsChildrenAndIndexesAreUsed) {
    database_->exec(
        "set search_path = public; set session_replication_role = replica; insert into article select n, n % "
        "50, 1 + n % 3, null, 'x', "
        "n, true, "
        "now() from generate_series(1000, 21000) n; analyze article, author"
    );
    std::string plan = explain(
        "{author(where: {id: {_lt: 3}}, limit: 2) {id articles(where: {tenant: {_eq: 7}}, order_by: {id: "
        "desc}, "
        "limit: 5) {id title}}}"
    );
    EXPECT_THAT(plan, HasSubstr("article_tenant_author_id_id_idx"));
    EXPECT_THAT(plan, Not(HasSubstr("\"Node Type\": \"Sort\", \"Parent Relationship\": \"Outer\"")));
    // Columns that nobody asked for are not read: the login role may lack the right to.
    EXPECT_THAT(plan, Not(HasSubstr("secret")));
    EXPECT_THAT(plan, Not(HasSubstr("words")));
    database_->exec("delete from public.article where id >= 1000");
}

}  // namespace
}  // namespace weft::graphql
