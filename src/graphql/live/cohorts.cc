#include "graphql/execute/errors.h"
#include "graphql/live/detail/live.h"
#include "platform/crypto/crypto.h"

#include <algorithm>
#include <cstring>

namespace weft::graphql {

namespace {

void append(std::string& out, std::string_view part) {
    out += std::to_string(part.size());
    out += ':';
    out += part;
}

void append_value(std::string& out, const std::optional<std::string>& part) {
    if (part) {
        append(out, *part);
    } else {
        out += '-';
    }
}

/// Tables that no source of changes tells of.
bool is_unwatched(const Table& table) {
    using Kind = CatalogTable::Kind;
    return table.catalog->kind != Kind::kTable && table.catalog->kind != Kind::kPartitioned;
}

const Select* select_of(const Plan& plan) {
    if (plan.roots.size() != 1) return nullptr;
    const auto* held = std::get_if<std::unique_ptr<Select>>(&plan.roots.front().what);
    return held == nullptr ? nullptr : held->get();
}

/// The principal, and the settings: two sessions with equal texts see the same rows.
std::string who_text(const pg::Principal& who, const EngineOptions& options, const Session& session) {
    std::string out;
    out += who.is_login() ? 'l' : who.tenant_id() ? 't' : 's';
    if (who.tenant_id()) {
        out += who.tenant_id()->text();
    } else {
        out += std::to_string(static_cast<int>(who.role()));
    }
    for (const auto& [name, variable] : options.session_settings) {
        const auto found = session.variables.find(variable);
        append(out, found == session.variables.end() ? std::string_view() : std::string_view(found->second));
    }
    return out;
}

}  // namespace

Live::Impl::Digest Live::Impl::digest_of(std::string_view text) {
    const std::string full = crypto::sha256(text);
    Digest out;
    std::copy_n(full.begin(), out.size(), out.begin());
    return out;
}

std::size_t Live::Impl::DigestHash::operator()(const Digest& digest) const {
    std::size_t out = 0;
    std::memcpy(&out, digest.data(), sizeof(out));
    return out;
}

std::shared_ptr<LivePlan> Live::Impl::plan_for(std::shared_ptr<const Prepared> prepared) {
    auto& [held, uses] = plans[prepared.get()];
    if (held != nullptr) return held;
    held = std::make_shared<LivePlan>();
    const Plan& plan = *prepared->plan;
    const Select* select = select_of(plan);
    held->prepared = std::move(prepared);
    const bool is_simple = select != nullptr && !held->prepared->has_remotes;
    held->polls = select == nullptr ? held->prepared->has_actions : select->function.has_value();
    for (const Dependency& each : plan.dependencies) held->polls |= is_unwatched(*each.table);
    if (!is_simple) return held;
    held->key = plan.roots.front().key;
    held->is_stream = !select->stream.empty();
    held->multiplexed = emit_multiplexed(plan);
    held->name = "live." + held->prepared->name;
    const auto& parameters = held->multiplexed.parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].source.kind == Source::Kind::kCursor) held->cursors.push_back(i);
    }
    return held;
}

Outcome<Live::Impl::GroupPtr> Live::Impl::group_for(std::shared_ptr<LivePlan> plan, const Session& session) {
    auto who = engine.options().principal(session);
    if (!who) return std::unexpected(to_failure(who.error(), session.is_admin()));
    std::string text = who_text(*who, engine.options(), session);
    auto& group = groups[{plan.get(), text}];
    if (group == nullptr) {
        group = std::make_shared<CohortGroup>();
        group->who = std::move(text);
        ++plans[plan->prepared.get()].second;
        group->plan = std::move(plan);
    }
    return group;
}

Outcome<Live::Impl::CohortPtr> Live::Impl::cohort_for(
    Engine::Ready request, std::shared_ptr<const Session> session, Id alone
) {
    auto plan = plan_for(request.prepared);
    auto values = engine.bind(plan->multiplexed, request.variables, *session);
    Outcome<GroupPtr> group;
    if (values) group = group_for(plan, *session);
    if (!values || !group) {
        if (plans[request.prepared.get()].second == 0) plans.erase(request.prepared.get());
        return std::unexpected(values ? std::move(group).error() : std::move(values).error());
    }
    std::string text;
    append(text, std::to_string(reinterpret_cast<std::uintptr_t>(group->get())));
    for (const auto& value : *values) append_value(text, value);
    const bool is_shared = !plan->multiplexed.text.empty() && !plan->is_stream;
    if (!is_shared) append(text, "alone " + std::to_string(alone));
    const Digest key = digest_of(text);
    if (auto found = cohorts.find(key); found != cohorts.end()) return found->second;

    auto cohort = std::make_shared<Cohort>();
    cohort->group = std::move(*group);
    ++cohort->group->cohorts;
    cohort->key = key;
    cohort->kept = rt::Budget::Charge(kept, session->rate_key);
    cohort->session = std::move(session);
    cohort->variables = std::move(request.variables);
    cohort->values = std::move(*values);
    cohort->by_age = by_age.insert(by_age.end(), cohort);
    if (by_age.size() == 1) wake.notify_all();  // there is something to poll
    watch(*cohort);
    cohorts.emplace(key, cohort);
    enqueue(cohort);
    return cohort;
}

void Live::Impl::watch(Cohort& cohort) {
    for (const Dependency& dependency : cohort.group->plan->prepared->plan->dependencies) {
        std::vector<detail::ChangeIndex::Equality> equalities;
        for (const auto& [column, operand] : dependency.equalities) {
            const auto spelling = detail::spelling_of(column->catalog->type);
            if (spelling == detail::Spelling::kUnknown) continue;
            Statement one;
            one.parameters.push_back({.source = operand.source, .sql_type = operand.sql_type});
            auto value = engine.bind(one, cohort.variables, *cohort.session);
            if (!value || !value->front()) continue;
            auto text = detail::canonical(spelling, *value->front());
            if (text) equalities.push_back({column->pg_name(), spelling, std::move(*text)});
        }
        cohort.entries.push_back(index.add(&cohort, dependency.table->catalog->name, std::move(equalities)));
    }
}

void Live::Impl::attach(Subscription& subscription, CohortPtr cohort) {
    subscription.at = static_cast<std::uint32_t>(cohort->subscriptions.size());
    cohort->subscriptions.push_back(&subscription);
    subscription.cohort = std::move(cohort);
}

void Live::Impl::detach(Subscription& subscription) {
    const CohortPtr cohort = std::exchange(subscription.cohort, nullptr);
    Subscription* last = cohort->subscriptions.back();
    cohort->subscriptions[subscription.at] = last;
    last->at = subscription.at;
    cohort->subscriptions.pop_back();
    if (cohort->subscriptions.empty()) release(*cohort);
}

void Live::Impl::release(Cohort& cohort) {
    cohort.is_gone = true;
    for (auto* entry : cohort.entries) index.remove(entry);
    cohort.entries.clear();
    by_age.erase(cohort.by_age);
    const GroupPtr group = cohort.group;
    if (--group->cohorts == 0) {
        groups.erase({group->plan.get(), group->who});
        const auto plan = plans.find(group->plan->prepared.get());
        if (--plan->second.second == 0) plans.erase(plan);
    }
    cohorts.erase(cohort.key);
}

}  // namespace weft::graphql
