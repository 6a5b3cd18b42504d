#include "control/graphql/model/expression.h"

#include <iterator>

namespace weft::graphql {

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
