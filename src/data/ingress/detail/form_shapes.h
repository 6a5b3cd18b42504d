#pragma once

#include "base/fair_lru.h"
#include "base/id.h"
#include "core/form/form.h"
#include "platform/pg/pg.h"

#include <memory>

namespace weft::ingress::detail {

/// Forms, made of what published versions demand and a trigger's settings. Neither changes under its key, so
/// what was made stays true; those of a tenant with many cannot push another's out.
class FormShapes {
  public:
    explicit FormShapes(pg::Pool& pool) : pool_(pool), known_(kFormsMax) {}

    using Shape = std::shared_ptr<const form::Form>;  // shared by the cache and the requests in flight
    rt::Task<Result<Shape>> of(
        TenantId tenant, WorkflowVersionId version, form::Settings settings, rt::Deadline by
    );

  private:
    static constexpr std::size_t kFormsMax = 1'000;  // some 20 KiB each

    struct Entry {
        TenantId tenant;
        Shape form;
    };
    pg::Pool& pool_;
    FairLru<Entry> known_;
};

}  // namespace weft::ingress::detail
