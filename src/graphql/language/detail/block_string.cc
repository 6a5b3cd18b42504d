#include "graphql/language/detail/block_string.h"

#include "base/utf8.h"
#include "graphql/language/detail/lexer.h"

#include <algorithm>
#include <vector>

namespace weft::graphql::detail {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kQuotes = "\"\"\"";
constexpr std::string_view kEscapedQuotes = "\\\"\"\"";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
    std::string out;
    for (std::size_t at; (at = text.find(from)) != std::string_view::npos;) {
        out.append(text.substr(0, at)).append(to);
        text.remove_prefix(at + from.size());
    }
    return out.append(text);
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t end; (end = text.find_first_of("\r\n")) != std::string_view::npos;) {
        out.push_back(text.substr(0, end));
        text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
    out.push_back(text);
    return out;
}

bool is_blank(std::string_view line) {
    return line.find_first_not_of(kBlank) == std::string_view::npos;
}

}  // namespace

bool is_its_own_value(std::string_view raw) {
    return raw.find_first_of("\r\n") == std::string_view::npos && (raw.empty() || !is_blank(raw));
}

std::string block_string_value(std::string_view raw) {
    std::vector<std::string_view> lines = lines_of(raw);
    std::size_t indent = std::string_view::npos;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        indent = std::min(indent, lines[i].find_first_not_of(kBlank));  // npos for a blank line
    }
    std::size_t first = 0;
    std::size_t last = lines.size();
    while (first < last && is_blank(lines[first])) ++first;
    while (last > first && is_blank(lines[last - 1])) --last;
    std::string out;
    for (std::size_t i = first; i < last; ++i) {
        if (i != first) out += '\n';
        out.append(i == 0 ? lines[i] : lines[i].substr(std::min(indent, lines[i].size())));
    }
    return replaced(out, kEscapedQuotes, kQuotes);
}

std::string print_block_string(std::string_view value) {
    static constexpr std::size_t kSingleLineMax = 70;  // longer text gets lines of its own
    const std::string escaped = replaced(value, kQuotes, kEscapedQuotes);
    const std::vector<std::string_view> lines = lines_of(escaped);
    const bool is_single = lines.size() == 1;
    const auto starts_blank = [](std::string_view line) { return kBlank.contains(line.front()); };
    // All further lines are indented: only a first line on its own keeps that indentation from being taken
    // off.
    const bool must_lead = !is_single && std::all_of(lines.begin() + 1, lines.end(), [&](auto line) {
        return line.empty() || starts_blank(line);
    });
    const bool ends_in_quotes = escaped.ends_with(kEscapedQuotes);
    const bool must_trail = (value.ends_with('"') && !ends_in_quotes) || value.ends_with('\\');
    const bool is_multiple =
        !is_single || utf8::utf16_units(value) > kSingleLineMax || must_trail || must_lead || ends_in_quotes;
    const bool skips_lead = is_single && !value.empty() && starts_blank(value);

    std::string out(kQuotes);
    if ((is_multiple && !skips_lead) || must_lead) out += '\n';
    out += escaped;
    if (is_multiple) out += '\n';
    return out.append(kQuotes);
}

}  // namespace weft::graphql::detail
