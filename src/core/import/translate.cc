#include "core/import/detail/translate.h"

#include "base/limits.h"
#include "core/import/detail/literal.h"
#include "core/import/detail/names.h"
#include "core/template/template.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::importer {

using templates::Token;
using templates::TokenKind;

namespace {

constexpr std::size_t kExpressionBytesMax = 64u << 10;
constexpr int kDepthMax = 100;  // of brackets in an expression

/// What a part of an expression is known to be.
enum class Is { kAny, kDate, kItem, kItems, kNode, kDateClass };

struct Part {
    std::string text;
    Is is = Is::kAny;
    bool may_be_absent = false;  // `?.` was seen, so what follows must not read of nothing
    bool is_path = false;        // it only reads data, by names that are written out
};

class Translator {
  public:
    Translator(std::string_view source, std::vector<Token> tokens, const Scope& scope, Notes& notes)
        : source_(source), tokens_(std::move(tokens)), scope_(scope), notes_(notes) {
        find_outer();
    }

    std::string run() { return range(0, tokens_.size()); }

  private:
    const Token& at(std::size_t i) const { return tokens_[i]; }
    bool is(std::size_t i, std::string_view punctuator) const {
        return i < tokens_.size() && tokens_[i].is(punctuator);
    }
    bool is_name(std::size_t i) const { return i < tokens_.size() && tokens_[i].kind == TokenKind::kName; }
    bool is_member(std::size_t i) const { return i > 0 && (is(i - 1, ".") || is(i - 1, "?.")); }
    std::size_t start_of(std::size_t i) const { return i < tokens_.size() ? at(i).at : source_.size(); }

    void hand(std::string why) { notes_.hand(std::move(why)); }

    /// The tokens [begin, end) with what stands between them.
    std::string range(std::size_t begin, std::size_t end) {
        if (++depth_ > kDepthMax) {
            hand("an expression is nested too deeply");
            --depth_;
            return "";
        }
        std::string out;
        std::size_t written = begin > 0 ? at(begin - 1).end() : 0;
        for (std::size_t i = begin; i < end;) {
            out += source_.substr(written, at(i).at - written);
            const std::size_t from = i;
            if (begins_chain(i)) {
                Part part = chain(i, end);
                out +=
                    from == 0 && i == tokens_.size() && part.is_path ? optional_path(part.text) : part.text;
            } else {
                out += piece(i);
                ++i;
            }
            written = at(i - 1).end();
        }
        out += source_.substr(written, start_of(end) - written);
        --depth_;
        return out;
    }

    /// A token outside of chains. Own names that are ours, too, get others.
    std::string piece(std::size_t i) const { return std::string(at(i).text); }

    bool is_key(std::size_t i) const {
        return is(i + 1, ":") && i > 0 && (is(i - 1, "{") || is(i - 1, ",")) && in_braces(i);
    }
    /// Whether the innermost bracket around token i is a brace.
    bool in_braces(std::size_t i) const { return outer_[i] != 0 && at(outer_[i] - 1).is("{"); }

    /// For each token one more than the bracket that it stands in, and 0 outside of all.
    void find_outer() {
        std::vector<std::size_t> open;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            const bool closes = at(i).is(")") || at(i).is("]") || at(i).is("}");
            if (closes && !open.empty()) open.pop_back();
            outer_.push_back(open.empty() ? 0 : open.back());
            if (at(i).is("(") || at(i).is("[") || at(i).is("{") || at(i).is("${")) open.push_back(i + 1);
        }
    }

    bool begins_chain(std::size_t i) const {
        const Token& token = at(i);
        if (is_member(i)) return false;
        switch (token.kind) {
            case TokenKind::kName:
                if (token.text == "new") return is_name(i + 1);
                if (token.text == "true" || token.text == "false") return !is_key(i);
                return !templates::is_reserved(token.text) && !is_key(i);
            case TokenKind::kString:
                return !is_key(i);
            case TokenKind::kTemplate:
                return token.text.front() == '`';
            case TokenKind::kNumber:
            case TokenKind::kRegex:
                return true;
            case TokenKind::kPunctuator:
                return token.text == "(" || token.text == "[";
        }
        return false;
    }

    /// A primary expression and all that is read of it or called on it; `i` moves behind it.
    Part chain(std::size_t& i, std::size_t end) {
        const std::size_t first = i;
        Part part = primary(i);
        if (is(i, "=>")) return part;
        const bool is_global_name = i == first + 1 && is_name(first) && templates::is_global(at(first).text);
        for (bool is_first = true; i < end; is_first = false) {
            if (is(i, ".") || is(i, "?.")) {
                if (!member(part, i, is_first && is_global_name)) break;
            } else if (is(i, "[")) {
                index(part, i);
            } else if (is(i, "(")) {
                part = Part{part.text + call_text(i, part.may_be_absent), Is::kAny, part.may_be_absent};
            } else {
                break;
            }
        }
        return part;
    }

    std::string call_text(std::size_t& i, bool may_be_absent = false) {
        const std::size_t close = at(i).match;
        std::string out = (may_be_absent ? "?.(" : "(") + range(i + 1, close) + ")";
        i = close + 1;
        return out;
    }

    void index(Part& part, std::size_t& i) {
        const std::size_t close = at(i).match;
        const auto name = close == i + 2 ? literal(at(i + 1)) : std::nullopt;
        if (part.is == Is::kItem && name == "json") {
            part.text += ".json";
            part.is = Is::kAny;
        } else if (part.is == Is::kItem && name == "binary") {
            hand("files ($binary) are not imported");
        } else {
            const bool is_number = close == i + 2 && at(i + 1).kind == TokenKind::kNumber;
            part.is_path = part.is_path && (name || is_number);
            const bool is_item = part.is == Is::kItems;
            part.text += (part.may_be_absent ? "?.[" : "[") + range(i + 1, close) + "]";
            part.is = is_item ? Is::kItem : Is::kAny;
        }
        i = close + 1;
    }

    /// `.name`, `?.name`, with its call if there is one. False when nothing could be read.
    bool member(Part& part, std::size_t& i, bool is_of_global) {
        const bool is_optional = is(i, "?.");
        if (is_optional) part.may_be_absent = true;
        if (is_optional && is(i + 1, "[")) {
            ++i;
            index(part, i);
            return true;
        }
        if (is_optional && is(i + 1, "(")) {
            ++i;
            part = Part{part.text + call_text(i, true), Is::kAny, true};
            return true;
        }
        if (!is_name(i + 1)) return false;
        const std::string name(at(i + 1).text);
        i += 2;
        if (is(i, "(")) {
            call(part, name, i, is_optional, is_of_global);
        } else {
            property(part, name);
        }
        return true;
    }

    void property(Part& part, const std::string& name) {
        const bool was_item = part.is == Is::kItem;
        if (was_item && name == "binary") hand("files ($binary) are not imported");
        if (was_item && name == "pairedItem") hand("pairedItem has no counterpart");
        if (part.is == Is::kDate && !is_luxon_member(name))
            hand(fmt::format("Luxon's .{} is not known here", name));
        if (part.is == Is::kDateClass) hand(fmt::format("DateTime.{} is not known here", name));
        part.text += (part.may_be_absent ? "?." : ".") + name;
        part.is = Is::kAny;
    }

    void call(Part& part, const std::string& name, std::size_t& i, bool is_optional, bool is_of_global) {
        const std::size_t open = i;
        const std::size_t close = at(i).match;
        const std::string given = range(open + 1, close);
        i = close + 1;
        if (part.is == Is::kDateClass) {
            if (!is_luxon_maker(name)) hand(fmt::format("DateTime.{}() is not known here", name));
            part = Part{fmt::format("{}.{}({})", part.text, name, given), Is::kDate};
            return;
        }
        if (const std::string_view why = why_not_method(name); !why.empty() && !is_of_global)
            hand(fmt::format(".{}(): {}", name, why));
        if (is_local_time(name))
            notes_.adapt(fmt::format("JavaScript's Date knows UTC only here: .{}() reads UTC clocks", name));
        if (name == "sort" && part.is != Is::kDate) {
            part = Part{
                fmt::format("{}{}toSorted({})", part.text, dot(part), given), Is::kAny, part.may_be_absent
            };
            return;
        }
        if (is_extension(name) && !is_of_global && !keeps_native(part, name, open, close)) {
            extension(part, name, given, is_optional);
            return;
        }
        if (part.is == Is::kDate && !is_luxon_member(name) && !is_extension(name))
            hand(fmt::format("Luxon's .{}() is not known here", name));
        const Is now = part.is == Is::kDate && gives_date(name) ? Is::kDate : Is::kAny;
        part = Part{fmt::format("{}{}{}({})", part.text, dot(part), name, given), now, part.may_be_absent};
    }

    static std::string_view dot(const Part& part) { return part.may_be_absent ? "?." : "."; }

    /// Luxon's own methods of a date are kept as they are written; n8n's forms of them are not.
    bool keeps_native(const Part& part, const std::string& name, std::size_t open, std::size_t close) const {
        if (part.is != Is::kDate || !is_luxon_member(name) || name == "isWeekend") return false;
        for (std::size_t k = open + 1; k < close; ++k) {
            if (at(k).is("(") || at(k).is("[") || at(k).is("{"))
                k = at(k).match;
            else if (at(k).is(","))
                return false;
        }
        return true;
    }

    void extension(Part& part, const std::string& name, const std::string& given, bool is_optional) {
        std::string out = fmt::format(
            "n8n.{}({}, {}", is_optional || part.may_be_absent ? "maybe" : "call", part.text, js_text(name)
        );
        const bool needs_zone = needs_zone_of(name) && !scope_.zone.empty() && scope_.zone != "UTC";
        const bool is_empty = given.find_first_not_of(" \t\n") == std::string::npos;
        if (!is_empty || needs_zone) out += fmt::format(", [{}]", is_empty ? "" : given);
        if (needs_zone) out += ", " + js_text(scope_.zone);
        part = Part{out + ")", gives_date(name) ? Is::kDate : Is::kAny, part.may_be_absent};
    }

    // ------------------------------------------------------------ what a chain begins with

    Part primary(std::size_t& i) {
        const Token& token = at(i);
        if (token.text == "new") return created(i);
        if (token.kind == TokenKind::kTemplate) return template_literal(i);
        if (token.is("(") || token.is("[")) {
            const std::size_t close = token.match;
            Part part{std::string(token.text) + range(i + 1, close) + std::string(at(close).text)};
            i = close + 1;
            return part;
        }
        if (token.kind != TokenKind::kName) return Part{std::string(at(i++).text)};
        if (token.text.starts_with('$')) return reference(i);
        const std::string name(token.text);
        ++i;
        if (name == "DateTime") return Part{fmt::format("n8n.DateTime({})", zone_argument()), Is::kDateClass};
        if (const std::string_view why = why_not_global(name); !why.empty() && !is(i, "=>"))
            hand(fmt::format("{}: {}", name, why));
        return Part{own_name(i - 1)};
    }

    /// A name of the expression's own that would hide one of ours.
    std::string own_name(std::size_t i) const {
        const std::string name(at(i).text);
        if (!is_ours(name)) return name;
        const bool is_short = in_braces(i) && i > 0 && (is(i - 1, "{") || is(i - 1, ",")) &&
                              (is(i + 1, "}") || is(i + 1, ",") || is(i + 1, "="));
        return is_short ? fmt::format("{}: {}_", name, name) : name + "_";
    }

    Part created(std::size_t& i) {
        std::string out = "new ";
        const std::string_view name = at(i + 1).text;
        for (++i; is_name(i) || is(i, "."); ++i) out += at(i).text;
        if (const std::string_view why = why_not_global(name); !why.empty())
            hand(fmt::format("{}: {}", name, why));
        return Part{is(i, "(") ? out + call_text(i) : out};
    }

    Part template_literal(std::size_t& i) {
        std::string out(at(i).text);
        while (is(i + 1, "${") && at(i + 1).at == at(i).end()) {
            const std::size_t close = at(i + 1).match;
            out += "${" + range(i + 2, close) + "}";
            i = close + 1;  // the next piece of text
            out += at(i).text;
        }
        ++i;
        return Part{std::move(out)};
    }

    std::string zone_argument() const {
        return scope_.zone.empty() || scope_.zone == "UTC" ? "" : js_text(scope_.zone);
    }

    static Part path(std::string text, Is is = Is::kAny) { return Part{std::move(text), is, false, true}; }

    Part reference(std::size_t& i) {
        const std::string name(at(i).text);
        ++i;
        if (name == "$json" || name == "$data") return path(scope_.item + ".json");
        if (name == "$input") return input(i);
        if (name == "$" || name == "$items" || name == "$node") return other_node(name, i);
        if (name == "$itemIndex" || name == "$position") return Part{scope_.index};
        if (name == "$runIndex") {
            if (scope_.is_loop) hand("$runIndex inside a loop: use index");
            return Part{"0"};
        }
        if (name == "$now" || name == "$today")
            return Part{fmt::format("n8n.{}({})", name.substr(1), zone_argument()), Is::kDate};
        if (name == "$workflow" || name == "$execution" || name == "$prevNode") return about(name, i);
        if (name == "$env" || name == "$vars") {
            notes_.adapt(fmt::format("{} reads env of the workflow here: add what is read to its env", name));
            return Part{"env"};
        }
        if (name == "$if" || name == "$ifEmpty" || name == "$min" || name == "$max" || name == "$average")
            return function(name, i);
        hand(fmt::format("{}: {}", name, why_not_reference(name)));
        return Part{"undefined"};
    }

    Part function(const std::string& name, std::size_t& i) {
        if (!is(i, "(")) {
            hand(name + " is a function");
            return Part{"undefined"};
        }
        if (name == "$if") {
            const std::size_t open = i;
            std::vector<std::size_t> commas;
            for (std::size_t k = open + 1; k < at(open).match; ++k) {
                if (at(k).is("(") || at(k).is("[") || at(k).is("{"))
                    k = at(k).match;
                else if (at(k).is(","))
                    commas.push_back(k);
            }
            if (commas.size() != 2) {
                hand("$if takes a condition and two values");
                return Part{"undefined"};
            }
            i = at(open).match + 1;
            return Part{fmt::format(
                "(({}) ? ({}) : ({}))",
                range(open + 1, commas[0]),
                range(commas[0] + 1, commas[1]),
                range(commas[1] + 1, at(open).match)
            )};
        }
        const std::string ours = name == "$min"   ? "Math.min"
                                 : name == "$max" ? "Math.max"
                                                  : "n8n." + name.substr(1);
        return Part{ours + call_text(i)};
    }

    Part about(const std::string& name, std::size_t& i) {
        const std::string member =
            (is(i, ".") || is(i, "?.")) && is_name(i + 1) ? std::string(at(i + 1).text) : "";
        i += 2;
        if (name == "$workflow" && member == "name") return Part{js_text(scope_.workflow_name)};
        if (name == "$execution" && member == "id") return Part{"run.id"};
        if (name == "$workflow" && member == "id") {
            notes_.adapt("$workflow.id is the workflow's key here");
            return Part{"run.workflow"};
        }
        if (name == "$prevNode" && member == "name" && !scope_.previous_node.empty())
            return Part{js_text(scope_.previous_node)};
        hand(fmt::format("{}.{} has no counterpart", name, member));
        return Part{"undefined"};
    }

    Part input(std::size_t& i) {
        if (!(is(i, ".") && is_name(i + 1))) {
            hand("$input is read by .item, .first(), .last() or .all()");
            return Part{"undefined"};
        }
        const std::string_view what = at(i + 1).text;
        i += 2;
        if (what == "item") return path(scope_.item, Is::kItem);
        return from_list(what, scope_.input, i);
    }

    Part from_list(std::string_view what, const std::string& list, std::size_t& i) {
        const bool has_arguments = is(i, "(") && at(i).match != i + 1;
        if (is(i, "(") && (what == "first" || what == "last" || what == "all")) {
            if (has_arguments) hand(fmt::format(".{}() with the number of an output or a run", what));
            i = at(i).match + 1;
            if (what == "all") return path(list, Is::kItems);
            return path(list + (what == "first" ? "[0]" : ".at(-1)"), Is::kItem);
        }
        hand(fmt::format(".{} of a node's data has no counterpart", what));
        return Part{"undefined"};
    }

    /// $("Name"), $node["Name"], $node.Name, $items("Name")
    Part other_node(const std::string& how, std::size_t& i) {
        std::optional<std::string> name;
        const bool is_call = how != "$node";
        if (!is_call && is(i, ".") && is_name(i + 1)) {
            name = std::string(at(i + 1).text);
            i += 2;
        } else if (is(i, is_call ? "(" : "[")) {
            const std::size_t close = at(i).match;
            if (how == "$items" && close == i + 1) {
                i = close + 1;
                return path(scope_.input, Is::kItems);
            }
            if (close == i + 2) name = literal(at(i + 1));
            i = close + 1;
        }
        if (!name) {
            hand(fmt::format("{} with a name that is computed, or an output or run: say which node", how));
            return Part{"undefined"};
        }
        return of_node(how, *name, i);
    }

    Part of_node(const std::string& how, const std::string& name, std::size_t& i) {
        const bool has_member = (is(i, ".") || is(i, "?.")) && is_name(i + 1);
        const std::string what = has_member ? std::string(at(i + 1).text) : "";
        const bool by_index = how == "$node";
        const bool is_paired = how == "$" && (what == "item" || what == "pairedItem");
        auto access = scope_.node(name, is_paired);
        if (!access) {
            hand(access.error().user);
            i += has_member ? 2 : 0;
            return Part{"undefined"};
        }
        if (how == "$items") return path(access->list, Is::kItems);
        i += 2;
        if (by_index && (what == "json" || what == "data"))
            return path(fmt::format("{}[{}].json", access->list, scope_.index));
        if (by_index && !has_member) i -= 2;
        if (what == "item") return path(fmt::format("{}[{}]", access->list, access->paired), Is::kItem);
        if (what == "isExecuted") return Part{fmt::format("({} !== undefined)", access->list)};
        if (what == "itemMatching" && is(i, "(")) {
            hand("itemMatching(): read .all()[index]");
            i = at(i).match + 1;
            return Part{"undefined"};
        }
        return from_list(what, access->list, i);
    }

    /// A whole expression that only reads: n8n gives nothing where something on the way is absent.
    /// `item.json.a.b[0]` becomes `item.json.a?.b?.[0]`: everything behind what is always there.
    static std::string optional_path(const std::string& path) {
        const std::size_t json = path.find(".json");
        if (json == std::string::npos || (json + 5 < path.size() && path[json + 5] != '.' &&
                                          path[json + 5] != '[' && path[json + 5] != '?'))
            return path;
        std::string out = path.substr(0, json + 5);
        bool is_first = true;
        for (std::size_t i = json + 5; i < path.size();) {
            if (path.compare(i, 2, "?.") == 0) {
                i += path[i + 2] == '[' ? 2 : 1;
            }
            const char c = path[i];
            if (c == '.') {
                out += is_first ? "." : "?.";
                ++i;
            } else if (c == '[') {
                const std::size_t close = end_of_index(path, i);
                out += is_first ? "" : "?.";
                out += path.substr(i, close - i);
                i = close;
                is_first = false;
                continue;
            }
            while (i < path.size() && path[i] != '.' && path[i] != '[' && path[i] != '?') out += path[i++];
            is_first = false;
        }
        return out;
    }

    static std::size_t end_of_index(const std::string& path, std::size_t from) {
        char quote = 0;
        for (std::size_t i = from; i < path.size(); ++i) {
            if (quote != 0 && path[i] == '\\')
                ++i;
            else if (quote != 0)
                quote = path[i] == quote ? 0 : quote;
            else if (path[i] == '"' || path[i] == '\'' || path[i] == '`')
                quote = path[i];
            else if (path[i] == ']')
                return i + 1;
        }
        return path.size();
    }

    std::string_view source_;
    std::vector<Token> tokens_;
    std::vector<std::size_t> outer_;
    const Scope& scope_;
    Notes& notes_;
    int depth_ = 0;
};

std::string translate_text(std::string_view text, const Scope& scope, Notes& notes) {
    auto cut = templates::parse_text(text);
    if (!cut) {
        notes.hand(fmt::format("an expression cannot be read: {}", cut.error().user));
        return "undefined";
    }
    if (cut->is_whole())
        return translate_code(std::get<templates::Expression>(cut->segments.front()).source, scope, notes);
    std::string out;
    for (const templates::Segment& segment : cut->segments) {
        out += out.empty() ? "" : ", ";
        if (const auto* plain = std::get_if<std::string>(&segment))
            out += js_text(*plain);
        else
            out += translate_code(std::get<templates::Expression>(segment).source, scope, notes);
    }
    const bool is_plain = cut->segments.size() == 1;
    return is_plain || cut->segments.empty() ? (out.empty() ? js_text("") : out) : "n8n.text(" + out + ")";
}

}  // namespace

std::string translate_code(std::string_view code, const Scope& scope, Notes& notes) {
    const std::size_t from = code.find_first_not_of(" \t\r\n");
    if (from == std::string_view::npos) return "undefined";
    code = code.substr(from, code.find_last_not_of(" \t\r\n;") + 1 - from);
    if (code.size() > kExpressionBytesMax) {
        notes.hand("an expression has more than 64 KiB");
        return "undefined";
    }
    auto tokens = templates::tokens(code);
    if (!tokens) {
        notes.hand(fmt::format("an expression cannot be read: {}", tokens.error().user));
        return "undefined";
    }
    // A comment at the end would take what follows with it.
    if (!tokens->empty()) code = code.substr(0, tokens->back().end());
    std::string out = Translator(code, std::move(*tokens), scope, notes).run();
    // An object would be read as a block, a comma as the next argument.
    const bool is_simple = std::ranges::all_of(out, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._?[]\"'$").find(c) != std::string_view::npos;
    });
    return is_simple ? out : "(" + out + ")";
}

std::string translate_value(const Json& value, const Scope& scope, Notes& notes) {
    if (const std::string* text = value.if_string())
        return text->starts_with('=') ? translate_text(std::string_view(*text).substr(1), scope, notes)
                                      : js_text(*text);
    if (const JsonArray* list = value.if_array()) {
        std::string out;
        for (const Json& item : *list) out += (out.empty() ? "" : ", ") + translate_value(item, scope, notes);
        return "[" + out + "]";
    }
    if (const JsonObject* object = value.if_object()) {
        std::string out;
        for (const auto& [name, member] : *object)
            out += fmt::format(
                "{}{}: {}", out.empty() ? "" : ", ", js_text(name), translate_value(member, scope, notes)
            );
        return out.empty() ? "{}" : "{ " + out + " }";
    }
    return to_text(value);
}

bool has_expression(const Json& value) {
    if (const std::string* text = value.if_string()) return text->starts_with('=');
    if (const JsonArray* list = value.if_array()) return std::ranges::any_of(*list, has_expression);
    if (const JsonObject* object = value.if_object())
        return std::ranges::any_of(*object, [](const auto& member) {
            return has_expression(member.value());
        });
    return false;
}

}  // namespace weft::importer
