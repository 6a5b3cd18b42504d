#include "core/connector/connector.h"

#include <gtest/gtest.h>

namespace weft::connector {
namespace {

Json parsed(std::string_view text) {
    return parse_json(text).value();
}

TEST(Response, IsReadInTheCharsetThatItNames) {
    Oddities seen;
    auto body = [&](std::string_view type, std::string_view text) {
        HttpResponse r{
            .status = 200, .headers = {{"content-type", std::string(type)}}, .body = std::string(text)
        };
        seen = {};
        return response_output(std::move(r), seen).at("body");
    };
    EXPECT_EQ(
        body("application/json;charset=ISO-8859-15", "{\"preis\":\"5 \xA4\"}"), parsed(R"({"preis":"5 €"})")
    );
    EXPECT_EQ(body("text/csv; charset=iso-8859-1", "K\xF6ln;5"), Json("Köln;5"));
    EXPECT_EQ(body("application/json", "\xEF\xBB\xBF{\"ok\":true}"), parsed(R"({"ok":true})"));
    EXPECT_EQ(
        body(
            "application/json",
            std::string_view(
                "\xFF\xFE[\0"
                "1\0]\0",
                8
            )
        ),
        parsed("[1]")
    );
    EXPECT_EQ(
        body("text/xml", "<?xml version='1.0' encoding='latin1'?><a>\xF6</a>"),
        Json("<?xml version='1.0' encoding='latin1'?><a>ö</a>")
    );
    EXPECT_EQ(
        body(
            "text/plain",
            "\xEF\xBB\xBF"
            "a"
        ),
        Json("a")
    );
    EXPECT_FALSE(seen.has_broken_text);
    EXPECT_EQ(body("application/json; charset=utf-7", R"({"a":"ö"})"), parsed(R"({"a":"ö"})"));
    EXPECT_EQ(seen.charset, "utf-7");
    EXPECT_EQ(body("application/json", "{\"a\":\"\xFF\"}"), parsed("{\"a\":\"\xEF\xBF\xBD\"}"));
    EXPECT_TRUE(seen.has_broken_text);
    EXPECT_EQ(body("application/json", "<html>"), Json("<html>"));
    EXPECT_TRUE(seen.is_json_unread);
    // A charset makes no text of what is none.
    EXPECT_TRUE(body("image/png; charset=utf-8", "\x89PNG").is_object());
    EXPECT_EQ(body("application/json", "\xEF\xBB\xBF"), Json(nullptr));
}

TEST(Response, HeadersMayBeLatin1) {
    Oddities seen;
    HttpResponse r{.status = 200, .headers = {{"X-City", "K\xF6ln"}, {"X-Other", "Köln"}, {"X-None", ""}}};
    EXPECT_EQ(
        response_output(r, seen).at("headers"), parsed(R"({"x-city":"Köln","x-other":"Köln","x-none":""})")
    );
}

}  // namespace
}  // namespace weft::connector
