#include "graphql/execute/notes.h"

#include "graphql/execute/execute.h"
#include "graphql/model/model_for_test.h"
#include "platform/rt/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// The library's user may have 50 authors; no list of anybody but the admin has more than 4 rows, or 2 unless
/// it asks.
class Notes : public ::testing::Test {
  protected:
    Notes() {
        ModelOptions options;
        options.limit_max = 4;
        options.limit_default = 2;
        engine_.use(testing::library_model(options));
    }
    /// Of an answer with these roots; "no look" when none is taken.
    std::string notes(
        std::string text,
        std::vector<std::string_view> roots,
        std::string_view variables = "{}",
        std::string role = "user"
    ) {
        Request request{.query = std::move(text)};
        request.variables = parse_json(variables)->get_object();
        const Session session{.role = std::move(role), .variables = {{"x-hasura-tenant-id", "t"}}};
        auto ready = engine_.prepare(request, session);
        if (!ready) return ready.error().message;
        const Plan& plan = *ready->prepared->plan;
        if (!ready->prepared->may_have_notes) return "no look";
        return notes_of(plan, roots, ready->variables);
    }

    rt::Loop loop_;
    pg::Pool pool_{loop_, {.url = "host=/nowhere"}};
    Engine engine_{loop_, pool_, {}};
};

constexpr std::string_view kTwo = R"([{"id":1}, {"id":2}])";

TEST_F(Notes, SayWhichListEndsWhereTheServerSays) {
    const std::string said = notes("{ author { id } }", {kTwo});
    EXPECT_THAT(
        said,
        HasSubstr(R"({"notes":[{"code":"limit-reached","path":["author"],"limit":2,"lists":1,"message":")")
    );
    EXPECT_TRUE(parse_json(said)) << said;
    EXPECT_EQ(notes("{ author { id } }", {R"([{"id":1}])"}), "");
    EXPECT_EQ(notes("{ author { id } }", {"[]"}), "");
}

TEST_F(Notes, SayNothingOfALimitThatTheRequestSet) {
    EXPECT_EQ(notes("{ author(limit: 2) { id } }", {kTwo}), "no look");
    EXPECT_EQ(notes("{ author { id } }", {kTwo}, "{}", "admin"), "no look");
    constexpr std::string_view kFour = R"([{"id":1},{"id":2},{"id":3},{"id":4}])";
    EXPECT_EQ(notes("{ author(limit: 4) { id } }", {kFour}), "no look");
    EXPECT_THAT(notes("{ author(limit: 5) { id } }", {kFour}), HasSubstr(R"("limit":4)"));
    const std::string text = "query($n: Int) { author(limit: $n) { id } }";
    EXPECT_EQ(notes(text, {kFour}, R"({"n":4})"), "");
    EXPECT_THAT(notes(text, {kFour}, R"({"n":5})"), HasSubstr(R"("limit":4)"));
    EXPECT_THAT(notes(text, {kFour}, R"({"n":null})"), HasSubstr(R"("limit":2)"));
}

TEST_F(Notes, CountListsBelowOthers) {
    constexpr std::string_view kAnswer =
        R"([{"n":"]}\"[", "a":[{"id":1,"t":"\\"}, {"id":2,"t":"x"}], "m":{"k":[1,2,3]}},
        {"n":null, "a":[], "m":null}, {"n":"x", "a":[{"id":3,"t":""},{"id":4,"t":null}], "m":1.5e3}])";
    const std::string said =
        notes("{ author(limit: 3) { n: name a: articles { id t: title } m: meta } }", {kAnswer});
    EXPECT_THAT(
        said,
        AllOf(HasSubstr(R"("path":["author","a"],"limit":2,"lists":2)"), Not(HasSubstr(R"(["author"])")))
    );
}

TEST_F(Notes, LookAtEachRootAggregateAndWhatAMutationReturns) {
    const std::string_view nodes = R"({"aggregate" : {"count" : 9}, "nodes" : [{"id":1},{"id":2}]})";
    EXPECT_THAT(
        notes(
            "{ __typename b: author_aggregate { aggregate { count } nodes { id } } }",
            {"\"query_root\"", nodes}
        ),
        HasSubstr(R"("path":["b","nodes"],"limit":2)")
    );
    const std::string_view returned =
        R"({"affected_rows":1,"returning":[{"name":"x","articles":[{"id":1},{"id":2}]}]})";
    EXPECT_THAT(
        notes(
            R"(mutation { insert_author(objects: [{name: "x"}]) { affected_rows returning { name articles { id } } } })",
            {returned}
        ),
        AllOf(
            HasSubstr(R"("path":["insert_author","returning","articles"])"), Not(HasSubstr(R"("returning"])"))
        )
    );
}

/// Text that is no JSON ends the look; what was found before it stands.
TEST_F(Notes, EndWithTheText) {
    for (std::string_view broken : {"", "[", "[{", R"([{"id)", R"([{"id":1},{"id":2)", "{}", "null", "7"}) {
        EXPECT_EQ(notes("{ author { id } }", {broken}), "") << broken;
    }
}

}  // namespace
}  // namespace weft::graphql
