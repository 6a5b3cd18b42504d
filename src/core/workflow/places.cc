#include "core/workflow/detail/problems.h"
#include "core/workflow/workflow.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace weft::workflow {

namespace {

/// The place that the message names, in the string at its field.
std::optional<TextPlace> inner_place(const std::string& message) {
    TextPlace out;
    int end = 0;
    const bool is_found =
        std::sscanf(message.c_str(), "line %u, column %u:%n", &out.line, &out.column, &end) == 2;
    return is_found && end > 0 ? std::optional(out) : std::nullopt;
}

struct Sought {
    std::string_view field;
    std::optional<TextPlace> inside;
    std::size_t known = 0;  // bytes of the field's path that `mark` belongs to
    std::optional<YAML::Mark> mark;
};

/// Whether `field` is `path` or lies below it.
bool is_below(std::string_view field, std::string_view path) {
    return field.starts_with(path) &&
           (field.size() == path.size() || field[path.size()] == '.' || field[path.size()] == '[');
}

/// Follows the path through the document and notes where the wanted fields are.
class Finder final : public YAML::EventHandler {
  public:
    explicit Finder(std::vector<Sought>& wanted) : wanted_(wanted) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { scalar(mark, ""); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { scalar(mark, ""); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& value)
        override {
        scalar(mark, value);
    }
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value
    ) override {
        begin(mark, true);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value)
        override {
        begin(mark, false);
    }
    void OnMapEnd() override { end(); }

  private:
    struct Open {
        std::size_t path_size = 0;  // of the container itself
        bool is_list = false;
        bool has_key = false;
        std::size_t items = 0;
        YAML::Mark key;
    };

    void scalar(const YAML::Mark& mark, const std::string& value) {
        if (!open_.empty() && !open_.back().is_list && !open_.back().has_key) {
            path_.resize(open_.back().path_size);
            path_ = below(path_, value);
            open_.back().has_key = true;
            open_.back().key = mark;
            return;
        }
        enter(mark, true);
        leave();
    }
    void begin(const YAML::Mark& mark, bool is_list) {
        enter(mark, false);
        open_.push_back({.path_size = path_.size(), .is_list = is_list, .key = mark});
    }
    void end() {
        if (!open_.empty()) open_.pop_back();
        leave();
    }
    /// A value begins: of the key that was read, or the next one of a list.
    void enter(const YAML::Mark& mark, bool is_scalar) {
        YAML::Mark at = mark;
        if (!open_.empty() && open_.back().is_list) {
            path_.resize(open_.back().path_size);
            path_ += fmt::format("[{}]", open_.back().items++);
        } else if (!open_.empty() && !is_scalar) {
            at = open_.back().key;
        }
        for (Sought& one : wanted_) {
            if (path_.empty() || path_.size() < one.known || !is_below(one.field, path_)) continue;
            one.known = path_.size();
            one.mark = at;
        }
    }
    void leave() {
        if (open_.empty()) return;
        path_.resize(open_.back().path_size);
        open_.back().has_key = false;
    }

    std::vector<Sought>& wanted_;
    std::vector<Open> open_;
    std::string path_;
};

std::uint32_t characters(std::string_view text) {
    return static_cast<std::uint32_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

TextPlace place_of(std::string_view text, const Sought& wanted) {
    const auto at = std::min(static_cast<std::size_t>(std::max(wanted.mark->pos, 0)), text.size());
    const std::size_t start = text.substr(0, at).rfind('\n') + 1;
    TextPlace out{
        .line = static_cast<std::uint32_t>(wanted.mark->line) + 1,
        .column = characters(text.substr(start, at - start)) + 1,
    };
    if (!wanted.inside || wanted.known < wanted.field.size() || at >= text.size()) return out;
    const TextPlace inside = *wanted.inside;
    if (text[at] == '|') {
        // Its first line with something on it says how deep all are.
        std::size_t line = text.find('\n', at) + 1;
        std::size_t word = text.find_first_not_of(" \n", line);
        if (line == 0 || word == std::string_view::npos) return out;
        const std::size_t indent = word - (text.substr(0, word).rfind('\n') + 1);
        return {.line = out.line + inside.line, .column = static_cast<std::uint32_t>(indent) + inside.column};
    }
    // On one line, each character stands for itself unless there is an escape before it.
    const bool is_quoted = text[at] == '"' || text[at] == '\'';
    const std::string_view rest = text.substr(at + (is_quoted ? 1 : 0)).substr(0, inside.column);
    const bool is_plain_line = text[at] != '>' &&
                               rest.find_first_of(is_quoted ? "\n\\" : "\n") == rest.npos &&
                               (text[at] != '\'' || rest.find("''") == rest.npos);
    if (inside.line == 1 && is_plain_line) out.column += inside.column - (is_quoted ? 0 : 1);
    return out;
}

}  // namespace

std::vector<std::optional<TextPlace>> places(std::string_view text, const std::vector<Error>& problems) {
    std::vector<Sought> wanted;
    for (const Error& problem : problems)
        wanted.push_back({.field = problem.field, .inside = inner_place(problem.user), .mark = {}});
    std::istringstream stream{std::string(text)};
    try {
        Finder finder(wanted);
        YAML::Parser(stream).HandleNextDocument(finder);
    } catch (const YAML::Exception&) {
        // JSON with escapes that only JSON has: what was found before them counts.
    }
    std::vector<std::optional<TextPlace>> out;
    for (const Sought& one : wanted)
        out.push_back(one.mark ? std::optional(place_of(text, one)) : std::nullopt);
    return out;
}

}  // namespace weft::workflow
