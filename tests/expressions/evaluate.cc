// Expressions as a run evaluates them, for tests: one JSON text a line, answered by a line of JSON, or "! "
// and the error's message. Not confined: for tests' own expressions only.
//
//   weft-evaluate [input.json]
#include "app/runner/evaluator.h"
#include "base/json.h"

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

int main(int argc, char** argv) {
    using namespace weft;
    std::string input = "{}";
    if (argc > 1) {
        std::stringstream text;
        text << std::ifstream(argv[1]).rdbuf();
        input = text.str();
    }
    script::Engine engine;
    std::string last;
    runner::Evaluator evaluator(engine, [&](const protocol::Reply& reply) {
        if (const auto* value = std::get_if<protocol::Value>(&reply)) last = value->json;
        if (const auto* failed = std::get_if<protocol::Failed>(&reply)) last = "! " + failed->message;
    });
    if (!evaluator.handle(protocol::Begin{.input = std::move(input), .script_timeout_ms = 5000})) return 1;
    for (std::string line; std::getline(std::cin, line);) {
        const auto expression = parse_json(line);
        if (!expression || !expression->is_string()) return 1;
        std::string quoted;
        append_json_string("{{ " + std::string(expression->get_string()) + " }}", quoted);
        last = "nothing";
        if (!evaluator.handle(protocol::Evaluate{.value = std::move(quoted)})) return 1;
        for (std::size_t at = 0; (at = last.find('\n', at)) != std::string::npos; ++at) last[at] = ' ';
        std::cout << last << std::endl;
    }
}
