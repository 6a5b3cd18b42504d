#include "base/bytes.h"
#include "graphql/execute/execute.h"
#include "graphql/model/model_for_test.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"

#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

const Session kAnAdmin{.role = "admin"};
const Session kTenantUser{.role = "user", .variables = {{"x-hasura-tenant-id", "t"}}};

Request ask(std::string query, std::string_view variables = "{}") {
    Request out{.query = std::move(query)};
    out.variables = parse_json(variables)->get_object();
    return out;
}

/// An engine that is never asked to run anything: its database does not exist.
class Preparation : public ::testing::Test {
  protected:
    void start(EngineOptions options = {}, std::shared_ptr<const Model> model = testing::library_model()) {
        engine_ = std::make_unique<Engine>(loop_, pool_, std::move(options));
        engine_->use(std::move(model));
    }
    std::string refusal(const Request& request, const Session& session = kTenantUser) {
        auto ready = engine_->prepare(request, session);
        return ready ? "none" : ready.error().message;
    }

    rt::Loop loop_;
    pg::Pool pool_{loop_, {.url = "host=/nowhere"}};
    std::unique_ptr<Engine> engine_;
};

TEST_F(Preparation, PlansATextOnceForEachRole) {
    start();
    const Request request = ask("{ author { id } }");
    const auto first = engine_->prepare(request, kTenantUser);
    const auto second = engine_->prepare(request, kTenantUser);
    const auto other = engine_->prepare(request, kAnAdmin);
    ASSERT_TRUE(first && second && other);
    EXPECT_EQ(first->prepared, second->prepared);
    EXPECT_NE(first->prepared, other->prepared);
    EXPECT_NE(first->prepared->statement.text, other->prepared->statement.text);
    const Engine::Stats stats = engine_->stats();
    EXPECT_EQ(stats.document_misses, 1u);
    EXPECT_EQ(stats.document_hits, 2u);
    EXPECT_EQ(stats.plan_misses, 2u);
    EXPECT_EQ(stats.plan_hits, 1u);
    EXPECT_EQ(stats.plans, 2u);
}

TEST_F(Preparation, SharesAPlanBetweenValuesAndSplitsItByShape) {
    start();
    const std::string text =
        "query($w: author_bool_exp, $yes: Boolean!) { author(where: $w) { id name @include(if: $yes) } }";
    const auto prepared = [&](std::string_view variables) {
        auto ready = engine_->prepare(ask(text, variables), kTenantUser);
        EXPECT_TRUE(ready.has_value()) << ready.error().message;
        return ready->prepared;
    };
    const auto one = prepared(R"({"w":{"id":{"_eq":1}},"yes":true})");
    EXPECT_EQ(prepared(R"({"w":{"id":{"_eq":2}},"yes":true})"), one);
    EXPECT_NE(prepared(R"({"w":{"id":{"_gt":1}},"yes":true})"), one);
    EXPECT_NE(prepared(R"({"w":{"id":{"_eq":1}},"yes":false})"), one);
}

TEST_F(Preparation, BindsVariablesAndTheSession) {
    start();
    auto ready = engine_->prepare(
        ask("query($id: Int!) { author_by_pk(id: $id) { name } }", R"({"id":7})"), kTenantUser
    );
    ASSERT_TRUE(ready.has_value()) << ready.error().message;
    auto values = engine_->bind(ready->prepared->statement, ready->variables, kTenantUser);
    ASSERT_TRUE(values.has_value());
    EXPECT_NE(std::ranges::find(*values, std::optional<std::string>("7")), values->end());
    EXPECT_NE(std::ranges::find(*values, std::optional<std::string>("t")), values->end());
    auto missing = engine_->bind(ready->prepared->statement, ready->variables, Session{.role = "user"});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().message, "missing session variables: \"x-hasura-tenant-id\"");
}

TEST_F(Preparation, ForgetsPlansWithTheirModel) {
    start();
    const Request request = ask("{ author { id } }");
    const auto before = engine_->prepare(request, kTenantUser);
    engine_->use(testing::library_model());
    EXPECT_EQ(engine_->stats().plans, 0u);
    const auto after = engine_->prepare(request, kTenantUser);
    ASSERT_TRUE(before && after);
    EXPECT_NE(before->prepared->plan->model, after->prepared->plan->model);
}

TEST_F(Preparation, RefusesEverythingBeforeTheFirstModel) {
    engine_ = std::make_unique<Engine>(loop_, pool_, EngineOptions());
    EXPECT_EQ(refusal(ask("{ author { id } }")), "the schema is not loaded yet; try again");
}

TEST_F(Preparation, SaysWhatIsWrongWithATextEachTimeItComes) {
    start();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(refusal(ask("{ author { secret } }")), "field \"secret\" not found in type: 'author'");
        EXPECT_EQ(refusal(ask("{ author {")), "not a valid graphql query");
    }
    EXPECT_EQ(refusal(ask("{ author { secret } }"), kAnAdmin), "none");
    EXPECT_EQ(
        refusal(ask("{ author { id } }"), Session{.role = "stranger"}),
        "field \"author\" not found in type: 'query_root'"
    );
}

TEST_F(Preparation, ChecksVariablesOfACachedPlan) {
    start();
    const std::string text = "query($id: Int!) { author_by_pk(id: $id) { name } }";
    EXPECT_EQ(refusal(ask(text, R"({"id":1})")), "none");
    EXPECT_NE(refusal(ask(text, R"({"id":true})")), "none");
    EXPECT_NE(refusal(ask(text)), "none");
}

TEST_F(Preparation, ComparesTheCostOfEachRequestWithTheLimit) {
    EngineOptions options;
    options.limits.plan.cost_max = 1'000;
    start(std::move(options));
    const std::string text = "query($n: Int) { author(limit: $n) { articles(limit: $n) { id } } }";
    EXPECT_EQ(refusal(ask(text, R"({"n":1})")), "none");
    EXPECT_NE(refusal(ask(text, R"({"n":50})")), "none");
}

TEST_F(Preparation, KeepsTextsByTheirHash) {
    start();
    Request request = ask("{ author { id } }");
    request.persisted_hash = hex(crypto::sha256(request.query));
    Request short_one;
    short_one.persisted_hash = request.persisted_hash;
    EXPECT_EQ(refusal(short_one), "PersistedQueryNotFound");
    EXPECT_EQ(refusal(request), "none");
    EXPECT_EQ(refusal(short_one), "none");

    Request forged = ask("{ author { name } }");
    forged.persisted_hash = std::string(64, 'a');
    EXPECT_EQ(refusal(forged), "provided sha does not match query");
}

TEST_F(Preparation, KeepsATenantsTextsThroughAnothersFlood) {
    EngineOptions options;
    options.documents_max = 100;
    options.persisted_max = 100;
    start(std::move(options));
    const auto persisted = [](const std::string& text) {
        Request out = ask(text);
        out.persisted_hash = hex(crypto::sha256(text));
        return out;
    };
    Session quiet = kTenantUser;
    quiet.tenant = "quiet";
    Session flood = kTenantUser;
    flood.tenant = "flood";
    EXPECT_EQ(refusal(persisted("{ author { id } }"), quiet), "none");
    for (int i = 0; i < 1'000; ++i) {
        EXPECT_EQ(refusal(persisted("{ author { id } } #" + std::to_string(i)), flood), "none");
    }
    Request known;
    known.persisted_hash = hex(crypto::sha256("{ author { id } }"));
    const auto misses = engine_->stats().document_misses;
    EXPECT_EQ(refusal(known, quiet), "none");
    EXPECT_EQ(engine_->stats().document_misses, misses);
    EXPECT_EQ(refusal(known, flood), "PersistedQueryNotFound") << "what a tenant asks is its own";
}

TEST_F(Preparation, LetsOnlyListedTextsThroughWhereAskedTo) {
    EngineOptions options;
    options.limits.allow_list_only = true;
    auto document = *parse_json(testing::library_metadata());
    document.get_object()["query_collections"] = *parse_json(
        R"([{"name":"ours","definition":{"queries":[{"name":"ids","query":"query ids { author { id } }"}]}}])"
    );
    document.get_object()["allowlist"] = *parse_json(R"([{"collection":"ours"}])");
    auto metadata = metadata::parse(document);
    ASSERT_TRUE(metadata.has_value()) << metadata.error().user;
    start(std::move(options), build_model(testing::library_catalog(), *std::move(metadata), {}, {}));

    EXPECT_EQ(refusal(ask("query ids { author { id } }")), "none");
    EXPECT_EQ(refusal(ask("query ids{author{__typename,id}}")), "none");
    EXPECT_EQ(refusal(ask("query ids { author { name } }")), "query is not allowed");
    EXPECT_EQ(refusal(ask("query ids { author { name } }"), kAnAdmin), "none");
}

TEST_F(Preparation, HidesTheSchemaFromRolesThatMayNotSeeIt) {
    EngineOptions options;
    options.limits.may_introspect = false;
    start(std::move(options));
    const std::string text = "query { ...f } fragment f on query_root { __schema { types { name } } }";
    EXPECT_EQ(refusal(ask(text)), "introspection is switched off for this role");
    EXPECT_EQ(refusal(ask(text), kAnAdmin), "none");
    EXPECT_EQ(refusal(ask("{ author { __typename } }")), "none");
}

TEST_F(Preparation, SpendsABudgetOfRows) {
    EngineOptions options;
    options.limits.cost = {.per_second = 10, .burst = 100};
    start(std::move(options));
    const Request request = ask("{ author(limit: 40) { id } }");
    EXPECT_EQ(refusal(request), "none");
    EXPECT_EQ(refusal(request), "none");
    EXPECT_NE(refusal(request), "none");
    Session other = kTenantUser;
    other.rate_key = "another tenant";
    EXPECT_EQ(refusal(request, other), "none");
}

TEST_F(Preparation, RefusesMutationsOfARoleThatSeesNone) {
    start();
    const Request request = ask("mutation { delete_author(where: {_not: {}}) { affected_rows } }");
    Session editor{.role = "editor"};
    EXPECT_EQ(refusal(request, Session{.role = "reader"}), "no mutations exist");
    EXPECT_EQ(refusal(request, editor), "no mutations exist");
    editor.uses_backend_permissions = true;
    EXPECT_EQ(refusal(request, editor), "none");
    editor.uses_backend_permissions = false;
    EXPECT_EQ(refusal(request, editor), "no mutations exist") << "the backend's verdict and plan are its own";
}

TEST_F(Preparation, RefusesWhoHasNoRole) {
    start();
    EXPECT_EQ(refusal(ask("{ __typename }"), Session()), "the request has no role");
    EXPECT_EQ(refusal(ask("{ __typename }"), Session{.role = "stranger"}), "none") << "control";
}

TEST_F(Preparation, KeepsLimitsApartOfRolesThatTheModelDoesNotKnow) {
    EngineOptions options;
    options.role_limits["watched"].may_introspect = false;
    start(std::move(options));
    const Request request = ask("{ __schema { queryType { name } } }");
    EXPECT_EQ(refusal(request, Session{.role = "stranger"}), "none");
    EXPECT_EQ(refusal(request, Session{.role = "watched"}), "introspection is switched off for this role");
}

}  // namespace
}  // namespace weft::graphql
