#include "graphql/schema/detail/builtins.h"
#include "graphql/schema/schema.h"

#include <algorithm>

namespace weft::graphql {

namespace {

constexpr std::string_view kNoReason = "No longer supported";

/// Whether a block string can say this so that reading it back gives the same.
bool fits_block_string(std::string_view text) {
    bool is_blank_line = true;
    bool has_indent = false;
    bool all_indented = true;
    bool has_lines = false;
    for (const char c : text) {
        if (c == '\n') {
            if (is_blank_line && !has_lines) return false;
            has_lines = true;
            is_blank_line = true;
            has_indent = false;
        } else if (c == '\t' || c == ' ') {
            has_indent = has_indent || is_blank_line;
        } else if (static_cast<unsigned char>(c) < 0x10) {
            return false;
        } else {
            all_indented = all_indented && has_indent;
            is_blank_line = false;
        }
    }
    return text.empty() || (!is_blank_line && !(all_indented && has_lines));
}

class Printer {
  public:
    explicit Printer(const View& view) : view_(view) {}

    std::string run() {
        schema();
        for (const DirectiveType& each : view_.schema().directives()) {
            if (view_.sees(each.element) && !is_specified_directive(each.name)) directive(each);
        }
        std::vector<const Type*> types;
        for (const Type* each : view_.schema().types()) {
            if (each->is_builtin_scalar || is_introspection_type(each->name)) continue;
            if (view_.sees(each->element)) types.push_back(each);
        }
        std::ranges::sort(types, {}, &Type::name);
        for (const Type* each : types) type(*each);
        return std::move(out_);
    }

  private:
    void start(std::string_view text_of_description) {
        if (!out_.empty()) out_ += "\n\n";
        description(text_of_description, "", true);
    }

    void schema() {
        struct Root {
            const Type* type;
            std::string_view word, common_name;
        };
        const Root roots[] = {
            {view_.root(OperationKind::kQuery), "query", "Query"},
            {view_.root(OperationKind::kMutation), "mutation", "Mutation"},
            {view_.root(OperationKind::kSubscription), "subscription", "Subscription"},
        };
        const bool is_common = std::ranges::all_of(roots, [](const Root& each) {
            return each.type == nullptr || each.type->name == each.common_name;
        });
        const std::string& text = view_.schema().description;
        if (is_common && text.empty()) return;
        start(text);
        out_ += "schema {\n";
        for (const Root& each : roots) {
            if (each.type != nullptr)
                out_.append("  ").append(each.word).append(": " + each.type->name + "\n");
        }
        out_ += "}";
    }

    void directive(const DirectiveType& directive) {
        start(directive.description);
        out_ += "directive @" + directive.name;
        arguments(directive.arguments, "");
        out_ += directive.is_repeatable ? " repeatable on " : " on ";
        for (const std::string& location : directive.locations) {
            out_ += &location == directive.locations.data() ? location : " | " + location;
        }
    }

    void type(const Type& type) {
        static constexpr std::string_view kWords[] = {
            "scalar ", "type ", "interface ", "union ", "enum ", "input "
        };
        start(type.description);
        out_ += kWords[static_cast<std::size_t>(type.kind)];
        out_ += type.name;
        if (!type.specified_by_url.empty()) {
            out_ += " @specifiedBy(url: ";
            append_quoted(out_, type.specified_by_url);
            out_ += ')';
        }
        if (type.is_one_of) out_ += " @oneOf";
        names(" implements ", " & ", type.interfaces);
        if (type.kind == TypeKind::kUnion) names(" = ", " | ", type.possible);
        block(type.fields, [this](const Field& each) {
            out_ += each.name;
            arguments(each.arguments, "  ");
            out_ += ": " + each.type.text();
            deprecation(each.deprecation);
        });
        block(type.input_fields, [this](const InputValue& each) { input(each); });
        block(type.values, [this](const EnumValue& each) {
            out_ += each.name;
            deprecation(each.deprecation);
        });
    }

    void names(std::string_view before, std::string_view between, const std::vector<const Type*>& types) {
        bool is_first = true;
        for (const Type* each : types) {
            if (!view_.sees(each->element)) continue;
            out_ += is_first ? before : between;
            out_ += each->name;
            is_first = false;
        }
    }

    template <class T, class Write>
    void block(const std::vector<T>& items, Write write) {
        bool is_first = true;
        for (const T& each : items) {
            if (!view_.sees(each.element)) continue;
            out_ += is_first ? " {\n" : "\n";
            description(each.description, "  ", is_first);
            out_ += "  ";
            write(each);
            is_first = false;
        }
        if (!is_first) out_ += "\n}";
    }

    void arguments(const std::vector<InputValue>& arguments, const std::string& indent) {
        std::vector<const InputValue*> seen;
        bool has_description = false;
        for (const InputValue& each : arguments) {
            if (!view_.sees(each.element)) continue;
            seen.push_back(&each);
            has_description = has_description || !each.description.empty();
        }
        if (seen.empty()) return;
        out_ += '(';
        for (const InputValue* each : seen) {
            const bool is_first = each == seen.front();
            if (has_description) {
                out_ += '\n';
                description(each->description, "  " + indent, is_first);
                out_ += "  " + indent;
            } else if (!is_first) {
                out_ += ", ";
            }
            input(*each);
        }
        if (has_description) out_ += "\n" + indent;
        out_ += ')';
    }

    void input(const InputValue& input) {
        out_ += input.name + ": " + input.type.text();
        if (!input.default_text.empty()) out_ += " = " + input.default_text;
        deprecation(input.deprecation);
    }

    void deprecation(const std::optional<std::string>& reason) {
        if (!reason) return;
        out_ += " @deprecated";
        if (*reason == kNoReason) return;
        out_ += "(reason: ";
        append_quoted(out_, *reason);
        out_ += ')';
    }

    void description(std::string_view text, const std::string& indent, bool is_first) {
        if (text.empty()) return;
        Value value{.kind = Value::Kind::kString, .is_block = fits_block_string(text), .text = text};
        if (!indent.empty() && !is_first) out_ += '\n';
        out_ += indent;
        for (const char c : print(value)) {
            out_ += c;
            if (c == '\n') out_ += indent;
        }
        out_ += '\n';
    }

    const View& view_;
    std::string out_;
};

}  // namespace

std::string print_schema(const View& view) {
    return Printer(view).run();
}

}  // namespace weft::graphql
