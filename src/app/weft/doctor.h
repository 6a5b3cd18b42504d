#pragma once

#include "app/weft/settings.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weft::app {

struct DoctorOptions {
    std::string data;
    ProcessOptions process;  // listen, public_url: as `weft serve` is told
};

/// What one look at the host or the installation has found.
struct Finding {
    enum class Level : std::uint8_t { kOk, kWarn, kFail };
    Level level = Level::kOk;
    std::string what;
    std::string advice;  // empty when there is nothing to do

    std::string line() const;  // "warn  what - what to do"
};

/// `weft doctor`: looks, changes nothing, needs no network; one line for each finding. Returns 1 when one
/// fails.
int doctor(const DoctorOptions& options, const Environment& environment);

// Judgements, apart from where the facts come from.
Finding judge_postgres(int version_num);  // 150014: 15.14
Finding judge_clock(double database_ahead_seconds);
Finding judge_disk(std::uint64_t free_bytes, std::uint64_t total_bytes);
Finding judge_address(const ProcessOptions& options);
/// The packages that `dpkg-query --search` names: "libssl3:amd64: /usr/lib/...".
std::set<std::string> packages_in(std::string_view dpkg_output);
/// Of these, what `apt-get --simulate upgrade` would renew from Debian's security archive.
std::vector<std::string> security_updates_in(
    std::string_view apt_output, const std::set<std::string>& packages
);

}  // namespace weft::app
