// Parts of a definition, for tests.
#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace weft::workflow {

namespace {

/// The step's own id and those in its body.
bool has_step(const Json& step, std::string_view id) {
    const JsonObject* object = step.if_object();
    if (object == nullptr) return false;
    if (text_or(*object, "id") == id) return true;
    const Json* body = object->if_contains("steps");
    return body != nullptr && body->is_array() &&
           std::ranges::any_of(body->get_array(), [&](const Json& inner) { return has_step(inner, id); });
}

const JsonArray* steps_of(const Json& tree) {
    const Json* steps = tree.is_object() ? tree.get_object().if_contains("steps") : nullptr;
    return steps == nullptr ? nullptr : steps->if_array();
}

using Places = std::map<std::string, std::size_t, std::less<>>;
Places places_of(const JsonArray& steps) {
    Places out;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].is_object()) out.emplace(text_or(steps[i].get_object(), "id"), i);
    }
    return out;
}

std::vector<std::string> needs_of(const Json& step) {
    std::vector<std::string> out;
    const Json* needs = step.is_object() ? step.get_object().if_contains("needs") : nullptr;
    if (needs == nullptr || !needs->is_array()) return out;
    for (const Json& need : needs->get_array()) {
        if (need.is_string()) out.emplace_back(need.get_string());
        if (need.is_object()) out.emplace_back(text_or(need.get_object(), "step"));
    }
    return out;
}

/// Ids of steps that the step's own templates and code mention.
std::vector<std::string> mentioned_in(const Step& step) {
    std::vector<templates::Reference> found;
    const auto take = [&](Result<std::vector<templates::Reference>> references) {
        if (references) std::ranges::move(*references, std::back_inserter(found));
    };
    if (step.condition) {
        if (auto node = templates::parse_condition(*step.condition)) take(templates::references(*node));
    }
    if (auto node = templates::parse(step.with)) take(templates::references(*node));
    if (step.uses.text() == "core/code" && step.with.is_object()) {
        take(templates::references(text_or(step.with.get_object(), "source")));
    }
    std::vector<std::string> out;
    for (const templates::Reference& reference : found) {
        if (reference.root == "steps" && !reference.members.empty()) out.push_back(reference.members.front());
    }
    return out;
}

}  // namespace

Result<Part> up_to(const Json& tree, std::string_view step) {
    const Error unknown = Error::invalid(fmt::format("There is no step \"{}\"", step), "until");
    const JsonArray* all = steps_of(tree);
    if (all == nullptr) return fail(unknown);
    const auto target = std::ranges::find_if(*all, [&](const Json& one) { return has_step(one, step); });
    if (target == all->end()) return fail(unknown);
    const Places places = places_of(*all);
    std::vector<bool> is_kept(all->size());
    std::vector<std::size_t> open{static_cast<std::size_t>(target - all->begin())};
    while (!open.empty()) {
        const std::size_t i = open.back();
        open.pop_back();
        if (is_kept[i]) continue;
        is_kept[i] = true;
        for (const std::string& need : needs_of((*all)[i])) {
            if (const auto found = places.find(need); found != places.end()) open.push_back(found->second);
        }
    }
    JsonObject out = tree.get_object();
    for (const std::string_view beyond : {"output", "finally"}) out.erase(beyond);
    JsonArray kept;
    Part part;
    for (std::size_t i = 0; i < all->size(); ++i) {
        if (!is_kept[i]) continue;
        kept.push_back((*all)[i]);
        part.places.push_back(i);
    }
    out["steps"] = std::move(kept);
    part.tree = std::move(out);
    return part;
}

std::string Part::field_of(std::string_view field) const {
    constexpr std::string_view kSteps = "steps[";
    if (places.empty() || !field.starts_with(kSteps)) return std::string(field);
    std::size_t index = 0;
    const char* begin = field.data() + kSteps.size();
    const auto [end, ec] = std::from_chars(begin, field.data() + field.size(), index);
    if (ec != std::errc() || index >= places.size()) return std::string(field);
    return fmt::format("{}{}{}", kSteps, places[index], std::string_view(end, field.data() + field.size()));
}

void wait_for_pinned(Definition& definition, const std::set<std::string>& pinned) {
    std::map<std::string_view, const Step*> by_id;
    for (const Step& step : definition.steps) by_id.emplace(step.id, &step);
    for (Step& step : definition.steps) {
        std::set<std::string> needed;
        for (const NeedRef& need : step.needs) needed.insert(need.step);
        std::vector<std::string> open(needed.begin(), needed.end());
        while (!open.empty()) {
            const std::string id = std::exchange(open.back(), {});
            open.pop_back();
            if (!pinned.contains(id)) continue;
            for (const NeedRef& before : by_id.at(id)->needs) {
                if (!needed.insert(before.step).second) continue;
                step.needs.push_back({.step = before.step, .on = runstate::NeedOn::kFinished});
                open.push_back(before.step);
            }
        }
    }
}

std::set<std::string> idle_steps(
    const Definition& definition, const std::set<std::string>& pinned, std::string_view until
) {
    const auto& steps = definition.steps;
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < steps.size(); ++i) places.emplace(steps[i].id, i);
    const auto top_of = [&](std::size_t i) {
        while (steps[i].parent) i = *steps[i].parent;
        return i;
    };
    std::vector<bool> is_wanted(steps.size());
    std::vector<std::size_t> open{top_of(places.at(until))};
    while (!open.empty()) {
        const std::size_t i = open.back();
        open.pop_back();
        const bool is_seen = is_wanted[i];
        is_wanted[i] = true;
        if (is_seen || pinned.contains(steps[i].id)) continue;
        std::vector<std::string> wanted = mentioned_in(steps[i]);
        for (const NeedRef& need : steps[i].needs) wanted.push_back(need.step);
        for (const std::string& id : wanted) {
            if (const auto found = places.find(id); found != places.end()) open.push_back(found->second);
        }
        for (std::size_t inner = 0; inner < steps.size(); ++inner) {
            if (steps[inner].parent == i) open.push_back(inner);
        }
    }
    std::set<std::string> out;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (!is_wanted[i] && !steps[i].parent && !pinned.contains(steps[i].id)) out.insert(steps[i].id);
    }
    return out;
}

}  // namespace weft::workflow
