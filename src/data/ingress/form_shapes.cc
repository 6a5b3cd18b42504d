#include "data/ingress/detail/form_shapes.h"

#include "core/workflow/workflow.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"
#include "store/runs/runs.h"

namespace weft::ingress::detail {

rt::Task<Result<FormShapes::Shape>> FormShapes::of(
    TenantId tenant, WorkflowVersionId version, form::Settings settings, rt::Deadline by
) {
    const std::string key = crypto::sha256(version.text() + to_text(form::to_json(settings)));
    if (const Entry* found = known_.find(key); found != nullptr && found->tenant == tenant) {
        co_return found->form;
    }
    CO_TRY(auto row, co_await store::runs::load_version(pool_, tenant, version, by));
    // Ours, checked at publishing; the bound only guards against a damaged row.
    auto make = [&]() -> Result<form::Form> {
        TRY(Json compiled, parse_json(row.compiled, {.bytes_max = 64u << 20, .depth_max = 128}));
        TRY(const Json* inputs, workflow::declared_inputs(compiled));
        return form::Form::make(inputs, std::move(settings));
    };
    CO_TRY(auto made, co_await rt::on_pool(make, rt::Pool::kTenants));
    auto shared = std::make_shared<const form::Form>(std::move(made));
    if (known_.find(key) == nullptr) known_.add(tenant.text(), key, Entry{tenant, shared});
    co_return shared;
}

}  // namespace weft::ingress::detail
