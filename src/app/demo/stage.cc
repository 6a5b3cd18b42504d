#include "app/demo/stage.h"

#include "platform/crypto/crypto.h"

namespace weft::demo {

Stage::Stage() : credential(crypto::make_token(rng)), password(crypto::make_token(rng)) {}

Stage::~Stage() {
    stop();
}

Result<void> Stage::start(InstanceOptions options, SampleOptions sample_options) {
    auto& args = options.serve_args;
    args.insert(args.end(), {"--egress-allow", "127.0.0.0/8"});
    // What stands on a stage drives one trigger as one person from one address, as fast as it can.
    for (const char* limit :
         {"address", "principal", "tenant", "cost", "trigger", "trigger-bytes", "form", "form-address"}) {
        args.insert(args.end(), {std::string("--limit-") + limit, "off"});
    }
    TRY(instance, Instance::start(std::move(options)));
    return loop.run_until_done(prepare(std::move(sample_options)));
}

rt::Task<Result<void>> Stage::prepare(SampleOptions sample_options) {
    auto by = rt::Deadline::in(60s);
    upstream = std::make_unique<Upstream>(loop, clock, rng, credential);
    CO_TRY(upstream_url, upstream->start());
    api = std::make_unique<ApiClient>(client, instance->url());
    Owner owner{"owner@example.com", password, "Owner", "Demo"};
    CO_CHECK_OK(co_await api->claim(instance->claim_token(), std::move(owner), by));
    sample_options.upstream_url = upstream_url;
    sample_options.api_key = credential;
    CO_TRY(sample, co_await create_sample(*api, std::move(sample_options), by));
    co_return Result<void>{};
}

bool Stage::stop() {
    bool is_clean = instance == nullptr || instance->stop();
    instance.reset();
    if (upstream) loop.run_until_done(upstream->stop());
    upstream.reset();
    return is_clean;
}

}  // namespace weft::demo
