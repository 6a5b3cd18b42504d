#include "platform/pg/conninfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace weft::pg {
namespace {

using testing::HasSubstr;
using testing::Not;

const Secret kOther("o'th\\er");

std::string for_login(std::string_view text) {
    auto parsed = Conninfo::parse(text);
    if (!parsed) return "malformed";
    auto made = parsed->for_login("weft_api", kOther);
    return made ? std::string(made->text().reveal()) : made.error().user;
}

TEST(Conninfo, AnotherLoginReplacesTheFirstWhole) {
    const std::string wanted =
        "dbname='weft' host='db' password='o\\'th\\\\er' port='5433' sslmode='require' user='weft_api'";
    EXPECT_EQ(for_login("postgresql://root:admin-pass@db:5433/weft?sslmode=require"), wanted);
    EXPECT_EQ(
        for_login("host=db port=5433 dbname=weft sslmode=require user=root password=admin-pass"), wanted
    );
}

TEST(Conninfo, NothingThatOpensTheFirstLoginsDoorsIsHandedOn) {
    const std::string made = for_login(
        "host=db dbname=weft user=root password=canary1 passfile=/canary2 sslcert=/canary3 sslkey=/canary4 "
        "sslpassword=canary5 sslrootcert=/ca.pem"
    );
    EXPECT_THAT(made, Not(HasSubstr("canary")));
    EXPECT_THAT(made, HasSubstr("sslrootcert='/ca.pem'"));
}

TEST(Conninfo, LibpqReadsBackWhatWasWritten) {
    for (const char* value : {"", " ", "a b", "'", "\\", "x=y z='", "postgresql://a:b@c/d", "\xc3\xa4%20"}) {
        Conninfo made;
        made.set("host", "/run/x y");
        made.set("dbname", value);
        auto read = Conninfo::parse(made.text().reveal());
        ASSERT_TRUE(read) << value;
        EXPECT_EQ(read->get("dbname"), value);
        EXPECT_EQ(read->get("host"), "/run/x y");
        EXPECT_EQ(read->get("user"), "");
    }
}

TEST(Conninfo, AServiceOrAnUnknownOptionIsRefusedByName) {
    EXPECT_THAT(for_login("service=admin"), HasSubstr("`service`"));
    Conninfo unknown;
    unknown.set("oauth_client_secret", "x");
    EXPECT_THAT(unknown.for_login("weft_api", kOther).error().user, HasSubstr("`oauth_client_secret`"));
}

TEST(Conninfo, AMalformedOneIsNotRepeated) {
    for (const char* text : {"postgresql://u:hunter2@[::1", "password='hunter2", "nonsense=hunter2"}) {
        auto parsed = Conninfo::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_THAT(parsed.error().user + parsed.error().detail, Not(HasSubstr("hunter2")));
    }
}

TEST(Conninfo, KnowsEveryOptionOfThisLibpq) {
    PQconninfoOption* all = PQconndefaults();
    ASSERT_NE(all, nullptr);
    int count = 0;
    for (const PQconninfoOption* at = all; at->keyword != nullptr; ++at, ++count) {
        const std::string keyword = at->keyword;
        Conninfo one;
        one.set(keyword, "canary");
        auto made = one.for_login("u", Secret("p"));
        if (keyword == "service") continue;
        ASSERT_TRUE(made) << keyword << ": decide in conninfo.cc whether another login gets it";
        // libpq marks what is to be hidden with '*'.
        if (at->dispchar[0] == '*')
            EXPECT_THAT(std::string(made->text().reveal()), Not(HasSubstr("canary"))) << keyword;
    }
    PQconninfoFree(all);
    EXPECT_GT(count, 30);
}

}  // namespace
}  // namespace weft::pg
