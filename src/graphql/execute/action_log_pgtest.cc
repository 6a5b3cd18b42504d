#include "graphql/execute/detail/action_log.h"
#include "graphql/model/model_for_test.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const Model> model() {
    Json document = *parse_json(graphql::testing::library_metadata());
    JsonObject& object = document.get_object();
    object["actions"].get_array().push_back(
        *parse_json(R"({"name": "count", "permissions": [{"role": "user"}],
        "definition": {"kind": "asynchronous", "handler": "native:count", "output_type": "Counted!",
            "arguments": [{"name": "to", "type": "Int!"}]}})")
    );
    object["custom_types"].get_object()["objects"].get_array().push_back(
        *parse_json(R"({"name": "Counted", "fields": [{"name": "sum", "type": "Int!"}]})")
    );
    return graphql::testing::model_of(graphql::testing::library_catalog(), to_text(document));
}

rt::Task<Outcome<Json>> count(ResolverContext&, Json input) {
    const std::int64_t to = int_or(input.get_object(), "to", 0);
    if (to < 0) co_return failure("too-low", "count upwards");
    co_return Json(JsonObject{{"sum", to * (to + 1) / 2}, {"secret", 1}});
}

class AsynchronousActions : public ::testing::Test {
  protected:
    AsynchronousActions() { engine_ = start(); }
    ~AsynchronousActions() override {
        loop_.run_until_done(engine_->close());
        loop_.run_until_done(pool_.close());
    }

    std::unique_ptr<Engine> start() {
        EngineOptions options;
        options.actions["count"] = NativeAction{.resolve = count, .prepare = nullptr};
        auto out = std::make_unique<Engine>(loop_, pool_, std::move(options));
        out->use(model());
        return out;
    }
    JsonObject ask(std::string query, const Session& session) {
        Request request{.query = std::move(query)};
        auto answer =
            loop_.run_until_done(engine_->execute(std::move(request), session, rt::Deadline::in(30s)));
        return parse_json(answer.body)->get_object();
    }
    std::string call(int to) {
        JsonObject body = ask("mutation { count(to: " + std::to_string(to) + ") }", user_);
        EXPECT_TRUE(body.contains("data")) << to_text(body);
        return std::string(body["data"].get_object()["count"].get_string());
    }
    Json result(const std::string& id, const Session& session) {
        JsonObject body = ask("{ count(id: \"" + id + "\") { id errors output { total: sum } } }", session);
        EXPECT_TRUE(body.contains("data")) << to_text(body);
        return body["data"].get_object()["count"];
    }
    /// The result once it is there.
    JsonObject eventually(const std::string& id) {
        for (const auto end = rt::Deadline::in(30s); !end.is_over();) {
            JsonObject found = result(id, user_).get_object();
            if (!found["output"].is_null() || !found["errors"].is_null()) return found;
            (void)loop_.run_until_done(rt::sleep_for(5ms, end));
        }
        ADD_FAILURE() << "nobody answered";
        return {};
    }

    test::TestDatabase database_;
    rt::Loop loop_;
    pg::Pool pool_{loop_, {.url = database_.superuser_url(), .search_path = ""}};
    std::unique_ptr<Engine> engine_;
    Session user_{.role = "user", .variables = {{"x-hasura-user-id", "7"}}};
};

TEST_F(AsynchronousActions, AnswerLater) {
    engine_->start_actions();
    const std::string id = call(4);
    JsonObject found = eventually(id);
    EXPECT_EQ(found["id"].get_string(), id);
    EXPECT_EQ(to_text(found["output"]), R"({"total":10})");
    EXPECT_TRUE(found["errors"].is_null());
}

TEST_F(AsynchronousActions, KeepWhatWentWrong) {
    engine_->start_actions();
    JsonObject found = eventually(call(-1));
    EXPECT_EQ(to_text(found["errors"]), R"({"path":"$","error":"count upwards","code":"too-low"})");
    EXPECT_TRUE(found["output"].is_null());
}

TEST_F(AsynchronousActions, AreTheirCallersOnly) {
    const std::string id = call(4);
    EXPECT_TRUE(result(id, user_).is_object());
    Session other = user_;
    other.variables["x-hasura-user-id"] = "8";
    EXPECT_TRUE(result(id, other).is_null());
    EXPECT_TRUE(result(id, Session{.role = "admin"}).is_object());  // the admin
}

TEST_F(AsynchronousActions, OutliveTheProcess) {
    const std::string id = call(3);  // nobody answers here
    EXPECT_TRUE(result(id, user_).get_object()["output"].is_null());
    engine_ = start();
    engine_->start_actions();
    EXPECT_EQ(to_text(eventually(id)["output"]), R"({"total":6})");
}

TEST_F(AsynchronousActions, AreTakenFromWhoeverDiedWithThem) {
    const std::string id = call(3);
    detail::ActionLog log(pool_);
    const auto claim = [&] {
        return loop_.run_until_done(log.claim(10, rt::Deadline::in(10s))).value().size();
    };
    EXPECT_EQ(claim(), 1u);
    EXPECT_EQ(claim(), 0u);
    database_.exec("update weft_graphql.action_log set leased_until = now() - interval '1 second'");
    EXPECT_EQ(claim(), 1u);
}

TEST_F(AsynchronousActions, AreNotedOnlyIfTheOperationCommits) {
    JsonObject body =
        ask("mutation { count(to: 1) delete_author(where: {id: {_eq: 1}}) { affected_rows } }",
            Session{.role = "admin"});
    ASSERT_TRUE(body.contains("errors"));  // the table of the made-up catalog does not exist
    EXPECT_EQ(database_.scalar("select count(*) from weft_graphql.action_log"), "0");
}

}  // namespace
}  // namespace weft::graphql
