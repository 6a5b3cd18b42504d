#include "core/template/detail/chain.h"
#include "core/template/detail/lexer.h"
#include "core/template/template.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace weft::templates {

namespace {

using detail::Kind;
using Tokens = std::vector<Token>;

/// Tokens [from, to).
struct Range {
    std::size_t from;
    std::size_t to;
};

/// Where names are bound. Asked only after `settle`.
class Bounds {
  public:
    void add(std::string_view name, std::size_t from, std::size_t to) {
        by_name_[name].push_back({from, to});
    }

    /// Joins what overlaps, so that a look is a search however often one name was bound.
    void settle() {
        for (auto& [name, ranges] : by_name_) {
            std::ranges::sort(ranges, {}, &Range::from);
            std::vector<Range> joined;
            for (const Range& range : ranges) {
                if (joined.empty() || range.from > joined.back().to) {
                    joined.push_back(range);
                } else {
                    joined.back().to = std::max(joined.back().to, range.to);
                }
            }
            ranges = std::move(joined);
        }
    }
    bool has(std::string_view name, std::size_t at) const {
        auto found = by_name_.find(name);
        if (found == by_name_.end()) return false;
        auto after = std::ranges::upper_bound(found->second, at, {}, &Range::from);
        return after != found->second.begin() && at < std::prev(after)->to;
    }

  private:
    std::unordered_map<std::string_view, std::vector<Range>> by_name_;
};

bool is_open(const Token& token) {
    return token.is("(") || token.is("[") || token.is("{") || token.is("${");
}

bool is_declaring(const Token& token) {
    return token.is_name("let") || token.is_name("const") || token.is_name("var") || token.is_name("class") ||
           token.is_name("function");
}

bool is_member_access(const Tokens& tokens, std::size_t at) {
    return at > 0 && (tokens[at - 1].is(".") || tokens[at - 1].is("?."));
}

class Binder {
  public:
    explicit Binder(const Tokens& tokens) : tokens_(tokens), work_(kWorkPerToken * (tokens.size() + 1)) {
        find_ends();
    }

    /// Nothing when patterns stand in patterns so often that each token would be looked at again and again.
    std::optional<Bounds> run() {
        std::vector<std::size_t> blocks;  // open braces around the current token
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            const Token& token = tokens_[i];
            if (token.is("{") || token.is("${")) blocks.push_back(i);
            if (token.is("}") && !blocks.empty()) blocks.pop_back();
            const std::size_t block = blocks.empty() ? 0 : blocks.back();
            const std::size_t block_end = blocks.empty() ? tokens_.size() : tokens_[blocks.back()].match;
            if (token.is("=>"))
                arrow(i);
            else if (token.kind == Kind::kName && !is_member_access(tokens_, i))
                name(i, block, block_end);
        }
        if (is_exhausted_) return std::nullopt;
        bound_.settle();
        return std::move(bound_);
    }

  private:
    static constexpr std::size_t kWorkPerToken = 64;  // nesting of functions in parameters: people write two

    void name(std::size_t at, std::size_t block, std::size_t block_end) {
        const Token& token = tokens_[at];
        const bool is_call = at + 1 < tokens_.size() && tokens_[at + 1].is("(");
        if (token.is_name("function")) {
            function(at, block, block_end);
        } else if (token.is_name("class") && at + 1 < tokens_.size() && tokens_[at + 1].kind == Kind::kName) {
            bound_.add(tokens_[at + 1].text, block, block_end);
        } else if (token.is_name("let") || token.is_name("const") || token.is_name("var")) {
            // The scope is the enclosing braces: wider than the language's for loops, never narrower.
            pattern(at + 1, declaration_end(at + 1), block, block_end);
        } else if (token.is_name("catch") && is_call) {
            const std::size_t close = tokens_[at + 1].match;
            pattern(at + 2, close, at, body_end(close + 1));
        } else if (is_call && !is_declaring(token)) {
            method(at);
        }
    }

    /// `name(params) {` in a class or an object literal. Statements like `if (x) {` look alike but bind
    /// nothing.
    void method(std::size_t at) {
        const std::size_t close = tokens_[at + 1].match;
        if (is_reserved(tokens_[at].text)) return;
        if (close + 1 >= tokens_.size() || !tokens_[close + 1].is("{")) return;
        const std::size_t end = tokens_[close + 1].match;
        bound_.add(tokens_[at].text, at, at + 1);
        pattern(at + 2, close, at, end);
    }

    void function(std::size_t at, std::size_t block, std::size_t block_end) {
        std::size_t next = at + 1;
        if (next < tokens_.size() && tokens_[next].is("*")) ++next;
        if (next < tokens_.size() && tokens_[next].kind == Kind::kName) {
            bound_.add(tokens_[next].text, block, block_end);
            ++next;
        }
        if (next >= tokens_.size() || !tokens_[next].is("(")) return;
        const std::size_t close = tokens_[next].match;
        pattern(next + 1, close, at, body_end(close + 1));
    }

    void arrow(std::size_t at) {
        if (at == 0) return;
        const std::size_t end = body_end(at + 1);
        if (tokens_[at - 1].kind == Kind::kName) {
            bound_.add(tokens_[at - 1].text, at - 1, end);
        } else if (tokens_[at - 1].is(")")) {
            const std::size_t open = tokens_[at - 1].match;
            pattern(open + 1, at - 1, open, end);
        }
    }

    /// Where the function body that starts at `at` ends: its block, or one assignment expression.
    std::size_t body_end(std::size_t at) const {
        if (at < tokens_.size() && tokens_[at].is("{")) return tokens_[at].match;
        return at < tokens_.size() ? ends_[at].expression : at;
    }

    /// The declared names end where the statement does; a semicolon may be missing, then at the next keyword.
    std::size_t declaration_end(std::size_t at) const {
        return at < tokens_.size() ? ends_[at].declaration : at;
    }

    /// From the last token to the first: an end is where the next token's is, unless the token is one itself
    /// or opens a bracket, which is passed over whole.
    void find_ends() {
        const std::size_t count = tokens_.size();
        ends_.assign(count + 1, {count, count});
        for (std::size_t at = count; at-- > 0;) {
            const Token& token = tokens_[at];
            ends_[at] = ends_[is_open(token) ? std::min(token.match + 1, count) : at + 1];
            const bool is_closing = token.is(";") || token.is(")") || token.is("}") || token.is("]");
            const bool is_word = token.kind == Kind::kName && !is_member_access(tokens_, at) &&
                                 (token.is_name("of") || token.is_name("in") || is_declaring(token) ||
                                  token.is_name("return"));
            if (is_closing || token.is(",")) ends_[at].expression = at;
            if (is_closing || is_word) ends_[at].declaration = at;
        }
    }

    bool spend() {
        is_exhausted_ = is_exhausted_ || work_ == 0;
        if (!is_exhausted_) --work_;
        return !is_exhausted_;
    }

    /// Collects the names that the binding pattern list [at, end) declares, valid in [from, to).
    void pattern(std::size_t at, std::size_t end, std::size_t from, std::size_t to) {
        bool is_default = false;  // behind `=`, up to the next comma
        for (; at < end && spend(); ++at) {
            const Token& token = tokens_[at];
            if (token.is(",")) {
                is_default = false;
            } else if (token.is("=")) {
                is_default = true;
            } else if (is_open(token)) {
                if (!is_default) pattern(at + 1, token.match, from, to);
                at = token.match;
            } else if (token.kind == Kind::kName && !is_default) {
                const bool is_key = at + 1 < end && tokens_[at + 1].is(":");
                if (!is_key) bound_.add(token.text, from, to);
            }
        }
    }

    struct Ends {
        std::size_t expression;
        std::size_t declaration;
    };
    const Tokens& tokens_;
    std::size_t work_;  // tokens that patterns may still look at
    bool is_exhausted_ = false;
    std::vector<Ends> ends_;  // by token: where what begins there ends
    Bounds bound_;
};

class Collector {
  public:
    Collector(std::string_view source, const Place& start, const Tokens& tokens)
        : ruler_(source), start_(start), tokens_(tokens) {}

    Result<std::vector<Reference>> run() {
        auto bound = Binder(tokens_).run();
        if (!bound)
            return fail(Error::limit("Functions stand in parameters of functions too often", start_.field));
        bound_ = *std::move(bound);
        std::vector<Reference> out;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (tokens_[i].is("{") || tokens_[i].is("(") || tokens_[i].is("[") || tokens_[i].is("${")) {
                open_.push_back(i);
            } else if (tokens_[i].is("}") || tokens_[i].is(")") || tokens_[i].is("]")) {
                if (!open_.empty()) open_.pop_back();
            } else if (is_free(i)) {
                out.push_back(reference(i));
            }
        }
        return out;
    }

  private:
    bool is_free(std::size_t at) const {
        const Token& token = tokens_[at];
        if (!detail::is_variable(token) || is_member_access(tokens_, at) || is_key(at)) return false;
        return !bound_.has(token.text, at);
    }

    /// `{ name: ... }`, which `a ? name : b` must not be taken for.
    bool is_key(std::size_t at) const {
        if (at == 0 || at + 1 >= tokens_.size() || !tokens_[at + 1].is(":") || open_.empty()) return false;
        return tokens_[open_.back()].is("{") && (tokens_[at - 1].is("{") || tokens_[at - 1].is(","));
    }

    Reference reference(std::size_t at) {
        std::vector<Path::Key> keys;
        const std::size_t end = detail::read_keys(tokens_, at + 1, keys);
        // `items.map(...)`: the last name is a method of the value, not a part of it.
        const bool is_called =
            end < tokens_.size() && (tokens_[end].is("(") || tokens_[end].kind == Kind::kTemplate);
        if (is_called && !keys.empty()) keys.pop_back();
        Reference out{
            .root = std::string(tokens_[at].text), .members = {}, .is_optional = false, .place = {}
        };
        for (const auto& key : keys) {
            out.is_optional = out.is_optional || key.optional;
            const auto* index = std::get_if<std::uint32_t>(&key.name);
            out.members.push_back(index ? std::to_string(*index) : std::get<std::string>(key.name));
        }
        out.place = ruler_.at(tokens_[at].at, start_.field);
        if (out.place.line == 1) out.place.column += start_.column - 1;
        out.place.line += start_.line - 1;
        out.place.offset += start_.offset;
        return out;
    }

    detail::Ruler ruler_;
    const Place& start_;
    const Tokens& tokens_;
    Bounds bound_;
    std::vector<std::size_t> open_;
};

Result<> collect(const Node& node, std::vector<Reference>& out) {
    if (const auto* text = std::get_if<Text>(&node.value)) {
        for (const auto& segment : text->segments) {
            const auto* expression = std::get_if<Expression>(&segment);
            if (!expression) continue;
            TRY(auto found, references(expression->source, expression->place));
            std::ranges::move(found, std::back_inserter(out));
        }
    } else if (const auto* members = std::get_if<Members>(&node.value)) {
        for (const auto& member : *members) CHECK_OK(collect(member.value, out));
    } else if (const auto* items = std::get_if<Items>(&node.value)) {
        for (const auto& item : *items) CHECK_OK(collect(item, out));
    }
    return {};
}

}  // namespace

Result<std::vector<Reference>> references(std::string_view source, const Place& place) {
    auto scan = detail::scan(source, 0, detail::Until::kEnd);
    if (!scan)
        return fail(
            detail::error_at(detail::place_of(source, scan.error().at, place.field), scan.error().message)
        );
    return Collector(source, place, scan->tokens).run();
}

Result<std::vector<Reference>> references(const Node& node) {
    std::vector<Reference> out;
    CHECK_OK(collect(node, out));
    return out;
}

}  // namespace weft::templates
