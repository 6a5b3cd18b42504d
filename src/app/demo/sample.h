#pragma once

#include "app/demo/api_client.h"
#include "platform/rt/clock.h"

#include <string>

namespace weft::demo {

/// A complete small integration: app, action, connection, published workflow, active webhook trigger.
struct Sample {
    std::string app_id;
    std::string connection_id;
    std::string workflow_id;
    std::string trigger_id;
    std::string webhook_url;  // absolute
    Secret webhook_secret;    // of the signature; empty for an unsigned trigger
};

struct SampleOptions {
    std::string key = "orders";                   // of app, connection and workflow: unique in the tenant
    std::string upstream_url;                     // base URL of an Upstream
    Secret api_key;                               // its credential
    std::string path = "/orders/{{ input.id }}";  // of the action
    std::string effect = "idempotent";            // of the action
    std::string mode = "async";                   // of the trigger
    bool is_signed = true;
};

/// Webhook → map → HTTP action with a stored credential → map, built through the API alone.
rt::Task<Result<Sample>> create_sample(ApiClient& api, SampleOptions options, rt::Deadline by);

/// The headers of one delivery, signed now if the sample's trigger asks for it.
http::Fields delivery_headers(
    const Sample& sample, std::string_view delivery_id, std::string_view body, const rt::Clock& clock
);

/// Posts one event `{"order_id": ...}`; returns the run's id once the event is durable.
rt::Task<Result<std::string>> post_event(
    http::Client& client, Sample sample, std::string order_id, const rt::Clock& clock, rt::Deadline by
);

/// Polls until the run has ended (or `by`); returns the run as the API shows it.
rt::Task<Result<Json>> wait_for_run(ApiClient& api, std::string run_id, rt::Deadline by);

}  // namespace weft::demo
