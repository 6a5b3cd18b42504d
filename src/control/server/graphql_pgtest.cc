#include "control/server/detail/test_api.h"
#include "support/sanitized.h"

#include <algorithm>
#include <fstream>
#include <set>

namespace weft::control {
namespace {

using testing::Caller;
using testing::make_world;
using testing::Reply;
using testing::TestApi;
using testing::World;

class GraphqlTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto loaded = api.run(api.api->load_graphql(api.soon()));
        ASSERT_TRUE(loaded) << loaded.error().detail;
    }
    Reply ask(const Caller& caller, std::string_view query) {
        JsonObject body{{"query", query}};
        auto answer = api.run(api.request(caller, http::Method::kPost, "/v1/graphql", Json(std::move(body))));
        return api.read(std::move(answer));
    }
    /// The data as text, or the error's message.
    std::string text(const Caller& caller, std::string_view query) {
        const Reply reply = ask(caller, query);
        if (!reply.body.is_object()) return "";
        if (const Json* data = reply.body.get_object().if_contains("data")) return to_text(*data);
        return std::string(text_or(reply.body.at("errors").at(0).get_object(), "message"));
    }
    std::string count(const std::string& table) {
        return api.db.scalar("select count(*) from weft." + table);
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
    Caller token = api.token_of(owner, "owner");
};

constexpr std::string_view kRoots =
    "{ __schema { queryType { fields { name } } types { name kind fields { name } } } }";

std::set<std::string> query_fields(const Reply& reply) {
    std::set<std::string> out;
    for (const Json& field : reply.body.at("data").at("__schema").at("queryType").at("fields").get_array()) {
        out.emplace(field.at("name").get_string());
    }
    return out;
}

TEST_F(GraphqlTest, ATenantSeesItsOwnRowsOnly) {
    make_world(api, owner);
    const Caller stranger = api.member(api.make_tenant("B"), "owner");
    const std::string all =
        "{ tenants { name } apps { key } app_versions { id } actions { id } connections { key } workflows { "
        "key } "
        "workflow_versions { id } triggers { id } runs { id } run_values { slot } tokens { name } audit_log "
        "{ id } }";
    EXPECT_EQ(
        text(stranger, all),
        R"({"tenants":[{"name":"B"}],"apps":[],"app_versions":[],"actions":[],"connections":[],"workflows":[],)"
        R"("workflow_versions":[],"triggers":[],"runs":[],"run_values":[],"tokens":[],"audit_log":[]})"
    );
    EXPECT_NE(text(owner, "{ runs { id } }"), R"({"runs":[]})") << "control: there is something to hide";
}

TEST_F(GraphqlTest, StatesAreShown) {
    make_world(api, owner);
    const std::string_view query =
        "{ workflows(order_by: [{ key: desc }]) { key state has_unpublished_changes } "
        "connections { state last_used_at last_error_status last_error_at } app_versions(where: {state: "
        "{_eq: \"published\"}}) { state } "
        "}";
    EXPECT_EQ(
        text(token, query),
        R"({"workflows":[{"key":"orders","state":"active","has_unpublished_changes":false},)"
        R"({"key":"empty","state":"active","has_unpublished_changes":false}],)"
        R"("connections":[{"state":"untested","last_used_at":null,"last_error_status":null,)"
        R"("last_error_at":null}],"app_versions":[{"state":"published"}]})"
    );
    api.db.exec("update weft.workflow_draft set content_hash = '\\x00'");
    EXPECT_NE(
        text(token, query).find(R"("key":"orders","state":"active","has_unpublished_changes":true)"),
        std::string::npos
    );
    const Caller viewer = api.member(owner.tenant, "viewer");
    api.db.exec("update weft.job set state = 'held', stage = 'throttle', gate = 'c-7'");
    EXPECT_EQ(
        text(viewer, "{ jobs { stage gate runs_ahead } }"),
        R"({"jobs":[{"stage":"throttle","gate":"c-7","runs_ahead":"0"}]})"
    );
    EXPECT_EQ(
        text(viewer, "{ workflows(where: {state: {_eq: \"archived\"}}) { key } }"), R"({"workflows":[]})"
    );
}

TEST_F(GraphqlTest, PeopleHaveAPageWhoseRequestsCarryTheSession) {
    auto page = api.run(api.request(TestApi::nobody(), http::Method::kGet, "/graphql", std::nullopt));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->status, 200);
    EXPECT_NE(
        page->headers.get("content-security-policy").find("script-src 'sha256-"), std::string_view::npos
    );
    const std::string& html = *page->shared_body;
    EXPECT_NE(html.find(R"(data-api="/v1/graphql" data-header="x-weft-csrf: 1")"), std::string::npos);
    // With that header, and not without it, the session's cookie speaks.
    Caller bare = owner;
    EXPECT_EQ(text(bare, "{ tenants { name } }"), R"({"tenants":[{"name":"A"}]})");
    EXPECT_NE(
        text(bare.with("x-weft-csrf", "0"), "{ tenants { name } }").find("x-weft-csrf"), std::string::npos
    );
}

TEST_F(GraphqlTest, NoSecretColumnCanBeNamed) {
    const Reply reply = ask(owner, kRoots);
    const std::set<std::string> secret = {
        "sealed",
        "sealed_token",
        "sealed_secret",
        "token_hash",
        "password_hash",
        "wrapped_key",
        "public_key",
        "key_id",
        "data",
        "blob_ref",
        "request_hash",
        "response",
        "compiled",
        "content_hash"
    };
    int seen = 0;
    for (const Json& type : reply.body.at("data").at("__schema").at("types").get_array()) {
        if (type.at("kind") != "OBJECT" || !type.at("fields").is_array()) continue;
        if (type.at("name").get_string().starts_with("__")) continue;
        for (const Json& field : type.at("fields").get_array()) {
            const std::string name(field.at("name").get_string());
            EXPECT_FALSE(secret.contains(name)) << type.at("name").get_string() << "." << name;
            ++seen;
        }
    }
    EXPECT_GT(seen, 200) << "control: the types were looked at";
    EXPECT_EQ(text(owner, "{ connections { sealed } }"), "field \"sealed\" not found in type: 'connections'");
}

TEST_F(GraphqlTest, ATokenSeesWhatItsScopesAllow) {
    make_world(api, owner);
    const Caller runs_only = api.token_of(owner, "owner", R"('{run.read}')");
    EXPECT_NE(text(runs_only, "{ runs { id } }"), R"({"runs":[]})");
    EXPECT_EQ(text(runs_only, "{ workflows { id } }"), "field \"workflows\" not found in type: 'query_root'");
    EXPECT_EQ(
        text(runs_only, "{ runs { workflow { key } } }"), "field \"workflow\" not found in type: 'runs'"
    );
    const auto fields = query_fields(ask(runs_only, kRoots));
    EXPECT_TRUE(fields.contains("run_steps"));
    EXPECT_FALSE(fields.contains("connections"));
    EXPECT_TRUE(query_fields(ask(token, kRoots)).contains("connections")) << "control: an unscoped one";
}

TEST_F(GraphqlTest, ViewersDoNotSeeTheAuditLogOrOthersTokens) {
    api.token_of(owner, "owner");
    const Caller viewer = api.member(owner.tenant, "viewer");
    EXPECT_EQ(text(viewer, "{ audit_log { id } }"), "field \"audit_log\" not found in type: 'query_root'");
    EXPECT_EQ(text(viewer, "{ tokens { name } }"), R"({"tokens":[]})");
    EXPECT_NE(text(owner, "{ tokens { name } }"), R"({"tokens":[]})");
    EXPECT_EQ(
        text(viewer, R"(mutation { apps_create(key: "x", name: "X") { id } })"),
        "field \"apps_create\" not found in type: 'mutation_root'"
    );
}

TEST_F(GraphqlTest, AnActionLeadsToItsRowAndIsAudited) {
    EXPECT_EQ(
        text(
            token,
            R"(mutation { apps_create(key: "shop", name: "Shop") { app { key name versions { major } } } })"
        ),
        R"({"apps_create":{"app":{"key":"shop","name":"Shop","versions":[]}}})"
    );
    EXPECT_EQ(count("audit_event where action = 'app.create'"), "1");
}

TEST_F(GraphqlTest, ActionsOfOneOperationStandOrFallTogether) {
    const std::string twice =
        R"(mutation { a: apps_create(key: "shop", name: "A") { id } b: apps_create(key: "shop", name: "B") { id } })";
    EXPECT_EQ(text(token, twice), "An app with this key exists already");
    EXPECT_EQ(count("app"), "0");
    EXPECT_EQ(count("audit_event where action = 'app.create'"), "0");
    const std::string both =
        R"(mutation { a: apps_create(key: "one", name: "A") { id } b: apps_create(key: "two", name: "B") { id } })";
    ask(token, both);
    EXPECT_EQ(count("app"), "2") << "control";
}

TEST_F(GraphqlTest, AnIdempotencyKeyGivesTheFirstAnswerAgain) {
    const std::string create =
        R"(mutation { apps_create(key: "shop", name: "Shop", idempotency_key: "k") { id result } })";
    const std::string first = text(token, create);
    EXPECT_EQ(text(token, create), first);
    EXPECT_EQ(count("app"), "1");
}

TEST_F(GraphqlTest, AStartCommitsByItselfAndAloneOnly) {
    const World world = make_world(api, owner);
    const std::string start =
        "workflows_start(id: \"" + world.ids.at("workflow") + "\", input: {n: 1}) { id run { state } }";
    EXPECT_NE(text(token, "mutation { " + start + " }").find("queued"), std::string::npos);
    EXPECT_EQ(
        text(token, "mutation { apps_create(key: \"x\", name: \"X\") { id } " + start + " }"),
        "an action that commits by itself can't share an operation with other changes; send it alone"
    );
    EXPECT_EQ(count("app where key = 'x'"), "0");
}

TEST_F(GraphqlTest, EncryptedValuesAreFilledInForAllRows) {
    make_world(api, owner);
    const std::string answer = text(token, "{ runs(order_by: {id: asc}) { input output } }");
    EXPECT_NE(answer.find(R"({"input":{"n":1},"output":null})"), std::string::npos) << answer;
}

/// Resident memory at its highest since `forget_peak`.
std::size_t peak_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) << 10;
    }
    return 0;
}
void forget_peak() {
    std::ofstream("/proc/self/clear_refs") << "5";
}

/// About 4.7 MB that would be 40 as a tree.
std::string large_value() {
    std::string out = R"({"rows":[)";
    for (int i = 0; out.size() < 4'700'000; ++i) {
        out += (i == 0 ? "" : ",") + (R"({"id":)" + std::to_string(i)) + R"(,"ok":true,"tags":["a","b"]})";
    }
    return out + "]}";
}

/// Clients that take their answers only when they are told to.
struct Readers {
    explicit Readers(rt::Loop& loop) : told(loop) {}
    rt::Signal told;
    bool may_take = false;
    int holding = 0;
    int refused = 0;
    std::size_t bytes = 0;
};
/// Takes an answer that is sent as it is made: the rest once it may.
class PartsReader final : public http::StreamWriter::Sink {
  public:
    explicit PartsReader(Readers& readers) : readers_(readers) {}

    rt::Task<Result<void>> write(std::string chunk) override {
        if (text.empty()) ++readers_.holding;
        text += chunk;
        largest = std::max(largest, chunk.size());
        while (!readers_.may_take) (void)co_await readers_.told.wait(rt::Deadline::in(std::chrono::hours(1)));
        co_return Result<void>();
    }
    std::string text;
    std::size_t largest = 0;

  private:
    Readers& readers_;
};

rt::Task<void> read_value(TestApi& api, Caller caller, Json body, Readers& readers) {
    auto answer = co_await api.request(caller, http::Method::kPost, "/v1/graphql", std::move(body));
    PartsReader parts(readers);
    rt::Scope scope(api.loop);
    if (answer->stream) {
        co_await answer->stream(http::StreamWriter(parts, scope.forever()));
    } else {
        const std::string whole = answer->shared_body ? *answer->shared_body : answer->body;
        (void)co_await parts.write(whole);
    }
    co_await scope.close();
    if (parts.text.find(R"("errors":)") != std::string::npos) ++readers.refused;
    readers.bytes += parts.text.size();
}

TEST_F(GraphqlTest, ManyLargeAnswersShareABudgetAndOthersAreAnsweredMeanwhile) {
    constexpr int kReaders = 60;
    const World world = make_world(api, owner);
    const RunId run = api.make_run(owner.tenant, world.ids.at("workflow"), "success");
    api.add_value(owner.tenant, run, "output", large_value());
    const Caller stranger = api.member(api.make_tenant("B"), "owner");
    const Json body(JsonObject{{"query", "{ runs(where: {id: {_eq: \"" + run.text() + "\"}}) { output } }"}});
    Readers warm(api.loop);
    warm.may_take = true;
    api.run(read_value(api, token, body, warm));
    ASSERT_GT(warm.bytes, 4'700'000u);

    forget_peak();
    const std::size_t before = peak_bytes();
    rt::Scope scope(api.loop);
    Readers readers(api.loop);
    for (int i = 0; i < kReaders; ++i) scope.spawn(read_value(api, token, body, readers));
    // Until each of them has its answer or waits for room.
    while (readers.holding + static_cast<int>(api.api->graphql_answers_waiting()) < kReaders) {
        api.run(rt::yield());
    }
    const std::size_t grown = peak_bytes() - before;
    EXPECT_LE(api.api->graphql_answer_bytes(), (std::size_t{128} << 20) * 2 / 3) << "what one tenant gets";
    if (!test::kIsSanitized)
        EXPECT_LT(grown, std::size_t{150} << 20) << "60 of them have 282 MB as text, and 2.4 GB as trees";
    EXPECT_LT(readers.holding, kReaders / 2);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(text(stranger, "{ runs { id output } }"), R"({"runs":[]})") << "the rest is for others";
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    EXPECT_LT(waited.count(), 2);

    readers.may_take = true;
    readers.told.notify_all();
    api.run(scope.join());
    EXPECT_EQ(readers.holding, kReaders);
    if (!test::kIsSanitized) {  // nobody waits longer than five seconds
        EXPECT_EQ(readers.refused, 0);
        EXPECT_EQ(readers.bytes, kReaders * warm.bytes);
    }
    EXPECT_EQ(api.api->graphql_answer_bytes(), 0u) << "what was taken is given back";
    RecordProperty("grown_mb", static_cast<int>(grown >> 20));
    RecordProperty("other_tenant_ms", static_cast<int>(waited.count() * 1'000));
}

/// Each alias reads its rows' stored values anew: what one has read counts before the next one reads.
TEST_F(GraphqlTest, StoredValuesOfManyAliasesAreChargedAsTheyAreRead) {
    constexpr int kRuns = 60;
    constexpr int kAliases = 30;
    const World world = make_world(api, owner);
    SeededRng rng(1);
    std::string value = "\"";
    for (int i = 0; i < 80'000; ++i)
        value += static_cast<char>('A' + rng.next() % 26 + (rng.next() % 2 ? 32 : 0));
    value += '"';
    for (int i = 0; i < kRuns; ++i) {
        api.add_value(
            owner.tenant, api.make_run(owner.tenant, world.ids.at("workflow"), "success"), "output", value
        );
    }
    std::string fields;
    for (int i = 0; i < kAliases; ++i) fields += "a" + std::to_string(i) + ": output ";
    forget_peak();
    const std::size_t before = peak_bytes();
    const std::string answer = text(token, "{ runs(limit: 60) { " + fields + "} }");
    EXPECT_NE(answer.find("the answer is larger than"), answer.npos) << answer.substr(0, 300);
    if (!test::kIsSanitized) EXPECT_LT(peak_bytes() - before, std::size_t{50} << 20) << "of 100 MB";
    EXPECT_EQ(api.api->graphql_answer_bytes(), 0u);
}

/// Runs with large outputs, oldest first.
class LargeValuesTest : public GraphqlTest {
  protected:
    static constexpr std::size_t kRuns = 20;

    void SetUp() override {
        GraphqlTest::SetUp();
        const World world = make_world(api, owner);
        for (std::size_t i = 0; i < kRuns; ++i) {
            runs.push_back(api.make_run(owner.tenant, world.ids.at("workflow"), "success"));
            api.add_value(owner.tenant, runs.back(), "output", value);
        }
        std::ranges::sort(runs);  // ids of one millisecond have no order
    }
    /// Asks for so many of them, the last one first.
    std::string latest(std::size_t count, std::string_view fields = "id output") const {
        std::string ids;
        for (std::size_t i = 0; i < count; ++i) ids += '"' + runs[kRuns - 1 - i].text() + "\",";
        return "{ runs(order_by: {id: desc}, where: {id: {_in: [" + ids + "]}}) { " + std::string(fields) +
               " } }";
    }
    /// The answer's text, as a client gets it.
    std::string whole(const Json& body) {
        Readers at_once(api.loop);
        at_once.may_take = true;
        PartsReader parts(at_once);
        auto answer = api.run(api.request(token, http::Method::kPost, "/v1/graphql", body));
        came_in_parts = static_cast<bool>(answer->stream);
        if (!came_in_parts) return answer->shared_body ? *answer->shared_body : answer->body;
        rt::Scope scope(api.loop);
        api.run(answer->stream(http::StreamWriter(parts, scope.forever())));
        api.run(scope.close());
        EXPECT_LE(parts.largest, std::size_t{128} << 10) << "others have their turn between writes";
        return std::move(parts.text);
    }
    std::string whole(std::string query) { return whole(Json(JsonObject{{"query", std::move(query)}})); }

    const std::string value = large_value();
    std::vector<RunId> runs;
    bool came_in_parts = false;
};

TEST_F(LargeValuesTest, AreSentAsTheyAreOpened) {
    forget_peak();
    const std::size_t before = peak_bytes();
    rt::Scope scope(api.loop);
    class Counter final : public http::StreamWriter::Sink {
      public:
        rt::Task<Result<void>> write(std::string chunk) override {
            bytes += chunk.size();
            co_return Result<void>();
        }
        std::size_t bytes = 0;
    } counter;
    auto answer = api.run(
        api.request(token, http::Method::kPost, "/v1/graphql", Json(JsonObject{{"query", latest(kRuns)}}))
    );
    ASSERT_TRUE(answer->stream);
    api.run(answer->stream(http::StreamWriter(counter, scope.forever())));
    api.run(scope.close());
    EXPECT_GT(counter.bytes, kRuns * value.size());
    if (!test::kIsSanitized)
        EXPECT_LT(peak_bytes() - before, std::size_t{64} << 20) << "of " << (counter.bytes >> 20) << " MB";
    answer->stream = {};
    EXPECT_EQ(api.api->graphql_answer_bytes(), 0u) << "what was taken is given back";
}

TEST_F(LargeValuesTest, AreTheSameJsonInPartsAndWhole) {
    const std::string query = latest(3, "id output input");
    const std::string parts = whole(query);
    EXPECT_TRUE(came_in_parts);
    auto parsed = parse_json(parts, {.bytes_max = 32u << 20, .nodes_max = 4'000'000});
    ASSERT_TRUE(parsed) << parts.substr(0, 200);
    const JsonArray& rows = parsed->at("data").at("runs").get_array();
    ASSERT_EQ(rows.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(rows[i].at("id").get_string(), runs[kRuns - 1 - i].text());
        EXPECT_EQ(to_text(rows[i].at("output")) == value, true);
    }
    EXPECT_EQ(to_text(rows[0].at("input")), R"({"n":1})");
    // A batch is one answer, which is put together.
    const std::string batch = whole(Json(JsonArray{Json(JsonObject{{"query", query}})}));
    EXPECT_FALSE(came_in_parts);
    EXPECT_EQ(batch == '[' + parts + ']', true) << batch.substr(0, 200);
    const std::string small = whole(latest(3, "id input"));
    EXPECT_FALSE(came_in_parts) << "little is put together as well: " << small;
}

TEST_F(LargeValuesTest, AnAnswerThatIsPutTogetherHasRoomForSoMany) {
    const std::string batch = whole(Json(JsonArray{Json(JsonObject{{"query", latest(4)}})}));
    EXPECT_NE(batch.find("there is room for 16"), std::string::npos) << batch.substr(0, 300);
    EXPECT_NE(batch.find("or in a request of its own over HTTP"), std::string::npos) << batch.substr(0, 300);
    EXPECT_GT(whole(latest(4)).size(), 4 * value.size()) << "control: alone they are sent";
}

TEST_F(LargeValuesTest, OneAnswerMayHaveSoManyBytesOfThem) {
    api.db.exec(
        "update weft.payload set size_bytes = 536000000 where slot = 'output' and run_id = '" +
        runs.back().text() + "'"
    );
    const std::string refused = whole(latest(2));
    EXPECT_NE(refused.find("there is room for 536870912: ask for fewer at a time with `limit`"), refused.npos)
        << refused.substr(0, 300);
}

TEST_F(LargeValuesTest, OneThatCannotBeReadIsNullAndTheErrorsTellWhere) {
    api.db.exec(
        "update weft.payload set data = '' where slot = 'output' and run_id = '" + runs[kRuns - 2].text() +
        "'"
    );
    const std::string answer = whole(latest(3));
    EXPECT_TRUE(came_in_parts);
    EXPECT_NE(answer.find(R"("output":null}, )"), answer.npos);
    EXPECT_NE(answer.find(R"("path":["runs",1,"output"],"extensions")"), answer.npos)
        << answer.substr(answer.size() - 200);
    auto parsed = parse_json(answer, {.bytes_max = 32u << 20, .nodes_max = 4'000'000});
    EXPECT_TRUE(parsed) << "it is JSON all the same";
    EXPECT_EQ(whole(latest(1)).find("errors"), std::string::npos) << "control";
}

TEST_F(GraphqlTest, ACookieNeedsTheHeaderAgainstForgedRequests) {
    EXPECT_EQ(
        text(owner.with("x-weft-csrf", "0"), "{ runs { id } }"),
        "A change with a session cookie needs the header x-weft-csrf: 1"
    );
    EXPECT_EQ(
        text(owner.with("origin", "https://evil.example"), "{ runs { id } }"),
        "pages of this origin may not use this API"
    );
    EXPECT_EQ(text(owner, "{ runs { id } }"), R"({"runs":[]})") << "control";
    EXPECT_EQ(
        text(TestApi::nobody(), "{ runs { id } }"), "Sign in, or send `Authorization: Bearer <API token>`"
    );
}

}  // namespace
}  // namespace weft::control
