#pragma once

#include "control/api/api.h"

namespace weft::control {

struct AlertOptions {
    bool has_mail = false;  // the operator has said how e-mail is sent
};

/// Rules that tell when runs end: operations `alerts.*`.
class Alerts {
  public:
    Alerts(Environment& env, AlertOptions options) : env_(env), options_(options) {}
    void add_operations(Table& table);

  private:
    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> create(Context& context, Json input);
    rt::Task<Result<Json>> change(Context& context, Json input);
    rt::Task<Result<Json>> rotate_secret(Context& context, Json input);

    Environment& env_;
    AlertOptions options_;
};

}  // namespace weft::control
