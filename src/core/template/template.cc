#include "core/template/template.h"

#include "base/limits.h"
#include "core/template/detail/chain.h"
#include "core/template/detail/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace weft::templates {

namespace detail {

/// `at` bytes into `text`, as people count.
Place Ruler::at(std::size_t at, std::string_view field) {
    for (; at_ < at && at_ < text_.size(); ++at_) {
        const char c = text_[at_];
        if (c == '\n') {
            ++line_;
            column_ = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
            ++column_;
        }
    }
    return {.field = std::string(field), .offset = at, .line = line_, .column = column_};
}

Place place_of(std::string_view text, std::size_t at, std::string_view field) {
    return Ruler(text).at(at, field);
}

Error error_at(const Place& place, std::string_view message) {
    return Error::invalid(
        fmt::format("line {}, column {}: {}", place.line, place.column, message), place.field
    );
}

namespace {

/// `["x"]` or `[0]`; nothing if it needs computing.
bool key_of(const Token& token, Path::Key& key) {
    if (token.kind == Kind::kString && token.text.find('\\') == std::string_view::npos) {
        key.name = std::string(token.text.substr(1, token.text.size() - 2));
        return true;
    }
    if (token.kind != Kind::kNumber) return false;
    std::uint32_t index = 0;
    const char* end = token.text.data() + token.text.size();
    auto [stopped, ec] = std::from_chars(token.text.data(), end, index);
    if (ec != std::errc() || stopped != end || index == UINT32_MAX) return false;
    if (token.text.size() > 1 && token.text.front() == '0') return false;
    key.name = index;
    return true;
}

}  // namespace

std::size_t read_keys(const std::vector<Token>& tokens, std::size_t at, std::vector<Path::Key>& keys) {
    while (at < tokens.size()) {
        Path::Key key;
        std::size_t next = at;
        if (tokens[next].is("?.")) {
            key.optional = true;
            ++next;
            if (next >= tokens.size()) return at;
        } else if (tokens[next].is(".")) {
            ++next;
            if (next >= tokens.size() || tokens[next].kind != Kind::kName) return at;
        }
        if (next > at && tokens[next].kind == Kind::kName) {
            key.name = std::string(tokens[next].text);
            at = next + 1;
        } else if (tokens[next].is("[") && tokens[next].match == next + 2 && key_of(tokens[next + 1], key)) {
            at = next + 3;
        } else {
            return at;
        }
        keys.push_back(std::move(key));
    }
    return at;
}

bool is_variable(const Token& token) {
    return token.kind == Kind::kName && !is_reserved(token.text) && !is_global(token.text);
}

}  // namespace detail

namespace {

using detail::error_at;
using detail::place_of;

constexpr int kDepthMax = 64;

Expression make_expression(std::string_view source, Place place, const detail::Scan& scan) {
    Expression expression{
        .source = std::string(source), .place = std::move(place), .is_path = false, .path = {}
    };
    if (detail::is_variable(scan.tokens.front())) {
        Path path{.root = std::string(scan.tokens.front().text), .keys = {}};
        if (detail::read_keys(scan.tokens, 1, path.keys) == scan.tokens.size()) {
            expression.is_path = true;
            expression.path = std::move(path);
        }
    }
    return expression;
}

std::string child_field(std::string_view parent, std::string_view key) {
    return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

Result<Node> parse_node(const Json& tree, const std::string& field, int depth);

Result<Node> parse_object(const JsonObject& object, const std::string& field, int depth) {
    Members members;
    for (const auto& member : object) {
        std::string key(member.key());
        TRY(Node node, parse_node(member.value(), child_field(field, key), depth + 1));
        members.push_back({std::move(key), std::move(node)});
    }
    return Node{std::move(members)};
}

Result<Node> parse_array(const JsonArray& array, const std::string& field, int depth) {
    Items items;
    for (std::size_t i = 0; i < array.size(); ++i) {
        TRY(Node node, parse_node(array[i], fmt::format("{}[{}]", field, i), depth + 1));
        items.push_back(std::move(node));
    }
    return Node{std::move(items)};
}

bool has_expression(const Json& tree) {
    if (tree.is_string()) return std::string_view(tree.get_string()).find("{{") != std::string_view::npos;
    if (tree.is_array()) {
        for (const auto& item : tree.get_array()) {
            if (has_expression(item)) return true;
        }
    } else if (tree.is_object()) {
        for (const auto& member : tree.get_object()) {
            if (has_expression(member.value())) return true;
        }
    }
    return false;
}

Result<Node> parse_node(const Json& tree, const std::string& field, int depth) {
    if (depth > kDepthMax) return fail(Error::invalid("nested deeper than 64 levels", field));
    if (!has_expression(tree)) return Node{tree};
    if (tree.is_object()) return parse_object(tree.get_object(), field, depth);
    if (tree.is_array()) return parse_array(tree.get_array(), field, depth);
    TRY(Text text, parse_text(std::string_view(tree.get_string()), field));
    return Node{std::move(text)};
}

bool is_deeper_than(const Json& tree, int levels) {
    if (levels < 0) return true;
    if (tree.is_array()) {
        for (const auto& item : tree.get_array()) {
            if (is_deeper_than(item, levels - 1)) return true;
        }
    } else if (tree.is_object()) {
        for (const auto& member : tree.get_object()) {
            if (is_deeper_than(member.value(), levels - 1)) return true;
        }
    }
    return false;
}

}  // namespace

bool Path::has_optional() const {
    for (const auto& key : keys) {
        if (key.optional) return true;
    }
    return false;
}

std::string Path::text() const {
    std::string out = root;
    for (const auto& key : keys) {
        if (const auto* index = std::get_if<std::uint32_t>(&key.name)) {
            out += fmt::format("{}[{}]", key.optional ? "?." : "", *index);
            continue;
        }
        const auto& name = std::get<std::string>(key.name);
        bool is_plain = !name.empty() && !(name.front() >= '0' && name.front() <= '9');
        for (char c : name)
            is_plain = is_plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$');
        if (is_plain)
            out += fmt::format("{}{}", key.optional ? "?." : ".", name);
        else
            out += fmt::format("{}[\"{}\"]", key.optional ? "?." : "", name);
    }
    return out;
}

Result<Text> parse_text(std::string_view text, std::string_view field) {
    Text out;
    detail::Ruler ruler(text);
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t open = text.find("{{", at);
        if (open != at) out.segments.emplace_back(std::string(text.substr(at, open - at)));
        if (open == std::string_view::npos) break;
        const std::size_t from = open + 2;
        auto scan = detail::scan(text, from, detail::Until::kBraces);
        if (!scan) {
            // What runs off the end of the string is reported where the {{ stands.
            return fail(
                error_at(place_of(text, std::min(scan.error().at, text.size()), field), scan.error().message)
            );
        }
        if (scan->tokens.empty())
            return fail(error_at(place_of(text, from, field), "the expression is empty"));
        if (scan->end - from > limits::kExpressionBytesMax) {
            return fail(error_at(place_of(text, from, field), "the expression is longer than 64 KiB"));
        }
        const std::string_view source = text.substr(from, scan->end - from);
        out.segments.emplace_back(make_expression(source, ruler.at(from, field), *scan));
        at = scan->end + 2;
    }
    return out;
}

Result<Node> parse(const Json& tree, std::string_view field) {
    if (is_deeper_than(tree, kDepthMax)) {
        return fail(Error::invalid("nested deeper than 64 levels", std::string(field)));
    }
    return parse_node(tree, std::string(field), 0);
}

Result<Node> parse_condition(const Json& condition, std::string_view field) {
    if (condition.is_bool()) return Node{condition};
    if (condition.is_string()) {
        TRY(Text text, parse_text(std::string_view(condition.get_string()), field));
        if (text.is_whole()) return Node{std::move(text)};
    }
    return fail(Error::invalid("if must be true, false, or one whole {{ expression }}", std::string(field)));
}

namespace {

void collect(const Node& node, std::vector<const Expression*>& out) {
    if (const auto* text = std::get_if<Text>(&node.value)) {
        for (const Segment& segment : text->segments)
            if (const auto* expression = std::get_if<Expression>(&segment)) out.push_back(expression);
    } else if (const auto* members = std::get_if<Members>(&node.value)) {
        for (const Member& member : *members) collect(member.value, out);
    } else if (const auto* items = std::get_if<Items>(&node.value)) {
        for (const Node& item : *items) collect(item, out);
    }
}

}  // namespace

std::vector<const Expression*> expressions(const Node& node) {
    std::vector<const Expression*> out;
    collect(node, out);
    return out;
}

std::vector<Script> scripts(const Node& node) {
    std::vector<Script> out;
    for (const Expression* one : expressions(node)) {
        if (!one->is_path) out.push_back({.source = one->source, .place = one->place});
    }
    return out;
}

Error script_problem(
    const Script& script, std::uint32_t line, std::uint32_t column, std::string_view message
) {
    Place place = script.place;
    const auto lines = static_cast<std::uint32_t>(std::ranges::count(script.source, '\n')) + 1;
    if (line > lines) {
        // The engine met what we put around it.
        const Place end = place_of(script.source, script.source.size(), "");
        return script_problem(script, end.line, end.column, "SyntaxError: this ends too early");
    }
    if (line > 1) {
        place.line += line - 1;
        place.column = column;
    } else if (line == 1 && column > 0) {
        place.column += column - 1;
    }
    return error_at(place, message);
}

Result<> check_source(std::string_view source, std::string_view field) {
    if (source.size() > limits::kExpressionBytesMax) {
        return fail(Error::limit("the code is longer than 64 KiB", std::string(field)));
    }
    auto scan = detail::scan(source, 0, detail::Until::kEnd);
    if (!scan) return fail(error_at(place_of(source, scan.error().at, field), scan.error().message));
    if (scan->tokens.empty()) return fail(Error::invalid("the code is empty", std::string(field)));
    return {};
}

bool mentions(std::string_view source, std::string_view name) {
    return mentioned(source, {&name, 1}) != 0;
}

std::uint64_t mentioned(std::string_view source, std::span<const std::string_view> names) {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    auto scan = detail::scan(source, 0, detail::Until::kEnd);
    if (!scan) return kAll;
    const auto& tokens = scan->tokens;
    const auto is_at = [&](std::size_t i, std::string_view a, std::string_view b) {
        return i < tokens.size() && (tokens[i].is(a) || tokens[i].is(b));
    };
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].kind != detail::Kind::kName) continue;
        if (tokens[i].text == "globalThis" || tokens[i].text == "this") return kAll;
        const auto found = std::ranges::find(names, tokens[i].text);
        if (found == names.end()) continue;
        const bool is_member = i > 0 && is_at(i - 1, ".", "?.");
        const bool is_key = i > 0 && is_at(i - 1, "{", ",") && is_at(i + 1, ":", ":");
        if (!is_member && !is_key) out |= std::uint64_t{1} << (found - names.begin());
    }
    return out;
}

}  // namespace weft::templates
