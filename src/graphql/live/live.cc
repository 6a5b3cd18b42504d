#include "graphql/live/live.h"

#include "graphql/live/detail/live.h"

#include <utility>

namespace weft::graphql {

namespace {

/// Cohorts that are planned anew between two looks at other work.
constexpr std::size_t kReplanAtOnce = 64;
/// A mutation or a query over a socket may take this long; statements have limits of their own.
constexpr auto kOperationTimeout = std::chrono::seconds(60);

/// The request that a cohort came from, for planning it again. What was coerced coerces to itself.
Request request_of(const Cohort& cohort) {
    const Prepared& prepared = *cohort.group->plan->prepared;
    Request out;
    out.query = prepared.document->source();
    out.operation_name = prepared.operation->name.text;
    for (const Variables::One& variable : cohort.variables.all) {
        if (variable.is_given) out.variables[variable.name] = variable.value;
    }
    return out;
}

}  // namespace

Live::Impl::Impl(rt::Loop& on, pg::Pool& of, Engine& with, LiveOptions given)
    : loop(on),
      pool(of),
      engine(with),
      options(std::move(given)),
      kept(on, options.kept_bytes_max),
      wake(on),
      scope(on) {
    scope.spawn(tick());
}

Outcome<Live::Id> Live::Impl::subscribe(
    const Request& request, std::shared_ptr<const Session> session, Sink sink
) {
    if (scope.is_cancelled()) return failure("unavailable", "the server is shutting down");
    if (subscriptions.size() + operations.size() >= options.subscriptions_max) {
        return failure("limit", "the server has as many subscriptions as it may have; try again later");
    }
    auto planned = engine.prepare(request, *session);
    if (!planned) return std::unexpected(std::move(planned).error());
    const Id id = ++last_id;
    if (planned->prepared->plan->kind != OperationKind::kSubscription) {
        operations.emplace(id, std::move(sink));
        scope.spawn(operate(id, std::move(*planned), std::move(session)));
        return id;
    }
    auto cohort = cohort_for(std::move(*planned), std::move(session), id);
    if (!cohort) return std::unexpected(std::move(cohort).error());
    auto subscription = std::make_unique<Subscription>();
    subscription->id = id;
    subscription->sink = std::move(sink);
    attach(*subscription, *cohort);
    subscriptions.emplace(id, std::move(subscription));
    if ((*cohort)->has_answer) scope.spawn(give_first(id));
    return id;
}

rt::Task<void> Live::Impl::operate(Id id, Engine::Ready request, std::shared_ptr<const Session> session) {
    auto answer = co_await engine.run(std::move(request), *session, scope.deadline(kOperationTimeout));
    auto held = operations.extract(id);
    if (held.empty()) co_return;
    Sink& sink = held.mapped();
    sink.next(shared_body(std::move(answer)));
    sink.complete();
}

/// For one who came to a cohort that has been answered before.
rt::Task<void> Live::Impl::give_first(Id id) {
    auto found = subscriptions.find(id);
    if (found == subscriptions.end() || !found->second->awaits_first) co_return;
    Subscription& subscription = *found->second;
    auto body = subscription.cohort->body;
    if (body == nullptr) {  // too large to be kept
        hit(subscription.cohort);
        co_return;
    }
    subscription.awaits_first = false;
    ++stats.pushes;
    auto next = subscription.sink.next;  // which may end the subscription
    next(std::move(body));
}

void Live::Impl::unsubscribe(Id id) {
    operations.erase(id);
    auto held = subscriptions.extract(id);
    if (!held.empty()) detach(*held.mapped());
}

void Live::Impl::end(Id id, const std::string* error_body) {
    auto held = subscriptions.extract(id);
    if (held.empty()) return;
    detach(*held.mapped());
    Sink& sink = held.mapped()->sink;
    if (error_body != nullptr) {
        sink.error(*error_body);
    } else {
        sink.complete();
    }
}

void Live::Impl::replan(const CohortPtr& old) {
    auto session = old->session;
    Session unlimited = *session;
    // Planning again is not the subscriber's doing: a budget of its own.
    unlimited.rate_key = "replan " + std::to_string(++replans);
    auto planned = engine.prepare(request_of(*old), unlimited);
    if (planned && planned->prepared == old->group->plan->prepared) return;
    std::vector<Id> ids;
    for (const Subscription* each : old->subscriptions) ids.push_back(each->id);
    Outcome<CohortPtr> next = planned ? CohortPtr() : Outcome<CohortPtr>(std::unexpected(planned.error()));
    const Id alone = ids.empty() ? 0 : ids.front();
    if (next) next = cohort_for(std::move(*planned), session, alone);
    if (!next) {
        const std::string body = Engine::error_body(next.error(), *session);
        for (const Id id : ids) end(id, &body);
        return;
    }
    CohortPtr cohort = *next;
    if (!cohort->has_answer) {
        // Nobody hears the same answer twice.
        cohort->has_answer = old->has_answer;
        cohort->hash = old->hash;
        cohort->body = old->body;
        cohort->kept = std::move(old->kept);
        const auto& before = old->group->plan->cursors;
        const auto& after = cohort->group->plan->cursors;
        for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
            cohort->values[after[i]] = old->values[before[i]];
        }
    }
    for (const Id id : ids) {
        Subscription& subscription = *subscriptions.find(id)->second;
        detach(subscription);
        attach(subscription, cohort);
    }
}

rt::Task<void> Live::Impl::replan_all() {
    std::vector<std::weak_ptr<Cohort>> all(by_age.begin(), by_age.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i % kReplanAtOnce == kReplanAtOnce - 1) co_await rt::yield();
        if (scope.is_cancelled()) co_return;
        const CohortPtr cohort = all[i].lock();
        if (cohort != nullptr && !cohort->is_gone) replan(cohort);
    }
}

Live::Live(rt::Loop& loop, pg::Pool& pool, Engine& engine, LiveOptions options)
    : impl_(std::make_unique<Impl>(loop, pool, engine, std::move(options))) {}
Live::~Live() = default;

Outcome<Live::Id> Live::subscribe(Request request, Session session, Sink sink) {
    return impl_->subscribe(request, std::make_shared<const Session>(std::move(session)), std::move(sink));
}

Outcome<Live::Id> Live::subscribe(const Request& request, std::shared_ptr<const Session> session, Sink sink) {
    return impl_->subscribe(request, std::move(session), std::move(sink));
}

bool Live::is_stream(Id id) const {
    const auto found = impl_->subscriptions.find(id);
    return found != impl_->subscriptions.end() && found->second->cohort->group->plan->is_stream;
}

void Live::unsubscribe(Id id) {
    impl_->unsubscribe(id);
}

void Live::publish(const Change& change) {
    impl_->publish(change);
}

void Live::refresh_all() {
    std::vector<std::weak_ptr<Cohort>> all(impl_->by_age.begin(), impl_->by_age.end());
    for (const auto& each : all) {
        if (auto cohort = each.lock()) impl_->hit(cohort);
    }
}

void Live::replan() {
    impl_->scope.spawn(impl_->replan_all());
    if (impl_->options.on_replan) impl_->options.on_replan();
}

void Live::set_safety_poll(Steady::duration every) {
    impl_->options.safety_poll = every;
    impl_->wake.notify_all();
}

Live::Stats Live::stats() const {
    Stats out = impl_->stats;
    out.subscriptions = impl_->subscriptions.size();
    out.cohorts = impl_->cohorts.size();
    out.plans = impl_->plans.size();
    return out;
}

rt::Task<void> Live::close() {
    co_await impl_->scope.close();
    while (!impl_->subscriptions.empty()) impl_->unsubscribe(impl_->subscriptions.begin()->first);
}

}  // namespace weft::graphql
