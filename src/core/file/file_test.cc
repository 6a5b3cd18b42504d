#include "core/file/file.h"

#include "core/file/multipart.h"

#include <gtest/gtest.h>

namespace weft::file {
namespace {

TEST(File, AHandleIsReadByItsIdAlone) {
    const FileId id = *FileId::parse("01890000-0000-7000-8000-000000000001");
    const Handle handle{id, "a.csv", "text/csv", 12, std::string(64, 'a')};
    EXPECT_EQ(handle_in(to_json(handle)), id);
    EXPECT_EQ(handle_in(Json(JsonObject{{"$file", "no id"}})), std::nullopt);
    EXPECT_EQ(handle_in(Json(id.text())), std::nullopt);
    const Json value = JsonObject{{"list", JsonArray{to_json(handle), JsonObject{{"x", to_json(handle)}}}}};
    EXPECT_EQ(handles_in(value)->size(), 1u);
    EXPECT_TRUE(may_hold_handles(to_text(value)));
}

TEST(File, AValueHoldsABoundedNumberOfHandles) {
    JsonArray many;
    SeededRng rng(1);
    for (std::size_t i = 0; i <= kFilesPerValueMax; ++i)
        many.push_back(JsonObject{{"$file", Uuid::v7(Instant{}, rng).text()}});
    EXPECT_EQ(handles_in(Json(many)).error().code, Code::kLimit);
}

TEST(File, NamesAreNoPaths) {
    EXPECT_EQ(clean_name("../../etc/passwd"), "passwd");
    EXPECT_EQ(clean_name("C:\\Users\\me\\report.pdf"), "report.pdf");
    EXPECT_EQ(clean_name(".."), "file");
    EXPECT_EQ(clean_name("../.."), "file");
    EXPECT_EQ(clean_name(""), "file");
    EXPECT_EQ(clean_name("a\r\nSet-Cookie: x\t.txt"), "aSet-Cookie: x.txt");
    EXPECT_EQ(clean_name(".env"), ".env");
    EXPECT_EQ(clean_name("  ..x  "), "x");
    EXPECT_EQ(clean_name("caf\xe9.txt"), "caf\xef\xbf\xbd.txt");
    const std::string longest = clean_name(std::string(300, 'x') + "\xc3\xa4.pdf");
    EXPECT_EQ(longest.size(), kNameBytesMax);
    EXPECT_TRUE(longest.ends_with(".pdf"));
}

TEST(File, TypesAreTypesOrBytes) {
    EXPECT_EQ(clean_type("Image/PNG; q=1"), "image/png");
    EXPECT_EQ(clean_type("text/html\r\nx: y"), kAnyType);
    EXPECT_EQ(clean_type("html"), kAnyType);
    EXPECT_EQ(type_of_name("A.CSV"), "text/csv");
    EXPECT_EQ(type_of_name("x"), kAnyType);
}

TEST(File, ADispositionCannotBeBrokenOutOf) {
    EXPECT_EQ(
        disposition("a\"; filename=\"evil.html"),
        "attachment; filename=\"a_; filename=_evil.html\"; filename*=UTF-8''a%22%3B%20filename%3D%22evil.html"
    );
    EXPECT_EQ(disposition("\xc3\xa4.txt"), "attachment; filename=\"__.txt\"; filename*=UTF-8''%C3%A4.txt");
}

constexpr std::string_view kType = "multipart/form-data; boundary=\"xyz\"";

/// "name(filename|type)=value;" of each part, however the body is cut into pieces.
std::string read(std::string_view body, std::size_t piece, std::string_view type = kType) {
    auto reader = MultipartReader::make(type);
    if (!reader) return reader.error().user;
    std::string out;
    for (;;) {
        auto event = reader->next();
        if (!event) return out + "!" + event.error().user;
        switch (*event) {
            case MultipartReader::Event::kMore:
                if (body.empty()) return out + "!" + reader->finish().error().user;
                reader->feed(body.substr(0, piece));
                body.remove_prefix(std::min(piece, body.size()));
                break;
            case MultipartReader::Event::kPart:
                out += reader->part().name;
                if (reader->part().filename)
                    out += "(" + *reader->part().filename + "|" + reader->part().type + ")";
                out += "=";
                break;
            case MultipartReader::Event::kData:
                out += reader->data();
                break;
            case MultipartReader::Event::kEnd:
                out += ";";
                break;
            case MultipartReader::Event::kDone:
                return out;
        }
    }
}

TEST(Multipart, ReadsTheSameHoweverItIsCut) {
    const std::string body =
        "ignored\r\n--xyz  \r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\n\r\n--xy\r\n--xyz\r\n"
        "content-disposition: form-data; name=empty\r\n\r\n\r\n--xyz\r\n"
        "Content-Disposition: form-data; name=\"doc\"; filename=\"x;y.pdf\"\r\nContent-Type: "
        "application/pdf\r\n\r\n"
        "\r\n\r\n--xyz--\r\nepilogue";
    for (std::size_t piece : {1ul, 2ul, 3ul, 7ul, 64ul, 4096ul})
        EXPECT_EQ(read(body, piece), "a\"b=\r\n--xy;empty=;doc(x;y.pdf|application/pdf)=\r\n;") << piece;
}

TEST(Multipart, SaysWhatIsDamaged) {
    EXPECT_EQ(
        read("--xyz\r\ncontent-disposition: form-data; name=a\r\n\r\nhalf", 5),
        "a=!The body ends before its last boundary"
    );
    EXPECT_EQ(read("--xyz\r\nx: y\r\n\r\n", 5), "!A part of the body has no name");
    const std::string named = "--xyz\r\ncontent-disposition: form-data; name=a\r\n\r\nx\r\n--xyz--";
    EXPECT_EQ(read("--xyz\r\n" + named, 5), "!A part of the body has no end of its headers");
    EXPECT_EQ(read("--xyzzy\r\n", 5), "!The body has a damaged boundary");
    EXPECT_EQ(
        read("", 5, "multipart/form-data"), "multipart/form-data needs a boundary of 1 to 70 characters"
    );
    EXPECT_EQ(read(std::string(100'000, 'x'), 4096), "!The body has no boundary");
    EXPECT_EQ(
        read("--xyz\r\nx: " + std::string(100'000, 'x'), 4096),
        "!A part of the body has no end of its headers"
    );
}

TEST(Multipart, WhatWeWriteIsReadBack) {
    const std::string body =
        part_head("xyz", {"a\r\n\"", "n\".txt", "text/plain"}) + "hi\r\n" + multipart_end("xyz");
    EXPECT_EQ(read(body, 3), "a\r\n\"(n\".txt|text/plain)=hi;");
}

}  // namespace
}  // namespace weft::file
