#include "app/gqlcheck/gqlcheck.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

constexpr const char* kUsage =
    "weft-gqlcheck validates GraphQL documents.\n"
    "  weft-gqlcheck          reads one JSON object {\"schema\", \"query\", \"rule\"?} and prints "
    "{\"errors\": [...]}\n"
    "  weft-gqlcheck --lines  reads one such object a line and answers each with a line\n";

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (argc > 2 || (!mode.empty() && mode != "--lines")) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    std::ios::sync_with_stdio(false);
    weft::gqlcheck::Checker checker;
    if (mode.empty()) {
        const std::string request{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
        std::cout << checker.answer(request) << '\n';
        return 0;
    }
    for (std::string line; std::getline(std::cin, line);)
        std::cout << checker.answer(line) << '\n' << std::flush;
    return 0;
}
