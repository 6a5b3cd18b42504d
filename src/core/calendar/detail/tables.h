#pragma once

#include <cstddef>
#include <cstdint>

/// What tools/gen/zones.py writes. Plain numbers without pointers: pages of the program that nothing
/// relocates.
namespace weft::calendar::detail {

/// What a zone's clocks show between two changes.
struct Kind {
    std::int32_t offset;         // seconds ahead of UTC
    std::uint32_t abbreviation;  // where in kTexts
    bool is_summer;
};

/// "The last Sunday of March at 1:00": week 5 is the last one, time is seconds of the local day and may lie
/// outside of it.
struct DayRule {
    std::uint8_t month, week, weekday;
    std::int32_t time;
};

struct ZoneRow {
    std::uint32_t first, size;  // of kChanges and kChangeKinds; the first is the beginning of time
    std::int16_t standard;      // of kKinds, after the last change
    std::int16_t summer;        // -1: there is none
    DayRule begin, end;         // of summer
};

struct Named {
    std::uint32_t text;  // where in kTexts; sorted by lower case
    std::uint32_t zone;  // of kZones
};

extern const char kTzdataVersion[];
extern const char kTexts[];
extern const Named kNames[];
extern const std::size_t kNamesSize;
extern const Kind kKinds[];
extern const std::int64_t kChanges[];
extern const std::uint16_t kChangeKinds[];
extern const ZoneRow kZones[];

}  // namespace weft::calendar::detail
