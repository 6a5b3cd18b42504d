#include "graphql/schema/schema.h"

#include "graphql/schema/detail/builder.h"
#include "graphql/schema/detail/builtins.h"
#include "graphql/schema/detail/find.h"
#include "graphql/schema/detail/graph.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace weft::graphql {

namespace {

/// A mistake of the program that builds the schema, not of a user.
[[noreturn]] void refuse(std::string_view what, std::string_view name) {
    std::fprintf(
        stderr,
        "graphql schema: %.*s: %.*s\n",
        static_cast<int>(what.size()),
        what.data(),
        static_cast<int>(name.size()),
        name.data()
    );
    std::abort();
}

template <class T>
const T* indexed(const Type& type, const std::vector<T>& all, std::string_view name) {
    const auto found = type.index.find(name);
    return found == type.index.end() || found->second >= all.size() ? nullptr : &all[found->second];
}

template <class T>
void build_index(Type& type, const std::vector<T>& all) {
    if (all.empty()) return;
    type.index.clear();
    type.index.reserve(all.size());
    for (std::uint32_t i = 0; i < all.size(); ++i) type.index.emplace(all[i].name, i);
}

}  // namespace

std::string TypeUse::text() const {
    if (is_bare()) return named_ == nullptr ? std::string() : named_->name;
    return is_list() ? "[" + inner().text() + "]" : inner().text() + "!";
}

const InputValue* Field::argument(std::string_view wanted) const {
    return named(arguments, wanted);
}
const InputValue* DirectiveType::argument(std::string_view wanted) const {
    return named(arguments, wanted);
}
const Field* Type::field(std::string_view wanted) const {
    return indexed(*this, fields, wanted);
}
const InputValue* Type::input_field(std::string_view wanted) const {
    return indexed(*this, input_fields, wanted);
}
const EnumValue* Type::value(std::string_view wanted) const {
    return indexed(*this, values, wanted);
}

Schema::Schema() {
    const auto sdl = parse(builtin_sdl(), trusted_parse_limits());
    if (!sdl) refuse("built-in types", sdl.error().message);
    if (const auto added = SchemaBuilder(*this).add_builtins(**sdl); !added) {
        refuse("built-in types", added.error().message);
    }
    meta_schema_.name = "__schema";
    meta_schema_.type = TypeUse(find("__Schema")).non_null();
    meta_type_.name = "__type";
    meta_type_.type = TypeUse(find("__Type"));
    meta_type_.arguments.resize(1);
    meta_type_.arguments[0].name = "name";
    meta_type_.arguments[0].type = TypeUse(string_type()).non_null();
    meta_typename_.name = "__typename";
    meta_typename_.type = TypeUse(string_type()).non_null();
}

Schema::~Schema() = default;

Type& Schema::add(TypeKind kind, std::string name) {
    if (by_name_.contains(name)) refuse("two types of one name", name);
    if (graph_ != nullptr) refuse("a type after finish()", name);
    Type& type = types_.emplace_back();
    type.kind = kind;
    type.name = std::move(name);
    type.position = static_cast<std::uint32_t>(order_.size());
    order_.push_back(&type);
    by_name_.emplace(type.name, &type);
    return type;
}

DirectiveType& Schema::add_directive(std::string name) {
    if (directive(name) != nullptr) refuse("two directives of one name", name);
    DirectiveType& added = directives_.emplace_back();
    added.name = std::move(name);
    return added;
}

Value Schema::literal(std::string_view text) {
    auto parsed = parse_const_value(text, trusted_parse_limits());
    if (!parsed) refuse("not a literal", text);
    literals_.push_back(std::move(*parsed));
    return literals_.back()->value;
}

void Schema::finish() {
    if (graph_ != nullptr) refuse("finish() again", "");
    const auto number = [this](auto& thing) {
        if (thing.element == 0) thing.element = new_element();
    };
    const auto number_field = [&](Field& field) {
        number(field);
        for (InputValue& argument : field.arguments) number(argument);
    };
    for (Type* type : order_) number(*type);
    for (Type* type : order_) {
        for (Field& field : type->fields) number_field(field);
        for (InputValue& input : type->input_fields) number(input);
        for (EnumValue& value : type->values) number(value);
        build_index(*type, type->fields);
        build_index(*type, type->input_fields);
        build_index(*type, type->values);
        for (const Type* above : type->interfaces) {
            if (above->kind != TypeKind::kInterface) continue;  // validate_schema tells
            std::vector<const Type*>& below = find(above->name)->possible;
            if (below.empty() || below.back() != type) below.push_back(type);
        }
    }
    for (DirectiveType& directive : directives_) {
        number(directive);
        for (InputValue& argument : directive.arguments) number(argument);
    }
    for (Field* field : {&meta_schema_, &meta_type_, &meta_typename_}) number_field(*field);
    graph_ = std::make_unique<SchemaGraph>(*this);
}

std::optional<TypeUse> Schema::list_alias(std::string_view name) const {
    const auto found = list_aliases_.find(name);
    return found == list_aliases_.end() ? std::nullopt : std::optional(found->second);
}

const Type* Schema::find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}
Type* Schema::find(std::string_view name) {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
}

const DirectiveType* Schema::directive(std::string_view name) const {
    const auto found = std::ranges::find(directives_, name, &DirectiveType::name);
    return found == directives_.end() ? nullptr : &*found;
}

const Type* Schema::root(OperationKind kind) const {
    if (kind == OperationKind::kQuery) return query;
    return kind == OperationKind::kMutation ? mutation : subscription;
}

namespace {

template <class T>
const T* if_seen(const View& view, const T* found) {
    return found != nullptr && view.sees(found->element) ? found : nullptr;
}

}  // namespace

std::optional<TypeUse> View::list_alias(std::string_view name) const {
    auto list = schema_->list_alias(name);
    return list && sees(list->named()->element) ? list : std::nullopt;
}
const Type* View::type(std::string_view name) const {
    return if_seen(*this, schema_->find(name));
}

const Field* View::field(const Type& type, std::string_view name) const {
    if (name.starts_with("__")) {
        if (name == "__typename") return type.is_composite() ? &schema_->typename_field() : nullptr;
        if (name == "__schema" && &type == schema_->query) return &schema_->schema_field();
        if (name == "__type" && &type == schema_->query) return &schema_->type_field();
    }
    return if_seen(*this, type.field(name));
}

const InputValue* View::argument(const Field& field, std::string_view name) const {
    return if_seen(*this, field.argument(name));
}
const InputValue* View::input_field(const Type& type, std::string_view name) const {
    return if_seen(*this, type.input_field(name));
}
const EnumValue* View::value(const Type& type, std::string_view name) const {
    return if_seen(*this, type.value(name));
}
const Type* View::root(OperationKind kind) const {
    return if_seen(*this, schema_->root(kind));
}

}  // namespace weft::graphql
