#pragma once

#include "control/api/api.h"
#include "store/files/files.h"
#include "store/runs/payload.h"

namespace weft::control {

/// Events that runs wait for, and approvals. An event or a decision that ends a wait is told (CancelAsked).
class Waits {
  public:
    Waits(Environment& env, store::runs::PayloadCodec& codec, store::files::Files& files)
        : env_(env), codec_(codec), files_(files) {}
    void add_operations(Table& table);

  private:
    rt::Task<Result<Json>> send_event(Context& context, Json input);
    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> get(Context& context, Json input);
    rt::Task<Result<Json>> decide(Context& context, Json input);
    rt::Task<Result<http::Response>> download(Context& context, Json input);

    Environment& env_;
    store::runs::PayloadCodec& codec_;
    store::files::Files& files_;
};

}  // namespace weft::control
