#pragma once

#include "control/api/api.h"

namespace weft::control {

/// What the operator lets the tenant have, and what of it is used: operations `quotas.*`.
class Quotas {
  public:
    explicit Quotas(Environment& env) : env_(env) {}
    void add_operations(Table& table);

  private:
    rt::Task<Result<Json>> list(Context& context, Json input);

    Environment& env_;
};

}  // namespace weft::control
