#pragma once

#include "control/api/api.h"

namespace weft::control {

/// What runs have cost: operations `usage.*`.
class Usage {
  public:
    explicit Usage(Environment& env) : env_(env) {}
    void add_operations(Table& table);

  private:
    rt::Task<Result<Json>> list(Context& context, Json input);

    Environment& env_;
};

}  // namespace weft::control
