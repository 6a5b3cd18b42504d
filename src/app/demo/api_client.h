#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/secret.h"
#include "platform/http/client.h"
#include "platform/rt/task.h"

#include <string>

namespace weft::demo {

/// Who claims a fresh installation.
struct Owner {
    std::string email;
    Secret password;
    std::string name;
    std::string tenant_name;
};

/// Calls Weft's REST API as a program does: JSON in, JSON out, problems as errors.
class ApiClient {
  public:
    ApiClient(http::Client& client, std::string base_url) : client_(client), base_url_(std::move(base_url)) {}

    const std::string& base_url() const { return base_url_; }
    void use_token(Secret token) { token_ = std::move(token); }

    /// `path` is below the base URL; a null `body` sends none. A status outside 2xx becomes an Error with the
    /// problem's detail and field, and the code its status stands for. Nothing is retried.
    rt::Task<Result<Json>> call(std::string method, std::string path, Json body, rt::Deadline by);

    /// Uses up the claim link's token and goes on as an API token of the new owner.
    rt::Task<Result<void>> claim(Secret claim_token, Owner owner, rt::Deadline by);
    /// Logs in with a password and goes on as a fresh API token.
    rt::Task<Result<void>> login(std::string email, Secret password, rt::Deadline by);

  private:
    rt::Task<Result<void>> token_from_session(rt::Deadline by);

    http::Client& client_;
    std::string base_url_;
    Secret token_;
    Secret session_cookie_;
};

}  // namespace weft::demo
