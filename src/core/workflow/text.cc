#include "base/limits.h"
#include "base/yaml.h"
#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace weft::workflow {

namespace {

constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kNodesMax = 50'000;

/// Ends yaml-cpp's reading at the first thing that we refuse; it has no other way.
struct Refused {
    Error error;
};

/// Builds the tree from events, so that aliases (which multiply) are refused before anything is built from
/// them. Throws Refused.
class Builder final : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check(mark, "", anchor);
        put(mark, nullptr);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "Anchors and aliases are not allowed");
    }
    void OnScalar(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value
    ) override {
        check(mark, tag, anchor);
        bool is_key = !open_.empty() && open_.back().value.is_object() && !open_.back().has_key;
        if (is_key) return put_key(mark, value);
        put(mark, tag == "!" ? Json(value) : plain_scalar(value));
    }
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value
    ) override {
        check(mark, tag, anchor);
        begin(mark, Json(JsonArray()));
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value
    ) override {
        check(mark, tag, anchor);
        begin(mark, Json(JsonObject()));
    }
    void OnMapEnd() override { end(); }

    Json root;

  private:
    struct Open {
        Json value;
        std::string key;
        bool has_key = false;
        YAML::Mark mark;
    };

    [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what) {
        throw Refused{Error::invalid(fmt::format("YAML line {}: {}", mark.line + 1, what))};
    }
    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != 0) refuse(mark, "Anchors and aliases are not allowed");
        if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "Tags are not allowed");
        if (++nodes_ > kNodesMax) refuse(mark, "Too many values");
    }
    void put_key(const YAML::Mark& mark, const std::string& key) {
        Open& open = open_.back();
        if (key == "<<") refuse(mark, "Merge keys are not allowed");
        if (open.value.get_object().contains(key)) refuse(mark, fmt::format("\"{}\" stands here twice", key));
        open.key = key;
        open.has_key = true;
    }
    void put(const YAML::Mark& mark, Json value) {
        if (open_.empty()) {
            root = std::move(value);
            return;
        }
        Open& open = open_.back();
        if (open.value.is_array()) {
            open.value.get_array().push_back(std::move(value));
        } else if (open.has_key) {
            open.value.get_object()[open.key] = std::move(value);
            open.has_key = false;
        } else {
            refuse(mark, "A name in an object is a text");
        }
    }
    void begin(const YAML::Mark& mark, Json value) {
        if (open_.size() >= kDepthMax) refuse(mark, fmt::format("Nested deeper than {} levels", kDepthMax));
        if (!open_.empty() && open_.back().value.is_object() && !open_.back().has_key)
            refuse(mark, "A name in an object is a text");
        open_.push_back({std::move(value), "", false, mark});
    }
    void end() {
        if (open_.empty()) return;
        Open closed = std::move(open_.back());
        open_.pop_back();
        put(closed.mark, std::move(closed.value));
    }

    std::vector<Open> open_;
    std::size_t nodes_ = 0;
};

Result<Json> read_yaml(std::string_view text) {
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        Builder builder;
        if (!parser.HandleNextDocument(builder)) return fail(Error::invalid("The YAML text is empty"));
        Builder second;
        if (parser.HandleNextDocument(second))
            return fail(Error::invalid("The YAML text holds two documents"));
        return std::move(builder.root);
    } catch (const Refused& refused) {
        return fail(refused.error);
    } catch (const YAML::Exception& e) {
        return fail(Error::invalid(fmt::format("Not valid YAML at line {}: {}", e.mark.line + 1, e.msg)));
    }
}

}  // namespace

Result<Json> read_text(std::string_view text, Format format) {
    if (text.size() > limits::kDefinitionBytesMax)
        return fail(
            Error::limit(fmt::format("A definition has at most {} KiB", limits::kDefinitionBytesMax >> 10))
        );
    if (format == Format::kYaml) return read_yaml(text);
    return parse_json(text, {.bytes_max = limits::kDefinitionBytesMax, .depth_max = kDepthMax});
}

}  // namespace weft::workflow
