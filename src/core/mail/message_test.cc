#include "core/mail/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::mail {
namespace {

Node value(const std::string& text) {
    auto read = parse_response("* " + text);
    EXPECT_TRUE(read) << text;
    return read ? read->data.at(0) : Node{};
}

TEST(Parts, AreNumberedAsFetchNamesThem) {
    const auto parts = parts_of(value(
        R"((((("text" "plain" ("charset" "iso-8859-1") NIL NIL "quoted-printable" 30 2 NIL NIL NIL NIL)("text" "html" ("charset" "utf-8") NIL NIL "base64" 40 3 NIL NIL NIL NIL) "alternative" ("boundary" "b") NIL NIL NIL)("image" "png" ("name" "logo.png") "<logo@x>" NIL "base64" 88 NIL ("inline" ("filename" "logo.png")) NIL NIL) "related" NIL NIL NIL NIL)("application" "pdf" NIL NIL NIL "base64" 4000 NIL ("attachment" ("filename*" "utf-8''na%C3%AFve%20..%2Fx.pdf")) NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 300 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 1 1) 9 NIL ("attachment" NIL) NIL NIL) "mixed" NIL NIL NIL NIL))"
    ));
    ASSERT_EQ(parts.size(), 5u);
    EXPECT_EQ(parts[0].section, "1.1.1");
    EXPECT_EQ(parts[0].charset, "iso-8859-1");
    EXPECT_EQ(parts[1].section, "1.1.2");
    EXPECT_EQ(parts[2].section, "1.2");
    EXPECT_EQ(parts[2].content_id, "logo@x");
    EXPECT_TRUE(parts[2].is_inline);
    EXPECT_EQ(parts[3].section, "2");
    EXPECT_EQ(parts[3].name, "x.pdf") << "a name is no path";
    EXPECT_TRUE(parts[3].is_attachment);
    EXPECT_EQ(parts[4].type, "message/rfc822");
    EXPECT_TRUE(parts[4].is_attachment);
    const Content content = content_of(parts);
    EXPECT_EQ(content.text, &parts[0]);
    EXPECT_EQ(content.html, &parts[1]);
    EXPECT_EQ(content.attachments.size(), 3u);
}

TEST(Parts, OfAMessageThatIsOneAreOne) {
    const auto parts =
        parts_of(value(R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 4 1 NIL NIL NIL NIL))"));
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_EQ(parts[0].section, "1");
    EXPECT_EQ(parts[0].type, "text/plain");
    EXPECT_TRUE(parts_of(value("NIL")).empty());
    EXPECT_EQ(parts_of(value("(NIL)")).size(), 1u) << "nothing is known of it, and it is there";
}

TEST(Parts, HaveALimit) {
    std::string many = "(";
    for (int i = 0; i < 5'000; ++i) many += R"(("a" "b"))";
    EXPECT_EQ(parts_of(value(many + R"( "mixed"))")).size(), kPartsMax);
}

TEST(Envelope, IsAddressesAndDates) {
    const JsonObject seen = envelope_of(value(
        R"(("Tue, 1 Dec 2026 10:00:00 +0100" "=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?B?IMO8?=" (("=?iso-8859-1?q?J=F6rg?=" NIL "joerg" "example.com")) NIL NIL ((NIL NIL "friends" NIL)("A" NIL "a" "x.y")(NIL NIL NIL NIL)) NIL NIL NIL "<1@x>"))"
    ));
    EXPECT_EQ(text_or(seen, "subject"), "Grüße ü");
    EXPECT_EQ(to_text(seen.at("from")), R"({"name":"Jörg","address":"joerg@example.com"})");
    EXPECT_EQ(to_text(seen.at("to")), R"([{"name":"A","address":"a@x.y"}])");
    EXPECT_EQ(text_or(seen, "date"), "2026-12-01T09:00:00.000Z");
    EXPECT_EQ(text_or(seen, "message_id"), "<1@x>");
    const JsonObject nothing = envelope_of(Node{});
    EXPECT_TRUE(nothing.at("from").is_null());
    EXPECT_TRUE(nothing.at("date").is_null());
}

TEST(Words, AreDecodedWhateverTheirPieces) {
    // One character of two bytes, cut between two words.
    EXPECT_EQ(decoded_words("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?="), "ü");
    EXPECT_EQ(decoded_words("a =?utf-8?Q?=C3=BC?= b"), "a ü b");
    EXPECT_EQ(decoded_words("=?utf-8?Q?a_b?=\r\n =?iso-8859-1*de?b?/A==?="), "a bü");
    EXPECT_EQ(decoded_words("=?nothing?x?y?="), "=?nothing?x?y?=");
    EXPECT_EQ(decoded_words("=?utf-8?Q?open"), "=?utf-8?Q?open");
    EXPECT_EQ(decoded_words("caf\xe9"), "café") << "Latin-1, as it was once sent";
}

TEST(Headers, AreUnfoldedAndKeptTogether) {
    const JsonObject seen =
        headers_of("Subject: a\r\n b\r\nReceived: one\r\nRECEIVED: two\r\nno colon\r\nX-Odd:\r\n\r\n");
    EXPECT_EQ(text_or(seen, "subject"), "a b");
    EXPECT_EQ(text_or(seen, "received"), "one\ntwo");
    EXPECT_EQ(text_or(seen, "x-odd", "-"), "");
    EXPECT_EQ(seen.size(), 3u);
}

TEST(Dates, AreReadAsPeopleWriteThem) {
    const auto read = [](std::string_view text) {
        const auto at = read_date(text);
        return at ? rfc3339(*at) : "nothing";
    };
    EXPECT_EQ(read("Tue, 1 Dec 2026 10:00:00 -0330 (NST)"), "2026-12-01T13:30:00.000Z");
    EXPECT_EQ(read(" 1-Dec-2026 12:15:25 +0000"), "2026-12-01T12:15:25.000Z");
    EXPECT_EQ(read("1 Dec 26 10:00 EST"), "2026-12-01T15:00:00.000Z");
    for (const std::string_view wrong :
         {"", "yesterday", "32 Dec 2026 10:00:00 +0000", "1 Dec 2026", "1 Foo 2026 10:00:00"})
        EXPECT_EQ(read(wrong), "nothing") << wrong;
    EXPECT_EQ(search_date(*read_date("1 Dec 2026 10:00:00 +0000")), "1-Dec-2026");
}

TEST(Decoder, GivesTheSameInAnyPieces) {
    const auto decoded = [](std::string_view encoding, std::string_view coded) {
        Decoder whole(encoding);
        std::string once = whole.decode(coded);
        once += whole.finish();
        for (std::size_t piece = 1; piece <= coded.size(); ++piece) {
            Decoder decoder(encoding);
            std::string out;
            for (std::size_t at = 0; at < coded.size(); at += piece)
                out += decoder.decode(coded.substr(at, piece));
            EXPECT_EQ(out + decoder.finish(), once) << piece;
        }
        return once;
    };
    EXPECT_EQ(decoded("base64", "aGVs\r\nbG8g d29ybGQ=\r\n"), "hello world");
    EXPECT_EQ(decoded("base64", "aGVsbG8"), "hello") << "without its padding";
    EXPECT_EQ(decoded("quoted-printable", "caf=C3=A9 =\r\nx=3D=\ny =zz ="), "café x=y =zz =");
    EXPECT_EQ(decoded("8bit", "a=b"), "a=b");
}

}  // namespace
}  // namespace weft::mail
