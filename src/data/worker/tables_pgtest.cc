#include "core/trigger/table.h"
#include "data/worker/detail/test_other_postgres.h"

namespace weft::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class TablesTest : public OtherPostgresTest {
  protected:
    void SetUp() override {
        OtherPostgresTest::SetUp();
        if (!pool_) return;
        ASSERT_TRUE(other_->exec(
            "create schema \"The \"\"shop\"; create table \"The \"\"shop\".\"orders; drop table x\" ("
            "id bigint primary key, \"updated at\" timestamptz not null default now(), total numeric, "
            "\"a\"\"b\" text);"
            "create table \"The \"\"shop\".secret (id int primary key);"
            "grant usage on schema \"The \"\"shop\" to shop_reader;"
            "grant select on \"The \"\"shop\".\"orders; drop table x\" to shop_reader"
        ));
    }

    TriggerId look(
        const std::string& config, const std::string& at = "", const std::string& secret = "reader-secret"
    ) {
        auto settings = trigger::parse_table(*parse_json(config));
        EXPECT_TRUE(settings) << settings.error().user << settings.error().field;
        const Json compiled = login_at(at.empty() ? url() : at, "shop_reader", secret);
        return add_trigger("postgres", trigger::to_json(*settings), compiled);
    }
    std::string orders(const std::string& more = "") {
        return R"({"connection":"db","schema":"The \"shop","table":"orders; drop table x","cursor":["updated at","id"])" +
               more + "}";
    }
    void add(int id, const std::string& at) {
        other_->exec(
            "insert into \"The \"\"shop\".\"orders; drop table x\" values (" + std::to_string(id) + ", " +
            at + ", 1.50, 'x')"
        );
    }
    std::vector<std::string> ids() {
        std::vector<std::string> out;
        for (const std::string& input : inputs()) {
            last_ = *parse_json(input);
            out.push_back(to_text(last_.at("id")));
        }
        return out;
    }

    Json last_;
};

TEST_F(TablesTest, RowsThatAreNewOrChangedBeginRunsWhateverTheirNames) {
    add(1, "now() - interval '1 hour'");
    start_worker();
    const TriggerId id = look(orders());
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "coalesce(problem, 'none')"), "none");
    EXPECT_THAT(ids(), IsEmpty());
    // Two of one instant are two, however the next look falls between them.
    add(3, "'2030-01-01 00:00:00.000001+00'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), ElementsAre("3"));
    EXPECT_EQ(
        to_text(last_), R"({"id":3,"updated at":"2030-01-01T00:00:00.000001+00:00","total":1.50,"a\"b":"x"})"
    );
    add(2, "'2030-01-01 00:00:00.000001+00'");
    add(4, "'2030-01-01 00:00:00.000001+00'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), UnorderedElementsAre("3", "2", "4")) << "the one below the cursor, too";
    // What was written before and is there later is in the stretch that is looked at again.
    add(5, "'2029-12-31 23:59:30+00'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), UnorderedElementsAre("3", "2", "4", "5"));
    other_->exec(
        "update \"The \"\"shop\".\"orders; drop table x\" set \"updated at\" = '2030-01-01 00:00:01+00' "
        "where id = 1"
    );
    ASSERT_TRUE(ask_again(id));
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(ids(), UnorderedElementsAre("3", "2", "4", "5", "1"));
}

TEST_F(TablesTest, AllOfThemWithTheColumnsThatAreNamed) {
    ASSERT_TRUE(
        other_->exec("insert into \"The \"\"shop\".\"orders; drop table x\" select n, now(), 1.50, 'x' "
                     "from generate_series(1, 450) n")
    );
    start_worker();
    const TriggerId id = look(orders(
        R"(,"start":"all","columns":["id","a\"b"],"filter":{"path":"input.id","is":"at-most","value":449})"
    ));
    ASSERT_TRUE(asked(id, 3));
    EXPECT_EQ(of(id, "fired || ' ' || filtered"), "449 1");
    EXPECT_EQ(
        database().scalar(
            "select count(*) from weft.workflow_run where tenant_id = $1::uuid", {tenant_.text()}
        ),
        "449"
    );
}

TEST_F(TablesTest, WhatCannotBeAskedIsSaid) {
    start_worker();
    const auto problem = [&](const std::string& config,
                             const std::string& at = "",
                             const std::string& secret = "reader-secret") {
        const TriggerId id = look(config, at, secret);
        EXPECT_TRUE(asked(id, 1));
        return of(id, "coalesce(problem, 'none')");
    };
    EXPECT_THAT(
        problem(R"({"connection":"db","schema":"The \"shop","table":"none","cursor":["id"]})"),
        HasSubstr("no table")
    );
    EXPECT_THAT(
        problem(R"({"connection":"db","schema":"The \"shop","table":"secret","cursor":["id"]})"),
        HasSubstr("permission denied")
    );
    EXPECT_THAT(
        problem(
            R"({"connection":"db","schema":"The \"shop","table":"orders; drop table x","cursor":["nope"]})"
        ),
        HasSubstr("no column nope")
    );
    EXPECT_THAT(
        problem(
            R"({"connection":"db","schema":"The \"shop","table":"orders; drop table x","cursor":["updated at"]})"
        ),
        HasSubstr("unique")
    );
    EXPECT_THAT(problem(orders(), "postgres-plain://10.1.2.3/x"), HasSubstr("--egress-allow=10.1.2.3:5432"));
    EXPECT_THAT(problem(orders(), "", "wrong"), HasSubstr("does not take this name and password"));
    EXPECT_THAT(problem(orders(), url("127.0.0.1")), HasSubstr("certificate"));
    EXPECT_THAT(
        problem(orders(), url("localhost", "postgres", "postgres-plain")), HasSubstr("no encryption")
    );
    EXPECT_THAT(problem(orders(), url("localhost", "user=owner%20host=x")), HasSubstr("does not exist"));
    EXPECT_THAT(problem(orders(), base_), HasSubstr("The connection is for http"));
    EXPECT_THAT(ids(), IsEmpty());
}

}  // namespace
}  // namespace weft::worker
