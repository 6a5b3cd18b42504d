#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"
#include "core/trigger/follow.h"
#include "store/workflows/workflows.h"

#include <set>

/// Triggers that wait for the ends of other workflows' runs; data/follower begins what follows.
namespace weft::control {

namespace rows = store::triggers;

/// Those that it names must be there now; one that is deleted later ends no runs.
rt::Task<Result<void>> Triggers::check_follow(Context& context, trigger::Follow follow) {
    std::set<std::string> keys(follow.workflows.begin(), follow.workflows.end());
    if (keys.empty()) co_return Result<void>();
    CO_TRY(const auto found, co_await store::workflows::find_published(context.db(), keys, context.deadline));
    for (const std::string& key : keys) {
        if (found.contains(key)) continue;
        co_return fail(Error::invalid("There is no published workflow \"" + key + "\"", "config.workflows"));
    }
    co_return Result<void>();
}

rt::Task<Result<Json>> Triggers::create_follow(Context& context, WorkflowId workflow, Json input) {
    if (member_in(input, "secret") != nullptr)
        co_return fail(Error::invalid("Such a trigger has no secret", "secret"));
    CO_TRY(auto follow, trigger::parse_follow(*member_in(input, "config")));
    CO_CHECK_OK(co_await check_follow(context, follow));
    const auto id = TriggerId::make(env_.clock.now(), env_.rng);
    rows::NewTrigger trigger{
        .tenant = context.tenant(),
        .id = id,
        .workflow_id = workflow,
        .kind = rows::Kind::kEvent,
        .name = text_in(input, "name"),
        .config = trigger::to_json(follow),
        .token_hash = std::nullopt,
        .sealed_token = std::nullopt,
        .sealed_secret = std::nullopt,
        .key_id = std::nullopt,
    };
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(trigger), context.deadline));
    co_return co_await shown(context, std::move(made));
}

rt::Task<Result<Json>> Triggers::change_follow(Context& context, rows::Trigger before, Json input) {
    rows::TriggerChange change{.id = before.id, .name = maybe_text_in(input, "name"), .config = std::nullopt};
    if (const Json* config = member_in(input, "config")) {
        CO_TRY(auto follow, trigger::parse_follow(*config));
        change.config = trigger::to_json(follow);
        CO_CHECK_OK(co_await check_follow(context, std::move(follow)));
    }
    CO_TRY(auto after, co_await rows::change(context.db(), std::move(change), context.deadline));
    tell_changed(context, before.id);
    co_return co_await shown(context, std::move(after));
}

}  // namespace weft::control
