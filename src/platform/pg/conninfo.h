#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <map>
#include <string>
#include <string_view>

namespace weft::pg {

/// A connection string in its parts, by libpq's own parser: the only place where one is put together. What
/// was appended to a string would not replace what stands in it, and the reader of the whole would hold both.
class Conninfo {
  public:
    Conninfo() = default;
    /// A postgresql:// URL or a keyword/value string. kInvalid when libpq does not understand it; the text
    /// itself, which may hold a password, is in no error.
    static Result<Conninfo> parse(std::string_view text);

    void set(const std::string& keyword, std::string_view value) {
        parts_[keyword] = Secret(std::string(value));
    }
    /// The value as it was given; empty when there is none.
    std::string_view get(const std::string& keyword) const;

    /// The same database, reached in the same way, as somebody else: what describes the way there is kept,
    /// and whatever belongs to the first login (its password, password file, client certificate and the words
    /// that open it) is left out. kInvalid for an option of which that is not known, and for `service`, a
    /// file that would hold another login's password.
    Result<Conninfo> for_login(std::string_view user, const Secret& password) const;

    /// As keyword/value string, every value quoted.
    Secret text() const;

  private:
    std::map<std::string, Secret> parts_;
};

}  // namespace weft::pg
