#pragma once

#include "platform/http/http.h"

#include <memory>
#include <string>
#include <unordered_map>

namespace weft::http {
class Router;
}

namespace weft::control {

/// The web UI's files, read into memory once: only names found then are ever served, so no request can leave
/// the folder. Addresses that are no file get index.html (the UI routes by itself), but never below /api,
/// /hooks, /v1, /metrics, /healthz or /readyz.
class Ui {
  public:
    /// kInvalid when the folder cannot be read, has no index.html, or is beyond the bounds (5,000 files, 64
    /// MiB). `x.br` and `x.gz` beside `x` are its compressed forms. Symbolic links are left out.
    static Result<std::unique_ptr<Ui>> load(const std::string& folder);

    void mount(http::Router& router) const;
    http::Response respond(const http::Request& request) const;

    std::size_t size() const { return files_.size(); }
    const std::string& content_security_policy() const { return policy_; }

  private:
    struct File {
        std::shared_ptr<const std::string> body;
        std::shared_ptr<const std::string> brotli;
        std::shared_ptr<const std::string> gzip;
        std::string type;
        std::string etag;
        bool is_immutable = false;  // its name holds its hash
    };
    http::Response answer(const File& file, const http::Request& request) const;

    std::unordered_map<std::string, File> files_;  // by address, "/_nuxt/x.js"
    std::string policy_;
};

/// Sources (`'sha256-...'`) of a document's inline scripts, for a content security policy.
std::string inline_script_sources(std::string_view html);

}  // namespace weft::control
