#include "control/quotas/quotas.h"

#include "control/api/family.h"
#include "store/quotas/quotas.h"

namespace weft::control {

namespace {

/// `used` is counted up to a million; a weight is not used up.
constexpr std::string_view kQuota = R"(
    name due_runs|running_runs|waiting_runs|triggers|file_bytes|weight = waiting_runs
    limit int = 100000
    used int? = 1200
    is_default bool)";

constexpr std::string_view kQuotas = R"(
    items [quota])";

}  // namespace

rt::Task<Result<Json>> Quotas::list(Context& context, Json) {
    CO_TRY(const auto found, co_await store::quotas::list(context.db(), env_.quotas, context.deadline));
    JsonArray items;
    for (const store::quotas::Quota& quota : found) {
        items.push_back(JsonObject{
            {"name", quota.name},
            {"limit", quota.most},
            {"used", quota.used ? Json(*quota.used) : Json(nullptr)},
            {"is_default", !quota.is_own},
        });
    }
    co_return JsonObject{{"items", std::move(items)}};
}

void Quotas::add_operations(Table& table) {
    table.define("quota", kQuota);
    table.define("quotas", kQuotas);
    table.add(shows(
        {"quotas.list",
         "/quotas",
         "What the operator lets this tenant have, and what of it is used",
         may(tenancy::Permission::kRunRead),
         "quotas"},
        bind(this, &Quotas::list)
    ));
}

}  // namespace weft::control
