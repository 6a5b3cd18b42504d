#include "graphql/validate/detail/context.h"

#include <algorithm>

namespace weft::graphql::rules {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

/// The number at `at`, which moves behind it; a leading zero is a number of its own.
double read_number(std::string_view text, std::size_t& at) {
    double number = 0;
    do {
        number = number * 10 + (text[at] - '0');
        ++at;
    } while (at < text.size() && is_digit(text[at]) && number > 0);
    return number;
}

/// Edits (insert, delete, replace, swap neighbours) between two lower-case texts; more than `most` ends
/// early.
std::size_t edits(std::string_view a, std::string_view b, std::size_t most) {
    if (a.size() < b.size()) std::swap(a, b);
    if (a.size() - b.size() > most) return most + 1;
    std::array<std::vector<std::size_t>, 3> rows;
    for (auto& row : rows) row.resize(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        const auto& above = rows[(i - 1) % 3];
        auto& row = rows[i % 3];
        std::size_t smallest = row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            std::size_t cell = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cell = std::min(cell, rows[(i - 2) % 3][j - 2] + 1);
            smallest = std::min(smallest, cell);
            row[j] = cell;
        }
        if (smallest > most) return most + 1;
    }
    return rows[a.size() % 3][b.size()];
}

}  // namespace

int natural_compare(std::string_view a, std::string_view b) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
        if (is_digit(a[i]) && is_digit(b[j])) {
            double left = read_number(a, i);
            double right = read_number(b, j);
            if (left != right) return left < right ? -1 : 1;
            continue;
        }
        if (a[i] != b[j]) return a[i] < b[j] ? -1 : 1;
        ++i;
        ++j;
    }
    return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

std::vector<std::string> suggestions(std::string_view input, const std::vector<std::string_view>& options) {
    std::vector<std::pair<std::size_t, std::string_view>> near;
    std::size_t most = input.size() * 2 / 5 + 1;
    std::string folded = lower(input);
    for (std::string_view option : options) {
        std::string other = lower(option);
        std::size_t distance = option == input ? 0 : folded == other ? 1 : edits(other, folded, most);
        if (distance <= most) near.emplace_back(distance, option);
    }
    std::ranges::sort(near, [](const auto& a, const auto& b) {
        if (a.first != b.first) return a.first < b.first;
        int order = natural_compare(a.second, b.second);
        return order != 0 ? order < 0 : a.second < b.second;
    });
    std::vector<std::string> out;
    for (const auto& [distance, option] : near) {
        if (out.empty() || out.back() != option) out.emplace_back(option);
    }
    return out;
}

}  // namespace weft::graphql::rules
