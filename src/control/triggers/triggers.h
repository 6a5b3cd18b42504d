#pragma once

#include "control/api/api.h"
#include "control/scripts/scripts.h"
#include "core/connector/protocol.h"
#include "core/trigger/follow.h"
#include "core/trigger/poll.h"
#include "store/triggers/triggers.h"

namespace weft::control {

/// Triggers: operations `triggers.*`. The address token and the signing secret are sealed with the tenant's
/// ingress key; the address is shown again to whoever may edit, the secret only when it is made. Changes are
/// told (TriggerChanged). Schedules have neither; they are planned anew where they change (schedules.cc).
/// Forms have an address, secret or of their owner's choice (forms.cc). What asks other systems is pinned
/// where it changes (polls.cc). Samples of events: samples.cc.
class Triggers {
  public:
    /// `public_url` without a trailing slash; empty gives addresses relative to the server.
    Triggers(Environment& env, scripts::Checker& checker, std::string public_url)
        : env_(env), checker_(checker), public_url_(std::move(public_url)) {}
    void add_operations(Table& table);

  private:
    void add_schedules(Table& table);
    void add_history(Table& table);
    void add_samples(Table& table);
    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> create(Context& context, Json input);
    rt::Task<Result<Json>> get(Context& context, Json input);
    rt::Task<Result<Json>> refused(Context& context, Json input);
    // ---- history.cc
    rt::Task<Result<Json>> health(Context& context, Json input);
    rt::Task<Result<Json>> history(Context& context, Json input);
    rt::Task<Result<Json>> change(Context& context, Json input);
    rt::Task<Result<Json>> remove(Context& context, Json input);
    rt::Task<Result<Json>> activate(Context& context, Json input);
    rt::Task<Result<Json>> deactivate(Context& context, Json input);
    rt::Task<Result<Json>> rotate(Context& context, Json input);

    rt::Task<Result<Json>> sample(Context& context, Json input);
    rt::Task<Result<Json>> capture(Context& context, Json input);

    rt::Task<Result<Json>> zones(Context& context, Json input);
    rt::Task<Result<Json>> preview(Context& context, Json input);

    rt::Task<Result<Json>> create_schedule(Context& context, WorkflowId workflow, Json input);
    rt::Task<Result<Json>> change_schedule(Context& context, store::triggers::Trigger before, Json input);
    rt::Task<Result<Json>> create_form(Context& context, WorkflowId workflow, Json input);
    rt::Task<Result<Json>> change_form(Context& context, store::triggers::Trigger before, Json input);
    rt::Task<Result<Json>> create_poll(
        Context& context, WorkflowId workflow, store::triggers::Kind kind, Json input
    );
    rt::Task<Result<Json>> change_poll(Context& context, store::triggers::Trigger before, Json input);
    // ---- follows.cc
    rt::Task<Result<void>> check_follow(Context& context, trigger::Follow follow);
    rt::Task<Result<Json>> create_follow(Context& context, WorkflowId workflow, Json input);
    rt::Task<Result<Json>> change_follow(Context& context, store::triggers::Trigger before, Json input);
    struct Planned {
        Json config;           // in its normal form
        std::string compiled;  // what data/poller asks by
    };
    rt::Task<Result<Planned>> plan_poll(Context& context, store::triggers::Kind kind, Json config);
    rt::Task<Result<std::string>> pin_poll(Context& context, trigger::Poll poll);
    rt::Task<Result<std::string>> pin_login(
        Context& context, std::string connection, connector::Protocol protocol
    );
    /// kInvalid when the published version has an input that the form cannot ask for.
    rt::Task<Result<void>> check_form(
        Context& context, store::triggers::Trigger form, WorkflowVersionId published
    );
    rt::Task<Result<store::triggers::Trigger>> put_token(
        Context& context, store::triggers::Trigger of, Secret token
    );
    rt::Task<Result<Json>> rotate_token(Context& context, TriggerId id);
    rt::Task<Result<Json>> rotate_secret(Context& context, TriggerId id, std::optional<Secret> given);
    rt::Task<Result<Json>> shown(Context& context, store::triggers::Trigger trigger);
    rt::Task<Result<JsonArray>> shown_all(Context& context, std::vector<store::triggers::Trigger> triggers);
    std::string url_of(store::triggers::Kind kind, const Secret& token) const;
    /// Of a trigger's address: the path that its author chose, or a secret one.
    Secret token_of(std::string_view path);
    static std::string_view path_of(const store::triggers::Trigger& trigger);
    Secret make_secret();

    Environment& env_;
    scripts::Checker& checker_;
    std::string public_url_;
};

}  // namespace weft::control
