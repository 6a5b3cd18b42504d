#include "app/weft/metadata_file.h"

#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <sstream>

namespace weft::app {

namespace {

constexpr std::size_t kBytesMax = 64u << 20;
constexpr int kDepthMax = 128;
constexpr std::size_t kNodesMax = 10'000'000;  // aliases multiply

class Reader {
  public:
    Result<Json> read(const YAML::Node& node, int depth) {
        if (depth > kDepthMax || ++nodes_ > kNodesMax)
            return fail(Error::invalid("it is nested too deep or too large"));
        if (node.IsScalar()) return node.Tag() == "!" ? Json(node.Scalar()) : plain_scalar(node.Scalar());
        if (node.IsSequence()) {
            JsonArray out;
            for (const auto& item : node) {
                TRY(Json value, read(item, depth + 1));
                out.push_back(std::move(value));
            }
            return out;
        }
        if (!node.IsMap()) return Json();
        JsonObject out;
        for (const auto& member : node) {
            if (!member.first.IsScalar()) return fail(Error::invalid("a name in it is no text"));
            TRY(Json value, read(member.second, depth + 1));
            out[member.first.Scalar()] = std::move(value);
        }
        return out;
    }

  private:
    std::size_t nodes_ = 0;
};

Result<Json> parse_yaml(const std::string& text) {
    try {
        return Reader().read(YAML::Load(text), 0);
    } catch (const YAML::Exception& error) {
        return fail(Error::invalid("line " + std::to_string(error.mark.line + 1) + ": " + error.msg));
    }
}

}  // namespace

Result<Json> read_metadata_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file || text.view().size() > kBytesMax) {
        return fail(Error::invalid("The metadata file " + path + " can't be read, or has more than 64 MiB."));
    }
    // JSON is YAML as well, but its own reader keeps every number exact.
    const auto start = text.view().find_first_not_of(" \t\r\n");
    const bool is_json = start != std::string_view::npos && text.view()[start] == '{';
    auto value = is_json ? parse_json(text.view(), {.bytes_max = kBytesMax, .depth_max = kDepthMax})
                         : parse_yaml(text.str());
    if (!value && is_json) value = parse_yaml(text.str());
    if (!value)
        return fail(Error::invalid("The metadata file " + path + " is not right: " + value.error().user));
    return value;
}

}  // namespace weft::app
