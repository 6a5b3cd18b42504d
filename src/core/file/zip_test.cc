#include "core/file/zip.h"

#include <gtest/gtest.h>

namespace weft::file {
namespace {

TEST(Zip, NamesOfMembersHoldNoPathUpwards) {
    EXPECT_EQ(clean_member("../../etc/passwd"), "etc/passwd");
    EXPECT_EQ(clean_member("/a//./b\\c.txt"), "a/b/c.txt");
    EXPECT_EQ(clean_member(".."), "file");
    EXPECT_EQ(clean_member(""), "file");
}

TEST(Zip, NamesAreOneMembersEach) {
    std::vector<std::string> taken;
    EXPECT_EQ(unlike("a.b/c.txt", taken), "a.b/c.txt");
    EXPECT_EQ(unlike("a.b/c.txt", taken), "a.b/c (2).txt");
    EXPECT_EQ(unlike("a.b/c.txt", taken), "a.b/c (3).txt");
    EXPECT_EQ(unlike("a.b/c", taken), "a.b/c");
    EXPECT_EQ(unlike("a.b/c", taken), "a.b/c (2)");
}

TEST(Zip, LargeMembersAndManyHaveTheFormsOfZip64) {
    const std::int64_t large = 5ll << 30;
    ZipWriter one{Instant()};
    const std::string head = one.begin("a", large);
    EXPECT_EQ(head.size(), 30 + 1 + 20u);
    EXPECT_EQ(one.end({.crc = 1, .packed = large, .plain = large}).size(), 24u);
    (void)one.begin("b", 1);
    EXPECT_EQ(one.end({.crc = 1, .packed = 1, .plain = 1}).size(), 16u);
    const std::string directory = one.finish();
    EXPECT_EQ(directory.size(), (46 + 1 + 4 + 16) + (46 + 1 + 4 + 8) + 56 + 20 + 22u);
    ZipWriter many{Instant()};
    for (int i = 0; i < 70'000; ++i) {
        (void)many.begin("x", 0);
        (void)many.end({});
    }
    EXPECT_TRUE(many.finish().contains("PK\x06\x06"));
    ZipWriter none{Instant()};
    EXPECT_EQ(none.finish().size(), 22u);
}

TEST(Zip, WhatIsSaidOfAMemberLiesInTheFile) {
    EXPECT_TRUE(zip_member(
        *parse_json(R"({"place":0,"name":"a","at":10,"packed":20,"plain":30,"crc":7,"deflated":true})"), 40
    ));
    EXPECT_FALSE(
        zip_member(*parse_json(R"({"place":0,"at":30,"packed":20,"plain":30,"crc":7,"deflated":true})"), 40)
    );
    EXPECT_FALSE(
        zip_member(*parse_json(R"({"place":0,"at":-1,"packed":20,"plain":30,"crc":7,"deflated":true})"), 40)
    );
    EXPECT_FALSE(
        zip_member(*parse_json(R"({"place":-1,"at":1,"packed":20,"plain":30,"crc":7,"deflated":true})"), 40)
    );
    EXPECT_FALSE(zip_member(*parse_json("[]"), 40));
    ZipWriter writer{Instant()};
    const std::string head = writer.begin("name", 3);
    EXPECT_EQ(zip_data_at(head, 100), 100 + static_cast<std::int64_t>(head.size()));
    EXPECT_EQ(zip_data_at("PK\x01\x02" + head.substr(4), 100), std::nullopt);
    EXPECT_EQ(zip_data_at(head.substr(0, 29), 100), std::nullopt);
}

}  // namespace
}  // namespace weft::file
