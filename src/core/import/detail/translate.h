#pragma once

#include "base/error.h"
#include "base/json.h"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// n8n's expressions as ours.
namespace weft::importer {

/// How the expressions of a node read another node's items.
struct NodeAccess {
    std::string list;    // JavaScript: its items
    std::string paired;  // likewise: the index of the one that the current item came from
};

/// What is around an expression; all members are JavaScript.
struct Scope {
    std::string item = "item";
    std::string index = "index";
    std::string input;
    std::string zone;           // an IANA name; "UTC" is left out
    std::string workflow_name;  // these two plain text
    std::string previous_node;
    bool is_loop = false;
    std::function<Result<NodeAccess>(std::string_view name, bool is_paired)> node;
};

/// What a person should know; a node with something in `by_hand` is not translated.
struct Notes {
    std::vector<std::string> adapted;
    std::vector<std::string> by_hand;
    void adapt(std::string text) { add(adapted, std::move(text)); }
    void hand(std::string text) { add(by_hand, std::move(text)); }

  private:
    static void add(std::vector<std::string>& list, std::string text);
};

/// An expression between `{{` and `}}`.
std::string translate_code(std::string_view code, const Scope& scope, Notes& notes);

/// A parameter's value: texts that begin with `=` are expressions, wherever they stand. JavaScript.
std::string translate_value(const Json& value, const Scope& scope, Notes& notes);

/// Whether a parameter holds an expression.
bool has_expression(const Json& value);

/// What code of a Code node uses: names of nodes that it reads, and what cannot come over.
struct CodeUse {
    std::set<std::string> nodes;
};
CodeUse look_at_code(std::string_view code, Notes& notes);

/// Text as JavaScript writes it.
std::string js_text(std::string_view text);

}  // namespace weft::importer
