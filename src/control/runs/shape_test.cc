#include "control/runs/detail/shape.h"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

std::string shape(std::string_view json, std::string_view path = "", std::size_t rows = 2) {
    auto out = shape_of(json, path, rows);
    return out ? to_text(*std::move(out)) : "!" + out.error().user;
}
JsonObject tree(std::string_view json, std::string_view path = "", std::size_t rows = 2) {
    return shape_of(json, path, rows).value_or(JsonObject{});
}

TEST(Shape, OfAListSaysItsKindsItsNamesAndItsFirstItems) {
    const std::string json =
        R"({"status":200,"body":{"items":[{"id":"a","n":1},{"id":"b","n":null,"more":[1,"]}"]},7]}})";
    const JsonObject out = tree(json, "/body/items");
    EXPECT_EQ(out.at("kind"), "array");
    EXPECT_EQ(out.at("items"), 3);
    EXPECT_EQ(to_text(out.at("kinds")), R"([{"kind":"object","count":2},{"kind":"number","count":1}])");
    EXPECT_EQ(
        to_text(out.at("keys")),
        R"([{"name":"id","count":2,"kinds":["string"],"size_bytes":6,"example":"a"},)"
        R"({"name":"n","count":2,"kinds":["number","null"],"size_bytes":5,"example":1},)"
        R"({"name":"more","count":1,"kinds":["array"],"size_bytes":8,"example":null}])"
    );
    const JsonArray& rows = out.at("rows").get_array();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(to_text(rows[1].get_object().at("value")), R"({"id":"b","n":null,"more":[1,"]}"]})");
    const auto offset = int_or(rows[1].get_object(), "offset", 0);
    const auto size = int_or(rows[1].get_object(), "size_bytes", 0);
    EXPECT_EQ(json.substr(offset, size), R"({"id":"b","n":null,"more":[1,"]}"]})")
        << "what a range read gives";
    EXPECT_EQ(json.substr(int_or(out, "offset", 0), 5), "[{\"id");
}

TEST(Shape, OfAnObjectSaysItsMembers) {
    const JsonObject out = tree(R"( { "a" : "x\"}" , "b" : [ 1 , 2 ] , "c":{}, "d":true,"e":-1.5e3 } )");
    EXPECT_EQ(out.at("kind"), "object");
    EXPECT_EQ(out.at("items"), 5);
    EXPECT_EQ(
        to_text(out.at("keys")),
        R"([{"name":"a","count":1,"kinds":["string"],"size_bytes":6,"example":"x\"}"},)"
        R"({"name":"b","count":1,"kinds":["array"],"size_bytes":9,"example":null},)"
        R"({"name":"c","count":1,"kinds":["object"],"size_bytes":2,"example":null},)"
        R"({"name":"d","count":1,"kinds":["bool"],"size_bytes":4,"example":true},)"
        R"({"name":"e","count":1,"kinds":["number"],"size_bytes":6,"example":-1.5e3}])"
    );
    EXPECT_TRUE(out.at("rows").get_array().empty());
}

TEST(Shape, OfPlainValuesIsTheirKindAndSize) {
    for (const auto& [json, kind] :
         {std::pair{"\"text\"", "string"}, {"12", "number"}, {"null", "null"}, {"false", "bool"}}) {
        const JsonObject out = tree(json);
        EXPECT_EQ(out.at("kind"), kind);
        EXPECT_EQ(out.at("size_bytes"), static_cast<std::int64_t>(std::string_view(json).size()));
        EXPECT_TRUE(out.at("items").is_null());
    }
}

TEST(Shape, PathsAreJsonPointers) {
    const std::string json = R"({"a/b":{"c~d":[10,{"é":20}]},"":1})";
    EXPECT_EQ(tree(json, "/a~1b/c~0d/0").at("kind"), "number");
    EXPECT_EQ(tree(json, "/a~1b/c~0d/1/é").at("size_bytes"), 2);
    EXPECT_EQ(tree(R"({"\u00e9":20})", "/é").at("size_bytes"), 2) << "however a name is written";
    EXPECT_EQ(tree(json, "/").at("kind"), "number");
    EXPECT_EQ(shape(json, "/a~1b/x"), "!path: the value has nothing at /a~1b/x");
    EXPECT_EQ(shape(json, "/a~1b/c~0d/2"), "!path: the value has nothing at /a~1b/c~0d/2");
    EXPECT_EQ(shape(json, "/a~1b/c~0d/-1"), "!path: the value has nothing at /a~1b/c~0d/-1");
    EXPECT_EQ(shape("7", "/a"), "!path: the value has nothing at /a");
    EXPECT_EQ(shape(json, "a"), "!path must be a JSON pointer: \"/body/items/0\"");
    std::string deep;
    for (int i = 0; i < 20; ++i) deep += '[';
    for (int i = 0; i < 20; ++i) deep += ']';
    std::string path;
    for (int i = 0; i < 17; ++i) path += "/0";
    EXPECT_EQ(shape(deep, path), "!path has at most 16 names");
}

TEST(Shape, IsBoundedHoweverLargeTheValue) {
    std::string json = "{\"" + std::string(2'000, 'n') + "\":1";
    for (int i = 0; i < 300; ++i)
        json += ",\"k" + std::to_string(i) + "\":\"" + std::string(1'000, 'x') + '"';
    json += '}';
    const JsonObject out = tree(json);
    EXPECT_EQ(out.at("items"), 301);
    EXPECT_EQ(out.at("keys").get_array().size(), kShapeKeysMax);
    EXPECT_EQ(out.at("has_more_keys"), true);
    EXPECT_LT(to_text(out).size(), 30'000u) << "no long examples, no long names";
    const JsonObject rows = tree("[[" + std::string(5'000, ' ') + "],1]");
    EXPECT_EQ(rows.at("rows").at(0).at("is_large"), true);
    EXPECT_TRUE(rows.at("rows").at(0).at("value").is_null());
    EXPECT_EQ(rows.at("rows").at(1).at("value"), 1);
}

TEST(Shape, CutTextEndsWithoutReadingBeyond) {  // nobody stores such a text
    for (const char* json : {"", "[", "{", "{\"a\"", "{\"a\":", "[1,", "\"x", "[\"\\", "{\"a\":{\"b\""})
        (void)shape(json, "", 2);
    SUCCEED();
}

}  // namespace
}  // namespace weft::control
