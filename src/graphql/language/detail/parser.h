#pragma once

#include "graphql/language/detail/lexer.h"
#include "graphql/language/language.h"

#include <array>
#include <memory_resource>
#include <span>
#include <tuple>
#include <vector>

namespace weft::graphql::detail {

/// Recursive descent. The first error stops it: from then on the current token is kFailed, which nothing
/// matches, so that every function returns at once and no caller needs to look.
class Parser {
  public:
    Parser(Document& document, const ParseLimits& limits);

    void document();
    void const_value();
    bool has_failed() const { return token_.kind == TokenKind::kFailed; }
    SyntaxError error() const { return error_; }

  private:
    enum class Const : bool { kNo, kYes };
    struct Description {
        std::string_view text;
        bool is_there = false;
        bool is_block = false;
        std::uint32_t at = 0;  // of the definition's first token, described or not
        template <class Node>
        void apply(Node& node) const {
            node.at = at;
            node.description = text;
            node.has_description = is_there;
            node.is_block_description = is_block;
        }
    };

    // ---- tokens
    void advance();
    void fail(std::uint32_t at, std::string message);
    void unexpected(const Token& token);
    bool peek(TokenKind kind) const { return token_.kind == kind; }
    bool peek_keyword(std::string_view word) const { return peek(TokenKind::kName) && token_.text == word; }
    bool skip(TokenKind kind);
    bool skip_keyword(std::string_view word);
    void expect(TokenKind kind);
    void expect_keyword(std::string_view word);
    Name name();
    /// Counts one level of nesting; false, and failed, beyond the limit.
    bool enter();
    void leave() { --depth_; }

    // ---- lists: items gather on a stack of their type, then move to the arena in one piece
    template <class T>
    std::pmr::vector<T>& stack() {
        return std::get<std::pmr::vector<T>>(stacks_);
    }
    template <class T, class Read>
    void push(Read read);
    template <class T>
    std::span<const T> take(std::size_t mark);
    /// `open item+ close`, or nothing when there is no `open`.
    template <class T, class Read>
    std::span<const T> optional_many(TokenKind open, TokenKind close, Read read);
    /// `open item* close`
    template <class T, class Read>
    std::span<const T> any(TokenKind open, TokenKind close, Read read);
    /// `delimiter? item (delimiter item)*`
    template <class T, class Read>
    std::span<const T> delimited(TokenKind delimiter, Read read);

    // ---- executable
    Definition definition();
    Definition operation(const Description& description);
    Definition fragment(const Description& description);
    OperationKind operation_kind();
    VariableDefinition variable_definition();
    std::span<const Selection> selection_set();
    Selection selection();
    void field(Selection& out);
    void spread(Selection& out);
    Name fragment_name();
    std::span<const Argument> arguments(Const is_const);
    std::span<const Directive> directives(Const is_const);
    Value value(Const is_const);
    Value variable(Const is_const);
    Value word();
    TypeNode type();
    Description description();

    // ---- type system (parser_sdl.cc)
    Definition type_system(const Description& description);
    Definition extension(const Description& description);
    void body(TypeSystemDefinition& out);
    void directive_body(TypeSystemDefinition& out);
    Name directive_location();
    std::span<const RootTypeDefinition> roots();
    std::span<const Name> interfaces();
    std::span<const FieldDefinition> fields();
    std::span<const InputValueDefinition> input_values(TokenKind open, TokenKind close);
    std::span<const EnumValueDefinition> enum_values();
    Name enum_value_name();

    template <class Node>
    const Node* keep(const Node& node);

    Document& document_;
    const ParseLimits& limits_;
    Lexer lexer_;
    Token token_;
    SyntaxError error_;
    std::size_t tokens_ = 0;
    int depth_ = 0;

    // Enough for usual documents: their parsing takes no memory but the document's.
    std::array<std::byte, 16 << 10> scratch_space_;
    std::pmr::monotonic_buffer_resource scratch_{scratch_space_.data(), scratch_space_.size()};
    std::tuple<
        std::pmr::vector<Selection>,
        std::pmr::vector<Argument>,
        std::pmr::vector<Directive>,
        std::pmr::vector<Value>,
        std::pmr::vector<ObjectField>,
        std::pmr::vector<VariableDefinition>,
        std::pmr::vector<Definition>,
        std::pmr::vector<Name>,
        std::pmr::vector<RootTypeDefinition>,
        std::pmr::vector<FieldDefinition>,
        std::pmr::vector<InputValueDefinition>,
        std::pmr::vector<EnumValueDefinition>>
        stacks_;
};

template <class Node>
const Node* Parser::keep(const Node& node) {
    static_assert(std::is_trivially_destructible_v<Node>, "the arena runs no destructors");
    std::pmr::polymorphic_allocator<> arena(document_.arena());
    return arena.new_object<Node>(node);
}

// An item's own lists are on the same stacks while it is read: hence first read, then push.
template <class T, class Read>
void Parser::push(Read read) {
    const T item = read();
    stack<T>().push_back(item);
}

template <class T>
std::span<const T> Parser::take(std::size_t mark) {
    static_assert(std::is_trivially_copyable_v<T>, "the arena runs no destructors");
    auto& items = stack<T>();
    const std::size_t count = items.size() - mark;
    if (count == 0) return {};
    std::pmr::polymorphic_allocator<> arena(document_.arena());
    T* const out = arena.allocate_object<T>(count);
    std::uninitialized_copy_n(items.begin() + static_cast<std::ptrdiff_t>(mark), count, out);
    items.resize(mark);
    return {out, count};
}

template <class T, class Read>
std::span<const T> Parser::optional_many(TokenKind open, TokenKind close, Read read) {
    if (!skip(open)) return {};
    const std::size_t mark = stack<T>().size();
    do push<T>(read);
    while (!skip(close) && !has_failed());
    return take<T>(mark);
}

template <class T, class Read>
std::span<const T> Parser::any(TokenKind open, TokenKind close, Read read) {
    expect(open);
    const std::size_t mark = stack<T>().size();
    while (!skip(close) && !has_failed()) push<T>(read);
    return take<T>(mark);
}

template <class T, class Read>
std::span<const T> Parser::delimited(TokenKind delimiter, Read read) {
    skip(delimiter);
    const std::size_t mark = stack<T>().size();
    do push<T>(read);
    while (skip(delimiter));
    return take<T>(mark);
}

}  // namespace weft::graphql::detail
