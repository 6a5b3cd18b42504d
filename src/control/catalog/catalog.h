#pragma once

#include "control/api/api.h"
#include "control/scripts/scripts.h"

namespace weft::control {

/// Apps, app versions and actions: operations `apps.*`, `app_versions.*`, `actions.*`. Manifests and
/// definitions are checked by core/connector and stored in its normal form; publishing a version compiles the
/// expressions of its actions.
class Catalog {
  public:
    Catalog(Environment& env, scripts::Checker& checker) : env_(env), checker_(checker) {}
    void add_operations(Table& table);

  private:
    void add_apps(Table& table);
    void add_versions(Table& table);
    void add_actions(Table& table);

    rt::Task<Result<Json>> create_app(Context& context, Json input);
    rt::Task<Result<Json>> change_app(Context& context, Json input);

    rt::Task<Result<Json>> create_version(Context& context, Json input);
    rt::Task<Result<Json>> change_version(Context& context, Json input);
    rt::Task<Result<Json>> publish_version(Context& context, Json input);

    rt::Task<Result<Json>> create_action(Context& context, Json input);
    rt::Task<Result<Json>> change_action(Context& context, Json input);
    /// What publishing the version refuses, and what could not be checked.
    rt::Task<Result<scripts::Found>> check_actions(Context& context, AppVersionId version);

    Environment& env_;
    scripts::Checker& checker_;
};

/// Connections: operations `connections.*`. Fields go in, sealed to the tenant's public key, and never come
/// out. Changes are told (ConnectionChanged).
class Connections {
  public:
    explicit Connections(Environment& env) : env_(env) {}
    void add_operations(Table& table);

  private:
    rt::Task<Result<Json>> create(Context& context, Json input);
    rt::Task<Result<Json>> change(Context& context, Json input);
    rt::Task<Result<Json>> replace_secret(Context& context, Json input);
    rt::Task<Result<Json>> close_circuit(Context& context, Json input);
    rt::Task<Result<Json>> remove(Context& context, Json input);

    Environment& env_;
};

}  // namespace weft::control
