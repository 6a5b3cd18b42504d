#include "control/ui/ui.h"

#include "base/bytes.h"
#include "platform/crypto/crypto.h"
#include "platform/http/router.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace weft::control {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kFilesMax = 5'000;
constexpr std::size_t kBytesMax = 64u << 20;

struct Type {
    std::string_view ending;
    std::string_view type;
};
constexpr std::array kTypes{
    Type{".html", "text/html; charset=utf-8"},
    Type{".js", "text/javascript; charset=utf-8"},
    Type{".mjs", "text/javascript; charset=utf-8"},
    Type{".css", "text/css; charset=utf-8"},
    Type{".json", "application/json"},
    Type{".webmanifest", "application/manifest+json"},
    Type{".svg", "image/svg+xml"},
    Type{".png", "image/png"},
    Type{".jpg", "image/jpeg"},
    Type{".ico", "image/x-icon"},
    Type{".webp", "image/webp"},
    Type{".woff2", "font/woff2"},
    Type{".woff", "font/woff"},
    Type{".wasm", "application/wasm"},
    Type{".txt", "text/plain; charset=utf-8"},
    Type{".map", "application/json"},
};

/// First segments that belong to others; a typing error there must be a 404, not a page.
constexpr std::array<std::string_view, 6> kReserved{"api", "hooks", "v1", "metrics", "healthz", "readyz"};

std::string_view type_of(std::string_view path) {
    const auto found =
        std::ranges::find_if(kTypes, [&](const Type& each) { return path.ends_with(each.ending); });
    return found == kTypes.end() ? "application/octet-stream" : found->type;
}

bool is_reserved(std::string_view path) {
    const std::string_view first = path.substr(1, path.find('/', 1) - 1);
    return std::ranges::find(kReserved, first) != kReserved.end();
}

bool accepts(const http::Request& request, std::string_view coding) {
    return request.headers.get("accept-encoding").find(coding) != std::string_view::npos;
}

Result<std::string> read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return fail(Error::invalid("Cannot read a file of the web UI: " + path.string()));
    return std::move(text).str();
}

rt::Task<Result<http::Response>> ready(http::Response response) {
    co_return response;
}

}  // namespace

std::string inline_script_sources(std::string_view html) {
    std::string out;
    for (std::size_t at = 0; (at = html.find("<script", at)) != std::string_view::npos;) {
        const auto open_end = html.find('>', at);
        const auto close = html.find("</script", at);
        if (open_end == std::string_view::npos || close == std::string_view::npos) break;
        const std::string_view attributes = html.substr(at, open_end - at);
        const bool is_data = attributes.find("type=\"application/json\"") != std::string_view::npos;
        if (attributes.find(" src=") == std::string_view::npos && !is_data) {
            const std::string_view body = html.substr(open_end + 1, close - open_end - 1);
            out += " 'sha256-" + base64(crypto::sha256(body)) + "'";
        }
        at = close;
    }
    return out;
}

Result<std::unique_ptr<Ui>> Ui::load(const std::string& folder) {
    auto ui = std::make_unique<Ui>();
    std::error_code ec;
    const fs::path root = fs::canonical(folder, ec);
    if (ec)
        return fail(Error::invalid("The web UI's folder " + folder + " does not exist; build the web UI"));
    std::unordered_map<std::string, std::shared_ptr<const std::string>> bodies;
    std::size_t bytes = 0;
    for (auto it = fs::recursive_directory_iterator(root, ec);
         !ec && it != fs::recursive_directory_iterator();
         it.increment(ec)) {
        if (it->is_symlink() || !it->is_regular_file()) continue;
        TRY(std::string body, read(it->path()));
        bytes += body.size();
        if (bodies.size() >= kFilesMax || bytes > kBytesMax) {
            return fail(Error::invalid("The web UI's folder is too large: " + folder));
        }
        const std::string name = "/" + fs::relative(it->path(), root).generic_string();
        bodies[name] = std::make_shared<const std::string>(std::move(body));
    }
    if (ec) return fail(Error::invalid("Cannot read the web UI's folder " + folder));
    if (!bodies.contains("/index.html")) {
        return fail(Error::invalid("The web UI's folder " + folder + " has no index.html; build the web UI"));
    }
    std::string scripts;
    for (const auto& [name, body] : bodies) {
        const bool is_compressed = name.ends_with(".br") || name.ends_with(".gz");
        if (is_compressed && bodies.contains(name.substr(0, name.size() - 3))) continue;
        const auto sibling = [&](const char* ending) {
            const auto found = bodies.find(name + ending);
            return found == bodies.end() ? nullptr : found->second;
        };
        if (name.ends_with(".html")) scripts += inline_script_sources(*body);
        ui->files_[name] = File{
            .body = body,
            .brotli = sibling(".br"),
            .gzip = sibling(".gz"),
            .type = std::string(type_of(name)),
            .etag = '"' + hex(crypto::sha256(*body)).substr(0, 32) + '"',
            .is_immutable = name.starts_with("/_nuxt/") && !name.starts_with("/_nuxt/builds/"),
        };
    }
    // Styles: Vuetify writes its theme into a style element at run time.
    ui->policy_ =
        "default-src 'none'; script-src 'self'" + scripts +
        "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'";
    return ui;
}

void Ui::mount(http::Router& router) const {
    const http::RouteOptions options{.body_bytes_max = 0};
    router.add(
        http::Method::kGet,
        "/{rest...}",
        [this](http::Request request) { return ready(respond(request)); },
        options
    );
}

http::Response Ui::respond(const http::Request& request) const {
    const std::string path(request.path());
    if (is_reserved(path))
        return http::problem(Error::not_found("There is nothing at this address"), request.id);
    auto found = files_.find(path);
    if (found == files_.end() && path.ends_with('/')) found = files_.find(path + "index.html");
    if (found == files_.end()) found = files_.find(path + "/index.html");
    if (found == files_.end()) {
        // A missing asset must fail as such: a page in its place would be cached and fail to parse.
        const std::string_view last = std::string_view(path).substr(path.find_last_of('/') + 1);
        if (path.starts_with("/_nuxt/") || last.find('.') != std::string_view::npos) {
            return http::problem(Error::not_found("There is nothing at this address"), request.id);
        }
        found = files_.find("/index.html");
    }
    return answer(found->second, request);
}

http::Response Ui::answer(const File& file, const http::Request& request) const {
    http::Response response;
    auto& headers = response.headers;
    headers.add("etag", file.etag);
    headers.add("cache-control", file.is_immutable ? "public, max-age=31536000, immutable" : "no-cache");
    headers.add("vary", "accept-encoding");
    headers.add("x-content-type-options", "nosniff");
    headers.add("content-security-policy", policy_);
    headers.add("x-frame-options", "DENY");
    headers.add("referrer-policy", "same-origin");
    headers.add("cross-origin-opener-policy", "same-origin");
    headers.add("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    if (request.headers.get("if-none-match") == file.etag) {
        response.status = 304;
        return response;
    }
    headers.add("content-type", file.type);
    response.shared_body = file.body;
    if (file.brotli != nullptr && accepts(request, "br")) {
        headers.add("content-encoding", "br");
        response.shared_body = file.brotli;
    } else if (file.gzip != nullptr && accepts(request, "gzip")) {
        headers.add("content-encoding", "gzip");
        response.shared_body = file.gzip;
    }
    return response;
}

}  // namespace weft::control
