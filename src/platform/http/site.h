#pragma once

#include "platform/http/http.h"

#include <string>
#include <string_view>
#include <vector>

/// Where a request came from: judged once, from its head alone, for every transport.
namespace weft::http {

enum class Site : std::uint8_t {
    kUnsaid,   // nobody says that a page sent it: a program, or an address that a person typed
    kOwn,      // a page of ours
    kListed,   // a page of another origin that the operator has named
    kForeign,  // any other page
};

/// What an installation calls its own.
struct SiteRule {
    std::string public_url;                    // pages of its origin are ours; may be empty
    std::vector<std::string> listed_origins;   // as `parse_origin` gives them
    std::vector<std::string> trusted_proxies;  // addresses whose x-forwarded-proto counts
    /// For what trusts everybody who can reach it: a Host counts only when nobody's DNS could have made it
    /// mean this machine.
    bool needs_address = false;
};

/// The one judgement of Origin, Sec-Fetch-Site and Host. Pure.
Site site_of(const SiteRule& rule, const Request& head);

/// What a request is about to do with what it brings.
enum class Use : std::uint8_t { kRead, kChange, kSocket };

/// May a credential that a browser sends by itself (a cookie) speak for this request? Only for pages of ours;
/// and for programs, but not on sockets, of which a browser always tells the origin.
bool may_carry_cookie(Site site, Use use);

/// "https://App.example.com" as browsers write it. Errors: kInvalid for what is no single web origin; "*" is
/// none.
Result<std::string> parse_origin(std::string_view text);

/// The head of a request, judged and then fixed. What a client says later, in the messages of a socket, is of
/// other types and can't get in here.
class Handshake {
  public:
    /// Takes headers and client out of `request`.
    Handshake(const SiteRule& rule, Request& request);

    Site site() const { return site_; }
    Method method() const { return method_; }
    /// It asks for a WebSocket.
    bool is_socket() const;
    const Fields& headers() const { return headers_; }
    const std::string& client() const { return client_; }

  private:
    Site site_;
    Method method_;
    Fields headers_;
    std::string client_;
};

/// Lets pages of listed origins read the answer, without cookies; no other origin is ever named. Every answer
/// says that it depends on the origin.
void add_cors(Response& response, const Handshake& handshake);

}  // namespace weft::http
