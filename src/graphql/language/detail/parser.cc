#include "graphql/language/detail/parser.h"

#include <fmt/format.h>

#include <utility>

namespace weft::graphql::detail {

Parser::Parser(Document& document, const ParseLimits& limits)
    : document_(document),
      limits_(limits),
      lexer_(document.source(), *document.arena()),
      stacks_(std::apply(
          [this](auto... none) { return std::tuple(std::pmr::vector<decltype(none)>(&scratch_)...); },
          std::tuple<
              Selection,
              Argument,
              Directive,
              Value,
              ObjectField,
              VariableDefinition,
              Definition,
              Name,
              RootTypeDefinition,
              FieldDefinition,
              InputValueDefinition,
              EnumValueDefinition>{}
      )) {
    if (document.source().size() > limits_.bytes_max) {
        fail(
            static_cast<std::uint32_t>(limits_.bytes_max),
            fmt::format("Document is larger than {} bytes. Parsing aborted.", limits_.bytes_max)
        );
        return;
    }
    advance();
}

// ---- tokens

void Parser::advance() {
    token_ = lexer_.next();
    if (has_failed()) return fail(lexer_.failed_at(), lexer_.message());
    if (peek(TokenKind::kEnd) || ++tokens_ <= limits_.tokens_max) return;
    fail(
        token_.at, fmt::format("Document contains more than {} tokens. Parsing aborted.", limits_.tokens_max)
    );
}

void Parser::fail(std::uint32_t at, std::string message) {
    token_.kind = TokenKind::kFailed;
    if (error_.message.empty()) error_ = {.message = "Syntax Error: " + std::move(message), .at = at};
}

void Parser::unexpected(const Token& token) {
    if (!has_failed()) fail(token.at, fmt::format("Unexpected {}.", describe(token)));
}

bool Parser::skip(TokenKind kind) {
    if (!peek(kind)) return false;
    advance();
    return true;
}

bool Parser::skip_keyword(std::string_view word) {
    if (!peek_keyword(word)) return false;
    advance();
    return true;
}

void Parser::expect(TokenKind kind) {
    if (skip(kind) || has_failed()) return;
    fail(token_.at, fmt::format("Expected {}, found {}.", kind_name(kind), describe(token_)));
}

void Parser::expect_keyword(std::string_view word) {
    if (skip_keyword(word) || has_failed()) return;
    fail(token_.at, fmt::format("Expected \"{}\", found {}.", word, describe(token_)));
}

Name Parser::name() {
    const Name out{.text = token_.text, .at = token_.at};
    expect(TokenKind::kName);
    return out;
}

bool Parser::enter() {
    if (++depth_ <= limits_.depth_max) return true;
    if (!has_failed()) {
        fail(
            token_.at,
            fmt::format("Document is nested more than {} levels deep. Parsing aborted.", limits_.depth_max)
        );
    }
    leave();
    return false;
}

// ---- documents

void Parser::document() {
    do push<Definition>([&] { return definition(); });
    while (!peek(TokenKind::kEnd) && !has_failed());
    if (has_failed()) return;
    document_.tokens = tokens_;
    document_.definitions = take<Definition>(0);
    std::pmr::polymorphic_allocator<> arena(document_.arena());
    const std::size_t count = document_.definitions.size();
    const Operation** const operations = arena.allocate_object<const Operation*>(count);
    const Fragment** const fragments = arena.allocate_object<const Fragment*>(count);
    std::size_t operation_count = 0;
    std::size_t fragment_count = 0;
    for (const Definition& each : document_.definitions) {
        if (each.operation != nullptr) operations[operation_count++] = each.operation;
        if (each.fragment != nullptr) fragments[fragment_count++] = each.fragment;
    }
    document_.operations = {operations, operation_count};
    document_.fragments = {fragments, fragment_count};
}

void Parser::const_value() {
    document_.value = value(Const::kYes);
    expect(TokenKind::kEnd);
    document_.tokens = tokens_;
}

Parser::Description Parser::description() {
    Description out{.text = {}, .is_there = false, .is_block = false, .at = token_.at};
    if (!peek(TokenKind::kString) && !peek(TokenKind::kBlockString)) return out;
    out.text = token_.text;
    out.is_there = true;
    out.is_block = peek(TokenKind::kBlockString);
    advance();
    return out;
}

Definition Parser::definition() {
    const Description described = description();
    if (has_failed()) return {};
    if (peek(TokenKind::kBraceLeft)) {
        if (!described.is_there) return operation(described);
        fail(described.at, "Unexpected description, descriptions are not supported on shorthand queries.");
        return {};
    }
    if (peek_keyword("query") || peek_keyword("mutation") || peek_keyword("subscription")) {
        return operation(described);
    }
    if (peek_keyword("fragment")) return fragment(described);
    return type_system(described);
}

Definition Parser::operation(const Description& described) {
    Operation out;
    described.apply(out);
    if (peek(TokenKind::kBraceLeft)) {
        out.is_shorthand = true;
    } else {
        out.kind = operation_kind();
        if (peek(TokenKind::kName)) out.name = name();
        out.variables = optional_many<VariableDefinition>(TokenKind::kParenLeft, TokenKind::kParenRight, [&] {
            return variable_definition();
        });
        out.directives = directives(Const::kNo);
    }
    out.selections_at = token_.at;
    out.selections = selection_set();
    return {.operation = keep(out)};
}

OperationKind Parser::operation_kind() {
    const Token word = token_;
    expect(TokenKind::kName);
    if (word.text == "mutation") return OperationKind::kMutation;
    if (word.text == "subscription") return OperationKind::kSubscription;
    if (word.text != "query") unexpected(word);
    return OperationKind::kQuery;
}

VariableDefinition Parser::variable_definition() {
    VariableDefinition out;
    description().apply(out);
    expect(TokenKind::kDollar);
    out.name = name();
    expect(TokenKind::kColon);
    out.type = type();
    if (skip(TokenKind::kEquals)) out.default_value = value(Const::kYes);
    out.directives = directives(Const::kYes);
    return out;
}

Definition Parser::fragment(const Description& described) {
    Fragment out;
    described.apply(out);
    expect_keyword("fragment");
    out.name = fragment_name();
    expect_keyword("on");
    out.type_condition = name();
    out.directives = directives(Const::kNo);
    out.selections_at = token_.at;
    out.selections = selection_set();
    return {.fragment = keep(out)};
}

Name Parser::fragment_name() {
    if (token_.text == "on") unexpected(token_);
    return name();
}

// ---- selections

std::span<const Selection> Parser::selection_set() {
    if (!peek(TokenKind::kBraceLeft)) {
        expect(TokenKind::kBraceLeft);
        return {};
    }
    if (!enter()) return {};
    const auto out =
        optional_many<Selection>(TokenKind::kBraceLeft, TokenKind::kBraceRight, [&] { return selection(); });
    leave();
    return out;
}

Selection Parser::selection() {
    Selection out;
    out.at = token_.at;
    if (skip(TokenKind::kSpread)) {
        spread(out);
    } else {
        field(out);
    }
    return out;
}

void Parser::field(Selection& out) {
    out.name = name();
    if (skip(TokenKind::kColon)) {
        out.alias = out.name;
        out.name = name();
    }
    out.arguments = arguments(Const::kNo);
    out.directives = directives(Const::kNo);
    if (!peek(TokenKind::kBraceLeft)) return;
    out.has_selections = true;
    out.selections_at = token_.at;
    out.selections = selection_set();
}

void Parser::spread(Selection& out) {
    const bool has_condition = skip_keyword("on");
    if (!has_condition && peek(TokenKind::kName)) {
        out.kind = Selection::Kind::kFragmentSpread;
        out.name = name();
        out.directives = directives(Const::kNo);
        return;
    }
    out.kind = Selection::Kind::kInlineFragment;
    if (has_condition) out.type_condition = name();
    out.directives = directives(Const::kNo);
    out.has_selections = true;
    out.selections_at = token_.at;
    out.selections = selection_set();
}

std::span<const Argument> Parser::arguments(Const is_const) {
    return optional_many<Argument>(TokenKind::kParenLeft, TokenKind::kParenRight, [&] {
        Argument out;
        out.name = name();
        expect(TokenKind::kColon);
        out.value = value(is_const);
        return out;
    });
}

std::span<const Directive> Parser::directives(Const is_const) {
    const std::size_t mark = stack<Directive>().size();
    while (peek(TokenKind::kAt)) {
        push<Directive>([&] {
            Directive out;
            out.at = token_.at;
            advance();
            out.name = name();
            out.arguments = arguments(is_const);
            return out;
        });
    }
    return take<Directive>(mark);
}

// ---- values and types

Value Parser::value(Const is_const) {
    Value out;
    out.at = token_.at;
    out.text = token_.text;
    switch (token_.kind) {
        case TokenKind::kDollar:
            return variable(is_const);
        case TokenKind::kName:
            return word();
        case TokenKind::kInt:
            out.kind = Value::Kind::kInt;
            break;
        case TokenKind::kFloat:
            out.kind = Value::Kind::kFloat;
            break;
        case TokenKind::kBlockString:
            out.is_block = true;
            [[fallthrough]];
        case TokenKind::kString:
            out.kind = Value::Kind::kString;
            break;
        case TokenKind::kBracketLeft:
            out.kind = Value::Kind::kList;
            if (!enter()) return out;
            out.items = any<Value>(TokenKind::kBracketLeft, TokenKind::kBracketRight, [&] {
                return value(is_const);
            });
            leave();
            return out;
        case TokenKind::kBraceLeft:
            out.kind = Value::Kind::kObject;
            if (!enter()) return out;
            out.fields = any<ObjectField>(TokenKind::kBraceLeft, TokenKind::kBraceRight, [&] {
                ObjectField member;
                member.name = name();
                expect(TokenKind::kColon);
                member.value = value(is_const);
                return member;
            });
            leave();
            return out;
        default:
            unexpected(token_);
            return out;
    }
    advance();
    return out;
}

Value Parser::variable(Const is_const) {
    const Token dollar = token_;
    advance();
    if (is_const == Const::kNo) {
        return {.kind = Value::Kind::kVariable, .at = dollar.at, .text = name().text};
    }
    if (peek(TokenKind::kName)) {
        fail(dollar.at, fmt::format("Unexpected variable \"${}\" in constant value.", token_.text));
    } else {
        unexpected(dollar);
    }
    return {};
}

Value Parser::word() {
    const std::string_view text = token_.text;
    const Value out{
        .kind = text == "true" || text == "false" ? Value::Kind::kBoolean
                : text == "null"                  ? Value::Kind::kNull
                                                  : Value::Kind::kEnum,
        .at = token_.at,
        .text = text,
    };
    advance();
    return out;
}

TypeNode Parser::type() {
    TypeNode out;
    out.at = token_.at;
    if (peek(TokenKind::kBracketLeft)) {
        if (!enter()) return out;
        advance();
        out.kind = TypeNode::Kind::kList;
        out.item = keep(type());
        expect(TokenKind::kBracketRight);
        leave();
    } else {
        out.name = name();
    }
    out.is_non_null = skip(TokenKind::kBang);
    return out;
}

}  // namespace weft::graphql::detail
