#include "graphql/validate/detail/plain.h"

namespace weft::graphql::detail {

Json string(std::string_view text) {
    return Json(text);
}

Json plain(const Value& literal) {
    switch (literal.kind) {
        case Value::Kind::kAbsent:
        case Value::Kind::kNull:
        case Value::Kind::kVariable:
            return nullptr;
        case Value::Kind::kInt:
        case Value::Kind::kFloat:
            return *Decimal::parse(literal.text);  // GraphQL writes numbers as JSON does
        case Value::Kind::kString:
        case Value::Kind::kEnum:
            return string(literal.text);
        case Value::Kind::kBoolean:
            return literal.text == "true";
        case Value::Kind::kList: {
            JsonArray items;
            items.reserve(literal.items.size());
            for (const Value& item : literal.items) items.push_back(plain(item));
            return items;
        }
        case Value::Kind::kObject: {
            JsonObject members;
            for (const ObjectField& field : literal.fields)
                members.insert_or_assign(field.name.text, plain(field.value));
            return members;
        }
    }
    return nullptr;
}

}  // namespace weft::graphql::detail

namespace weft::graphql {

std::string plain_text(const Json& value) {
    constexpr std::int64_t kZerosMax = 400;  // more than any double needs
    if (const Decimal* number = value.if_number()) return number->plain_text(kZerosMax);
    return to_text(value);
}

}  // namespace weft::graphql
