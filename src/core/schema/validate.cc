#include "core/schema/detail/walk.h"
#include "core/schema/schema.h"

#include <fmt/format.h>

namespace weft::schema {

Result<> Schema::validate(const Json& value, std::string_view root, Work work) const {
    Walk walk(*compiled_, 1, work);
    bool is_good = walk.fits(compiled_->root, value, Spot{}, true);
    if (walk.is_exhausted)
        return fail(Error::limit("The value is too large or too deep to be checked", std::string(root)));
    if (is_good) return {};
    if (walk.found.empty()) return fail(Error::internal("a schema refused a value without saying why"));
    const Violation& first = walk.found.front();
    std::string field(root);
    if (!field.empty() && !first.field.empty() && first.field.front() != '[') field += '.';
    field += first.field;
    std::string user = fmt::format("{} {}", field.empty() ? "The value" : field, first.expected);
    return fail(Error::invalid(std::move(user), std::move(field)));
}

std::vector<Violation> Schema::violations(const Json& value, std::size_t count_max, Work work) const {
    Walk walk(*compiled_, count_max, work);
    walk.fits(compiled_->root, value, Spot{}, true);
    if (walk.is_exhausted && walk.found.empty()) walk.found.push_back({"", "is too large to be checked"});
    return std::move(walk.found);
}

std::size_t Schema::size() const {
    return compiled_->nodes.size() + compiled_->pattern_size;
}

}  // namespace weft::schema
