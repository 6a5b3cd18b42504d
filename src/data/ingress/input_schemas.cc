#include "data/ingress/detail/input_schemas.h"

#include "base/json.h"
#include "core/workflow/workflow.h"
#include "platform/rt/loop.h"
#include "store/runs/runs.h"

#include <utility>

namespace weft::ingress::detail {

rt::Task<Result<InputSchemas::Inputs>> InputSchemas::of(
    TenantId tenant, WorkflowVersionId version, rt::Deadline by
) {
    const std::string key = version.text();
    if (const Entry* found = known_.find(key); found != nullptr && found->tenant == tenant) {
        co_return found->inputs;
    }
    CO_TRY(auto row, co_await store::runs::load_version(pool_, tenant, version, by));
    // Ours, checked at publishing; the bound only guards against a damaged row.
    auto read = [&row]() -> Result<std::optional<schema::Schema>> {
        TRY(Json compiled, parse_json(row.compiled, {.bytes_max = 64u << 20, .depth_max = 128}));
        return workflow::inputs_of(compiled);
    };
    CO_TRY(auto inputs, co_await rt::on_pool(read, rt::Pool::kTenants));
    auto shared = std::make_shared<const std::optional<schema::Schema>>(std::move(inputs));
    if (known_.find(key) == nullptr) known_.add(tenant.text(), key, Entry{tenant, shared});
    co_return shared;
}

}  // namespace weft::ingress::detail
