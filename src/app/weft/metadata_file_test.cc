#include "app/weft/metadata_file.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weft::app {

namespace {

class MetadataFile : public ::testing::Test {
  protected:
    void TearDown() override { std::filesystem::remove(path_); }
    Result<Json> read(const std::string& text) {
        std::ofstream(path_) << text;
        return read_metadata_file(path_);
    }
    std::string text_of(const std::string& text) {
        auto value = read(text);
        return value ? to_text(*value) : "error: " + value.error().user;
    }

    std::string path_ =
        (std::filesystem::temp_directory_path() / ("weft_metadata_" + std::to_string(::getpid()))).string();
};

TEST_F(MetadataFile, ReadsYamlWithItsScalars) {
    EXPECT_EQ(
        text_of("version: 3\nsources:\n  - { name: default, limit: 10, on: true, none: ~, text: \"7\", "
                "ratio: 1.5 }\n"),
        R"({"version":3,"sources":[{"name":"default","limit":10,"on":true,"none":null,"text":"7","ratio":1.5}]})"
    );
}

TEST_F(MetadataFile, ResolvesAnchors) {
    EXPECT_EQ(text_of("a: &x [1, two]\nb: *x\n"), R"({"a":[1,"two"],"b":[1,"two"]})");
}

TEST_F(MetadataFile, ReadsJson) {
    EXPECT_EQ(
        text_of(R"({"version": 3, "big": 9007199254740993})"), R"({"version":3,"big":9007199254740993})"
    );
}

TEST_F(MetadataFile, SaysWhereItIsWrong) {
    EXPECT_TRUE(text_of("a: [1\nb: 2\n").contains("line 2")) << text_of("a: [1\nb: 2\n");
    EXPECT_TRUE(read_metadata_file("/nowhere/at/all").error().user.contains("/nowhere/at/all"));
}

}  // namespace
}  // namespace weft::app
