#include "fixed_schema.h"
#include "graphql/validate/validate.h"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace weft::graphql;

/// Reads a value as planning does: all of it, through every accessor that fits.
void read(const Input& input) {
    if (input.is_absent() || input.is_null()) return;
    if (input.is_list()) {
        for (std::size_t i = 0; i < input.size(); ++i) read(input.item(i));
    } else if (input.is_object()) {
        for (const Input::Member& each : input.members()) read(each.value());
    } else {
        input.scalar_text();
        input.json();
        input.origin();
    }
}

void read(std::span<const Selection> selections, const Type* type, const Variables& variables) {
    for (const Selection& each : selections) {
        includes(each.directives, variables);
        const Field* const field = each.kind == Selection::Kind::kField && type != nullptr
                                       ? fixed_view().field(*type, each.name.text)
                                       : nullptr;
        for (const Argument& given : each.arguments) {
            const InputValue* const definition =
                field == nullptr ? nullptr : fixed_view().argument(*field, given.name.text);
            if (definition != nullptr) read(Input::of(given.value, definition->type, variables));
        }
        const Type* inner = field != nullptr ? field->type.named() : type;
        if (each.type_condition) inner = fixed_view().type(each.type_condition.text);
        read(each.selections, inner, variables);
    }
}

}  // namespace

/// The document, a NUL, and its variables as JSON: what is accepted can be read in every way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t end = text.find('\0');
    if (end == std::string_view::npos) return 0;
    const auto document = parse(text.substr(0, end));
    const auto given = weft::parse_json(text.substr(end + 1));
    if (!document || !given || !given->is_object() || (*document)->operations.empty()) return 0;
    const Operation& operation = *(*document)->operations[0];
    if (!check_limits(**document, operation, {}) || !validate(**document, fixed_view()).empty()) return 0;
    const auto variables = coerce_variables(fixed_view(), operation, given->get_object());
    if (!variables) {
        if (variables.error().message.empty() || !variables.error().path.starts_with("$")) std::abort();
        return 0;
    }
    if (variables->all.size() != operation.variables.size()) std::abort();
    read(operation.selections, fixed_view().root(operation.kind), *variables);
    return 0;
}
