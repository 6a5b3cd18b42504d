#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::workflow {

namespace {

constexpr int kConcurrencyMax = 1'000;  // items that wait cost little; those that work share parallel_max
constexpr int kBatchMax = 10'000;
constexpr runstate::Iteration kRoundsMax = 10'000;

/// A whole number that stands in the definition itself.
void read_number(
    const JsonObject& with,
    std::string_view name,
    std::int64_t max,
    const std::string& field,
    Problems& problems,
    auto& out
) {
    const Json* found = with.if_contains(name);
    if (found == nullptr) return;
    const auto number = found->if_int64();
    if (number && *number >= 1 && *number <= max) {
        out = static_cast<std::remove_reference_t<decltype(out)>>(*number);
        return;
    }
    problems.add(fmt::format("{} is a whole number from 1 to {}", name, max), below(field, name));
}

}  // namespace

LoopSettings read_loop(const Step& step, CoreKind kind, const std::string& field, Problems& problems) {
    LoopSettings out;
    if (kind == CoreKind::kWhile) {
        if (step.with.is_string() ||
            !check_shape(step.with, {"condition", "max"}, "condition", field, problems)) {
            if (step.with.is_string()) problems.add("with is an object with condition", field);
            return out;
        }
        read_number(step.with.get_object(), "max", kRoundsMax, field, problems, out.max);
        return out;
    }
    if (step.with.is_string()) {
        problems.add("with is an object with items", field);
        return out;
    }
    if (!check_shape(
            step.with, {"items", "concurrency", "batch", "on-item-error", "collect"}, "items", field, problems
        ))
        return out;
    const JsonObject& with = step.with.get_object();
    const Json& items = with.at("items");
    if (!items.is_array() && !items.is_string())
        problems.add("items is a list, or an expression that gives one", below(field, "items"));
    read_number(with, "concurrency", kConcurrencyMax, field, problems, out.concurrency);
    read_number(with, "batch", kBatchMax, field, problems, out.batch);
    if (with.contains("on-item-error")) {
        const auto read = runstate::on_error_from(text_or(with, "on-item-error"));
        if (!read) problems.add("on-item-error is fail or continue", below(field, "on-item-error"));
        out.on_item_error = read.value_or(runstate::OnError::kFail);
    }
    if (const Json* collect = with.if_contains("collect")) {
        if (!collect->is_bool()) problems.add("collect is true or false", below(field, "collect"));
        out.collects = !collect->is_bool() || collect->get_bool();
    }
    return out;
}

std::size_t planned_steps(const Definition& definition) {
    std::vector<std::size_t> copies;
    std::size_t out = 0;
    for (const Step& step : definition.steps) {
        std::size_t mine = 1;
        if (step.parent && definition.steps[*step.parent].loop)
            mine = copies[*step.parent] *
                   static_cast<std::size_t>(definition.steps[*step.parent].loop->concurrency);
        copies.push_back(mine);
        out += mine;
    }
    return out;
}

// ---------------------------------------------------------------- values at run time

Result<std::vector<std::string>> items_of(const Json& with, int batch) {
    const Json* items = with.is_object() ? with.get_object().if_contains("items") : nullptr;
    if (items == nullptr || !items->is_array()) {
        const bool is_absent = items == nullptr || items->is_null();
        return fail(Error::invalid(
            is_absent ? "items is absent or null; say `?? []` if that may be" : "items is not a list", "items"
        ));
    }
    const JsonArray& list = items->get_array();
    const std::size_t size = batch > 0 ? static_cast<std::size_t>(batch) : 1;
    const std::size_t count = (list.size() + size - 1) / size;
    if (count > static_cast<std::size_t>(runstate::kItemsMax))
        return fail(Error::limit(fmt::format("A loop has at most {} items", runstate::kItemsMax), "items"));
    std::vector<std::string> out;
    out.reserve(count);
    for (std::size_t i = 0; i < list.size(); i += size) {
        if (batch == 0) {
            out.push_back(to_text(list[i]));
            continue;
        }
        std::string& slice = out.emplace_back("[");
        for (std::size_t k = i; k < std::min(i + size, list.size()); ++k)
            slice.append(k > i ? "," : "").append(to_text(list[k]));
        slice += ']';
    }
    return out;
}

bool goes_on(const Json& with) {
    const Json* condition = with.is_object() ? with.get_object().if_contains("condition") : nullptr;
    return condition != nullptr && is_truthy(*condition);
}

}  // namespace weft::workflow
