#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::workflow {

namespace {

using Index = std::map<std::string_view, std::size_t>;

Index index_of(const Definition& definition) {
    Index out;
    for (std::size_t i = 0; i < definition.steps.size(); ++i) out.emplace(definition.steps[i].id, i);
    return out;
}

/// Steps in an order in which needs come first. Shorter than `steps` when there is a cycle: those on it, and
/// those after it, are missing.
std::vector<std::size_t> ordered(const Definition& definition, const Index& index) {
    std::vector<std::size_t> open(definition.steps.size(), 0);
    std::vector<std::vector<std::size_t>> dependants(definition.steps.size());
    for (std::size_t i = 0; i < definition.steps.size(); ++i) {
        for (const NeedRef& need : definition.steps[i].needs) {
            auto found = index.find(need.step);
            if (found == index.end()) continue;
            ++open[i];
            dependants[found->second].push_back(i);
        }
    }
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < open.size(); ++i)
        if (open[i] == 0) out.push_back(i);
    for (std::size_t at = 0; at < out.size(); ++at)
        for (std::size_t next : dependants[out[at]])
            if (--open[next] == 0) out.push_back(next);
    return out;
}

/// Walks back along unordered needs until a step comes again: "a -> b -> a".
std::string cycle_text(
    const Definition& definition, const Index& index, std::size_t start, const std::vector<bool>& done
) {
    std::vector<std::size_t> path{start};
    while (true) {
        std::size_t next = path.back();
        for (const NeedRef& need : definition.steps[path.back()].needs)
            if (auto found = index.find(need.step); found != index.end() && !done[found->second])
                next = found->second;
        auto again = std::ranges::find(path, next);
        if (again != path.end()) {
            path.erase(path.begin(), again);
            path.push_back(next);
            break;
        }
        path.push_back(next);
    }
    std::string out;
    for (std::size_t i : path) out += (out.empty() ? "" : " -> ") + definition.steps[i].id;
    return out;
}

/// For an answer, so that others can be told of it meanwhile.
bool waits(const Step& step) {
    const auto kind = step.uses.is_core() ? core_kind(step.uses.action) : std::nullopt;
    return kind && step_kind(kind) == runstate::StepKind::kWait;
}

void check_branch(const Step& of, const std::string& branch, std::string field, Problems& problems) {
    const std::vector<std::string> known = branches_of(of);
    if (std::ranges::find(known, branch) != known.end()) return;
    problems.add(
        known.empty()
            ? fmt::format("{} has no branches: on is success, failure or finished", of.id)
            : fmt::format("{} has no branch \"{}\"; it has {}", of.id, branch, fmt::join(known, ", ")),
        std::move(field)
    );
}

}  // namespace

void check_graph(const Definition& definition, Problems& problems) {
    Index index = index_of(definition);
    bool is_sound = true;
    for (std::size_t i = 0; i < definition.steps.size(); ++i) {
        const Step& step = definition.steps[i];
        for (std::size_t n = 0; n < step.needs.size(); ++n) {
            std::string field = fmt::format("{}.needs[{}]", step.field, n);
            const std::string& needed = step.needs[n].step;
            if (needed == step.id)
                is_sound = problems.add("A step does not need itself", std::move(field));
            else if (!index.contains(needed))
                is_sound = problems.add(fmt::format("There is no step \"{}\"", needed), std::move(field));
            else if (step.needs[n].on == runstate::NeedOn::kWaiting &&
                     !waits(definition.steps[index.at(needed)]))
                problems.add(
                    fmt::format("{} waits for no answer; on is success, failure or finished", needed),
                    below(field, "on")
                );
            else if (const Step& other = definition.steps[index.at(needed)];
                     other.parent != step.parent || other.is_final != step.is_final)
                is_sound = problems.add(
                    fmt::format(
                        "{} stands in another list of steps; needs names those of the same list", needed
                    ),
                    std::move(field)
                );
            else if (!step.needs[n].branch.empty())
                check_branch(
                    definition.steps[index.at(needed)], step.needs[n].branch, below(field, "on"), problems
                );
        }
    }
    if (!is_sound) return;
    std::vector<bool> done(definition.steps.size(), false);
    for (std::size_t i : ordered(definition, index)) done[i] = true;
    auto stuck = std::ranges::find(done, false);
    if (stuck == done.end()) return;
    std::size_t first = static_cast<std::size_t>(stuck - done.begin());
    problems.add(
        fmt::format("Steps need each other in a circle: {}", cycle_text(definition, index, first, done)),
        below(definition.steps[first].field, "needs")
    );
}

std::vector<std::vector<bool>> ancestors(const Definition& definition) {
    Index index = index_of(definition);
    std::size_t count = definition.steps.size();
    std::vector<std::vector<bool>> out(count, std::vector<bool>(count, false));
    for (std::size_t i : ordered(definition, index)) {
        for (const NeedRef& need : definition.steps[i].needs) {
            std::size_t parent = index.at(need.step);
            out[i][parent] = true;
            for (std::size_t k = 0; k < count; ++k)
                if (out[parent][k]) out[i][k] = true;
        }
    }
    // What is through before a loop begins is so for its body; loops stand before their bodies.
    for (std::size_t i = 0; i < count; ++i) {
        if (!definition.steps[i].parent) continue;
        const std::size_t loop = *definition.steps[i].parent;
        for (std::size_t k = 0; k < count; ++k)
            if (out[loop][k]) out[i][k] = true;
    }
    return out;
}

}  // namespace weft::workflow
