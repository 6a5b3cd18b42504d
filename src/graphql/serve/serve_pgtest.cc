#include "graphql/serve/serve.h"
#include "platform/http/detail/test_server.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A real server on a database with two tables, all of it through the API that operators use.
class Serve : public ::testing::Test {
  protected:
    void SetUp() override { start({}); }
    void TearDown() override { stop(); }

    void start(HasuraAuthOptions auth) {
        server_ = std::make_unique<http::testing::TestServer>();
        rt::Loop& loop = server_->loop();
        pg::PoolOptions options{.url = db_.superuser_url(), .search_path = "public"};
        pool_ = std::make_unique<pg::Pool>(loop, std::move(options));
        engine_ = std::make_unique<Engine>(loop, *pool_, EngineOptions());
        live_ = std::make_unique<Live>(loop, *pool_, *engine_, LiveOptions());
        Authenticate authenticate = make_hasura_auth(std::move(auth)).value();
        EndpointOptions endpoint;
        endpoint.site.listed_origins = {"https://good.example"};
        const http::SiteRule site = endpoint.site;
        leases_ = std::make_unique<http::Leases>(loop, clock_);
        EndpointParts parts{loop, *engine_, *live_, *leases_, authenticate};
        endpoint_ = std::make_unique<Endpoint>(std::move(parts), std::move(endpoint));
        metadata_ =
            std::make_unique<MetadataApi>(loop, *pool_, *engine_, *live_, authenticate, ModelOptions(), site);
        endpoint_->mount(server_->router());
        metadata_->mount(server_->router());
        server_->start();
    }
    void stop() {
        std::promise<void> closed;
        scope_ = std::make_unique<rt::Scope>(server_->loop());
        server_->loop().post([&] { scope_->spawn(close(closed)); });
        closed.get_future().wait();
        server_->stop(std::chrono::seconds(2));
        metadata_.reset();
        endpoint_.reset();
        leases_.reset();
        live_.reset();
        engine_.reset();
        scope_.reset();
        pool_.reset();
        server_.reset();
    }
    rt::Task<void> close(std::promise<void>& closed) {
        co_await endpoint_->close();
        co_await leases_->close();
        co_await live_->close();
        co_await pool_->close();
        closed.set_value();
    }

    std::string ask(std::string_view head, std::string_view body = "") {
        http::testing::RawClient client(server_->port());
        std::string text(head);
        text += "\r\nhost: x\r\n";
        if (!body.empty()) text += "content-length: " + std::to_string(body.size()) + "\r\n";
        client.send(text + "\r\n" + std::string(body));
        return client.read_answer();
    }
    std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
        return ask(
            "POST " + std::string(path) + " HTTP/1.1\r\ncontent-type: application/json" +
                std::string(headers),
            body
        );
    }
    std::string sql(std::string_view text) {
        const JsonObject body{{"type", "run_sql"}, {"args", JsonObject{{"sql", text}}}};
        return post("/v2/query", to_text(body));
    }
    std::string query(std::string_view text, std::string_view headers = "") {
        return post("/v1/graphql", to_text(JsonObject{{"query", text}}), headers);
    }
    std::string metadata(std::string_view type, std::string_view arguments) {
        return post(
            "/v1/metadata", R"({"type":")" + std::string(type) + R"(","args":)" + std::string(arguments) + "}"
        );
    }
    void make_tables() {
        ASSERT_THAT(
            sql("create table public.shelf (id int primary key, name text not null);"
                "create table public.book (id int primary key, shelf_id int references public.shelf (id), "
                "title text);"
                "insert into public.shelf values (1, 'low'); insert into public.book values (1, 1, 'Weaving')"
            ),
            HasSubstr(R"({"result_type":"CommandOk","result":null})")
        );
        ASSERT_THAT(metadata("pg_track_table", R"({"table":"shelf"})"), HasSubstr("success"));
        ASSERT_THAT(metadata("pg_track_table", R"({"table":"book"})"), HasSubstr("success"));
    }

    test::TestDatabase db_;
    std::unique_ptr<http::testing::TestServer> server_;
    std::unique_ptr<pg::Pool> pool_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Live> live_;
    rt::SystemClock clock_;
    std::unique_ptr<http::Leases> leases_;
    std::unique_ptr<Endpoint> endpoint_;
    std::unique_ptr<MetadataApi> metadata_;
    std::unique_ptr<rt::Scope> scope_;
};

TEST_F(Serve, TheAdminsPathsLookAtTheSecretBeforeTheBody) {
    stop();
    SystemRng rng;
    http::Strangers strangers(clock_, rng, {.per_second = 0.001, .burst = 8});
    http::Turnstile turnstile(clock_, rng, &strangers, {});
    HasuraAuthOptions auth{.admin_secret = "hush", .unauthorized_role = "", .jwt_secret = ""};
    auth.turnstile = &turnstile;
    start(std::move(auth));
    const std::vector<std::string> paths{"/v1/metadata", "/v1/query", "/v2/query", "/v1/graphql/explain"};
    /// The head alone, of a body that never comes.
    const auto head = [&](const std::string& path, std::string_view secret) {
        return ask(
            "POST " + path + " HTTP/1.1\r\ncontent-type: application/json\r\nx-hasura-admin-secret: " +
            std::string(secret) + "\r\ncontent-length: 900000"
        );
    };
    for (const std::string& path : paths) {
        EXPECT_THAT(head(path, "guess"), StartsWith("HTTP/1.1 401")) << path;
    }
    EXPECT_EQ(server_->stats().body_bytes, 0u);
    for (int i = 0; i < 8; ++i) (void)head("/v1/graphql", "guess");
    EXPECT_THAT(head("/v1/graphql", "hush"), StartsWith("HTTP/1.1 429"));
    for (const std::string& path : paths) {
        EXPECT_THAT(head(path, "hush"), StartsWith("HTTP/1.1 429")) << path;
        EXPECT_THAT(head(path, "guess"), HasSubstr("retry-after: 1")) << path;
    }
    stop();
    start({});
}

TEST_F(Serve, ATableIsMadeTrackedAndAsked) {
    make_tables();
    EXPECT_THAT(query("{ book { title } }"), HasSubstr(R"({"data":{"book":[{"title":"Weaving"}]}})"));
    EXPECT_THAT(
        sql("select id, title, null as n from public.book"),
        HasSubstr(R"([["id","title","n"],["1","Weaving","NULL"]])")
    );
}

TEST_F(Serve, RelationshipsAndPermissionsComeOneByOne) {
    make_tables();
    EXPECT_THAT(
        metadata(
            "pg_create_object_relationship",
            R"({"table":"book","name":"shelf","using":{"foreign_key_constraint_on":"shelf_id"}})"
        ),
        HasSubstr("success")
    );
    EXPECT_THAT(query("{ book { shelf { name } } }"), HasSubstr(R"("shelf":{"name":"low"})"));
    EXPECT_THAT(
        metadata(
            "pg_create_select_permission",
            R"({"table":"book","role":"user","permission":{"columns":["title"],"filter":{}}})"
        ),
        HasSubstr("success")
    );
    EXPECT_THAT(query("{ book { title } }", "\r\nx-hasura-role: user"), HasSubstr("Weaving"));
    EXPECT_THAT(query("{ book { id } }", "\r\nx-hasura-role: user"), HasSubstr("not found in type: 'book'"));
    EXPECT_THAT(
        metadata("pg_drop_select_permission", R"({"table":"book","role":"user"})"), HasSubstr("success")
    );
    EXPECT_THAT(
        query("{ book { title } }", "\r\nx-hasura-role: user"), HasSubstr("not found in type: 'query_root'")
    );
}

TEST_F(Serve, WhatDoesNotFitChangesNothing) {
    make_tables();
    const std::string answer = metadata(
        "bulk",
        R"([{"type":"pg_create_select_permission","args":{"table":"book","role":"a","permission":{"columns":["id"],"filter":{}}}},
            {"type":"pg_create_select_permission","args":{"table":"book","role":"b","permission":{"columns":["no"],"filter":{}}}}])"
    );
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(answer, HasSubstr(R"("path":"$.args[1].args")"));
    EXPECT_THAT(metadata("export_metadata", "{}"), Not(HasSubstr("select_permissions")));
}

TEST_F(Serve, UntrackingTakesAlongWhatHangsOnIt) {
    make_tables();
    ASSERT_THAT(
        metadata(
            "pg_create_object_relationship",
            R"({"table":"book","name":"shelf","using":{"foreign_key_constraint_on":"shelf_id"}})"
        ),
        HasSubstr("success")
    );
    EXPECT_THAT(metadata("pg_untrack_table", R"({"table":"shelf"})"), StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(metadata("pg_untrack_table", R"({"table":"shelf","cascade":true})"), HasSubstr("success"));
    EXPECT_THAT(metadata("get_inconsistent_metadata", "{}"), HasSubstr(R"("is_consistent":true)"));
    EXPECT_THAT(query("{ book { shelf { id } } }"), HasSubstr("not found in type: 'book'"));
}

TEST_F(Serve, InconsistentMetadataAreToldOrRefused) {
    make_tables();
    const std::string document =
        R"({"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":"book"},{"table":"gone"}]}]})";
    EXPECT_THAT(
        metadata("replace_metadata", document), HasSubstr("cannot continue due to inconsistent metadata")
    );
    const std::string allowed = post(
        "/v1/metadata",
        R"({"type":"replace_metadata","version":2,"args":{"allow_inconsistent_metadata":true,"metadata":)" +
            document + "}}"
    );
    EXPECT_THAT(allowed, HasSubstr(R"({"is_consistent":false,"inconsistent_objects":[{)"));
    EXPECT_THAT(query("{ book { id } }"), HasSubstr("data"));
    EXPECT_THAT(metadata("drop_inconsistent_metadata", "{}"), HasSubstr("success"));
    EXPECT_THAT(metadata("get_inconsistent_metadata", "{}"), HasSubstr(R"("is_consistent":true)"));
    EXPECT_THAT(metadata("export_metadata", "{}"), Not(HasSubstr("gone")));
}

TEST_F(Serve, AFailedTextLeavesNothingBehind) {
    EXPECT_THAT(sql("create table public.half (id int); selec 1"), HasSubstr(R"("status_code":"42601")"));
    EXPECT_THAT(sql("select to_regclass('public.half')::text as t"), HasSubstr(R"([["t"],["NULL"]])"));
    const std::string read_only = post(
        "/v2/query", R"({"type":"run_sql","args":{"sql":"drop schema public cascade","read_only":true}})"
    );
    EXPECT_THAT(read_only, HasSubstr("25006"));
}

TEST_F(Serve, OnlyTheAdminChangesMetadata) {
    const std::string answer =
        post("/v1/metadata", R"({"type":"export_metadata","args":{}})", "\r\nx-hasura-role: user");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
    EXPECT_THAT(answer, HasSubstr("restricted access : admin only"));
    stop();
    start({.admin_secret = "hush", .unauthorized_role = "", .jwt_secret = ""});
    EXPECT_THAT(
        post("/v2/query", R"({"type":"run_sql","args":{"sql":"select 1"}})"), StartsWith("HTTP/1.1 401")
    );
}

TEST_F(Serve, AGetReadsAndNeverWrites) {
    make_tables();
    EXPECT_THAT(
        ask("GET /v1/graphql?query=%7Bbook%7Bid%7D%7D HTTP/1.1"), HasSubstr(R"({"data":{"book":[{"id":1}]}})")
    );
    const std::string refused =
        ask("GET /v1/graphql?query=mutation%7Bdelete_book(where:%7B%7D)%7Baffected_rows%7D%7D HTTP/1.1");
    EXPECT_THAT(refused, StartsWith("HTTP/1.1 405"));
    EXPECT_THAT(refused, HasSubstr("allow: POST"));
    EXPECT_THAT(query("{ book { id } }"), HasSubstr(R"([{"id":1}])"));
}

TEST_F(Serve, PagesOfOtherOriginsAreKeptOut) {
    make_tables();
    const std::string bad = query("{ book { id } }", "\r\norigin: https://bad.example");
    EXPECT_THAT(bad, StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(bad, Not(HasSubstr("access-control-allow-origin")));
    EXPECT_THAT(
        query("{ book { id } }", "\r\norigin: https://good.example"),
        HasSubstr("access-control-allow-origin: https://good.example")
    );
    EXPECT_THAT(
        post(
            "/v2/query", R"({"type":"run_sql","args":{"sql":"select 1"}})", "\r\norigin: https://bad.example"
        ),
        StartsWith("HTTP/1.1 403")
    );
    EXPECT_THAT(query("{ book { id } }", "\r\nsec-fetch-site: same-site"), StartsWith("HTTP/1.1 403"));
    EXPECT_THAT(query("{ book { id } }", "\r\norigin: http://x"), Not(HasSubstr("access-control-allow")));
    EXPECT_THAT(query("{ book { id } }", "\r\norigin: http://x"), HasSubstr("vary: origin"));
    EXPECT_THAT(
        ask("OPTIONS /v1/graphql HTTP/1.1\r\norigin: https://bad.example"),
        Not(HasSubstr("access-control-allow"))
    );
    const std::string preflight =
        ask("OPTIONS /v1/graphql HTTP/1.1\r\norigin: https://good.example\r\naccess-control-request-headers: "
            "x-hasura-role");
    EXPECT_THAT(preflight, StartsWith("HTTP/1.1 204"));
    EXPECT_THAT(preflight, HasSubstr("access-control-allow-headers: x-hasura-role"));
}

TEST_F(Serve, ASecretOpensTheDoorToNoOtherPage) {
    stop();
    start({.admin_secret = "hush", .unauthorized_role = "", .jwt_secret = ""});
    const std::string_view secret = "\r\nx-hasura-admin-secret: hush";
    const auto from = [&](std::string_view origin) {
        return query("{ __typename }", std::string(secret) + "\r\norigin: " + std::string(origin));
    };
    EXPECT_THAT(from("https://bad.example"), Not(HasSubstr("access-control-allow-origin")));
    EXPECT_THAT(from("https://good.example"), HasSubstr("access-control-allow-origin: https://good.example"));
}

TEST_F(Serve, TheRequestsIdComesBack) {
    EXPECT_THAT(query("{ __typename }", "\r\nx-request-id: mine-7"), HasSubstr("x-request-id: mine-7\r\n"));
    EXPECT_THAT(query("{ __typename }"), HasSubstr("x-request-id: "));
}

TEST_F(Serve, ABodyHasAnEnd) {
    const std::string large(300'000, ' ');
    const std::string body = R"({"query":"{ __typename }")" + large + "}";
    EXPECT_THAT(post("/v1/graphql", body, "\r\nx-hasura-role: user"), StartsWith("HTTP/1.1 413"));
    EXPECT_THAT(post("/v1/graphql", body), StartsWith("HTTP/1.1 200"));
}

TEST_F(Serve, AListThatTheRoleCutsSaysSo) {
    make_tables();
    sql("insert into book values (2, 1, 'Dyeing'), (3, 1, 'Spinning')");
    const auto permit = [&](std::string_view table, std::string_view rule) {
        return metadata(
            "pg_create_select_permission",
            R"({"table":")" + std::string(table) +
                R"(","role":"guest","permission":{"columns":["id"],"filter":{})" + std::string(rule) + "}}"
        );
    };
    ASSERT_THAT(permit("book", R"(,"limit":2)"), HasSubstr("success"));
    const std::string_view as_guest = "\r\nx-hasura-role: guest";
    EXPECT_THAT(
        query("{ book { id } }", as_guest),
        HasSubstr(
            R"({"id":2}]},"extensions":{"notes":[{"code":"limit-reached","path":["book"],"limit":2,"lists":1,)"
        )
    );
    EXPECT_THAT(query("{ book(limit: 2) { id } }", as_guest), Not(HasSubstr("extensions")));
    EXPECT_THAT(query("{ book { id } }"), Not(HasSubstr("extensions")));
    std::promise<std::uint64_t> notes;
    server_->loop().post([&] { notes.set_value(engine_->stats().notes); });
    EXPECT_EQ(notes.get_future().get(), 1u);
}

TEST_F(Serve, ExplainShowsTheStatement) {
    make_tables();
    const std::string answer = post(
        "/v1/graphql/explain",
        R"({"query":{"query":"query($i: Int!) { book(where: {id: {_eq: $i}}) { id } }","variables":{"i":41}}})"
    );
    EXPECT_THAT(answer, HasSubstr(R"("field":"book")"));
    EXPECT_THAT(answer, HasSubstr(R"("parameters":["41"])"));
    EXPECT_THAT(answer, HasSubstr("$1::integer"));
    EXPECT_THAT(answer, HasSubstr(R"("plan":["Aggregate)"));
}

TEST_F(Serve, ABrowserGetsThePage) {
    const std::string page = ask("GET /v1/graphql HTTP/1.1\r\naccept: text/html,*/*;q=0.8");
    EXPECT_THAT(page, HasSubstr("content-type: text/html"));
    EXPECT_THAT(page, HasSubstr("script-src 'sha256-"));
    EXPECT_THAT(page, HasSubstr("<html data-api=\"/v1/graphql\" lang="));
    EXPECT_THAT(ask("GET /v1/graphql HTTP/1.1\r\naccept: application/json"), StartsWith("HTTP/1.1 400"));
}

TEST_F(Serve, HealthAndVersion) {
    EXPECT_THAT(ask("GET /healthz HTTP/1.1"), HasSubstr("\r\n\r\nOK"));
    EXPECT_THAT(ask("GET /v1/version HTTP/1.1"), HasSubstr(R"("server_type":"weft")"));
}

}  // namespace
}  // namespace weft::graphql
