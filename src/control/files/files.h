#pragma once

#include "control/api/api.h"
#include "store/files/files.h"

namespace weft::control {

/// Files: operations `files.*`. Viewers read them, as they read values of runs; who starts runs uploads.
class Files {
  public:
    Files(Environment& env, store::files::Files& files) : env_(env), files_(files) {}
    void add_operations(Table& table);

  private:
    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> get(Context& context, Json input);
    rt::Task<Result<Json>> remove(Context& context, Json input);
    rt::Task<Result<http::Response>> upload(Context& context, Json input);
    rt::Task<Result<http::Response>> download(Context& context, Json input);

    Environment& env_;
    store::files::Files& files_;
};

}  // namespace weft::control
