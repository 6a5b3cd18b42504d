#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "core/schema/schema.h"
#include "platform/pg/pg.h"

#include <memory>
#include <optional>

namespace weft::ingress::detail {

/// What published versions demand of their input. A version never changes, so what was read stays true; those
/// of a tenant with many cannot push another's out.
class InputSchemas {
  public:
    explicit InputSchemas(pg::Pool& pool) : pool_(pool), known_(kVersionsMax) {}

    /// Shared by the cache and the checks under way; an empty optional: anything fits.
    using Inputs = std::shared_ptr<const std::optional<schema::Schema>>;
    rt::Task<Result<Inputs>> of(TenantId tenant, WorkflowVersionId version, rt::Deadline by);

  private:
    static constexpr std::size_t kVersionsMax = 1'000;  // some 10 KiB each

    struct Entry {
        TenantId tenant;
        Inputs inputs;
    };
    pg::Pool& pool_;
    FairLru<Entry> known_;
};

}  // namespace weft::ingress::detail
