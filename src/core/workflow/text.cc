#include "base/limits.h"
#include "base/yaml.h"
#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

namespace weft::workflow {

namespace {

constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kNodesMax = 50'000;

/// Ends yaml-cpp's reading at the first thing that we refuse; it has no other way.
struct Refused {
    Error error;
};

std::string where(const YAML::Mark& mark) {
    return fmt::format("line {}, column {}", mark.line + 1, mark.column + 1);
}

Error unquoted(const YAML::Mark& mark) {
    return Error::invalid(fmt::format(
        "YAML {}: an expression needs quotes here, such as '{{{{ input.x }}}}': without them YAML reads "
        "braces "
        "as an object",
        where(mark)
    ));
}

/// Builds the tree from events, so that aliases (which multiply) are refused before anything is built from
/// them. Throws Refused.
class Builder final : public YAML::EventHandler {
  public:
    explicit Builder(std::string_view text) : text_(text) {}
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        check(mark, "", anchor);
        const bool is_item = !open_.empty() && open_.back().is_flow && open_.back().value.is_array();
        const auto at = static_cast<std::size_t>(mark.pos);
        if (is_item && at < text_.size() && text_[at] == ',')
            refuse(mark, "A value is missing before the comma");
        put(mark, nullptr);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "Anchors and aliases are not allowed");
    }
    void OnScalar(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value
    ) override {
        check(mark, tag, anchor);
        check_scalar(mark);
        bool is_key = !open_.empty() && open_.back().value.is_object() && !open_.back().has_key;
        if (is_key) return put_key(mark, value);
        put(mark, tag == "!" ? Json(value) : plain_scalar(value));
    }
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style
    ) override {
        check(mark, tag, anchor);
        begin(mark, Json(JsonArray()), style);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style
    ) override {
        check(mark, tag, anchor);
        begin(mark, Json(JsonObject()), style);
    }
    void OnMapEnd() override { end(); }

    Json root;

  private:
    struct Open {
        Json value;
        std::string key;
        bool has_key = false;
        bool is_flow = false;  // in brackets
        YAML::Mark mark;
    };

    [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what) {
        throw Refused{Error::invalid(fmt::format("YAML {}: {}", where(mark), what))};
    }
    /// What cannot be a member's name; `{{ x }}` without quotes reads as a mapping that is the name of
    /// another.
    [[noreturn]] void refuse_name(const YAML::Mark& mark, bool is_mapping) {
        if (is_mapping && open_.back().is_flow) throw Refused{unquoted(mark)};
        refuse(mark, "A name in an object is a text");
    }
    void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (!open_.empty() && open_.back().is_flow) {
            const auto block =
                std::find_if(open_.rbegin(), open_.rend(), [](const Open& o) { return !o.is_flow; });
            if (block != open_.rend() && mark.line > block->mark.line && mark.column <= block->mark.column)
                refuse(mark, "What stands in brackets is indented more than the line they begin on");
        }
        if (anchor != 0) refuse(mark, "Anchors and aliases are not allowed");
        if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "Tags are not allowed");
        if (++nodes_ > kNodesMax) refuse(mark, "Too many values");
    }
    /// What yaml-cpp takes and other readers do not, or read otherwise.
    void check_scalar(const YAML::Mark& mark) {
        const std::string_view head =
            text_.substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size()));
        if (head.starts_with('!')) refuse(mark, "Tags are not allowed");
        if (head.starts_with('>') && head.substr(0, head.find('\n')).substr(0, 3).contains('+'))
            refuse(mark, "Folded text with + is not read here; |+ is");
        if (head.starts_with('"') || head.starts_with('\'')) {
            std::size_t at = 1;
            while (at < head.size() && head[at] != head.front())
                at += head[at] == '\\' && head.front() == '"' ? 2 : 1;
            if (at >= head.size()) refuse(mark, "A quote is not closed");
        }
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
            refuse_name(mark, false);
        }
    }
    void begin(const YAML::Mark& mark, Json value, YAML::EmitterStyle::value style) {
        if (open_.size() >= kDepthMax) refuse(mark, fmt::format("Nested deeper than {} levels", kDepthMax));
        if (!open_.empty() && open_.back().value.is_object() && !open_.back().has_key)
            refuse_name(mark, value.is_object());
        open_.push_back({std::move(value), "", false, style == YAML::EmitterStyle::Flow, mark});
    }
    void end() {
        if (open_.empty()) return;
        Open closed = std::move(open_.back());
        open_.pop_back();
        put(closed.mark, std::move(closed.value));
    }

    std::string_view text_;
    std::vector<Open> open_;
    std::size_t nodes_ = 0;
};

/// Whether a value begins with `{{` on the line that could not be read.
bool has_unquoted(std::string_view text, const YAML::Mark& mark) {
    for (int line = 0; line < mark.line && !text.empty(); ++line)
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    text = text.substr(0, text.find('\n'));
    const std::size_t at = text.find("{{");
    if (at == std::string_view::npos) return false;
    const std::string_view before = text.substr(0, at);
    const std::size_t last = before.find_last_not_of(' ');
    return last == std::string_view::npos ||
           std::string_view(":-[,").find(before[last]) != std::string_view::npos;
}

Result<Json> read_yaml(std::string_view given) {
    // Whether the last line ends does not change what it says.
    std::string text(given);
    if (!text.ends_with('\n')) text += '\n';
    if (text.starts_with('%') && text.find("\n---") == std::string::npos)
        return fail(Error::invalid("Not valid YAML: --- is missing behind the directives"));
    std::istringstream stream(text);
    try {
        YAML::Parser parser(stream);
        Builder builder(text);
        if (!parser.HandleNextDocument(builder)) return fail(Error::invalid("The YAML text is empty"));
        Builder second(text);
        if (parser.HandleNextDocument(second))
            return fail(Error::invalid("The YAML text holds two documents"));
        return std::move(builder.root);
    } catch (const Refused& refused) {
        return fail(refused.error);
    } catch (const YAML::Exception& e) {
        if (has_unquoted(text, e.mark)) return fail(unquoted(e.mark));
        return fail(Error::invalid(fmt::format("Not valid YAML at {}: {}", where(e.mark), e.msg)));
    }
}

}  // namespace

Result<Json> read_text(std::string_view text, Format format) {
    if (text.size() > limits::kDefinitionBytesMax)
        return fail(
            Error::limit(fmt::format("A definition has at most {} KiB", limits::kDefinitionBytesMax >> 10))
        );
    const JsonLimits limits{.bytes_max = limits::kDefinitionBytesMax, .depth_max = kDepthMax};
    if (format == Format::kJson) return parse_json(text, limits);
    // JSON is YAML, but its escapes of characters beyond U+FFFF are not read by every reader of YAML.
    if (is_json_text(text, limits))
        if (auto tree = parse_json(text, limits)) return tree;
    return read_yaml(text);
}

}  // namespace weft::workflow
