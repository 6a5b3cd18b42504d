#include "graphql/language/detail/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weft::graphql::detail {
namespace {

using SdlKind = TypeSystemDefinition::Kind;

constexpr std::pair<std::string_view, SdlKind> kKeywords[] = {
    {"schema", SdlKind::kSchema},
    {"scalar", SdlKind::kScalar},
    {"type", SdlKind::kObject},
    {"interface", SdlKind::kInterface},
    {"union", SdlKind::kUnion},
    {"enum", SdlKind::kEnum},
    {"input", SdlKind::kInput},
    {"directive", SdlKind::kDirective},
};

constexpr std::string_view kDirectiveLocations[] = {
    "QUERY",
    "MUTATION",
    "SUBSCRIPTION",
    "FIELD",
    "FRAGMENT_DEFINITION",
    "FRAGMENT_SPREAD",
    "INLINE_FRAGMENT",
    "VARIABLE_DEFINITION",
    "SCHEMA",
    "SCALAR",
    "OBJECT",
    "FIELD_DEFINITION",
    "ARGUMENT_DEFINITION",
    "INTERFACE",
    "UNION",
    "ENUM",
    "ENUM_VALUE",
    "INPUT_OBJECT",
    "INPUT_FIELD_DEFINITION",
};

const SdlKind* keyword(const Token& token) {
    if (token.kind != TokenKind::kName) return nullptr;
    const auto* const found =
        std::ranges::find(kKeywords, token.text, [](const auto& row) { return row.first; });
    return found == std::end(kKeywords) ? nullptr : &found->second;
}

bool says_nothing(const TypeSystemDefinition& extension) {
    return extension.directives.empty() && extension.roots.empty() && extension.interfaces.empty() &&
           extension.fields.empty() && extension.members.empty() && extension.values.empty() &&
           extension.input_fields.empty();
}

}  // namespace

Definition Parser::type_system(const Description& described) {
    if (const SdlKind* const kind = keyword(token_)) {
        TypeSystemDefinition out;
        out.kind = *kind;
        described.apply(out);
        advance();
        body(out);
        return {.type_system = keep(out)};
    }
    if (described.is_there && peek(TokenKind::kName)) {
        fail(described.at, "Unexpected description, only GraphQL definitions support descriptions.");
        return {};
    }
    if (peek_keyword("extend")) return extension(described);
    unexpected(token_);
    return {};
}

Definition Parser::extension(const Description& described) {
    TypeSystemDefinition out;
    described.apply(out);
    out.is_extension = true;
    advance();
    const SdlKind* const kind = keyword(token_);
    if (kind == nullptr || *kind == SdlKind::kDirective) {
        unexpected(token_);
        return {};
    }
    out.kind = *kind;
    advance();
    body(out);
    if (says_nothing(out)) unexpected(token_);
    return {.type_system = keep(out)};
}

/// What comes after the keyword.
void Parser::body(TypeSystemDefinition& out) {
    if (out.kind == SdlKind::kDirective) return directive_body(out);
    if (out.kind != SdlKind::kSchema) out.name = name();
    if (out.kind == SdlKind::kObject || out.kind == SdlKind::kInterface) out.interfaces = interfaces();
    out.directives = directives(Const::kYes);
    switch (out.kind) {
        case SdlKind::kSchema:
            if (!out.is_extension && !peek(TokenKind::kBraceLeft)) return expect(TokenKind::kBraceLeft);
            out.roots = roots();
            break;
        case SdlKind::kObject:
        case SdlKind::kInterface:
            out.fields = fields();
            break;
        case SdlKind::kUnion:
            if (skip(TokenKind::kEquals)) {
                out.members = delimited<Name>(TokenKind::kPipe, [&] { return name(); });
            }
            break;
        case SdlKind::kEnum:
            out.values = enum_values();
            break;
        case SdlKind::kInput:
            out.input_fields = input_values(TokenKind::kBraceLeft, TokenKind::kBraceRight);
            break;
        case SdlKind::kScalar:
        case SdlKind::kDirective:
            break;
    }
}

void Parser::directive_body(TypeSystemDefinition& out) {
    expect(TokenKind::kAt);
    out.name = name();
    out.input_fields = input_values(TokenKind::kParenLeft, TokenKind::kParenRight);
    out.is_repeatable = skip_keyword("repeatable");
    expect_keyword("on");
    out.locations = delimited<Name>(TokenKind::kPipe, [&] { return directive_location(); });
}

Name Parser::directive_location() {
    const Token token = token_;
    const Name out = name();
    if (std::ranges::find(kDirectiveLocations, out.text) == std::end(kDirectiveLocations)) unexpected(token);
    return out;
}

std::span<const RootTypeDefinition> Parser::roots() {
    return optional_many<RootTypeDefinition>(TokenKind::kBraceLeft, TokenKind::kBraceRight, [&] {
        RootTypeDefinition out;
        out.at = token_.at;
        out.kind = operation_kind();
        expect(TokenKind::kColon);
        out.type = name();
        return out;
    });
}

std::span<const Name> Parser::interfaces() {
    if (!skip_keyword("implements")) return {};
    return delimited<Name>(TokenKind::kAmp, [&] { return name(); });
}

std::span<const FieldDefinition> Parser::fields() {
    return optional_many<FieldDefinition>(TokenKind::kBraceLeft, TokenKind::kBraceRight, [&] {
        FieldDefinition out;
        description().apply(out);
        out.name = name();
        out.arguments = input_values(TokenKind::kParenLeft, TokenKind::kParenRight);
        expect(TokenKind::kColon);
        out.type = type();
        out.directives = directives(Const::kYes);
        return out;
    });
}

std::span<const InputValueDefinition> Parser::input_values(TokenKind open, TokenKind close) {
    return optional_many<InputValueDefinition>(open, close, [&] {
        InputValueDefinition out;
        description().apply(out);
        out.name = name();
        expect(TokenKind::kColon);
        out.type = type();
        if (skip(TokenKind::kEquals)) out.default_value = value(Const::kYes);
        out.directives = directives(Const::kYes);
        return out;
    });
}

std::span<const EnumValueDefinition> Parser::enum_values() {
    return optional_many<EnumValueDefinition>(TokenKind::kBraceLeft, TokenKind::kBraceRight, [&] {
        EnumValueDefinition out;
        description().apply(out);
        out.name = enum_value_name();
        out.directives = directives(Const::kYes);
        return out;
    });
}

Name Parser::enum_value_name() {
    const std::string_view text = token_.text;
    if ((text == "true" || text == "false" || text == "null") && !has_failed()) {
        fail(
            token_.at, fmt::format("{} is reserved and cannot be used for an enum value.", describe(token_))
        );
    }
    return name();
}

}  // namespace weft::graphql::detail
