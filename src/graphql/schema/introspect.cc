#include "graphql/schema/detail/introspection_plan.h"

#include <algorithm>

namespace weft::graphql {

namespace {

std::string_view name_of(TypeUse use) {
    if (use.is_non_null()) return "NON_NULL";
    if (use.is_list()) return "LIST";
    switch (use.named()->kind) {
        case TypeKind::kScalar:
            return "SCALAR";
        case TypeKind::kObject:
            return "OBJECT";
        case TypeKind::kInterface:
            return "INTERFACE";
        case TypeKind::kUnion:
            return "UNION";
        case TypeKind::kEnum:
            return "ENUM";
        case TypeKind::kInput:
            return "INPUT_OBJECT";
    }
    return "";
}

/// Writes the answer as it goes: a role's full schema is megabytes, and nobody needs it as a tree.
class Writer {
  public:
    Writer(std::string& out, const View& view, const IntrospectionPlan& plan)
        : out_(out), view_(view), plan_(plan), start_(out.size()) {}

    bool has_failed() const { return has_failed_; }

    void schema(const MetaSet& set) {
        object(set, [this](const MetaStep& step) {
            const Schema& schema = view_.schema();
            switch (step.field) {
                case MetaField::kDescription:
                    return text_or_null(schema.description);
                case MetaField::kTypes: {
                    std::vector<const Type*> types(schema.types().begin(), schema.types().end());
                    std::ranges::sort(types, {}, &Type::name);
                    return list(types, [&](const Type* type) { type_if_seen(step, type); });
                }
                case MetaField::kQueryType:
                    return root(step, OperationKind::kQuery);
                case MetaField::kMutationType:
                    return root(step, OperationKind::kMutation);
                case MetaField::kSubscriptionType:
                    return root(step, OperationKind::kSubscription);
                default:
                    return list(schema.directives(), [&](const DirectiveType& each) {
                        if (item(each.element)) directive(plan_.set(step.below), each);
                    });
            }
        });
    }

    void type(const MetaSet& set, TypeUse use) {
        object(set, [this, use](const MetaStep& step) {
            if (step.field == MetaField::kKind) return text(name_of(use));
            if (step.field == MetaField::kOfType) {
                return use.is_bare() ? null() : type(plan_.set(step.below), use.inner());
            }
            if (!use.is_bare()) return null();
            const Type& named = *use.named();
            switch (step.field) {
                case MetaField::kName:
                    return text(named.name);
                case MetaField::kDescription:
                    return text_or_null(named.description);
                case MetaField::kSpecifiedByUrl:
                    return text_or_null(named.specified_by_url);
                case MetaField::kIsOneOf:
                    return named.kind == TypeKind::kInput ? boolean(named.is_one_of) : null();
                default:
                    return members(step, named);
            }
        });
    }

  private:
    void members(const MetaStep& step, const Type& type) {
        const bool has_fields = type.kind == TypeKind::kObject || type.kind == TypeKind::kInterface;
        switch (step.field) {
            case MetaField::kFields:
                if (!has_fields) return null();
                return list(type.fields, [&](const Field& each) {
                    if (item(step, each)) field(plan_.set(step.below), each);
                });
            case MetaField::kInterfaces:
                if (!has_fields) return null();
                return list(type.interfaces, [&](const Type* each) { type_if_seen(step, each); });
            case MetaField::kPossibleTypes:
                if (type.kind != TypeKind::kInterface && type.kind != TypeKind::kUnion) return null();
                return list(type.possible, [&](const Type* each) {
                    const bool is_interface = each->kind == TypeKind::kInterface;
                    if (!is_interface || type.kind == TypeKind::kUnion) type_if_seen(step, each);
                });
            case MetaField::kEnumValues:
                if (type.kind != TypeKind::kEnum) return null();
                return list(type.values, [&](const EnumValue& each) {
                    if (item(step, each)) enum_value(plan_.set(step.below), each);
                });
            default:
                if (type.kind != TypeKind::kInput) return null();
                return inputs(step, type.input_fields);
        }
    }

    void inputs(const MetaStep& step, const std::vector<InputValue>& all) {
        list(all, [&](const InputValue& each) {
            if (item(step, each)) input_value(plan_.set(step.below), each);
        });
    }

    void field(const MetaSet& set, const Field& field) {
        object(set, [this, &field](const MetaStep& step) {
            if (step.field == MetaField::kArgs) return inputs(step, field.arguments);
            if (step.field == MetaField::kType) return type(plan_.set(step.below), field.type);
            common(step, field);
        });
    }

    void input_value(const MetaSet& set, const InputValue& input) {
        object(set, [this, &input](const MetaStep& step) {
            if (step.field == MetaField::kType) return type(plan_.set(step.below), input.type);
            if (step.field == MetaField::kDefaultValue) return text_or_null(input.default_text);
            common(step, input);
        });
    }

    void enum_value(const MetaSet& set, const EnumValue& value) {
        object(set, [this, &value](const MetaStep& step) { common(step, value); });
    }

    void directive(const MetaSet& set, const DirectiveType& directive) {
        object(set, [this, &directive](const MetaStep& step) {
            switch (step.field) {
                case MetaField::kName:
                    return text(directive.name);
                case MetaField::kDescription:
                    return text_or_null(directive.description);
                case MetaField::kIsRepeatable:
                    return boolean(directive.is_repeatable);
                case MetaField::kArgs:
                    return inputs(step, directive.arguments);
                default:
                    return list(directive.locations, [this](const std::string& location) {
                        comma();
                        text(location);
                    });
            }
        });
    }

    /// What fields, input values and enum values share.
    template <class T>
    void common(const MetaStep& step, const T& thing) {
        switch (step.field) {
            case MetaField::kName:
                return text(thing.name);
            case MetaField::kDescription:
                return text_or_null(thing.description);
            case MetaField::kIsDeprecated:
                return boolean(thing.deprecation.has_value());
            default:
                return thing.deprecation ? text(*thing.deprecation) : null();
        }
    }

    void root(const MetaStep& step, OperationKind kind) {
        const Type* found = view_.root(kind);
        found == nullptr ? null() : type(plan_.set(step.below), TypeUse(found));
    }

    /// Starts an item of a list, if the role sees it.
    bool item(Element element) {
        if (!view_.sees(element)) return false;
        comma();
        return true;
    }
    template <class T>
    bool item(const MetaStep& step, const T& thing) {
        return (step.with_deprecated || !thing.deprecation) && item(thing.element);
    }
    void type_if_seen(const MetaStep& step, const Type* each) {
        if (item(each->element)) type(plan_.set(step.below), TypeUse(each));
    }

    // ---- JSON

    template <class Write>
    void object(const MetaSet& set, Write write) {
        if (!spend()) return;
        out_ += '{';
        for (const MetaStep& step : set.steps) {
            comma();
            out_ += '"';
            out_ += step.key;
            out_ += "\":";
            step.field == MetaField::kTypename ? text(graphql::name_of(set.kind)) : write(step);
        }
        out_ += '}';
    }
    template <class Range, class Write>
    void list(const Range& range, Write write) {
        out_ += '[';
        for (const auto& each : range) {
            if (!spend()) return;
            write(each);
        }
        out_ += ']';
    }
    void comma() {
        if (out_.back() != '{' && out_.back() != '[') out_ += ',';
    }
    void null() { out_ += "null"; }
    void boolean(bool value) { out_ += value ? "true" : "false"; }
    void text_or_null(const std::string& value) { value.empty() ? null() : text(value); }
    void text(std::string_view value) {
        static constexpr std::string_view kHex = "0123456789abcdef";
        out_ += '"';
        for (const char c : value) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte >= 0x20 && c != '"' && c != '\\') {
                out_ += c;
            } else if (byte >= 0x20) {
                out_ += '\\';
                out_ += c;
            } else if (c == '\n') {
                out_ += "\\n";
            } else {
                out_ += "\\u00";
                out_ += kHex[byte >> 4];
                out_ += kHex[byte & 15];
            }
        }
        out_ += '"';
    }

    bool spend() {
        has_failed_ =
            has_failed_ || ++steps_ > kIntrospectionBytesMax || out_.size() - start_ > kIntrospectionBytesMax;
        return !has_failed_;
    }

    std::string& out_;
    const View& view_;
    const IntrospectionPlan& plan_;
    std::size_t start_;
    std::size_t steps_ = 0;
    bool has_failed_ = false;
};

}  // namespace

bool introspect(
    std::string& out,
    const View& view,
    const Document& document,
    const Selection& field,
    const IntrospectionInput& input
) {
    IntrospectionPlan plan(document, input);
    const bool is_schema = field.name.text == "__schema";
    const auto set = plan.add(is_schema ? MetaKind::kSchema : MetaKind::kType, field.selections);
    if (!set) return false;
    const std::size_t start = out.size();
    Writer writer(out, view, plan);
    if (is_schema) {
        writer.schema(plan.set(*set));
    } else {
        const Type* found = view.type(plan.argument(field, "name").text);
        if (found == nullptr) {
            out += "null";
        } else {
            writer.type(plan.set(*set), TypeUse(found));
        }
    }
    if (writer.has_failed()) out.resize(start);
    return !writer.has_failed();
}

}  // namespace weft::graphql
