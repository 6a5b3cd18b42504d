#pragma once

#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "platform/proc/proc.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weft::app {

/// The one folder that `weft serve` keeps its state in, locked for as long as this object lives:
///   postgres/  the private cluster        keys/     master keys, 0600
///   log/       PostgreSQL's log           secrets/  passwords of the database roles, 0600
///   blobs/     values too large for a row
/// The folder itself may be searched by others (PostgreSQL runs as its own user); its private parts may not.
class DataFolder {
  public:
    /// Creates what is missing. Errors are sentences for the person at the terminal; kConflict when another
    /// `weft serve` uses the folder.
    static Result<DataFolder> open(const std::string& path, Rng& rng);

    const std::string& path() const { return path_; }
    std::string at(std::string_view relative) const { return path_ + "/" + std::string(relative); }

    /// The text of the master key file keys/<name>.key, made on first use (crypto::read_key_file).
    Result<Secret> key(const std::string& name);
    /// The text of secrets/<name>, made on first use; URL-safe.
    Result<Secret> password(const std::string& name);
    /// A short path for sockets, unique to this folder, which other users may search: socket paths are
    /// limited to 107 bytes, and the folder may be unreachable for them. Created for `owner`.
    Result<std::string> socket_folder(const proc::Identity* owner);
    /// Makes the sub-folder, for `owner` and their group alone (none: for this process's user), together with
    /// what an earlier version left in it for others.
    Result<void> share(std::string_view relative, const std::optional<proc::Identity>& owner);
    /// Replaces a small file in one step, and waits for the disk.
    Result<void> write(std::string_view relative, std::string_view content, mode_t mode);
    /// Likewise a file that need not outlive this machine's next start, at once.
    Result<void> write_briefly(std::string_view relative, std::string_view content, mode_t mode);

  private:
    DataFolder(std::string path, proc::Fd lock, Rng& rng)
        : path_(std::move(path)), lock_(std::move(lock)), rng_(&rng) {}
    enum class Sync : std::uint8_t { kNo, kYes };
    Result<void> replace(std::string_view relative, std::string_view content, mode_t mode, Sync sync);
    Result<std::string> read_or_make(const std::string& relative);

    std::string path_;
    proc::Fd lock_;
    Rng* rng_;
};

/// Where the sockets of the data folder at `path` are. kUnavailable when there is no such folder.
Result<std::string> socket_folder_of(const std::string& path);

/// Creates the folder (and its parents) unless it exists. Errors name the path.
Result<void> make_folder(const std::string& path, mode_t mode);

/// The whole of a small file. Errors: kNotFound when it does not exist, else kUnavailable.
Result<std::string> read_file(const std::string& path);

}  // namespace weft::app
