#include "app/schemacheck/schemacheck.h"

#include <cstdio>
#include <iostream>
#include <string>

int main(int argc, char**) {
    if (argc > 1) {
        std::fputs(
            "weft-schemacheck reads one JSON object a line: {\"schema\", \"values\", \"formats\"?}\n", stderr
        );
        return 2;
    }
    std::ios::sync_with_stdio(false);
    weft::schemacheck::Checker checker;
    for (std::string line; std::getline(std::cin, line);)
        std::cout << checker.answer(line) << '\n' << std::flush;
    return 0;
}
