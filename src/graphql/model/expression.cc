#include "graphql/model/expression.h"

#include "graphql/model/model.h"

#include <iterator>

namespace weft::graphql {

const CatalogType& ComparedSide::type() const {
    return column != nullptr ? column->catalog->type : computed->function->catalog->returns;
}

BoolExp BoolExp::constant(bool value) {
    BoolExp out;
    out.kind = value ? Kind::kTrue : Kind::kFalse;
    return out;
}

BoolExp BoolExp::any_of(std::vector<BoolExp> parts) {
    if (parts.empty()) return constant(false);
    if (parts.size() == 1) return std::move(parts.front());
    BoolExp out;
    out.kind = Kind::kOr;
    out.children = std::move(parts);
    return out;
}

BoolExp BoolExp::none_of(BoolExp part) {
    BoolExp out;
    out.kind = Kind::kNot;
    out.children.push_back(std::move(part));
    return out;
}

BoolExp BoolExp::all_of(std::vector<BoolExp> parts) {
    std::vector<BoolExp> kept;
    for (BoolExp& part : parts) {
        if (part.kind == Kind::kFalse) return std::move(part);
        if (part.kind == Kind::kTrue) continue;
        if (part.kind == Kind::kAnd) {
            std::ranges::move(part.children, std::back_inserter(kept));
        } else {
            kept.push_back(std::move(part));
        }
    }
    if (kept.empty()) return {};
    if (kept.size() == 1) return std::move(kept.front());
    BoolExp out;
    out.kind = Kind::kAnd;
    out.children = std::move(kept);
    return out;
}

}  // namespace weft::graphql
