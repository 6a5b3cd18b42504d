#include "core/import/detail/literal.h"
#include "core/import/detail/names.h"
#include "core/import/detail/translate.h"
#include "core/template/template.h"

#include <fmt/format.h>

#include <algorithm>

/// Code of n8n's Code nodes, which stays as it is: what it reads, and what cannot come over.
namespace weft::importer {

using templates::Token;
using templates::TokenKind;

std::optional<std::string> literal(const Token& token) {
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kTemplate) return std::nullopt;
    if (token.text.size() < 2) return std::nullopt;
    const std::string_view inner = token.text.substr(1, token.text.size() - 2);
    std::string out;
    for (std::size_t i = 0; i < inner.size(); ++i) {
        if (inner[i] == '\\') {
            if (++i >= inner.size()) return std::nullopt;
            if (std::string_view("\\'\"`/").find(inner[i]) == std::string_view::npos) return std::nullopt;
        }
        out += inner[i];
    }
    return out;
}

void Notes::add(std::vector<std::string>& list, std::string text) {
    if (std::ranges::find(list, text) == list.end()) list.push_back(std::move(text));
}

std::string js_text(std::string_view text) {
    std::string out;
    append_json_string(text, out);
    return out;
}

CodeUse look_at_code(std::string_view code, Notes& notes) {
    CodeUse out;
    auto tokens = templates::tokens(code);
    if (!tokens) {
        notes.hand(fmt::format("the code cannot be read: {}", tokens.error().user));
        return out;
    }
    for (std::size_t i = 0; i < tokens->size(); ++i) {
        const Token& token = (*tokens)[i];
        if (token.kind != TokenKind::kName) continue;
        const bool is_member = i > 0 && ((*tokens)[i - 1].is(".") || (*tokens)[i - 1].is("?."));
        if (is_member) {
            if (token.text == "binary") notes.hand("the code handles files (binary)");
            if (token.text == "helpers" || token.text == "getNodeParameter" ||
                token.text == "getWorkflowStaticData")
                notes.hand(fmt::format("the code uses .{}", token.text));
            if (is_local_time(token.text))
                notes.adapt(fmt::format("JavaScript's Date knows UTC only here: .{}()", token.text));
            if (token.text == "localeCompare" || token.text.starts_with("toLocale"))
                notes.hand(fmt::format(".{}(): {}", token.text, why_not_method(token.text)));
            continue;
        }
        const std::string_view name = token.text;
        if (name == "$" || name == "$items" || name == "$node") {
            const bool is_short = name == "$node" && i + 2 < tokens->size() && (*tokens)[i + 1].is(".");
            const std::size_t at = i + 2;
            const bool is_none = name == "$items" && at < tokens->size() && (*tokens)[at].is(")");
            const auto node = at < tokens->size() ? literal((*tokens)[at]) : std::nullopt;
            if (is_short)
                out.nodes.emplace((*tokens)[at].text);
            else if (node)
                out.nodes.insert(*node);
            else if (!is_none)
                notes.hand(fmt::format("the code reads {} by a name that is computed", name));
        } else if (const std::string_view why = why_not_in_code(name); !why.empty()) {
            notes.hand(fmt::format("the code uses {}: {}", name, why));
        }
    }
    return out;
}

}  // namespace weft::importer
