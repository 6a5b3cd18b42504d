#pragma once

#include "base/error.h"
#include "base/json.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// `{{ expression }}` inside the strings of a JSON tree: where they are, what they refer to. Purely lexical:
/// nothing is evaluated here (that happens in the sandbox only), so publishing may call it on tenant text.
///
/// Rules, which the runner implements:
/// - A string that is one whole `{{ }}` (nothing around it) keeps the type of the result. Otherwise results
/// are joined
///   as text: strings as they are, numbers and booleans as JavaScript prints them, objects and arrays as
///   JSON, null and undefined as nothing.
/// - A whole `{{ }}` that gives undefined leaves its object member out (an array element becomes null).
/// - A plain path (`steps.a.output.id`) must lead somewhere: reading what is absent is an error that names
/// the path,
///   unless the path says `?.`. In any other expression JavaScript's own rules hold (`input.note ?? ""`).
/// - Keys of objects are literal. A literal `{{` is written `{{ "{{" }}`.
namespace weft::templates {

/// Where in a tree and in its string something is. `field` is a dotted path ("items[0].sku"), empty at the
/// root.
struct Place {
    std::string field;
    std::size_t offset = 0;  // bytes from the start of the string
    std::uint32_t line = 1;
    std::uint32_t column = 1;  // in characters

    bool operator==(const Place&) const = default;
};

/// A property path without computation: `steps.a.output.items[0]["x y"]?.id`.
struct Path {
    struct Key {
        std::variant<std::string, std::uint32_t> name;
        bool optional = false;  // written with ?.
        bool operator==(const Key&) const = default;
    };
    std::string root;
    std::vector<Key> keys;

    bool has_optional() const;
    std::string text() const;
    bool operator==(const Path&) const = default;
};

struct Expression {
    std::string source;  // between the braces, as written
    Place place;         // of `source`
    bool is_path = false;
    Path path;  // set when is_path
};

using Segment = std::variant<std::string, Expression>;

/// One string of the tree that holds at least one expression.
struct Text {
    std::vector<Segment> segments;
    bool is_whole() const {
        return segments.size() == 1 && std::holds_alternative<Expression>(segments.front());
    }
};

struct Node;
struct Member;
using Members = std::vector<Member>;
using Items = std::vector<Node>;

/// A parsed tree: parts without expressions stay one literal.
struct Node {
    std::variant<Json, Text, Members, Items> value;
};

struct Member {
    std::string name;
    Node value;
};

/// Errors: kInvalid with `field` and a message that names line and column (an unclosed `{{`, an empty
/// expression, unbalanced brackets, an unfinished string or comment, a tree deeper than 64).
Result<Node> parse(const Json& tree, std::string_view field = "");

/// Cuts one string. Same errors.
Result<Text> parse_text(std::string_view text, std::string_view field = "");

/// Checks a step's `if`: true, false, or a string that is one whole {{ }}.
Result<Node> parse_condition(const Json& condition, std::string_view field = "if");

/// A name an expression takes from its surroundings, with the static part of what it reads from it.
struct Reference {
    std::string root;  // "steps", "input", "trigger", ..., or any other free identifier
    std::vector<std::string>
        members;               // static members in order: steps.a.output.items[0] gives a, output, items, 0
    bool is_optional = false;  // one of the members was read with ?.
    Place place;

    bool operator==(const Reference&) const = default;
};

/// References of an expression, or of a function body (`core/code`), in order. Names bound inside it
/// (parameters, let, const, var, function, class, catch) shadow; JavaScript's own globals (Math, JSON, ...)
/// are left out. `place` gives the position the source starts at, so that references carry places of the
/// whole string. Errors: kInvalid as in parse.
Result<std::vector<Reference>> references(std::string_view source, const Place& place = {});

/// All expressions of a tree, in order. They live as long as the node.
std::vector<const Expression*> expressions(const Node& node);

/// JavaScript that only the engine can judge.
struct Script {
    std::string source;
    Place place;           // of `source`
    bool is_code = false;  // the body of a function; else one expression
};

/// The expressions of a tree that are no plain paths, in order.
std::vector<Script> scripts(const Node& node);

/// That `script` is wrong at a place of its source (line 0: unknown; one after its last: at its end), as a
/// problem of its field.
Error script_problem(
    const Script& script, std::uint32_t line, std::uint32_t column, std::string_view message
);

/// All references of all expressions of a tree.
Result<std::vector<Reference>> references(const Node& node);

/// Checks a `core/code` source as far as it can be without running it: size, balanced, not empty.
Result<> check_source(std::string_view source, std::string_view field);

enum class TokenKind : std::uint8_t {
    kName,      // identifier or keyword
    kNumber,    // includes BigInt
    kString,    // with its quotes
    kTemplate,  // a piece of a template literal between ` ${ } `
    kRegex,
    kPunctuator,  // one character, or one of ?. => ... ++ -- ${
};

struct Token {
    TokenKind kind;
    std::string_view text;
    std::size_t at = 0;     // byte offset in the scanned text
    std::size_t match = 0;  // for brackets: index of the partner

    bool is(std::string_view punctuator) const {
        return kind == TokenKind::kPunctuator && text == punctuator;
    }
    bool is_name(std::string_view name) const { return kind == TokenKind::kName && text == name; }
    std::size_t end() const { return at + text.size(); }
};

/// The tokens of an expression or of code; texts point into `source`. kInvalid as in parse.
Result<std::vector<Token>> tokens(std::string_view source);
/// Words that never refer to a variable; names that the language itself defines.
bool is_reserved(std::string_view name);
bool is_global(std::string_view name);

/// Does evaluating `source` need this context name? True also when it cannot be told (`globalThis`, `this`).
bool mentions(std::string_view source, std::string_view name);
/// The same of up to 64 `names` in one look, a bit each. Names of members (`{url: x}`) do not count.
std::uint64_t mentioned(std::string_view source, std::span<const std::string_view> names);

}  // namespace weft::templates
