#include "core/mail/imap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::mail {
namespace {

using testing::ElementsAre;

std::vector<std::string> responses(std::string_view stream, std::size_t piece) {
    ResponseReader reader;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        EXPECT_TRUE(reader.feed(stream.substr(at, piece)));
        while (auto one = reader.next().value_or(std::nullopt)) out.push_back(*one);
    }
    return out;
}

TEST(ResponseReader, TakesNoLineOfALiteralForAnAnswer) {
    const std::string_view stream =
        "* 1 FETCH (BODY[] {23}\r\nhi\r\nw1 OK done\r\n) {3}\r\n UID 5)\r\nw1 OK Fetched\r\n";
    for (std::size_t piece = 1; piece < stream.size(); ++piece) {
        const auto found = responses(stream, piece);
        ASSERT_EQ(found.size(), 2u) << piece;
        EXPECT_EQ(found[1], "w1 OK Fetched");
        const auto fetch = parse_response(found[0]);
        ASSERT_TRUE(fetch) << fetch.error().user;
        EXPECT_EQ(fetch->data[2].list[1].text, "hi\r\nw1 OK done\r\n) {3}\r\n");
        EXPECT_EQ(fetch->data[2].list[3].number(), 5u);
    }
}

TEST(ResponseReader, EndsAtItsLimit) {
    ResponseReader reader;
    ASSERT_TRUE(reader.feed("* 1 FETCH (BODY[] {99999999}\r\n"));
    EXPECT_EQ(reader.next().error().code, Code::kLimit);
    ResponseReader endless;
    const std::string piece(1 << 20, 'x');
    EXPECT_TRUE(endless.feed(piece));
    EXPECT_TRUE(endless.feed(piece));
    EXPECT_EQ(endless.feed("x").error().code, Code::kLimit);
}

TEST(Response, IsReadByItsKind) {
    const auto status = parse_response("* OK [UIDVALIDITY 3857529045] UIDs valid (all of them");
    ASSERT_TRUE(status);
    EXPECT_EQ(status->kind, Response::Kind::kOk);
    EXPECT_EQ(code_number(status->text, "uidvalidity"), 3857529045u);
    EXPECT_EQ(code_number(status->text, "UIDNEXT"), std::nullopt);
    EXPECT_EQ(parse_response("w7 NO no such folder")->kind, Response::Kind::kNo);
    EXPECT_EQ(parse_response("+ go ahead")->kind, Response::Kind::kGoOn);
    const auto search = parse_response("* SEARCH 2 84 882");
    ASSERT_TRUE(search);
    EXPECT_EQ(search->data[2].number(), 84u);
    const auto names = parse_response(R"(* 1 FETCH (BODY[HEADER.FIELDS (DATE "x")]<0> NIL X "a\"b\\"))");
    ASSERT_TRUE(names);
    EXPECT_EQ(names->data[2].list[0].text, R"(BODY[HEADER.FIELDS (DATE "x")]<0>)");
    EXPECT_EQ(names->data[2].list[1].kind, Node::Kind::kNil);
    EXPECT_EQ(names->data[2].list[3].text, "a\"b\\");
}

TEST(Response, OfNonsenseIsRefused) {
    for (const std::string_view wrong :
         {"* 1 FETCH (", "* 1 FETCH )", "* \"open", "* {5}\r\nabc", "w1 WHAT", "", "*"}) {
        const auto read = parse_response(wrong);
        if (wrong == "*") continue;  // nothing is said, which is no harm
        EXPECT_FALSE(read) << wrong;
    }
    EXPECT_FALSE(parse_response("* " + std::string(100, '(') + std::string(100, ')')));
    std::string wide = "* (";
    for (std::size_t i = 0; i <= Node::kNodesMax; ++i) wide += "a ";
    EXPECT_FALSE(parse_response(wide + ")"));
}

TEST(MailboxName, IsModifiedUtf7) {
    EXPECT_EQ(mailbox_name("INBOX", "f"), R"("INBOX")");
    EXPECT_EQ(mailbox_name("Entwürfe & mehr/台北", "f"), R"("Entw&APw-rfe &- mehr/&U,BTFw-")");
    EXPECT_EQ(mailbox_name("a\"b\\c", "f"), R"("a\"b\\c")");
    EXPECT_EQ(mailbox_name("😀", "f"), R"("&2D3eAA-")");
    for (const std::string& wrong :
         {std::string(), std::string("a\r\nw9 DELETE x"), std::string("\xff"), std::string(501, 'a')})
        EXPECT_EQ(mailbox_name(wrong, "config.folder").error().field, "config.folder");
}

}  // namespace
}  // namespace weft::mail
